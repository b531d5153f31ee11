"""Nobody has to think of the index: a `run` makes it anew where that does good."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from archive.search.api import count
from archive.search.index import get_meta, set_meta
from archive.search.tables import VERSION
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
