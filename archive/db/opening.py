"""Opening an archive's databases, once for every room; closing one notes its checksums."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from archive.db import file_checksums, own_tables
from archive.db.closing import Closing
from archive.db.errors import sqlite_errors
from archive.db.files import require_own_database
from archive.db.migrations import ARCHIVE
from archive.errors import CannotCreate, NoArchive, OlderArchive
from scraper.messages import mark, strerror

#: How long a statement waits for another program's transaction, in seconds.
BUSY_TIMEOUT = 30
#: Pages of the log before it is taken over into the file. A command that writes less changes the
#: file only when it closes, and the log says which of its blocks have other checksums then: some
#: milliseconds, where all of a million articles took 20 s. SQLite's own limit of 1,000 is reached
#: with some fifty notes of 20 pages.
LOG_PAGES = 4000

#: What SQLite says where the log's ``-shm`` can not be made, or not as long as it must be.
_NO_ROOM_FOR_SHM = frozenset({sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE})

#: Whether ``os.access`` can be asked for what this process may do now, not who started it.
_EFFECTIVE = os.access in os.supports_effective_ids


def connect(
    place: Path, *, readonly: bool = False, lasting: bool = False, new_file: tuple[str, ...] = ()
) -> sqlite3.Connection:
    """A connection to the database file ``place``: foreign keys on, every commit on disk before it
    returns. The caller closes it; several threads may use it, one at a time.

    ``readonly`` neither creates nor changes anything, and works on read-only media and on a full
    disk, where it keeps everybody else out, unless it is to be ``lasting``. Else the file
    is made where it is missing, with the pragmas ``new_file``, and written through a WAL. Raises
    ``sqlite3.Error``; ``sqlite_errors`` translates; CannotCreate where a link or a device stands in
    its place.
    """
    require_own_database(place)
    conn = _open_to_read(place, lasting) if readonly else _open_to_write(place, new_file)
    conn.execute("PRAGMA foreign_keys = ON")
    return conn


def _open_to_write(place: Path, new_file: tuple[str, ...]) -> sqlite3.Connection:
    # Those of a new file come first: they hold before it is begun. In one that was begun they would
    # be written again at each opening, before its checksums are set aside.
    first = () if place.exists() and place.stat().st_size else new_file
    conn = sqlite3.connect(place, timeout=BUSY_TIMEOUT, check_same_thread=False)
    lasting = ("synchronous = FULL", "journal_mode = WAL", f"wal_autocheckpoint = {LOG_PAGES}")
    return _begun(conn, (*first, *lasting))


def _open_to_read(place: Path, lasting: bool) -> sqlite3.Connection:
    """A connection that does not write, by the first way that works.

    ``mode=rw`` where the folder may be written, since a ``mode=ro`` connection leaves the log's
    empty files behind. A read-only disk has no room for the ``-shm`` that a log needs: without a
    log the file is read as it lies, with one ``unix-none`` keeps the index of the log in memory;
    nobody writes there, so locks are not missed.
    """
    log = place.with_name(place.name + "-wal")
    if all(os.access(path, os.W_OK, effective_ids=_EFFECTIVE) for path in (place.parent, place)):
        return _read_where_others_may_write(place, lasting)
    ways = ["mode=ro", "mode=ro&vfs=unix-none"] if log.exists() else ["mode=ro&immutable=1"]
    for way in ways:
        try:
            return _reading(place, way, alone="unix-none" in way)
        except sqlite3.OperationalError:
            if way == ways[-1]:
                raise
    raise AssertionError("unreachable")


def _read_where_others_may_write(place: Path, lasting: bool) -> sqlite3.Connection:
    """The log's ``-shm`` has no room on a full disk. Who has the file for himself needs none, and is
    gone before the others have waited too long, unless the connection is to last."""
    try:
        return _reading(place, "mode=rw")
    except sqlite3.OperationalError as error:
        if lasting or error.sqlite_errorcode not in _NO_ROOM_FOR_SHM:
            raise
    return _reading(place, "mode=rw", alone=True)


def _reading(place: Path, way: str, *, alone: bool = False) -> sqlite3.Connection:
    """Opened in that way, ``alone`` with a lock that keeps others out and the log's index in memory."""
    address = f"{place.absolute().as_uri()}?{way}"
    conn = sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT, check_same_thread=False)
    locking = ("locking_mode = EXCLUSIVE",) if alone else ()
    return _begun(conn, (*locking, "query_only = ON"))


def _begun(conn: sqlite3.Connection, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    """The connection after these pragmas and a first read: what is wrong with the file is said here
    and not at the first query. Closed where it raises."""
    try:
        for pragma in pragmas:
            conn.execute(f"PRAGMA {pragma}")
        conn.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except BaseException:
        conn.close()
        raise
    return conn


def close_checksummed(
    conn: sqlite3.Connection, place: Path, before: file_checksums.State | None = None
) -> None:
    """Close a connection that wrote, and note the checksums of the file where nobody else has it
    open (see ``archive.db.file_checksums``). ``before``: the state in which their file was put
    aside."""
    alone, changed = False, None
    with contextlib.suppress(sqlite3.Error):
        conn.execute("PRAGMA busy_timeout = 0")
        commits = _pragma(conn, "data_version")
        with contextlib.suppress(OSError):
            changed = file_checksums.changed_blocks(place, before)
        # Whether all now stands in the file itself: no reader still needs the write-ahead log.
        alone = not _pragma(conn, "wal_checkpoint(TRUNCATE)")
        if _pragma(conn, "data_version") != commits:  # another program has just written
            changed = None
    conn.close()
    if alone:
        # Without them nothing is wrong, only less is known: no reason to fail what did its work.
        with contextlib.suppress(OSError):
            file_checksums.write(place, before, changed)


def _pragma(conn: sqlite3.Connection, name: str) -> int:
    return int(conn.execute(f"PRAGMA {name}").fetchone()[0])


class ArchiveDatabase(Closing):
    """The open ``archive.db``: ``conn``, whose rows go by name. A context manager."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        place: Path,
        *,
        readonly: bool,
        checksums: bool = True,
        before: file_checksums.State | None = None,
    ) -> None:
        self.conn = conn
        self.place = place
        self.readonly = readonly
        self._checksums = checksums and not readonly
        self._before = before
        self._closed = False

    def close(self) -> None:
        """Close, and note the checksums of what was written. Fine to call twice."""
        if self._closed:
            return
        self._closed = True
        if self._checksums:
            close_checksummed(self.conn, self.place, self._before)
        else:
            self.conn.close()


def open_database(
    path: str | Path,
    *,
    readonly: bool = False,
    outdated: bool = False,
    checksums: bool = True,
    lasting: bool = False,
) -> ArchiveDatabase:
    """Open, and unless ``readonly`` create and migrate, the database at ``path``.

    Raises CannotCreate (folder or file cannot be made), Corrupt (not a database, or damaged),
    DiskTrouble (full, read errors), Locked (another program holds it for more than 30 seconds) and
    NewerArchive (made by a newer version of this program). ``readonly`` neither creates nor changes
    anything, raises NoArchive where there is none, and OlderArchive for one that a migration has
    still to bring up to date, unless ``outdated`` is welcome. Without ``checksums`` closing notes none, as
    it must be beside another writer: the next command that closes the database does. ``lasting``:
    see `connect`.
    """
    place = Path(path)
    if readonly:
        require_archive(place)
    else:
        _make_folder(place.parent)
    with sqlite_errors(place):
        conn = connect(place, readonly=readonly, lasting=lasting)
        before = None
        try:
            conn.row_factory = sqlite3.Row
            ARCHIVE.refuse_newer(conn, place)
            if not readonly:
                # The folder may be one we cannot write in; SQLite will say so better.
                with contextlib.suppress(OSError):
                    before = file_checksums.set_aside(place)
                ARCHIVE.apply(conn)
            else:
                if not outdated:
                    _refuse_older(conn, place)
                own_tables.stand_in(conn)
        except BaseException:
            conn.close()
            raise
    return ArchiveDatabase(conn, place, readonly=readonly, checksums=checksums, before=before)


def require_archive(place: Path) -> None:
    """Raises NoArchive where there is no database ``place``."""
    if not place.exists():
        raise _no_archive(place)


def _no_archive(place: Path) -> NoArchive:
    return NoArchive(
        mark(
            "there is no archive in {parent}: `wechat-archive save ADDRESS` makes one; "
            "--archive DIR (or $WECHAT_ARCHIVE) names another",
            parent=place.parent.absolute(),
        )
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCreate(
            mark(
                "cannot create the folder {folder}: {what}",
                folder=folder,
                what=strerror(error),
            )
        ) from error


def _refuse_older(conn: sqlite3.Connection, place: Path) -> None:
    if not ARCHIVE.applied(conn):  # what a full disk or a kill left of its making
        raise _no_archive(place)
    if ARCHIVE.pending(conn, to_read=True):
        raise OlderArchive(
            mark(
                "{place} was made by an older version: any writing command, such as "
                "`wechat-archive run`, updates it",
                place=place,
            )
        )
