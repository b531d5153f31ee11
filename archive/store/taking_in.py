"""Keeping what a look at the files found (``noticing``): edits, moved files, deleted ones."""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Literal

from archive.db.beside import open_beside
from archive.db.names import ARCHIVE_DB
from archive.db.noticing import MARK, Seen, look
from archive.db.opening import open_database
from archive.db.transactions import transaction
from archive.errors import ArchiveError
from archive.record import iso
from archive.store.core import Store
from scraper.clock import utc_now
from scraper.records import dataclass

#: Files of each sort that a look beside something else keeps, and missing ones a transaction.
_AT_ONCE = 50
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was noticed of one file, told once. ``error``: why it could not be taken in."""

    what: Literal["marks", "edited", "back", "unreadable", "moved", "missing", "stars"]
    key: str
    path: str
    title: str
    error: ArchiveError | None = None


def notice(
    root: Path, *, command: str, seconds: float | None = None, checksums: bool = False
) -> list[Noticed]:
    """Look, and keep what was found; nothing where nothing was changed, or where this is no archive
    that can be written to. ``seconds``: look for so long at most. ``checksums``: leave those of
    the file as they should be, which takes the archive's lock where it is free. Never raises for
    what a file or a disk is like: whoever asks has something else to do."""
    try:
        with open_database(root / ARCHIVE_DB, readonly=True) as db:
            seen = look(db.conn, root, seconds=seconds)
        if not seen.is_worth_writing:
            return []
        if seconds is not None:
            _cut(seen)
        with open_beside(root, command, quick=not checksums) as db:
            return keep(Store(db, root), seen, utc_now())
    except (ArchiveError, OSError, sqlite3.Error) as error:
        _LOG.debug("files were not looked at: %s", error)
        return []


def _cut(seen: Seen) -> None:
    """Leave as much as somebody who waits for a page can wait for: where a disk with all articles
    is not there, each of them is missing. The rest is found by the next look."""
    if len(seen.back) + len(seen.missing) + len(seen.changed) > _AT_ONCE:
        seen.until = None
    del seen.back[_AT_ONCE:], seen.missing[_AT_ONCE:], seen.changed[_AT_ONCE:]


def notice_all(store: Store, now: datetime) -> list[Noticed]:
    """The same for a command that holds the open archive: everything. Raises like `Store`."""
    seen = look(store.db.conn, store.root)
    return keep(store, seen, now) if seen.is_worth_writing or seen.until else []


def keep(store: Store, seen: Seen, now: datetime) -> list[Noticed]:
    """Keep what a look found; one file that cannot be taken in stops no other."""
    told = _stars(store) if seen.stars else []
    for article_id in seen.back:
        store.edits.forget_missing(article_id)
    told += _all_missing(store, seen, now)
    for article_id in seen.changed:
        told += _changed(store, article_id, now)
    if seen.until is not None and not any(one.error for one in told):
        with transaction(store.db.conn):
            store.db.conn.execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (MARK, seen.until)
            )
    return told


def _stars(store: Store) -> list[Noticed]:
    from archive.store.starred_file import take_over

    try:
        take_over(store)
    except ArchiveError as error:
        return [Noticed("stars", "", "stars.json", "", error)]
    return []


def _changed(store: Store, article_id: int, now: datetime) -> list[Noticed]:
    try:
        held = store.stored(article_id)
    except ArchiveError:
        return []  # gone or damaged: `verify` tells
    try:
        what = store.edits.take_in(article_id, now)
    except ArchiveError as error:
        return [Noticed("unreadable", held.key, held.path, held.title, error)]
    if what in ("clean", "missing"):
        return []
    return [Noticed(what, held.key, held.path, held.title)]  # type: ignore[arg-type]


def _all_missing(store: Store, seen: Seen, now: datetime) -> list[Noticed]:
    """Written in groups: each waits for the disk, and a folder that is gone has thousands."""
    told: list[Noticed] = []
    for begin in range(0, len(seen.missing), _AT_ONCE):
        with transaction(store.db.conn):
            for article_id in seen.missing[begin : begin + _AT_ONCE]:
                told += _missing(store, article_id, seen, now)
    return told


def _missing(store: Store, article_id: int, seen: Seen, now: datetime) -> list[Noticed]:
    try:
        held = store.stored(article_id)
        path = seen.strays.get(held.key)
        if store.files.exists(held.path):
            return []
        if path is not None:
            store.edits.follow(article_id, path, now)
            return [Noticed("moved", held.key, path, held.title)]
        store.edits.note_missing(article_id, iso(now) or "")
    except ArchiveError as error:
        _LOG.debug("%s", error)
        return []
    return [Noticed("missing", held.key, held.path, held.title)]
