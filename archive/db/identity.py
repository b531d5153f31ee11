"""Which archive a database is, and how far it has come: what tells a backup from a stranger.

``archive_id`` is drawn once and goes along with every copy. ``generation`` counts what a person
would miss: articles that came, changed or went, sources, addresses in the queue; triggers count, so
that no way of writing can forget it. A backup also notes the generation it was copied at: one whose
generation has moved since is an archive in use.
"""

from __future__ import annotations

import sqlite3

from archive.db.columns import has_table
from scraper.records import dataclass

_COUNTED = (
    ("articles_came", "INSERT ON articles"),
    ("articles_changed", "UPDATE OF content_hash, gone ON articles"),
    ("articles_went", "DELETE ON articles"),
    ("sources_came", "INSERT ON sources"),
    ("sources_went", "DELETE ON sources"),
    ("frontier_came", "INSERT ON frontier"),
)

DDL: tuple[str, ...] = (
    """CREATE TABLE meta (
        name TEXT PRIMARY KEY,        -- archive_id, generation, backup_generation, comments_in_files
        value NOT NULL
    )""",
    "INSERT INTO meta VALUES ('archive_id', lower(hex(randomblob(16)))), ('generation', 0)",
    *(
        f"CREATE TRIGGER generation_{name} AFTER {event} BEGIN "
        "UPDATE meta SET value = value + 1 WHERE name = 'generation'; END"
        for name, event in _COUNTED
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``archive_id``: None where the archive is older than identities are. ``copied_at``: of a
    backup, the generation it was copied at; None for an archive that is none."""

    archive_id: str | None
    generation: int
    copied_at: int | None

    @property
    def is_unused_backup(self) -> bool:
        """Whether nothing was kept in it since it was copied."""
        return self.copied_at == self.generation


def exists(conn: sqlite3.Connection) -> bool:
    """False in an archive of before there was ``meta``, opened for reading."""
    return has_table(conn, "meta")


def identity(conn: sqlite3.Connection) -> Identity:
    """What the database says. Raises sqlite3.Error."""
    if not exists(conn):
        return Identity(archive_id=None, generation=0, copied_at=None)
    held = {row[0]: row[1] for row in conn.execute("SELECT name, value FROM meta")}
    known = held.get("archive_id")
    return Identity(
        archive_id=known if isinstance(known, str) else None,
        generation=_number(held.get("generation")) or 0,
        copied_at=_number(held.get("backup_generation")),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def mark_as_backup(conn: sqlite3.Connection, source: Identity) -> None:
    """Note in a fresh copy of ``source`` that it is one. The caller commits."""
    conn.execute("DELETE FROM meta WHERE name IN ('archive_id', 'generation', 'backup_generation')")
    conn.executemany(
        "INSERT INTO meta VALUES (?, ?)",
        [
            *([("archive_id", source.archive_id)] if source.archive_id else []),
            ("generation", source.generation),
            ("backup_generation", source.generation),
        ],
    )
