"""The tables of ``archive.db``, and how it is opened.

Every table of the archive is made here by a numbered migration, each in one transaction together with the note that
it was applied: killed half-way, the database is the old one or the new one (two transactions left a half-made one in a
trial). Other rooms add their tables as DDL constants that a migration of this file executes, so one list tells the
whole history.

Times are TEXT, ISO 8601 in UTC with zone: ``2026-11-23T09:00:00+00:00``.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from sqlite_utils import Database, Migrations

from archive.db import seal
from archive.db.crawl_tables import DDL as CRAWL_DDL
from archive.db.keep_tables import DDL as REPARSES_DDL
from archive.db.search_tables import SEARCH_DDL, SEARCH_DROP
from archive.errors import (
    ArchiveError,
    CannotCreate,
    Corrupt,
    DiskTrouble,
    Locked,
    NewerArchive,
    NotHeld,
)

migrations = Migrations("archive")

#: What the program understands; DDL of the first release, one statement each (``executescript`` would commit).
ARTICLES_DDL: tuple[str, ...] = (
    """CREATE TABLE accounts (
        id INTEGER PRIMARY KEY,
        biz TEXT UNIQUE,              -- __biz, base64 text; NULL where no page said it
        name TEXT,                    -- as the newest page shows it
        user_name TEXT,               -- gh_…
        alias TEXT,                   -- 微信号
        signature TEXT,
        first_seen TEXT NOT NULL
    )""",
    "CREATE INDEX accounts_name ON accounts(name)",
    """CREATE TABLE articles (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,     -- 10 characters; stands in the file's name
        account_id INTEGER REFERENCES accounts(id),
        biz TEXT, mid TEXT, idx TEXT, -- the identity; NULL where the page gives none
        title TEXT NOT NULL,
        author TEXT,
        account TEXT,                 -- the account's name as this page shows it; accounts change theirs
        kind INTEGER NOT NULL,        -- WeChat's item_show_type
        kind_name TEXT NOT NULL,
        published TEXT,
        modified TEXT,                -- by the author, as the page says
        place TEXT,
        digest TEXT,
        cover TEXT,
        url TEXT,                     -- the page's own permanent link
        path TEXT NOT NULL UNIQUE,    -- of the Markdown file, from the archive's folder, with /
        text TEXT NOT NULL,           -- the lines a reader sees
        body TEXT NOT NULL,           -- clean HTML
        record TEXT NOT NULL,         -- JSON: everything else the page said
        content_hash TEXT NOT NULL,   -- over what an author can change, volatile parts left out
        markdown_hash TEXT NOT NULL,  -- sha256 of the file as this program wrote it
        snapshot_id INTEGER,          -- in snapshots.db; NULL without one
        parser_version INTEGER NOT NULL,
        archived TEXT NOT NULL,       -- first kept
        checked TEXT NOT NULL,        -- last compared with the server's page
        changed TEXT,                 -- when this content was first seen, if it is not the first
        changes TEXT,                 -- JSON: what differs from the version before
        version INTEGER NOT NULL DEFAULT 1,
        gone TEXT,                    -- when it was found deleted; NULL while it is there
        gone_reason TEXT,
        gone_shown TEXT,              -- as the page says it
        stale INTEGER NOT NULL DEFAULT 0,  -- 1: the file does not show the newest links or images yet
        edited TEXT,                  -- when a hand-made change of the file was noticed
        head_check TEXT NOT NULL,     -- over every column but text, body and record (see archive/db/checks.py)
        content_check TEXT NOT NULL,  -- over text, body and record
        UNIQUE (biz, mid, idx)
    )""",
    "CREATE INDEX articles_published ON articles(published)",
    "CREATE INDEX articles_account ON articles(account_id, published)",
    "CREATE INDEX articles_stale ON articles(id) WHERE stale",
    "CREATE INDEX articles_gone ON articles(gone) WHERE gone IS NOT NULL",
    """CREATE TABLE former_keys (        -- keys from before an article's identity was known
        key TEXT PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE
    )""",
    "CREATE TABLE doomed_files (path TEXT PRIMARY KEY)",  # of rows that are gone; removed next, also after a kill
    """CREATE TABLE addresses (          -- every address an article was seen under
        address TEXT PRIMARY KEY,     -- canonical
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        form TEXT NOT NULL,           -- short, long, temporary, show, other
        fetch TEXT NOT NULL,          -- the address to ask for
        first_seen TEXT NOT NULL
    )""",
    "CREATE INDEX addresses_article ON addresses(article_id)",
    """CREATE TABLE links (
        id INTEGER PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        relation TEXT NOT NULL,       -- text, ainfos, album, album_previous, album_next, tag, reprint, source
        url TEXT NOT NULL,
        address TEXT,                 -- canonical, where it is an address of an article or album
        biz TEXT, mid TEXT, idx TEXT,
        target_id INTEGER REFERENCES articles(id) ON DELETE SET NULL,
        text TEXT
    )""",
    "CREATE INDEX links_article ON links(article_id, position)",
    "CREATE INDEX links_address ON links(address)",
    "CREATE INDEX links_identity ON links(biz, mid, idx)",
    "CREATE INDEX links_target ON links(target_id)",
    """CREATE TABLE media (
        sha256 TEXT PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,    -- media/ab/abcdef….ext
        type TEXT NOT NULL,           -- true type, by the bytes
        bytes INTEGER NOT NULL,
        added TEXT NOT NULL
    )""",
    """CREATE TABLE media_addresses (
        url TEXT PRIMARY KEY,
        image_id TEXT,                -- the part of a WeChat image address that names the picture
        sha256 TEXT REFERENCES media(sha256),
        attempts INTEGER NOT NULL DEFAULT 0,
        due TEXT,                     -- not before; NULL: never again (final), or already held
        error TEXT,
        error_class TEXT
    )""",
    "CREATE INDEX media_addresses_image ON media_addresses(image_id)",
    "CREATE INDEX media_addresses_sha256 ON media_addresses(sha256)",
    "CREATE INDEX media_addresses_due ON media_addresses(due) WHERE sha256 IS NULL",
    """CREATE TABLE images (
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        url TEXT NOT NULL,
        role TEXT NOT NULL,           -- body, background, picture, emoji, cover, card
        alt TEXT,
        width INTEGER,                -- CSS pixels
        height INTEGER,
        PRIMARY KEY (article_id, position)
    )""",
    "CREATE INDEX images_url ON images(url)",
    """CREATE TABLE embeds (
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        sort TEXT NOT NULL,           -- video, channels, audio, music, miniprogram, profile, vote, …
        media_id TEXT,
        title TEXT,
        author TEXT,
        url TEXT,
        duration REAL,                -- seconds
        cover TEXT,
        extra TEXT,                   -- JSON
        PRIMARY KEY (article_id, position)
    )""",
    """CREATE TABLE losses (              -- what of a body could not be kept
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        where_text TEXT,
        count INTEGER NOT NULL
    )""",
    "CREATE INDEX losses_article ON losses(article_id)",
    """CREATE TABLE versions (            -- contents that a newer one replaced; the newest is in articles
        id INTEGER PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        seen TEXT NOT NULL,           -- when this content was first seen
        content_hash TEXT NOT NULL,
        title TEXT NOT NULL,
        record TEXT NOT NULL,
        body TEXT NOT NULL,
        text TEXT NOT NULL,
        parser_version INTEGER NOT NULL,
        snapshot_id INTEGER,
        changes TEXT,                 -- JSON: what differs from the version before
        path TEXT,                    -- of its file, with versions = "files"
        content_check TEXT NOT NULL,
        UNIQUE (article_id, number)
    )""",
    """CREATE TABLE tags (
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        tag TEXT NOT NULL,
        PRIMARY KEY (article_id, tag)
    )""",
    "CREATE INDEX tags_tag ON tags(tag)",
    """CREATE TABLE albums (
        id TEXT PRIMARY KEY,          -- WeChat's album_id
        account_id INTEGER REFERENCES accounts(id),
        title TEXT,
        url TEXT,
        size INTEGER,                 -- how many articles WeChat says it has
        checked TEXT
    )""",
    """CREATE TABLE album_members (
        album_id TEXT NOT NULL REFERENCES albums(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        address TEXT NOT NULL,        -- canonical
        article_id INTEGER REFERENCES articles(id) ON DELETE SET NULL,
        title TEXT,
        PRIMARY KEY (album_id, position)
    )""",
    "CREATE INDEX album_members_address ON album_members(address)",
    "CREATE INDEX album_members_article ON album_members(article_id)",
)


def run_ddl(db: Database, statements: Iterable[str]) -> None:
    """Execute each statement inside the migration's own transaction."""
    for statement in statements:
        db.conn.execute(statement)


@migrations()
def m001_articles(db: Database) -> None:
    run_ddl(db, ARTICLES_DDL)


@migrations()
def m002_crawl(db: Database) -> None:
    run_ddl(db, CRAWL_DDL)


@migrations()
def m_reparses(db: Database) -> None:
    run_ddl(db, REPARSES_DDL)


@migrations()
def m003_search(db: Database) -> None:
    run_ddl(db, SEARCH_DDL)


@migrations()
def m004_search_newest_first(db: Database) -> None:
    """Archives of before 2026-11-27 have rowids the other way round, spans in ``search_meta`` and no seals."""
    columns = {row[1] for row in db.conn.execute("PRAGMA table_info(search_documents)")}
    if "seal" not in columns:
        run_ddl(db, (*SEARCH_DROP, *SEARCH_DDL))


class ArchiveDatabase(Database):
    """The open ``archive.db``. Closing one that was opened for writing seals the file (see ``archive/db/seal.py``)."""

    def __init__(self, conn: sqlite3.Connection, place: Path, *, readonly: bool) -> None:
        super().__init__(conn, recursive_triggers=False, execute_plugins=False)
        self.place = place
        self.readonly = readonly
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Close, and seal what was written. Fine to call twice."""
        if self._closed:
            return
        self._closed = True
        alone = not self.readonly and self._emptied_log()
        self.conn.close()
        if alone:
            # Without a seal nothing is wrong, only less is known: no reason to fail a command that did its work.
            with contextlib.suppress(OSError):
                seal.lay(self.place)

    def _emptied_log(self) -> bool:
        """Whether everything now stands in the file itself: no reader still needs the write-ahead log."""
        try:
            self.conn.execute("PRAGMA busy_timeout=0")
            busy = self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error:
            return False
        return not busy


def open_database(
    path: str | Path, *, readonly: bool = False, outdated: bool = False
) -> ArchiveDatabase:
    """Open, and unless ``readonly`` create and migrate, the database at ``path``.

    WAL, foreign keys on, every commit on disk before it returns (synchronous=FULL). The connection may be used by
    several threads, one at a time. Raises CannotCreate (folder or file cannot be made), Corrupt (not a database, or
    damaged), DiskTrouble (full, read errors), Locked (another program holds it for more than 30 seconds) and
    NewerArchive (made by a newer version of this program). ``readonly`` neither creates nor changes anything, and
    refuses an archive that a migration has still to bring up to date, unless ``outdated`` is welcome.
    """
    place = Path(path)
    with trouble(place):
        if readonly:
            if not place.exists():
                raise NotHeld(
                    f"there is no archive in {place.parent}: `wechat-archive save ADDRESS` makes one; "
                    "--archive DIR names another"
                )
            conn = sqlite3.connect(_readable(place), uri=True, timeout=30, check_same_thread=False)
        else:
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CannotCreate(
                    f"cannot create the folder {place.parent}: {error.strerror or error}"
                ) from error
            conn = sqlite3.connect(place, timeout=30, check_same_thread=False)
        try:
            return _prepare(conn, place, readonly, outdated)
        except BaseException:
            conn.close()
            raise


def _readable(place: Path) -> str:
    """The address of a database to read.

    ``mode=rw`` where the folder may be written, since a ``mode=ro`` connection leaves the log's empty files behind
    (``query_only`` then keeps it from writing); on a read-only disk without the files that WAL would need.
    """
    if os.access(place.parent, os.W_OK) and os.access(place, os.W_OK):
        return f"{place.absolute().as_uri()}?mode=rw"
    log = place.with_name(place.name + "-wal")
    return f"{place.absolute().as_uri()}?mode=ro{'' if log.exists() else '&immutable=1'}"


def _prepare(
    conn: sqlite3.Connection, place: Path, readonly: bool, outdated: bool
) -> ArchiveDatabase:
    conn.row_factory = sqlite3.Row
    conn.execute("PRAGMA foreign_keys=ON")
    conn.execute("PRAGMA synchronous=FULL")
    if readonly:
        conn.execute("PRAGMA query_only=ON")
    else:
        conn.execute("PRAGMA journal_mode=WAL")
    db = ArchiveDatabase(conn, place, readonly=readonly)
    _refuse_newer(db, place)
    pending = bool(migrations.pending(db))
    if pending and readonly and not outdated:
        raise ArchiveError(
            f"{place} was made by an older version: any writing command, such as `wechat-archive run`, updates it"
        )
    if not readonly:
        with contextlib.suppress(
            OSError
        ):  # the folder may be one we cannot write in; SQLite will say so better
            seal.lift(place)
    if pending and not readonly:
        begin_list(db)
        migrations.apply(db)
    return db


def begin_list(db: Database) -> None:
    """The library's own list of migrations, made in one transaction: it makes table and index in two, and a kill
    between them left an archive without the index for ever (found by the kill sweep)."""
    with db.atomic():
        migrations.ensure_migrations_table(db)
        db.table("_sqlite_migrations").create_index(
            ["migration_set", "name"], unique=True, if_not_exists=True
        )


def _refuse_newer(db: Database, place: Path) -> None:
    known = {migration.name for migration in migrations._migrations}
    unknown = [done.name for done in migrations.applied(db) if done.name not in known]
    if unknown:
        raise NewerArchive(
            f"{place} was changed by a newer wechat-archive (it has {unknown[-1]}, which this version does not know): "
            "update the program, nothing was touched"
        )


@contextlib.contextmanager
def trouble(place: Path | str) -> Iterator[None]:
    """Turn what SQLite and the disk say into the archive's own errors, each with what to do next."""
    try:
        yield
    except sqlite3.Error as error:
        raise as_archive_error(error, place) from error
    except UnicodeDecodeError as error:
        # SQLite quotes a damaged definition in its message, and Python cannot read the message.
        raise Corrupt(
            f"{place} is damaged: a table's definition is no text any more; "
            "`wechat-archive verify --repair` rebuilds what it can"
        ) from error


def as_archive_error(error: sqlite3.Error, place: Path | str) -> ArchiveError:
    """The archive's own error for one of SQLite's."""
    said = str(error)
    low = said.lower()
    if "full" in low or "disk i/o" in low or "readonly" in low:
        return DiskTrouble(
            f"cannot write {place}: {said}; nothing saved before is lost, make room and run it again"
        )
    if "unable to open" in low:
        return CannotCreate(
            f"cannot open {place}: {said}; check that the folder exists and may be written"
        )
    if "locked" in low or "busy" in low:
        return Locked(f"{place} is held by another program: {said}; try again when it is done")
    if isinstance(error, sqlite3.DatabaseError) and any(
        sign in low for sign in ("not a database", "malformed", "could not decode", "corrupt")
    ):
        return Corrupt(
            f"{place} is damaged: {said}; `wechat-archive verify --repair` rebuilds what it can"
        )
    return ArchiveError(f"{place}: {said}")
