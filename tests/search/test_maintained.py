"""Nobody has to think of the index: a `run` makes it anew where that does good."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.db.lock import Lock
from archive.db.names import INDEX_LOCK
from archive.db.opening import open_database
from archive.db.search_tables import VERSION
from archive.errors import DiskTrouble
from archive.importers import import_files
from archive.notify import searches
from archive.search import build
from archive.search.api import count
from archive.search.index import get_meta, set_meta
from archive.search.rebuild import maintain_index, reindex_beside
from scraper.clock import utc_now
from tests.crawl.archives import World
from tests.search.library import filled, hard_drafts


def test_a_run_makes_an_index_of_another_version_anew(tmp_path: Path) -> None:
    """Also one with nothing to fetch; and a run after it leaves the index alone."""
    with filled(tmp_path, list(hard_drafts(30))) as conn, conn:
        expected = count(conn, "的 OR 一").number
        set_meta(conn, "version", "0.0")
    World(tmp_path).run()
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert get_meta(conn, "version") == VERSION
        assert expected == count(conn, "的 OR 一").number
        with conn:
            set_meta(conn, "mark", "untouched")
    World(tmp_path).run()
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert get_meta(conn, "mark") == "untouched"


def test_an_import_leaves_the_index_fit(tmp_path: Path) -> None:
    """Many articles at once are an occasion, whoever brings them."""
    with filled(tmp_path, list(hard_drafts(30))) as conn, conn:
        set_meta(conn, "version", "0.0")
    import_files(tmp_path, [note(tmp_path, 3)], snapshots=False)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert get_meta(conn, "version") == VERSION
        assert 1 == count(conn, "第3篇笔记").number


def test_few_articles_are_no_occasion_in_a_large_archive(tmp_path: Path) -> None:
    """Whoever saves one does not wait until a thousand are indexed again; whoever saves five
    does.
    """
    with filled(tmp_path, list(hard_drafts(1000, longest=30))) as conn:
        with conn:
            set_meta(conn, "version", "0.0")
        assert not maintain_index(conn, saved=4)
        assert maintain_index(conn, saved=5)


@pytest.mark.parametrize("command", ["run", "import"])
def test_others_write_while_a_command_makes_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The archive is free, and what they write meanwhile stands in the new index."""
    with filled(tmp_path, list(hard_drafts(30))) as conn, conn:
        set_meta(conn, "version", "0.0")
    make, notes = build._make_tables, [note(tmp_path, number) for number in range(2)]

    def begun(conn: sqlite3.Connection) -> None:
        make(conn)
        import_files(tmp_path, [notes[1]], snapshots=False)

    monkeypatch.setattr(build, "_make_tables", begun)
    if command == "run":
        World(tmp_path).run()
    else:
        import_files(tmp_path, [notes[0]], snapshots=False)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert get_meta(conn, "version") == VERSION
        assert 1 == count(conn, "第1篇笔记").number


def test_what_makes_the_index_tells_how_far_it_is(tmp_path: Path) -> None:
    """Of a run as of an import: how many articles of how many."""
    with filled(tmp_path, list(hard_drafts(30))) as conn, conn:
        set_meta(conn, "version", "0.0")
    told: list[tuple[int, int]] = []
    runner = World(tmp_path).runner()
    runner.on_indexing = lambda done, total: told.append((done, total))
    runner.run()
    assert told == [(30, 30)]


def test_a_search_that_is_saved_looks_in_the_new_index(tmp_path: Path) -> None:
    """It waits for it, and not for the next run."""
    with filled(tmp_path, list(hard_drafts(30))) as conn, conn:
        set_meta(conn, "version", "0.0")
    with open_database(tmp_path / "archive.db") as db:
        searches.add(db.conn, "notes", "笔记", utc_now())
    import_one = note(tmp_path, 0)
    with Lock(tmp_path, name=INDEX_LOCK):  # so that this does not make the index
        import_files(tmp_path, [import_one], snapshots=False)
    World(tmp_path).run()
    with open_database(tmp_path / "archive.db") as db:
        (saved,) = searches.saved(db.conn)
    assert (saved.error, saved.matched) == (None, 1)


@pytest.mark.parametrize("file", ["main", "archive"])
def test_a_disk_that_is_full_leaves_the_index_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """Whether the new index finds no room while it is made or as it takes the old one's place: that
    is said, a `run` ends with 74, and the next one makes it."""
    with filled(tmp_path, list(hard_drafts(200))) as conn:
        expected = count(conn, "的").number
        with conn:
            set_meta(conn, "leftover", "7")
    make = build._make_tables

    def little_room(conn: sqlite3.Connection) -> None:
        make(conn)
        if file == "archive":  # the new index fits where the old one was: this one is larger
            conn.execute("INSERT INTO main.search_mine VALUES (1, ?)", ("x" * 1_000_000,))
        (used,) = conn.execute(f"PRAGMA {file}.page_count").fetchone()
        conn.execute(f"PRAGMA {file}.max_page_count = {used + 1}")

    with monkeypatch.context() as patched:
        patched.setattr(build, "_make_tables", little_room)
        with pytest.raises(DiskTrouble, match=r"archive\.db.*full.*make room"):
            reindex_beside(tmp_path)
        report = World(tmp_path).run()
    assert (report.exit_code, "make room" in (report.disk or "")) == (74, True)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert get_meta(conn, "leftover") == "7"
        assert expected == count(conn, "的").number
    assert World(tmp_path).run().exit_code == 0
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert get_meta(conn, "leftover") is None
        assert expected == count(conn, "的").number


def note(folder: Path, number: int) -> Path:
    place = folder / f"note{number}.md"
    address = f"https://mp.weixin.qq.com/s/{number:022d}"
    place.write_text(f"# 第{number}篇笔记\n\n原文链接: {address}\n\n正文\n", encoding="utf-8")
    return place
