"""What ``in:comments`` costs with the index of comments, and what looking through each of them
would: ``python -m benchmarks.comments``. Prints a line a query; CPU, not time.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import archive
from archive.search.comments import index_comments
from archive.search.match import Matcher
from archive.search.terms import fold
from archive.store import Store
from scraper.traffic.models import Comment
from tests.store.make import NOW, article, keep, opened

_WORDS = (
    "这篇文章写得真好", "支持作者", "机器人", "融资", "我觉得", "不太同意", "你的看法", "谢谢分享", "期待下一篇",
    "AI", "GPT", "大模型", "投资", "实习", "市场", "泡沫", "早上好", "转发了", "学习",
)  # fmt: skip
#: In a comment of every 10,000; in every fourth; in none.
_ASKED = ("独角兽", "支持", "没有这个词")
_EACH = 50  # comments an article


def main() -> None:
    """Fills an archive and asks it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=100_000)
    with tempfile.TemporaryDirectory(prefix="comments-") as folder:
        _fill(Path(folder), parser.parse_args().comments // _EACH)
        with opened(Path(folder)) as store:
            spent = _cpu(lambda: index_comments(store.db.conn))
            print(f"indexing: {spent:.1f} s")
            through = {words: _cpu(lambda: _through(store, words)) for words in _ASKED}  # noqa: B023
        with archive.open(folder) as library:
            library.search("正文")
            for words in _ASKED:
                query = f"in:comments {words}"
                spent = min(_cpu(lambda: library.search(query)) for _ in range(5))  # noqa: B023
                ms, looked = 1000 * spent, 1000 * through[words]
                print(f"{words}: {ms:.1f} ms by the index, {looked:.0f} ms through all of them")


def _fill(root: Path, articles: int) -> None:
    rng = random.Random(1)
    with opened(root) as store, store.transaction():
        for mid in range(1, articles + 1):
            keep(store, article(mid))
            texts = ["，".join(rng.choices(_WORDS, k=rng.randint(2, 9))) for _ in range(_EACH)]
            if mid % 200 == 0:
                texts[7] = "独角兽来了"
            said = [
                Comment(id=str(mid * 100 + n), text=text, author="读者", written=NOW)
                for n, text in enumerate(texts)
            ]
            store.discussions.note(mid, said, NOW, total=_EACH, complete=True)


def _through(store: Store, words: str) -> int:
    found = Matcher(fold(words)).found
    rows = store.db.conn.execute("SELECT article_id, text FROM comments")
    return len({number for number, text in rows if found(text)})


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
