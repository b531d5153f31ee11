"""The tables of sound and video: which article plays which recording, whether it is held, and the
part files of those on their way.

``scraper.recordings`` says by which address a recording goes. Its bytes stand in ``media`` like a
picture's.
"""

from __future__ import annotations

import sqlite3

from archive.db.columns import has_table
from scraper.recordings import recording

DDL: tuple[str, ...] = (
    """CREATE TABLE recordings (          -- each that somebody asked for, whether it came or not
        address TEXT PRIMARY KEY,     -- the one that it goes by; addresses to fetch it at expire
        sort TEXT NOT NULL,           -- audio, video
        sha256 TEXT REFERENCES media(sha256),
        attempts INTEGER NOT NULL DEFAULT 0,
        due TEXT,                     -- not before; NULL: never again (final), or already held
        error TEXT,
        error_class TEXT
    )""",
    "CREATE INDEX recordings_sha256 ON recordings(sha256)",
    "CREATE INDEX recordings_due ON recordings(due) WHERE sha256 IS NULL",
    """CREATE TABLE article_recordings (  -- the recordings that each article plays
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        address TEXT NOT NULL,
        sort TEXT NOT NULL,
        PRIMARY KEY (article_id, position)
    )""",
    "CREATE INDEX article_recordings_address ON article_recordings(address)",
    """CREATE TABLE recording_parts (     -- on their way: what lies in the part file of each
        address TEXT PRIMARY KEY REFERENCES recordings(address) ON DELETE CASCADE,
        file TEXT NOT NULL,           -- its name in .tmp
        source TEXT NOT NULL,         -- path of the address that the bytes came from
        validator TEXT,               -- strong ETag or Last-Modified of it, for If-Range
        total INTEGER,                -- bytes in all, where the server said so
        sha256 TEXT,                  -- of the whole: everything came, only the name is missing
        path TEXT,
        type TEXT
    )""",
)


def are_known(conn: sqlite3.Connection) -> bool:
    """False in an archive of before recordings were kept, opened for reading."""
    return has_table(conn, "recordings")


def fill(conn: sqlite3.Connection) -> None:
    """``article_recordings`` of the articles that are held already, from their cards."""
    rows = conn.execute(
        "SELECT article_id, sort, media_id, url FROM embeds WHERE sort IN ('audio', 'video') "
        "ORDER BY article_id, position"
    ).fetchall()
    seen: dict[int, dict[str, str]] = {}
    for article_id, sort, media_id, url in rows:
        found = recording(sort, media_id, url)
        if found is not None:
            seen.setdefault(article_id, {}).setdefault(found.address, found.sort)
    conn.executemany(
        "INSERT INTO article_recordings (article_id, position, address, sort) VALUES (?, ?, ?, ?)",
        (
            (article_id, position, address, sort)
            for article_id, found in seen.items()
            for position, (address, sort) in enumerate(found.items())
        ),
    )
