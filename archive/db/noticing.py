"""What a person did to the files in ``articles`` since somebody last looked: changed, moved, deleted.

Looking costs one ``stat`` a file: a mark in the database (``meta.files_seen``) says up
to which moment everything is known, and only what was changed on the disk since is read. The moment
is that of the inode's last change (``st_ctime``), which no program can set back: a file that a sync
tool brings with its old modification time is noticed too. Commands that read look for a twentieth of a
second at most, each time beginning with other folders; those that write look at everything.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import field
from pathlib import Path

from archive.db.files import read_regular
from archive.db.names import ARCHIVE_DB, ARTICLES, STARS
from scraper.patterns import lazy
from scraper.records import dataclass

MARK = "files_seen"
#: Before the moment at which a look began: clocks of filesystems tick every few milliseconds.
_TICK_NS = 50_000_000
#: Files read anew before it is worth a write that they need not be read again.
_WORTH_A_MARK = 200
_KEY_LINE = lazy(rb"""^key:[ \t]*["']?([0-9a-z]{10,26})["']?[ \t]*\r?$""", re.MULTILINE)
_HEAD = 16 * 1024


@dataclass(slots=True)
class Seen:
    """What a look found. ``changed``: articles whose file is another one; ``missing``: whose file
    is not there; ``back``: of those missing before, whose file is there again; ``strays``: files
    without an article, by the key that they name. ``until``: nanoseconds up to which everything is
    known now; None where the look was not finished."""

    changed: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    strays: dict[str, str] = field(default_factory=dict)
    until: int | None = None
    read: int = 0
    stars: bool = False

    @property
    def is_worth_writing(self) -> bool:
        """Whether anything is to be kept of it."""
        found = self.changed or self.missing or self.back or self.stars
        return bool(found) or (self.until is not None and self.read > _WORTH_A_MARK)


def look(
    conn: sqlite3.Connection,
    root: Path,
    *,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Seen:
    """Look at the files of the archive in ``root``, for ``seconds`` at most; reads only. Raises
    OSError, sqlite3.Error."""
    ends = None if seconds is None else clock() + seconds
    return _Look(conn, root, lambda: ends is not None and clock() > ends).all()


def is_due(root: Path, seconds: float | None) -> bool:
    """Whether a look finds anything to keep: what costs little, before what keeps it is loaded."""
    from archive.db.migrations import ARCHIVE
    from archive.db.opening import open_database
    from archive.errors import ArchiveError

    try:
        with open_database(root / ARCHIVE_DB, readonly=True) as db:
            if ARCHIVE.pending(db.conn):
                return False  # reading brings no archive up to date
            return look(db.conn, root, seconds=seconds).is_worth_writing
    except (ArchiveError, OSError, sqlite3.Error):
        return False  # the command itself tells what is wrong


def _turned(entries: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """The same, beginning anywhere: looks that are cut short see other files each time."""
    begin = time.monotonic_ns() // 1000 % max(len(entries), 1)
    return entries[begin:] + entries[:begin]


class _Look:
    def __init__(self, conn: sqlite3.Connection, root: Path, is_late: Callable[[], bool]) -> None:
        self._conn = conn
        self._root = root
        self._is_late = is_late
        self._since = self._mark()
        self._newest = 0
        self._folders: set[str] = set()
        self._fresh_folders: list[str] = []
        self._there: dict[str, set[str]] = {}
        self.seen = Seen(stars=(root / STARS).exists())

    def _mark(self) -> int:
        row = self._conn.execute("SELECT value FROM meta WHERE name = ?", (MARK,)).fetchone()
        return row[0] if row is not None and isinstance(row[0], int) else 0

    def all(self) -> Seen:
        began = time.time_ns()
        if self._files() and self._absent():
            self.seen.until = min(began - _TICK_NS, self._newest)
        return self.seen

    def _files(self) -> bool:
        """Whether every changed file was read before it became late."""
        batch: list[str] = []
        for path in self._fresh_files():
            batch.append(path)
            if len(batch) == 50:
                self._compare(batch)
                batch.clear()
                if self._is_late():
                    return False
        self._compare(batch)
        return not self._is_late()

    def _fresh_files(self) -> Iterator[str]:
        """Each Markdown file that was changed since, by its path from the archive's folder."""
        waiting = [ARTICLES]
        while waiting:
            folder = waiting.pop()
            for entry in _turned(self._entries(folder)):
                if self._is_late():
                    return
                if entry.is_dir(follow_symlinks=False):
                    waiting += [] if entry.name.startswith(".") else [f"{folder}/{entry.name}"]
                elif self._is_fresh(entry):
                    yield f"{folder}/{entry.name}"

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What stands in a folder, none where it is not there; noted for ``_absent``."""
        place = self._root / folder
        try:
            changed = os.lstat(place).st_ctime_ns
            entries = list(os.scandir(place))
        except (FileNotFoundError, NotADirectoryError):
            return []
        self._newest = max(self._newest, changed)
        self._folders.add(folder)
        if changed >= self._since:
            self._fresh_folders.append(folder)
            self._there[folder] = {entry.name for entry in entries}
        return entries

    def _is_fresh(self, entry: os.DirEntry[str]) -> bool:
        """Whether this is an article's file that was changed since."""
        if not entry.name.endswith(".md") or ".new" in entry.name[-12:]:
            return False
        found = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            return False
        self._newest = max(self._newest, found.st_ctime_ns)
        return found.st_ctime_ns >= self._since

    def _compare(self, paths: list[str]) -> None:
        """Read these files, and compare them with what is known of them."""
        if not paths:
            return
        from hashlib import sha256  # only where a file was changed: it loads OpenSSL

        marks = ", ".join("?" * len(paths))
        rows = self._conn.execute(
            "SELECT a.path, a.id, a.markdown_hash, t.file_hash, m.article_id FROM articles a "
            "LEFT JOIN own_texts t ON t.article_id = a.id "
            f"LEFT JOIN missing_files m ON m.article_id = a.id WHERE a.path IN ({marks})",
            paths,
        ).fetchall()
        known = {row[0]: tuple(row)[1:] for row in rows}
        for path in paths:
            try:
                data = read_regular(self._root / path)
            except OSError:
                continue  # gone this moment, or not readable: the next look sees it
            self.seen.read += 1
            if path not in known:
                self._stray(path, data)
                continue
            article_id, written, edited, missing = known[path]
            if sha256(data).hexdigest() != (edited or written):
                self.seen.changed.append(article_id)
            if missing is not None:
                self.seen.back.append(article_id)

    def _stray(self, path: str, data: bytes) -> None:
        found = _KEY_LINE().search(data, 0, _HEAD)
        if found is not None:
            self.seen.strays.setdefault(found[1].decode("ascii"), path)

    def _is_there(self, folder: str, path: str) -> bool:
        inside, _, name = path.rpartition("/")
        return name in self._there[folder] if inside == folder else inside in self._folders

    def _absent(self) -> bool:
        """Articles whose file is not there: only in folders that were changed since. Whether all
        were found before it became late: where a disk with all articles is not there, each of a
        million is missing."""
        told = {row[0] for row in self._conn.execute("SELECT article_id FROM missing_files")}
        for folder in self._fresh_folders:
            rows = self._conn.execute(
                "SELECT id, path FROM articles WHERE path > ? AND path < ?",
                (f"{folder}/", f"{folder}0"),
            )
            for article_id, path in rows:
                if not self._is_there(folder, path) and article_id not in told:
                    told.add(article_id)
                    self.seen.missing.append(article_id)
                if self._is_late():
                    return False
        return True
