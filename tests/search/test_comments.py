"""``in:comments``: exact whatever the index of comments knows yet."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from archive.db import file_checksums
from archive.db.transactions import transaction
from archive.search.comments import articles_with, index_comments
from archive.search.index import set_meta
from archive.search.match import Matcher
from archive.search.terms import fold
from archive.store import Store
from archive.verify import check, repair
from scraper.traffic.models import Comment
from tests.store.make import LATER, NOW, article, keep, opened

WORDS = (
    "写得好", "謝謝作者", "谢谢", "AI 机器", "node.js", "c++", "①②", "12", "的的的", "机器人", "人工",
    "Stability AI", "🙂", "100%", "ｶﾞ", "é", "好 的", "",
)  # fmt: skip
ASKED = (
    "写得好", "写", "谢谢", "谢谢作者", "ai", "机器", "的的", "的的的的", "node.js", "js", "c++", "c", "12",
    "1", "stability ai", "🙂", "100%", "ガ", "é", "好的", "没有", "人工机器人",
)  # fmt: skip


def comment(number: int, text: str) -> Comment:
    return Comment(id=str(number), text=text, author="读者", written=NOW)


def brute(store: Store, words: str) -> set[int]:
    """Each comment looked through."""
    found = Matcher(fold(words)).found
    rows = store.db.conn.execute("SELECT article_id, text FROM comments").fetchall()
    return {number for number, text in rows if found(text)}


def same(store: Store, asked: Sequence[str] = ASKED) -> None:
    """The index and the comments themselves say the same."""
    for words in asked:
        found = set(articles_with(store.db.conn, fold(words)))
        assert brute(store, words) == found, words
    held = {row[0] for row in store.db.conn.execute("SELECT article_id FROM comments")}
    assert held == set(articles_with(store.db.conn, ""))


def test_the_index_finds_what_the_comments_say(tmp_path: Path) -> None:
    """Before they are indexed, after, and after some were changed, came and went with their article;
    a tokenizer of another version has its index made anew."""
    rng = random.Random(14)
    texts = ["".join(rng.choices(WORDS, k=rng.randint(1, 4))) for _ in range(120)]
    with opened(tmp_path) as store:
        for mid in range(1, 13):
            keep(store, article(mid))
            said = [
                comment(mid * 100 + n, t) for n, t in enumerate(texts[mid * 10 - 10 : mid * 10])
            ]
            store.discussions.note(mid, said, NOW)
        same(store)

        assert 120 == index_comments(store.db.conn)
        same(store)

        changed = [comment(100, "改了：AI 机器人"), comment(199, "新来的，谢谢")]
        store.discussions.note(1, changed, LATER)
        with transaction(store.db.conn):
            store.db.conn.execute("DELETE FROM articles WHERE id = 2")
        same(store)
        assert 2 == index_comments(store.db.conn)
        same(store)

        set_meta(store.db.conn, "comments", "0")
        same(store)
        assert 111 == index_comments(store.db.conn)
        same(store)


def test_a_stopped_indexing_goes_on(tmp_path: Path) -> None:
    """What is left is found meanwhile, and indexed by the next command."""
    stops = iter((False, True))
    with opened(tmp_path) as store:
        keep(store, article(1))
        store.discussions.note(1, [comment(n, f"第 {n} 条") for n in range(700)], NOW)

        assert 500 == index_comments(store.db.conn, lambda: next(stops))
        same(store, ["699", "3", "第"])
        assert 200 == index_comments(store.db.conn)
        same(store, ["699", "3", "第"])


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM comment_terms WHERE rowid = 1",
        "UPDATE comment_terms SET terms = '别的' WHERE rowid = 1",
    ],
)
def test_verify_finds_and_mends_an_index_with_other_words(tmp_path: Path, damage: str) -> None:
    """A comment that the index lacks, or has other words of."""
    with opened(tmp_path) as store:
        keep(store, article(1))
        store.discussions.note(1, [comment(1, "写得好"), comment(2, "谢谢")], NOW)
        index_comments(store.db.conn)
        store.write_stale_files()
    assert [] == [finding.what for finding in check(tmp_path)]
    with opened(tmp_path) as store, transaction(store.db.conn):
        store.db.conn.execute(damage)

    assert ["article number 1: the search index has other words of its comments"] == [
        finding.what for finding in check(tmp_path)
    ]
    assert len(list(repair(tmp_path, check(tmp_path), NOW))) == 1
    assert [] == [finding.what for finding in check(tmp_path)]
    with opened(tmp_path) as store:
        same(store)


def test_a_lost_index_is_made_again(tmp_path: Path) -> None:
    """Its table went: FTS5's own tables that stay behind are nobody's damage."""
    with opened(tmp_path) as store:
        keep(store, article(1))
        store.discussions.note(1, [comment(1, "写得好"), comment(2, "谢谢")], NOW)
        index_comments(store.db.conn)
        store.write_stale_files()
        with transaction(store.db.conn):
            store.db.conn.execute("DROP TABLE comment_terms")
    file_checksums.set_aside(tmp_path / "archive.db")
    found = list(check(tmp_path))
    list(repair(tmp_path, found, LATER))

    assert "archive.db: table comment_terms is missing" in {one.what for one in found}
    assert [] == list(check(tmp_path))
    with opened(tmp_path) as store:
        same(store)
