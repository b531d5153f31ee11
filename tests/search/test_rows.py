"""Rows are read in order, remembered while nobody writes, and shown only as they were written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import archive
from archive.cli import run
from archive.errors import Corrupt, NotIndexed
from archive.search import rows as room
from archive.search.api import count, search
from archive.search.rows import Rows
from archive.search.searcher import Searcher
from tests.search.library import filled, hard_drafts


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with filled(tmp_path, list(hard_drafts(300))) as opened:
        yield opened


def numbers(conn: sqlite3.Connection) -> list[int]:
    return [row[0] for row in conn.execute("SELECT id FROM search_documents ORDER BY id")]


def test_rows_come_in_the_order_asked_for(conn: sqlite3.Connection) -> None:
    """Whether they are remembered, read now or not there at all; also where little is
    remembered.
    """
    wanted = numbers(conn)[::-1]
    rows = Rows(conn)
    list(rows.read(wanted[::3]))
    assert wanted == [row.id for row in rows.read([*wanted[:100], 5, *wanted[100:]])]


def test_what_is_remembered_has_a_bound(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it everything is forgotten, and nothing is left out of what is asked for."""
    monkeypatch.setattr(room, "_CACHE_BYTES", 3000)
    wanted = numbers(conn)
    rows = Rows(conn)
    for _ in range(3):
        assert wanted == [row.id for row in rows.read(wanted)]
    assert len(rows._held) < 200


def test_the_newest_articles_tell_how_frequent_a_pair_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not all of a large archive, which would take too long."""
    drafts = [replace(draft, text="融资。") for draft in hard_drafts(9)]
    with filled(tmp_path, drafts) as conn:
        frequency = [Searcher(conn).document_frequency("融资")]
        monkeypatch.setattr("archive.search.searcher._FREQUENCY_SAMPLE", 4)
        frequency.append(Searcher(conn).document_frequency("融资"))

    assert [9, 4] == frequency


def test_an_archive_from_before_there_was_search_wants_its_index() -> None:
    """That is said in the words that say what to do, not in SQLite's."""
    with closing(sqlite3.connect(":memory:")) as conn, pytest.raises(NotIndexed, match="reindex"):
        search(conn, "融资")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("甲乙丙", [1, 3, 4]),
        ("甲乙丙 -丁戊己", [1, 3]),
        ("-丁戊己", [1, 2, 3]),
        ("-丁戊己 -甲乙丙", [2]),
        ("甲乙丙 丁戊己", [4]),
    ],
)
def test_a_count_is_of_what_a_search_finds(tmp_path: Path, query: str, found: list[int]) -> None:
    """Also where the index knows only the parts of a word, of what is wanted and of what is not."""
    texts = ("甲乙丙", "甲乙。乙丙", "甲乙丙。丁戊。戊己", "甲乙丙。丁戊己")
    drafts = [
        replace(draft, number=number, title="无题", text=text, digest=None)
        for number, (draft, text) in enumerate(zip(hard_drafts(4), texts, strict=True), 1)
    ]
    with filled(tmp_path, drafts) as conn:
        hits = sorted(hit.article_id for hit in search(conn, query))

        assert (found, len(found)) == (hits, count(conn, query).number)


def test_a_write_is_seen_by_the_next_search(conn: sqlite3.Connection) -> None:
    """A searcher that is kept open shows the row as it is now."""
    searcher = Searcher(conn)
    key = search(searcher, "的", newest=True)[0].key
    with conn:
        conn.execute("DELETE FROM articles WHERE key = ?", (key,))
    assert key not in [hit.key for hit in search(searcher, "的", newest=True)]


@pytest.mark.parametrize("column", ["title", "author", "path", "url", "text", "key"])
def test_a_changed_value_is_never_shown(conn: sqlite3.Connection, column: str) -> None:
    """What differs from what was written stops the search, whichever part of a hit it is."""
    with conn:
        conn.execute("DROP TRIGGER search_update")
        conn.execute(f"UPDATE articles SET {column} = {column} || '假' WHERE {column} IS NOT NULL")
        conn.execute(f"UPDATE articles SET {column} = '假' WHERE {column} IS NULL")
    with pytest.raises(Corrupt, match="verify --repair"):
        search(conn, "的", newest=True)


@pytest.mark.parametrize("column", ["published", "tags", "seal"])
def test_a_damaged_row_of_the_index_is_made_anew(
    tmp_path: Path, conn: sqlite3.Connection, capsys: pytest.CaptureFixture[str], column: str
) -> None:
    """The article is sound by its own hashes: nothing wrong is shown, and both doors mend the index
    by themselves.
    """
    found = [(hit.key, hit.published, hit.gone) for hit in search(conn, "的", newest=True)]
    values = {"published": "published + 1", "tags": "tags || 'gone '", "seal": "seal + 1"}
    with conn:
        conn.execute(f"UPDATE search_documents SET {column} = {values[column]}")
    with pytest.raises(NotIndexed):
        search(conn, "的", newest=True)
    if column == "tags":
        assert run(["search", "的", "--newest", "--archive", str(tmp_path)]) == 0
        assert "is being made anew" in capsys.readouterr().err
    with archive.open(tmp_path) as library:
        assert found == [
            (hit.key, hit.published, hit.gone) for hit in library.search("的", newest=True)
        ]


def test_a_search_sees_one_moment(
    tmp_path: Path, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another program writes between the index's answer and the reading of its rows changes
    nothing in it.
    """
    fetch = Rows._fetch

    def while_somebody_writes(rows: Rows, missing: list[int]) -> None:
        with closing(sqlite3.connect(tmp_path / "archive.db")) as other, other:
            other.execute("DELETE FROM articles")
        fetch(rows, missing)

    searcher = Searcher(conn)
    number = count(searcher, "的").number
    monkeypatch.setattr(Rows, "_fetch", while_somebody_writes)
    assert number == len(search(searcher, "的", newest=True, limit=1000)) > 0
    assert 0 == len(search(searcher, "的", newest=True))
    assert not conn.in_transaction
