"""Copying the databases: both whole and checked beside the old copies before either takes its
place.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from archive.db import checksums, file_checksums
from archive.db.errors import sqlite_errors
from archive.db.files import flush_folder, open_regular, require_own_database
from archive.db.identity import identity, mark_as_backup
from archive.db.migrations import ARCHIVE
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import connect
from archive.errors import Corrupt
from scraper.messages import mark


def copy_databases(root: Path, target: Path, *, damaged: bool = False) -> int:
    """Copy what is there of the two; how many bytes. The caller holds the lock of ``target``.

    Rows name raw pages that were kept before them: so the rows are copied first and put in place
    last. Raises Corrupt, with the last backup untouched, for a damaged source (unless ``damaged``
    is welcome and SQLite can still read it), OSError.
    """
    names = [name for name in (ARCHIVE_DB, SNAPSHOTS_DB) if (root / name).exists()]
    parts = {name: target / f".{name}.part" for name in names}
    for name, part in parts.items():
        _copy(root / name, part, damaged=damaged)
    size = sum(part.stat().st_size for part in parts.values())
    for name in reversed(names):
        _put_in_place(parts[name], target / name)
    flush_folder(target)
    return size


def _copy(source: Path, part: Path, *, damaged: bool) -> None:
    require_own_database(source)
    for end in ("", "-journal", "-wal", "-shm"):  # of a killed backup: not to be replayed into this
        part.with_name(part.name + end).unlink(missing_ok=True)
    handle = open_regular(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with sqlite_errors(source), closing(connect(source, readonly=True)) as old:
        os.fchmod(handle, stat.S_IMODE(source.stat().st_mode))
        os.close(handle)
        with closing(sqlite3.connect(part)) as new:
            # In one step: with several, each commit of the running command would begin the copy
            # again.
            old.backup(new, pages=-1)
            new.execute("PRAGMA journal_mode = DELETE")
            wrong = next(_damage(source, new, deep=not damaged), None)
            if wrong is None and source.name == ARCHIVE_DB:
                _mark(new, source)
    if wrong is not None:
        part.unlink()
        raise Corrupt(
            mark(
                "{source} is damaged ({wrong}): run `wechat-archive verify --repair`. The "
                "last backup is untouched.",
                source=source,
                wrong=wrong,
            )
        )
    handle = open_regular(part)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damage(source: Path, copy: sqlite3.Connection, *, deep: bool) -> Iterator[str]:
    """What is wrong with the copied database, and so with its source."""
    found = copy.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        yield found
    if not deep:
        return
    blocks = file_checksums.broken_blocks(source)
    yield from blocks or ()
    if blocks is None and source.name == ARCHIVE_DB and not ARCHIVE.pending(copy):
        yield from _damaged_rows(copy)


def _damaged_rows(copy: sqlite3.Connection) -> Iterator[str]:
    copy.row_factory = sqlite3.Row
    for row in copy.execute("SELECT * FROM articles"):
        head, content = checksums.head_checksum(row), checksums.content_checksum(row)
        if (head, content) != (row["head_check"], row["content_check"]):
            yield mark("article {key} changed since it was written", key=row["key"])
    for row in copy.execute("SELECT * FROM versions"):
        if checksums.content_checksum(row) != row["content_check"]:
            yield mark(
                "version {number} of {title!r} changed since it was written",
                number=row["number"],
                title=row["title"],
            )


def _mark(copy: sqlite3.Connection, source: Path) -> None:
    """Bring the copy up to date and note what it is a copy of, before anybody can see it."""
    ARCHIVE.refuse_newer(copy, source)
    who = identity(copy)
    ARCHIVE.apply(copy)
    mark_as_backup(copy, who)
    copy.commit()


def _put_in_place(part: Path, target: Path) -> None:
    require_own_database(target)
    _empty_log(target)
    for path in (file_checksums.path_of(target), file_checksums.aside_path_of(target)):
        path.unlink(missing_ok=True)
    part.replace(target)


def _empty_log(database: Path) -> None:
    """Bring the log of the old copy into it: beside the new one, SQLite would replay it there;
    taken away alone, a kill just then would leave the old one without its newest rows."""
    if database.with_name(f"{database.name}-wal").exists():
        try:
            with closing(sqlite3.connect(database, timeout=30)) as conn:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                conn.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            # No database any more: nothing of it is left to keep.
    for end in ("-wal", "-shm", "-journal"):
        database.with_name(database.name + end).unlink(missing_ok=True)
