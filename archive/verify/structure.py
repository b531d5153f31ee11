"""Whether a database has the tables, indexes, triggers and views that its migrations make.

Compared is what they are, not the text of their definitions: a comment or a blank in it means
nothing, and ``ALTER TABLE`` writes it anew.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from archive.db.migrations import ARCHIVE
from archive.db.transactions import transaction
from scraper.messages import mark

#: Comments, quoted texts and names (kept as they are), and blanks.
_TOKENS = re.compile(r"(--[^\n]*|/\*.*?\*/)|('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(\s+)", re.S)
_CHECK = re.compile(r"\bCHECK\s*\(([^()]*)\)", re.I)
_WHERE = re.compile(r"\bWHERE\b(.*)", re.I | re.S)
_TABLE_NAME = re.compile(r"(CREATE TABLE\s+)\S+", re.I)


@dataclass(frozen=True, slots=True)
class Part:
    """One table, index, trigger or view: ``facts`` by name, ``sql`` to make it anew."""

    type: str
    name: str
    sql: str
    facts: dict[str, Any] = field(default_factory=dict)
    #: Of a table: each column's name → how it is declared.
    columns: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def parts_of(conn: sqlite3.Connection) -> dict[str, Part]:
    """Everything that somebody defined in the database, by name."""
    rows = conn.execute(
        # FTS5's own tables are SQLite's business, and differ between its versions.
        "SELECT type, name, sql FROM sqlite_master one WHERE sql IS NOT NULL "
        "AND name NOT GLOB 'sqlite_*' AND NOT EXISTS (SELECT 1 FROM sqlite_master fts "
        "WHERE fts.sql LIKE 'CREATE VIRTUAL TABLE %' AND one.name GLOB fts.name || '_*')"
    ).fetchall()
    return {name: _part(conn, kind, name, sql) for kind, name, sql in rows}


def wanted_parts(conn: sqlite3.Connection) -> dict[str, Part]:
    """The same of a database that has just been made by the migrations that this one has had."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        ARCHIVE.only(ARCHIVE.applied(conn)).apply(fresh)
        return parts_of(fresh)


def differences(held: dict[str, Part], wanted: dict[str, Part]) -> Iterator[tuple[Part, str]]:
    """Each wanted part that is missing or another one, and how it differs, in words.

    What is held besides is somebody's own: a column, index, table or view.
    """
    for name, part in wanted.items():
        found = held.get(name)
        if found is None or found.type != part.type:
            yield part, mark("is missing")
            continue
        said = [*_column_differences(found, part)]
        said += [
            mark("has another {fact}", fact=fact)
            for fact, value in part.facts.items()
            if found.facts[fact] != value
        ]
        if said:
            yield part, mark("{parts}", parts=said)


def _column_differences(found: Part, part: Part) -> Iterator[str]:
    for name, declared in part.columns.items():
        if name not in found.columns:
            yield mark("lacks the column {name}", name=name)
        elif found.columns[name] != declared:
            yield mark("has another column {name}", name=name)


def _part(conn: sqlite3.Connection, kind: str, name: str, sql: str) -> Part:
    if kind == "table" and not re.match(r"CREATE VIRTUAL", sql, re.I):
        return Part(kind, name, sql, _table_facts(conn, name, sql), _columns(conn, name))
    if kind == "index":
        return Part(kind, name, sql, _index_facts(conn, name, sql))
    return Part(kind, name, sql, {"definition": normalised(sql)})


def _columns(conn: sqlite3.Connection, table: str) -> dict[str, tuple[Any, ...]]:
    rows = conn.execute(f'PRAGMA table_xinfo("{table}")').fetchall()
    return {name: tuple(rest) for _, name, *rest in rows}


def _table_facts(conn: sqlite3.Connection, table: str, sql: str) -> dict[str, Any]:
    constraints = sorted(
        (origin, _indexed(conn, index))
        for _, index, _, origin, _ in conn.execute(f'PRAGMA index_list("{table}")').fetchall()
        if origin != "c"  # one with a CREATE INDEX of its own is a part of its own
    )
    keys = conn.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()
    return {
        "PRIMARY KEY or UNIQUE": constraints,
        "foreign key": sorted(tuple(map(str, row[2:])) for row in keys),
        "CHECK": sorted(normalised(found) for found in _CHECK.findall(sql)),
        "kind": "WITHOUT ROWID" in normalised(sql).upper(),
    }


def _index_facts(conn: sqlite3.Connection, index: str, sql: str) -> dict[str, Any]:
    only = _WHERE.search(normalised(sql))
    return {
        "list of columns": _indexed(conn, index),
        "condition": only[1].strip() if only else None,
        "UNIQUE": bool(re.match(r"CREATE UNIQUE", sql, re.I)),
    }


def _indexed(conn: sqlite3.Connection, index: str) -> list[tuple[Any, ...]]:
    rows = conn.execute(f'PRAGMA index_xinfo("{index}")').fetchall()
    return [tuple(map(str, row[2:])) for row in rows]


def normalised(sql: str) -> str:
    """A definition without its comments, every run of blanks as one, none beside punctuation."""

    def put(found: re.Match[str]) -> str:
        return found[2] or " "

    text = re.sub(r" +", " ", _TOKENS.sub(put, sql))
    return re.sub(r" ?([(),;=<>]) ?", r"\1", text).strip()


def redefine(conn: sqlite3.Connection) -> list[str]:
    """Make again what differs; the names of the tables that got a column back, empty.

    Tables first: an index or a trigger goes with its table. Raises sqlite3.Error where a table
    cannot be made again from what it holds. Outside a transaction.
    """
    wanted = wanted_parts(conn)
    tables = [part for part, _ in differences(parts_of(conn), wanted) if part.type == "table"]
    for part in tables:
        _remake_table(conn, part)
    with transaction(conn):
        for part, _ in differences(parts_of(conn), wanted):
            if part.type != "table":
                conn.execute(f'DROP {part.type.upper()} IF EXISTS "{part.name}"')
                conn.execute(part.sql)
    return [part.name for part in tables]


def _remake_table(conn: sqlite3.Connection, part: Part) -> None:
    """SQLite's own way to change a table: a new one, filled from the old one, takes its name.

    A missing column comes back empty. One that somebody added stays, behind the others.
    """
    held = parts_of(conn).get(part.name)
    if held is None:
        conn.execute(part.sql)
        return
    fresh = f"{part.name}_made_again"
    values = {name: _value(name, declared, held) for name, declared in part.columns.items()}
    own = [name for name in held.columns if name not in part.columns]
    conn.execute("PRAGMA foreign_keys = OFF")
    conn.execute("PRAGMA legacy_alter_table = ON")  # views may name what is missing just now
    try:
        with transaction(conn):
            conn.execute(_TABLE_NAME.sub(rf'\g<1>"{fresh}"', part.sql, count=1))
            for name in own:
                conn.execute(f'ALTER TABLE "{fresh}" ADD COLUMN "{name}" {held.columns[name][0]}')
            names = ", ".join(f'"{name}"' for name in (*values, *own))
            taken = ", ".join((*values.values(), *(f'"{name}"' for name in own)))
            conn.execute(f'INSERT INTO "{fresh}" ({names}) SELECT {taken} FROM "{part.name}"')
            conn.execute(f'DROP TABLE "{part.name}"')
            conn.execute(f'ALTER TABLE "{fresh}" RENAME TO "{part.name}"')
    finally:
        conn.execute("PRAGMA legacy_alter_table = OFF")
        conn.execute("PRAGMA foreign_keys = ON")


def _value(name: str, declared: tuple[Any, ...], held: Part) -> str:
    """What a column is filled with: its own values, or nothing of its type."""
    if name in held.columns:
        return f'"{name}"'
    kind, required, default, *_ = declared
    if default is not None:
        return str(default)
    if not required:
        return "NULL"
    return "0" if kind in ("INTEGER", "REAL") else "''"
