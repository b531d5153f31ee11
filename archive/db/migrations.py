"""Migrations: numbered steps, each in one transaction together with the note that it was applied.

Killed half-way, a database is the old one or the new one (two transactions left a half-made one in
a trial). Steps are append-only: a released one never changes, its name is what a database
remembers.

The list of what was applied is that of sqlite-utils' ``Migrations``, whose tools can read it. The
steps are applied here: importing sqlite-utils took a tenth of the CPU of saving one article, and its
list and the list's index were two transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path

from archive.db import (
    alert_tables,
    article_columns,
    article_tables,
    crawl_tables,
    discussion_tables,
    exit_tables,
    group_tables,
    identity,
    own_tables,
    recording_tables,
    removal_tables,
    reparse_tables,
    tallies,
)
from archive.db.columns import has_table
from archive.db.search_tables import SEARCH_DDL, SEARCH_DROP
from archive.db.transactions import transaction
from archive.errors import NewerArchive
from scraper.clock import utc_now
from scraper.messages import mark
from scraper.records import dataclass

Step = Callable[[sqlite3.Connection], None]

_APPLIED_DDL = (
    """CREATE TABLE IF NOT EXISTS "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
)""",
    """CREATE UNIQUE INDEX IF NOT EXISTS "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name")""",
)


@dataclass(frozen=True, slots=True)
class MigrationSet:
    """The steps of one database, by the name that it remembers them under, oldest first."""

    name: str
    steps: tuple[tuple[str, Step], ...]
    #: Steps without which the database can be read all the same.
    optional: frozenset[str] = frozenset()

    def applied(self, conn: sqlite3.Connection) -> list[str]:
        """The names of the steps that ``conn``'s database has had, in their order."""
        if not has_table(conn, "_sqlite_migrations"):
            return []
        sql = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid"
        return [row[0] for row in conn.execute(sql, (self.name,))]

    def pending(self, conn: sqlite3.Connection, *, to_read: bool = False) -> list[str]:
        """The names of the steps that are still to be applied; ``to_read``: those reading needs."""
        passed = {*self.applied(conn), *(self.optional if to_read else ())}
        return [name for name, _ in self.steps if name not in passed]

    def only(self, names: Iterable[str]) -> MigrationSet:
        """The set of a program that knew only these steps."""
        wanted = set(names)
        return MigrationSet(self.name, tuple(step for step in self.steps if step[0] in wanted))

    def refuse_newer(self, conn: sqlite3.Connection, place: Path) -> None:
        """Raises NewerArchive where the database had a step that this program does not know."""
        known = {name for name, _ in self.steps}
        unknown = [name for name in self.applied(conn) if name not in known]
        if unknown:
            raise NewerArchive(
                mark(
                    "{place} was changed by a newer wechat-archive (it has {unknown}, which "
                    "this version does not know): update the program, nothing was touched",
                    place=place,
                    unknown=unknown[-1],
                )
            )

    def apply(self, conn: sqlite3.Connection) -> None:
        """Bring the database up to date: a new one in one transaction, an older one step by step,
        each with its note.
        """
        if not self.pending(conn):
            return
        new = not self.applied(conn)
        with transaction(conn) if new else nullcontext():
            with transaction(conn):
                run_ddl(conn, _APPLIED_DDL)
            for name in self.pending(conn):
                with transaction(conn):
                    self._step(conn, name)

    def _step(self, conn: sqlite3.Connection, name: str) -> None:
        if name not in self.pending(conn):
            return  # another process was faster
        dict(self.steps)[name](conn)
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            (self.name, name, str(utc_now())),
        )


def run_ddl(conn: sqlite3.Connection, statements: Iterable[str]) -> None:
    """Execute each statement inside the migration's own transaction."""
    for statement in statements:
        conn.execute(statement)


def m001_articles(conn: sqlite3.Connection) -> None:
    """What is kept."""
    run_ddl(conn, article_tables.DDL)


def m002_crawl(conn: sqlite3.Connection) -> None:
    """The queue, sources, cool-down, runs."""
    run_ddl(conn, crawl_tables.DDL)


def m_reparses(conn: sqlite3.Connection) -> None:
    """How far a ``reparse`` came."""
    run_ddl(conn, reparse_tables.DDL)


def m003_search(conn: sqlite3.Connection) -> None:
    """The search index."""
    run_ddl(conn, SEARCH_DDL)


def m004_search_newest_first(conn: sqlite3.Connection) -> None:
    """Archives of before 2026-11-27 have rowids the other way round, spans in ``search_meta`` and
    no checksum of a document's row."""
    columns = {row[1] for row in conn.execute("PRAGMA table_info(search_documents)")}
    if "seal" not in columns:
        run_ddl(conn, (*SEARCH_DROP, *SEARCH_DDL))


def m005_identity(conn: sqlite3.Connection) -> None:
    """Which archive this is and how far it has come, for ``backup``."""
    run_ddl(conn, identity.DDL)


def m006_exits(conn: sqlite3.Connection) -> None:
    """Several exits, each with its own cool-down."""
    run_ddl(conn, exit_tables.DDL)


def m007_recordings(conn: sqlite3.Connection) -> None:
    """Sound and video: which article plays which, and whether it is held."""
    run_ddl(conn, recording_tables.DDL)
    recording_tables.fill(conn)


def m008_discussions(conn: sqlite3.Connection) -> None:
    """Counts, comments, and lists that a reader's client was given."""
    run_ddl(conn, discussion_tables.DDL)


def m009_alerts(conn: sqlite3.Connection) -> None:
    """Saved searches, what was told, and what is still to be delivered."""
    run_ddl(conn, alert_tables.DDL)


def m010_own(conn: sqlite3.Connection) -> None:
    """A person's own tags, stars, notes and edits."""
    run_ddl(conn, own_tables.DDL)


def m011_removal(conn: sqlite3.Connection) -> None:
    """What a person removed."""
    run_ddl(conn, removal_tables.DDL)


def m012_source_rules(conn: sqlite3.Connection) -> None:
    """What a watched source brings, how that is tagged, and groups."""
    run_ddl(conn, group_tables.DDL)


def m013_comment_index(conn: sqlite3.Connection) -> None:
    """Which comment holds which word."""
    run_ddl(conn, discussion_tables.INDEX_DDL)


def m014_days(conn: sqlite3.Connection) -> None:
    """Articles whose page tells a day and no time."""
    run_ddl(conn, article_columns.DAYS_DDL)


def m015_tallies(conn: sqlite3.Connection) -> None:
    """How many there are of what lists and ``status`` count."""
    run_ddl(conn, tallies.DDL)
    tallies.fill(conn)


#: The steps of ``archive.db``. Rooms that need a table of their own append a step here.
ARCHIVE = MigrationSet(
    "archive",
    tuple(
        (step.__name__, step)
        for step in (
            m001_articles,
            m002_crawl,
            m_reparses,
            m003_search,
            m004_search_newest_first,
            m005_identity,
            m006_exits,
            m007_recordings,
            m008_discussions,
            m009_alerts,
            m010_own,
            m011_removal,
            m012_source_rules,
            m013_comment_index,
            m014_days,
            m015_tallies,
        )
    ),
    optional=frozenset(
        {
            "m005_identity",
            "m006_exits",
            "m007_recordings",
            "m008_discussions",
            "m009_alerts",
            "m010_own",
            "m011_removal",
            "m012_source_rules",
            "m013_comment_index",
            "m014_days",
            "m015_tallies",
        }
    ),
)
