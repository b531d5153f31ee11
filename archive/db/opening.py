"""Opening an archive's databases, once for every room; closing one notes its checksums."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from archive.db import file_checksums
from archive.db.errors import sqlite_errors
from archive.db.files import require_own_database
from archive.db.migrations import ARCHIVE
from archive.errors import ArchiveError, CannotCreate, NoArchive

#: How long a statement waits for another program's transaction, in seconds.
BUSY_TIMEOUT = 30


def connect(
    place: Path, *, readonly: bool = False, new_file: tuple[str, ...] = ()
) -> sqlite3.Connection:
    """A connection to the database file ``place``: foreign keys on, every commit on disk before it
    returns. The caller closes it; several threads may use it, one at a time.

    ``readonly`` neither creates nor changes anything, and works on read-only media. Else the file is
    made where it is missing, with the pragmas ``new_file``, and written through a WAL. Raises
    ``sqlite3.Error``; ``sqlite_errors`` translates; CannotCreate where a link or a device stands in
    its place.
    """
    require_own_database(place)
    if readonly and _lacks_index(place):
        conn = _opened_copy(place)
    else:
        name = _readable(place) if readonly else place
        conn = sqlite3.connect(name, uri=readonly, timeout=BUSY_TIMEOUT, check_same_thread=False)
    try:
        for pragma in () if readonly else new_file:  # first: they hold before the file is begun
            conn.execute(f"PRAGMA {pragma}")
        conn.execute("PRAGMA foreign_keys = ON")
        conn.execute("PRAGMA synchronous = FULL")
        if readonly:
            conn.execute("PRAGMA query_only = ON")
        else:
            conn.execute("PRAGMA journal_mode = WAL")
        # Reads the file: what is wrong with it is said here and not at the first query.
        conn.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except BaseException:
        conn.close()
        raise
    return conn


def _readable(place: Path) -> str:
    """The address of a database to read.

    ``mode=rw`` where the folder may be written, since a ``mode=ro`` connection leaves the log's
    empty files behind (``query_only`` then keeps it from writing); on a read-only disk without the
    files that WAL would need.
    """
    address = place.absolute().as_uri()
    if _may_write(place):
        return f"{address}?mode=rw"
    return f"{address}?mode=ro{'' if _has_log(place) else '&immutable=1'}"


def _may_write(place: Path) -> bool:
    return os.access(place.parent, os.W_OK) and os.access(place, os.W_OK)


def _has_log(place: Path) -> bool:
    """Whether a write-ahead log beside it holds anything."""
    log = place.with_name(place.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _lacks_index(place: Path) -> bool:
    """Whether there is a log that SQLite could only read with an index (``-shm``) that is not there
    and cannot be made: an archive copied to a read-only disk while a command was writing to it."""
    index = place.with_name(place.name + "-shm")
    return place.exists() and not _may_write(place) and _has_log(place) and not index.exists()


def _opened_copy(place: Path) -> sqlite3.Connection:
    """A connection to a copy of the database with its log brought in. Its file has no name any more:
    the room is given back when the connection is closed, or the process killed."""
    with tempfile.TemporaryDirectory(prefix="wechat-archive-") as folder:
        copy = Path(folder) / place.name
        for end in ("", "-wal"):
            shutil.copyfile(place.with_name(place.name + end), copy.with_name(copy.name + end))
        conn = sqlite3.connect(copy, check_same_thread=False)
        try:
            conn.execute("PRAGMA journal_mode = DELETE").fetchone()
        except BaseException:
            conn.close()
            raise
    return conn


def close_checksummed(conn: sqlite3.Connection, place: Path) -> None:
    """Close a connection that wrote, and note the checksums of the file where nobody else has it
    open (see ``archive.db.file_checksums``)."""
    alone = False
    with contextlib.suppress(sqlite3.Error):
        conn.execute("PRAGMA busy_timeout = 0")
        # Whether all now stands in the file itself: no reader still needs the write-ahead log.
        alone = not conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    conn.close()
    if alone:
        # Without them nothing is wrong, only less is known: no reason to fail what did its work.
        with contextlib.suppress(OSError):
            file_checksums.write(place)


class ArchiveDatabase:
    """The open ``archive.db``: ``conn``, whose rows go by name. A context manager."""

    def __init__(self, conn: sqlite3.Connection, place: Path, *, readonly: bool) -> None:
        self.conn = conn
        self.place = place
        self.readonly = readonly
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close, and note the checksums of what was written. Fine to call twice."""
        if self._closed:
            return
        self._closed = True
        if self.readonly:
            self.conn.close()
        else:
            close_checksummed(self.conn, self.place)


def open_database(
    path: str | Path, *, readonly: bool = False, outdated: bool = False
) -> ArchiveDatabase:
    """Open, and unless ``readonly`` create and migrate, the database at ``path``.

    Raises CannotCreate (folder or file cannot be made), Corrupt (not a database, or damaged),
    DiskTrouble (full, read errors), Locked (another program holds it for more than 30 seconds) and
    NewerArchive (made by a newer version of this program). ``readonly`` neither creates nor changes
    anything, raises NoArchive where there is none, and refuses one that a migration has still to
    bring up to date, unless ``outdated`` is welcome.
    """
    place = Path(path)
    if readonly:
        require_archive(place)
    else:
        _make_folder(place.parent)
    with sqlite_errors(place):
        conn = connect(place, readonly=readonly)
        try:
            conn.row_factory = sqlite3.Row
            ARCHIVE.refuse_newer(conn, place)
            if not readonly:
                # The folder may be one we cannot write in; SQLite will say so better.
                with contextlib.suppress(OSError):
                    file_checksums.set_aside(place)
                ARCHIVE.apply(conn)
            elif not outdated:
                _refuse_older(conn, place)
        except BaseException:
            conn.close()
            raise
    return ArchiveDatabase(conn, place, readonly=readonly)


def require_archive(place: Path) -> None:
    """Raises NoArchive where there is no database ``place``."""
    if not place.exists():
        raise NoArchive(
            f"there is no archive in {place.parent.absolute()}: `wechat-archive save ADDRESS` makes one; "
            "--archive DIR (or $WECHAT_ARCHIVE) names another"
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCreate(
            f"cannot create the folder {folder}: {error.strerror or error}"
        ) from error


def _refuse_older(conn: sqlite3.Connection, place: Path) -> None:
    if ARCHIVE.pending(conn, to_read=True):
        raise ArchiveError(
            f"{place} was made by an older version: any writing command, such as "
            "`wechat-archive run`, updates it"
        )
