"""Articles that lists named, as far as those who only look must know."""

from __future__ import annotations

import sqlite3
from typing import Any

from archive.db import discussion_tables
from archive.db.columns import has_table

#: Neither held nor removed by a person.
_NOT_HELD = "FROM listed_articles l WHERE NOT EXISTS (SELECT 1 FROM addresses a WHERE a.address = l.address)"
_NOT_REMOVED = " AND NOT EXISTS (SELECT 1 FROM removed_addresses r WHERE r.address = l.address)"


def not_held(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Those that are neither held nor were removed, the newest first: their rows."""
    if not discussion_tables.exist(conn):
        return []
    sql = f"SELECT l.* {_wanted(conn)} ORDER BY l.published DESC, l.address"
    return [dict(row) for row in conn.execute(sql)]


def count_not_held(conn: sqlite3.Connection) -> dict[str, Any]:
    """``missing``: how many there are; ``newest``: when the newest was published, ISO 8601, UTC."""
    if not discussion_tables.exist(conn):
        return {"missing": 0, "newest": None}
    sql = f"SELECT count(*) AS missing, max(l.published) AS newest {_wanted(conn)}"
    return dict(conn.execute(sql).fetchone())


def _wanted(conn: sqlite3.Connection) -> str:
    """An archive of before there was ``remove``, opened for reading, lacks a table."""
    return _NOT_HELD + (_NOT_REMOVED if has_table(conn, "removed_addresses") else "")
