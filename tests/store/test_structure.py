"""What is promised of the shape of a database: what differs from what its migrations make is named,
and made again with all that stands in it, or not touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from archive.db.migrations import ARCHIVE
from archive.verify import structure
from archive.verify.structure import Part, differences, parts_of, redefine, wanted_parts


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    """A database as the newest migration leaves it, with a row in some tables."""
    with closing(sqlite3.connect(":memory:")) as conn:
        ARCHIVE.apply(conn)
        conn.execute("INSERT INTO accounts (biz, name, first_seen) VALUES ('MzA5', '甲', '2026')")
        conn.execute("INSERT INTO tallies (kind, name, number) VALUES ('other', '', 3)")
        conn.execute("INSERT INTO own_tags VALUES (1, '茶')")
        conn.commit()
        yield conn


def said(conn: sqlite3.Connection) -> list[str]:
    """What differs, and how."""
    return [f"{part.name} {how}" for part, how in differences(parts_of(conn), wanted_parts(conn))]


def rows(conn: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    names = ("accounts", "tallies", "own_tags")
    return {name: conn.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def redefined(conn: sqlite3.Connection, name: str, old: str, new: str) -> None:
    """Another program's definition of a table, index, trigger or view, with the same rows in it."""
    kind, sql, table = conn.execute(
        "SELECT type, sql, tbl_name FROM sqlite_master WHERE name = ?", (name,)
    ).fetchone()
    assert old in sql
    held = conn.execute(f"SELECT * FROM {table}").fetchall() if kind == "table" else []
    conn.execute("PRAGMA foreign_keys = OFF")
    conn.execute(f"DROP {kind} {name}")
    conn.execute(sql.replace(old, new, 1))
    for row in held:
        conn.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    conn.commit()
    conn.execute("PRAGMA foreign_keys = ON")


@pytest.mark.parametrize(
    ("name", "old", "new", "how"),
    [
        ("accounts", "biz TEXT UNIQUE", "biz TEXT", "has another PRIMARY KEY or UNIQUE"),
        ("own_tags", " ON DELETE CASCADE", "", "has another foreign key"),
        ("tallies", "WITHOUT ROWID", "", "has another PRIMARY KEY or UNIQUE, has another kind"),
        ("accounts", "alias TEXT", "alias INTEGER", "has another column alias"),
        ("accounts", "alias TEXT", "alas TEXT", "lacks the column alias"),
        ("articles_stale", " WHERE stale", "", "has another condition"),
        ("articles_gone", "IS NOT NULL", "IS NULL", "has another condition"),
        ("articles_gone", "(gone)", "(checked)", "has another list of columns"),
        ("articles_gone", "CREATE INDEX", "CREATE UNIQUE INDEX", "has another UNIQUE"),
        ("search_update", "BEGIN", "BEGIN SELECT 1;", "has another definition"),
        ("search", "SELECT", "SELECT DISTINCT", "has another definition"),
    ],
)
def test_what_differs_is_named_and_made_again(
    conn: sqlite3.Connection, name: str, old: str, new: str, how: str
) -> None:
    """With every row, but what stood in a column that is not there."""
    assert [] == said(conn)
    before = rows(conn)
    redefined(conn, name, old, new)
    assert f"{name} {how}" in said(conn)
    redefine(conn)

    assert ([], before) == (
        said(conn),
        {n: [r[: len(before[n][0])] for r in found] for n, found in rows(conn).items()},
    )
    assert not conn.in_transaction
    assert [(1,), (0,)] == [
        conn.execute(f"PRAGMA {name}").fetchone() for name in ("foreign_keys", "legacy_alter_table")
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        "CREATE TABLE t (x INTEGER, y TEXT NOT NULL CHECK (y > 'b'))",
        "CREATE UNIQUE INDEX u ON t(x)",
    ],
)
def test_what_cannot_be_made_again_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """Where what a table holds does not fit: nothing of it goes, and nothing is left over."""
    fits = ("CREATE TABLE t (x INTEGER, y TEXT)", "CREATE INDEX u ON t(x)")
    with closing(sqlite3.connect(":memory:")) as other:
        for sql in (wanted, fits[1]) if "TABLE" in wanted else (fits[0], wanted):
            other.execute(sql)
        monkeypatch.setattr(structure, "wanted_parts", lambda conn: parts_of(other))
        with closing(sqlite3.connect(":memory:")) as conn:
            for sql in fits:
                conn.execute(sql)
            conn.executemany("INSERT INTO t VALUES (?, ?)", [(1, "a"), (1, "a")])
            conn.commit()
            before = list(conn.iterdump())
            with pytest.raises(sqlite3.IntegrityError):
                redefine(conn)

            assert before == list(conn.iterdump())
            assert not conn.in_transaction


def test_a_part_says_what_it_is(conn: sqlite3.Connection) -> None:
    """Own tables of SQLite and of its full-text search are no part of it."""
    found = parts_of(conn)

    assert {"table", "index", "trigger", "view"} == {part.type for part in found.values()}
    assert not [name for name in found if name.startswith(("sqlite_", "search_terms_"))]
    assert isinstance(found["search_terms"], Part)
    assert [] == list(differences(found, {}))
