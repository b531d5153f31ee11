"""What no version of this program writes: an ``archive.db`` that was damaged where no checksum
reaches, or that somebody made to do harm.

Asked after a failure that nobody foresaw, so that a table that is none or a time that is no time is
told for what it is and not as a bug.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import chain
from pathlib import Path

from archive.db.migrations import ARCHIVE
from scraper.messages import mark

#: Columns of this name are ISO 8601 in every table.
_TIMES = frozenset({
    *("added", "archived", "checked", "delivered", "due", "ended", "first_seen", "gone"),
    *("last_seen", "made", "news", "noticed", "published", "read", "removed", "seen", "since"),
    *("starred", "started", "until", "updated"),
})  # fmt: skip
#: Columns of this name are JSON in every table.
_JSON = frozenset({"changes", "record"})
#: Looking ends after so much CPU; a database may be of any size and hold a view without end.
_SECONDS = 5.0
#: Between two looks at the clock: SQLite's own steps.
_STEPS = 100_000


def foreign(place: Path) -> str | None:
    """The first thing in the database ``place`` that this program does not write; None where all is
    as it writes it, or where that takes too long to say. Changes nothing."""
    try:
        with (
            closing(sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True)) as conn,
            closing(sqlite3.connect(":memory:")) as own,
        ):
            ARCHIVE.apply(own)
            until = time.thread_time() + _SECONDS
            conn.set_progress_handler(lambda: int(time.thread_time() > until), _STEPS)
            return next(chain(_schema(conn, own), _values(conn, own)), None)
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def _objects(conn: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    rows = conn.execute(
        "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'trigger', 'view')"
    )
    return {name: (kind, sql) for name, kind, sql in rows}


def _schema(conn: sqlite3.Connection, own: sqlite3.Connection) -> Iterator[str]:
    """Tables that are views or the other way round, and triggers of others; a table that was renamed
    changes triggers, so views come first."""
    known = _objects(own)
    found = sorted(_objects(conn).items(), key=lambda one: one[1][0] != "view")
    for name, (kind, sql) in found:
        ours, as_ours = known.get(name, (None, None))
        if (kind == "trigger" and sql != as_ours) or ours not in (None, kind):
            yield mark("its {kind} {name} is not this program's", kind=kind, name=name)


def _values(conn: sqlite3.Connection, own: sqlite3.Connection) -> Iterator[str]:
    """Values of another type than their column's, and times that are none."""
    conn.create_function("is_time", 1, _is_time, deterministic=True)
    held = _objects(conn)
    for table, (kind, sql) in _objects(own).items():
        if kind != "table" or table not in held or "VIRTUAL TABLE" in sql.upper():
            continue
        there = {row[1] for row in conn.execute(f'PRAGMA table_info("{table}")')}
        for _, column, declared, *_rest in own.execute(f'PRAGMA table_info("{table}")').fetchall():
            if column in there and (wrong := _wrong(column, declared)):
                yield from _looked(conn, table, column, wrong)


def _wrong(column: str, declared: str) -> str | None:
    """The condition that a value is none of the column's."""
    if declared == "TEXT" and column in _TIMES:
        return f'NOT is_time("{column}")'
    if declared == "TEXT" and column in _JSON:
        return f'"{column}" IS NOT NULL AND NOT json_valid("{column}")'
    if declared == "TEXT":
        return f"typeof(\"{column}\") NOT IN ('text', 'null')"
    if declared == "INTEGER":
        return f"typeof(\"{column}\") NOT IN ('integer', 'null')"
    return None


def _looked(conn: sqlite3.Connection, table: str, column: str, wrong: str) -> Iterator[str]:
    row = conn.execute(f'SELECT 1 FROM "{table}" WHERE {wrong} LIMIT 1').fetchone()
    if row is not None:
        yield mark(
            "{column} in its table {table} holds what cannot stand there",
            column=column,
            table=table,
        )


def _is_time(value: object) -> bool:
    if value is None or value == "":
        return True
    try:
        datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True
