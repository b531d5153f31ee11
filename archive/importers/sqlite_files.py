"""Databases of other programs, read without changing or trusting them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from archive.errors import BadInput
from archive.saved.files import special
from scraper.messages import mark

MAGIC = b"SQLite format 3\0"
#: One article's text; SQLite's own limit is a thousand times as much.
_LONGEST_VALUE = 16 * 2**20
#: Between two looks of SQLite at whether its time is over, in steps of its machine.
_STEPS = 100_000


def rows(path: Path, table: str, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows of a table in the file's order, with those of ``columns`` that it has; nothing
    without the table.

    Raises BadInput for a damaged file and for a view or virtual table in its place, which could run
    anything.
    """
    try:
        with closing(_opened(path)) as conn:
            if not _is_table(conn, table):
                return
            there = {row["name"] for row in conn.execute(f'PRAGMA table_info("{table}")')}
            names = [name for name in columns if name in there]
            shown = ", ".join(f'"{name}"' for name in names)
            for row in conn.execute(f'SELECT {shown} FROM "{table}"'):
                yield dict(zip(names, row, strict=True))
    except sqlite3.Error as error:
        raise BadInput(mark("the database cannot be read: {error}", error=error)) from error


def columns(path: Path) -> dict[str, tuple[str, ...]]:
    """The tables of a database, and the names of their columns. Raises BadInput."""
    try:
        with closing(_opened(path)) as conn:
            found = conn.execute(
                "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
                "WHERE m.type = 'table' ORDER BY m.rowid, c.cid"
            )
            made: dict[str, tuple[str, ...]] = {}
            for table, column in found:
                made[table] = (*made.get(table, ()), column)
            return made
    except sqlite3.Error as error:
        raise BadInput(mark("the database cannot be read: {error}", error=error)) from error


def _opened(path: Path) -> sqlite3.Connection:
    if kind := special(path):
        raise BadInput(mark("it is {kind}, not a file", kind=kind))
    # Without its log a database is read as it stands, with no file made beside it.
    has_log = path.with_name(f"{path.name}-wal").exists()
    name = f"{path.absolute().as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"
    conn = sqlite3.connect(name, uri=True)
    conn.row_factory = sqlite3.Row
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    # What a stranger's schema defines (functions in defaults, views, triggers) is not run.
    conn.execute("PRAGMA trusted_schema = OFF")
    conn.execute("PRAGMA query_only = ON")
    conn.text_factory = lambda text: text.decode("utf-8", "replace")
    # A look at Python now and then, so that a limit on computing is noticed inside a long
    # statement.
    conn.set_progress_handler(lambda: 0, _STEPS)
    return conn


def _is_table(conn: sqlite3.Connection, name: str) -> bool:
    found = conn.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    if found is None:
        return False
    if found["type"] != "table" or str(found["sql"]).upper().startswith("CREATE VIRTUAL"):
        raise BadInput(mark("its {name!r} is no plain table", name=name))
    return True
