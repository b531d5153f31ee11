"""Nobody has to think of the index: a `run` makes it anew where that does good."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from archive.db.search_tables import VERSION
from archive.importers import import_files
from archive.search.api import count
from archive.search.index import get_meta, set_meta
from archive.search.rebuild import maintain_index
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
    note = tmp_path / "note.md"
    note.write_text(
        "# 一篇笔记\n\n原文链接: https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA\n\n正文\n",
        encoding="utf-8",
    )
    import_files(tmp_path, [note], snapshots=False)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert get_meta(conn, "version") == VERSION
        assert 1 == count(conn, "一篇笔记").number


def test_few_articles_are_no_occasion_in_a_large_archive(tmp_path: Path) -> None:
    """Whoever saves one does not wait until a thousand are indexed again; whoever saves five
    does.
    """
    with filled(tmp_path, list(hard_drafts(1000, longest=30))) as conn:
        with conn:
            set_meta(conn, "version", "0.0")
        assert not maintain_index(conn, saved=4)
        assert maintain_index(conn, saved=5)
