"""How often articles were read, liked and shared, one row a look."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from archive.db import discussion_tables
from archive.json_fields import AsDict, json_field
from archive.record import iso
from archive.store.sql import Sql
from scraper.records import dataclass
from scraper.traffic.models import Counts

#: Our names of the counts, in the order in which they are shown.
NAMES = ("read", "like", "looking", "share", "comment", "collect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(AsDict):
    """The counts at one moment (aware, UTC). ``origin``: ``page``, ``traffic`` (a reader's client),
    ``discuss``, ``import``.
    """

    seen: datetime
    origin: str
    counts: Counts = json_field(spread=True)


class CountTable:
    """The table ``counts``."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def note(self, article_id: int, counts: Counts, seen: datetime, origin: str) -> bool:
        """Keep a look; whether it was new. A look that says nothing is none."""
        if not counts:
            return False
        row = {f"{name}_count": getattr(counts, name) for name in NAMES}
        row = {"article_id": article_id, "seen": iso(seen), "origin": origin, **row}
        with self._sql.transaction():
            return bool(
                self._sql.run(
                    f"INSERT OR IGNORE INTO counts ({', '.join(row)}) "
                    f"VALUES ({', '.join('?' * len(row))})",
                    *row.values(),
                )
            )

    def of(self, article_id: int) -> list[Look]:
        """Every look, the oldest first."""
        if not discussion_tables.exist(self._sql.conn):
            return []
        rows = self._sql.all("SELECT * FROM counts WHERE article_id = ? ORDER BY seen", article_id)
        return [_look(row) for row in rows]

    def last(self, article_id: int) -> Look | None:
        """The newest look."""
        return last(self._sql.conn, article_id)


def last(conn: sqlite3.Connection, article_id: int) -> Look | None:
    """The newest look at an article."""
    if not discussion_tables.exist(conn):
        return None
    row = conn.execute(
        "SELECT * FROM counts WHERE article_id = ? ORDER BY seen DESC LIMIT 1", (article_id,)
    ).fetchone()
    return _look(row) if row else None


def _look(row: sqlite3.Row) -> Look:
    counts = Counts(**{name: row[f"{name}_count"] for name in NAMES})
    return Look(seen=datetime.fromisoformat(row["seen"]), origin=row["origin"], counts=counts)
