"""Whether a reader's own session, with which `discuss` asks, was found spent."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from archive.crawl.frontier import stamp
from archive.db.transactions import transaction

#: A name in ``meta``: since when.
_EXPIRED = "discuss_expired"


def note_expired(conn: sqlite3.Connection, now: datetime) -> None:
    """It is spent."""
    with transaction(conn):
        conn.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (_EXPIRED, stamp(now)))


def note_works(conn: sqlite3.Connection) -> None:
    """It opens what it should."""
    if has_expired(conn):
        with transaction(conn):
            conn.execute("DELETE FROM meta WHERE name = ?", (_EXPIRED,))


def has_expired(conn: sqlite3.Connection) -> bool:
    """Whether it was spent when it was last used."""
    sql = "SELECT 1 FROM meta WHERE name = ?"
    return conn.execute(sql, (_EXPIRED,)).fetchone() is not None
