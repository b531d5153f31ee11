"""What SQLite says, as the archive's own errors: each with what to do next."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.errors import (
    ArchiveError,
    BadConfig,
    CannotCreate,
    CoolingDown,
    Corrupt,
    DiskTrouble,
    Locked,
    NewerArchive,
)
from scraper.errors import BadSettings
from scraper.messages import mark

_REBUILD = mark("`wechat-archive verify --repair` rebuilds what it can")
#: Of raw pages, which stand nowhere else.
_PUT_BACK = mark(
    "put it back from a backup, or move it away: the articles stay, and pages that come are kept in a "
    "new one"
)

#: Words of SQLite's message → error class, what it could not do, what to do next (`_mending` where it
#: is damaged); the first match.
_KINDS: tuple[tuple[tuple[str, ...], type[ArchiveError], str, str], ...] = (
    (
        ("is full", "disk i/o"),
        DiskTrouble,
        mark("cannot write {place}: {said}"),
        mark("nothing saved before is lost, make room and run it again"),
    ),
    (
        ("unable to open", "readonly"),
        CannotCreate,
        mark("cannot open {place}: {said}"),
        mark("check that the folder exists and may be written"),
    ),
    (
        ("is locked", "busy"),
        Locked,
        mark("{place} is held by another program: {said}"),
        mark("try again when it is done"),
    ),
    (
        (
            *("not a database", "malformed", "could not decode", "corrupt"),
            # Tables and columns that somebody took away or put others in their place.
            *("is a view", "no such table", "no such column", "datatype mismatch"),
        ),
        Corrupt,
        mark("{place} is damaged: {said}"),
        "",
    ),
)

#: A full disk and its like.
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS})
#: About the archive or the settings as a whole. A Corrupt row is not among them: it is one item's.
_OF_THE_WHOLE = (
    BadConfig,
    BadSettings,
    CannotCreate,
    CoolingDown,
    DiskTrouble,
    Locked,
    NewerArchive,
)


class sqlite_errors:  # noqa: N801 - a context manager, called as a function is
    """Turn what SQLite raises about the database ``place`` into the archive's own errors.

    A class, since every statement stands in one: a generator costs as much as a small statement.
    """

    __slots__ = ("_place",)

    def __init__(self, place: Path | str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise as_archive_error(error, self._place) from error
        if isinstance(error, UnicodeDecodeError):
            # SQLite quotes a damaged definition in its message, and Python cannot read the message.
            raise Corrupt(
                mark(
                    "{place} is damaged: a table's definition is no text any more; {rebuild}",
                    place=self._place,
                    rebuild=_mending(self._place),
                )
            ) from error


def _mending(place: Path | str) -> str:
    """What to do about a damaged database."""
    return _PUT_BACK if Path(place).name == SNAPSHOTS_DB else _REBUILD


def as_archive_error(error: sqlite3.Error, place: Path | str) -> ArchiveError:
    """The archive's own error for one of SQLite's."""
    said = str(error)
    for words, kind, what, then in _KINDS:
        if any(word in said.lower() for word in words):
            whole = mark(what, place=place, said=said)
            then = _mending(place) if kind is Corrupt else then
            return kind(mark("{what}; {then}", what=whole, then=then))
    return ArchiveError(mark("{place}: {what}", place=place, what=said))


def is_fatal(error: BaseException) -> bool:
    """Whether the error is about the archive as a whole (disk, database, settings), so that going
    on is pointless.
    """
    if isinstance(error, sqlite3.DatabaseError):
        return type(as_archive_error(error, ARCHIVE_DB)) is not ArchiveError
    if isinstance(error, OSError):
        return error.errno in DISK
    return isinstance(error, _OF_THE_WHOLE)
