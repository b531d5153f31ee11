"""Killed at any system call, ``import`` of a recording and ``discuss`` lose nothing and repeat
nothing; the same call finishes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archive.verify import check
from tests.command import wechat_archive
from tests.crawl.nursery import Nursery
from tests.keep.test_kill import Sweep, sound
from tests.killer import WRITES_AND_TALK
from tests.share import share
from tests.weixin.recorded import Recording
from tests.weixin.server import Internet
from tests.weixin.site import Published, Site
from tests.weixin.talk import COOKIE, Said, Talk, with_session

KILLS = 40


def said(count: int) -> list[Said]:
    """Comments, each with three replies, two of which come along."""
    replies = [Said(id=n, text=f"回复{n}") for n in (1, 2, 3)]
    return [Said(id=100 + n, text=f"留言{n}", replies=replies) for n in range(count)]


def day(articles: list[Published]) -> bytes:
    """A recording of reading them all."""
    made = Recording()
    for article in articles:
        made.page(article).comments(article, said(3)).counts(article, read_num=5, like_num=1)
    return made.har()


def talk_of(root: Path) -> list[tuple[object, ...]]:
    """What is kept around the articles, without times."""
    with closing(sqlite3.connect(root / "archive.db")) as conn:
        comments = conn.execute(
            "SELECT a.mid, c.comment_id, c.text, c.gone FROM comments c "
            "JOIN articles a ON a.id = c.article_id ORDER BY 1, 2"
        ).fetchall()
        counts = conn.execute(
            "SELECT DISTINCT a.mid, c.read_count FROM counts c "
            "JOIN articles a ON a.id = c.article_id ORDER BY 1"
        ).fetchall()
    return [*comments, *counts]


@pytest.mark.long
def test_a_recording_killed_anywhere(tmp_path: Path) -> None:
    """What comes out is what one whole import gives."""
    site = Site()
    articles = [site.article(f"第{n}篇") for n in range(8)]
    file, root = tmp_path / "day.har", tmp_path / "a"
    file.write_bytes(day(articles))
    wechat_archive("import", str(file), "--archive", str(tmp_path / "whole"))

    def more() -> None:
        articles.append(site.article(f"第{len(articles)}篇"))
        file.write_bytes(day(articles))

    with Nursery({}) as nursery:
        Sweep(nursery, 21).run(
            "import", str(file), "--archive", str(root),
            sound=lambda: sound(root), again=more, kills=share(KILLS),
        )  # fmt: skip
    wechat_archive("import", str(file), "--archive", str(tmp_path / "whole"))

    assert talk_of(tmp_path / "whole") == talk_of(root)
    assert [] == [found for found in check(root) if found.is_fault]


@pytest.fixture
def internet() -> Iterator[Internet]:
    """A running small internet."""
    with Internet() as running:
        yield running


@pytest.mark.long
def test_discuss_killed_anywhere(
    tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every article is looked at once; one that was whole is not asked about again."""
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    root, file = tmp_path / "a", tmp_path / "credentials.json"
    articles = [internet.site.article(f"第{n}篇") for n in range(6)]
    talk = Talk(comments=said(3), counts={"read_num": 5, "like_num": 1})
    talk.serve(internet.site)
    url = with_session(articles[0].long)
    file.write_text(json.dumps([{"url": url, "set_cookie": COOKIE, "timestamp": 1}]))

    def save() -> None:
        addresses = [article.long for article in articles]
        wechat_archive("save", "--interval", "0", *addresses, "--archive", str(root))

    def more() -> None:
        articles.append(internet.site.article(f"第{len(articles)}篇"))
        save()

    save()
    with Nursery(internet.env) as nursery:
        sweep = Sweep(nursery, 22)
        sweep.killer.calls = WRITES_AND_TALK
        sweep.run(
            "discuss", "--credentials", str(file), "--interval", "0", "--archive", str(root),
            sound=lambda: sound(root), again=more, kills=share(KILLS),
        )  # fmt: skip

    found = talk_of(root)
    assert len(articles) * (3 * 4 + 1) == len(found)
    assert [] == [found for found in check(root) if found.is_fault]
