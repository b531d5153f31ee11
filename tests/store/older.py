"""Archives as they were before a migration: it is undone."""

from __future__ import annotations

import sqlite3


def without_tallies(conn: sqlite3.Connection) -> None:
    """As before there were tallies, which ``m015_tallies`` brought."""
    made = conn.execute(
        "SELECT type, name FROM sqlite_master WHERE name GLOB 'tally_*' OR name = 'tallies' "
        "OR name IN ('articles_archived', 'frontier_due', 'frontier_failed_due')"
    ).fetchall()
    for kind, name in made:
        conn.execute(f"DROP {kind} {name}")
    conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm015_tallies'")
