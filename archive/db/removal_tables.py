"""The tables of what was removed, made by a migration: what may be brought back, and what nothing
is to bring back by itself."""

from __future__ import annotations

DDL: tuple[str, ...] = (
    """CREATE TABLE removed (             -- articles that a person removed
        key TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        account TEXT,
        biz TEXT, mid TEXT, idx TEXT, -- its identity, where it had one
        removed TEXT NOT NULL,
        content TEXT                  -- JSON: its rows of every table; NULL once it is gone for good
    )""",
    "CREATE INDEX removed_identity ON removed(biz, mid, idx)",
    """CREATE TABLE removed_addresses (   -- every address that such an article was seen under
        address TEXT PRIMARY KEY,     -- canonical
        key TEXT NOT NULL REFERENCES removed(key) ON DELETE CASCADE
    )""",
    "CREATE INDEX removed_addresses_key ON removed_addresses(key)",
    """CREATE TABLE removed_files (       -- their files, in .trash or on the way there
        key TEXT NOT NULL REFERENCES removed(key) ON DELETE CASCADE,
        path TEXT NOT NULL,           -- where it stood, from the archive's folder
        PRIMARY KEY (key, path)
    )""",
)
