"""Archives of before there were counts and comments, and of before comments had an index."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.db import file_checksums
from archive.db.migrations import ARCHIVE
from archive.db.opening import open_database
from archive.search.comments import articles_with
from archive.store import Store
from archive.verify import check
from tests.command import wechat_archive
from tests.store.make import opened
from tests.traffic.test_har import day, run
from tests.weixin.recorded import Recording
from tests.weixin.site import Site

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/abcdefghijklmnopq/640?wx_fmt=png"


def as_before(root: Path, step: str) -> None:
    """The archive as a program would have left it that knew only the migrations before ``step``:
    its schema made by those, with the rows of today that it has a place for."""
    place, today = root / "archive.db", root / "today.db"
    place.rename(today)
    file_checksums.set_aside(place)
    steps = [name for name, _ in ARCHIVE.steps]
    with closing(sqlite3.connect(place)) as conn:
        conn.row_factory = sqlite3.Row
        ARCHIVE.only(steps[: steps.index(step)]).apply(conn)
        conn.execute("ATTACH ? AS today", (str(today),))
        conn.execute("PRAGMA foreign_keys = OFF")
        for table, made in conn.execute(
            "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE '%migrations' AND name NOT LIKE 'sqlite_%'"
        ).fetchall():
            if made.startswith("CREATE VIRTUAL"):
                continue  # the tables behind it are copied
            columns = [row["name"] for row in conn.execute(f"PRAGMA main.table_info({table})")]
            listed = ", ".join(f'"{name}"' for name in columns)
            conn.execute(f"DELETE FROM main.{table}")
            conn.execute(f"INSERT INTO main.{table} ({listed}) SELECT {listed} FROM today.{table}")
        conn.commit()
        assert steps[: steps.index(step)] == ARCHIVE.applied(conn)
    today.unlink()


@pytest.mark.parametrize("step", ["m007_recordings", "m008_discussions"])
def test_an_archive_of_before_comments_opens_migrates_and_takes_them(
    tmp_path: Path, step: str
) -> None:
    """Read as it is, it has none and is sound; the first command that writes brings it up to date,
    with everything that it held; then it takes a recording like any other."""
    root, article = tmp_path / "a", Site().article("一天的阅读")
    (kept,) = run(tmp_path, Recording().page(article).har(), name="page.har")["results"]
    files = {place: place.read_bytes() for place in root.rglob("*.md")}
    as_before(root, step)

    with open_database(root / "archive.db", readonly=True) as db:
        store = Store(db, root)
        assert (None, []) == (store.discussions.of(1), store.counts.of(1))
        assert step not in ARCHIVE.applied(db.conn)
    assert [] == [finding.what for finding in check(root)]
    for command in (("show", kept["key"], "--json"), ("list", "--json"), ("search", "正文")):
        asked = wechat_archive(*command, "--archive", str(root))
        assert (0, True) == (asked.code, "一天的阅读" in asked.stdout), (command, asked.stderr)

    found = run(tmp_path, day(article).har())

    assert (0, 1, 2, 3) == (found["new"], found["held"], found["counts"], found["comments"])
    assert [] == [finding.what for finding in check(root)]
    assert files == {place: place.read_bytes() for place in root.rglob("*.md")}
    with opened(root) as store:
        assert ARCHIVE.pending(store.db.conn) == []
        assert {1} == set(articles_with(store.db.conn, "支持"))


def test_comments_of_before_there_was_an_index_are_found_and_indexed(tmp_path: Path) -> None:
    """By reading, as it is; and by the index, once a command has written."""
    root, article = tmp_path / "a", Site().article("一天的阅读", pictures=[PICTURE])
    run(tmp_path, day(article).har())
    as_before(root, "m013_comment_index")

    def found() -> int:
        asked = wechat_archive("search", "in:comments 支持", "--json", "--archive", str(root))
        return len(asked.stdout.splitlines())

    assert 1 == found()
    with open_database(root / "archive.db") as db:  # migrated, and not yet indexed
        assert 3 == db.conn.execute("SELECT count(*) FROM comments_unindexed").fetchone()[0]
    assert 1 == found()
    run(tmp_path, day(article).har())
    with open_database(root / "archive.db", readonly=True) as db:
        assert 3 == db.conn.execute("SELECT count(*) FROM comment_terms").fetchone()[0]
    assert 1 == found()
    assert [] == [finding.what for finding in check(root)]
