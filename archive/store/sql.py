"""Statements on the open ``archive.db``, with SQLite's troubles as the archive's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from archive.db.columns import has_table
from archive.db.errors import sqlite_errors
from archive.db.opening import ArchiveDatabase
from archive.db.transactions import transaction, unsynced_transaction


class Sql:
    """What every table's part works with."""

    def __init__(self, db: ArchiveDatabase) -> None:
        self.conn = db.conn
        self._place = db.place
        self._there: set[str] = set()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction, or a part of the caller's."""
        with sqlite_errors(self._place), transaction(self.conn):
            yield

    @contextmanager
    def unsynced_transaction(self) -> Iterator[None]:
        """One that does not wait for the disk (see ``archive.db.transactions``), or a part of the
        caller's."""
        with sqlite_errors(self._place), unsynced_transaction(self.conn):
            yield

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row, if any."""
        with sqlite_errors(self._place):
            row: sqlite3.Row | None = self.conn.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Every row at once."""
        with sqlite_errors(self._place):
            return self.conn.execute(sql, values).fetchall()

    def each(self, sql: str, *values: Any) -> Iterator[sqlite3.Row]:
        """Every row, one at a time."""
        with sqlite_errors(self._place):
            # Not `yield from`: it closes the cursor of a list that nobody reads to its end (a pipe into
            # `head`), which SQLite refuses once the database is closed.
            for row in self.conn.execute(sql, values):  # noqa: UP028
                yield row

    def has_tables(self, *names: str) -> bool:
        """Whether the database has them all: an older archive that is only read lacks some. None
        goes again, so that each is asked for until it is there."""
        self._there.update(name for name in names if name not in self._there and self._has(name))
        return self._there.issuperset(names)

    def _has(self, name: str) -> bool:
        with sqlite_errors(self._place):
            return has_table(self.conn, name)

    def run(self, sql: str, *values: Any) -> int:
        """A writing statement inside the caller's transaction; how many rows it changed."""
        return self.conn.execute(sql, values).rowcount

    def insert(self, table: str, row: dict[str, Any]) -> int:
        """Add a row inside the caller's transaction; its number."""
        return self.conn.execute(_insertion(table, row), tuple(row.values())).lastrowid or 0

    def insert_all(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows of the same columns inside the caller's transaction."""
        if rows:
            self.conn.executemany(_insertion(table, rows[0]), [tuple(row.values()) for row in rows])

    def update(self, table: str, number: int, values: dict[str, Any]) -> None:
        """Change columns of the row with this ``id`` inside the caller's transaction."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.run(f"UPDATE {table} SET {names} WHERE id = ?", *values.values(), number)


def _insertion(table: str, row: dict[str, Any]) -> str:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
