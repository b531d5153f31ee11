"""Copying what the rows name: images, Markdown files, and whatever a person put beside them."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath

from archive.backup.report import BackupReport
from archive.db.files import Files, read_regular
from archive.db.names import ARTICLES
from archive.errors import ArchiveError, CannotCreate, Corrupt, DiskTrouble
from archive.exporters.files import link_or_copy
from archive.run.items import one_item
from archive.store import Store
from archive.store.markdown_files import is_damaged, is_ours
from scraper.messages import message_of

#: In the backup: what of a person's own was copied there, path → sha256. What has another hash by
#: now was changed in the backup and is not written over.
COPIED = ".backup.json"

Progress = Callable[[int, int], None]


class Contents:
    """Copies from the archive ``root`` into the open backup ``store``."""

    def __init__(self, root: Path, store: Store, report: BackupReport) -> None:
        self._source, self._target, self._store = Files(root), store.files, store
        self._report = report
        self._copied = _read_copied(store.root)
        self._known: set[str] = set()

    def copy(self, progress: Progress) -> None:
        """Everything; what fails is named in the report and the rest goes on. Raises DiskTrouble
        and CannotCreate where the backup cannot be written."""
        conn = self._store.db.conn
        media = conn.execute("SELECT path, bytes FROM media ORDER BY path").fetchall()
        articles = conn.execute("SELECT id, path, markdown_hash FROM articles ORDER BY id")
        rows = articles.fetchall()
        total = len(media) + len(rows)
        for done, (path, size) in enumerate(media, start=1):
            self._each(path, partial(self._media, path, size))
            progress(done, total)
        for done, (number, path, digest) in enumerate(rows, start=len(media) + 1):
            self._each(path, partial(self._article, number, path, digest))
            progress(done, total)
        for (path,) in conn.execute("SELECT path FROM versions WHERE path IS NOT NULL").fetchall():
            self._each(path, partial(self._version, path))
        for path in self._source.walk(ARTICLES) if self._has_articles() else ():
            if path not in self._known:
                self._each(path, partial(self._own, path))
        self._each("links between files", self._store.write_stale_files)
        self._remove_strays()
        self._report.articles = len(rows)
        note = {path: digest for path, digest in self._copied.items() if path in self._known}
        self._target.write(COPIED, json.dumps(note, ensure_ascii=False, indent=0).encode())

    def _has_articles(self) -> bool:
        try:
            return self._source.place(ARTICLES).is_dir()
        except ArchiveError:
            return False

    def _each(self, path: object, copy: Callable[[], object]) -> None:
        with one_item(str(path), lambda error: self._report.missing.append(f"{path}: {error}")):
            copy()

    def _read(self, path: str) -> bytes | None:
        """A file of the archive. Raises Corrupt where it cannot be read: the backup goes on
        then.
        """
        try:
            return self._source.read(path)
        except (CannotCreate, DiskTrouble) as error:
            raise Corrupt(message_of(error)) from error

    def _media(self, path: str, size: int) -> None:
        source, target = self._source.place(path), self._target.place(path)
        if target.is_file() and target.stat().st_size == size:
            self._report.kept += 1
        elif source.is_file() and source.stat().st_size == size:
            self._count(link_or_copy(source, target))
        else:
            self._report.missing.append(path)

    def _article(self, number: int, path: str, digest: str) -> None:
        """The file as the copied row describes it; one that a person changed, as it is."""
        self._known.add(path)
        data = self._read(path)
        if data is not None and hashlib.sha256(data).hexdigest() == digest:
            self._put(path, data)
        elif data is not None and not is_ours(data) and not self._is_damaged(number, data):
            self._put_own(path, data)
        else:  # written again since the rows were copied, lost or damaged: the row makes it
            self._put(path, self._store.markdown(number).encode())

    def _is_damaged(self, number: int, data: bytes) -> bool:
        return is_damaged(data, self._store.markdown(number).encode())

    def _version(self, path: str) -> None:
        self._known.add(path)  # also where it cannot be read: the backup's own is the last one then
        data = self._read(path)
        if data is None:
            self._report.missing.append(path)
        else:
            (self._put if is_ours(data) else self._put_own)(path, data)

    def _own(self, path: str) -> None:
        """A person's note, or a text that lies beside a file that a person changed."""
        try:
            data = self._read(path)
        except Corrupt:
            self._known.add(path)  # the backup's own is the last one that can be read
            raise
        if data is None or path.rpartition("/")[2].startswith("."):
            return
        if not is_ours(data):
            self._put_own(path, data)
        elif ".new" in path:  # else: of an article that came after the rows were copied
            self._put(path, data)

    def _put(self, path: str, data: bytes) -> None:
        """A file that this program wrote."""
        self._known.add(self._write(path, data))

    def _put_own(self, path: str, data: bytes) -> None:
        """A file that a person wrote: remembered, so that the next backup knows it again."""
        written = self._write(path, data)
        self._known.add(written)
        self._copied[written] = hashlib.sha256(data).hexdigest()

    def _write(self, path: str, data: bytes) -> str:
        """Write it there, or beside a file that was changed in the backup; where it went."""
        place = next(p for p in _places(path) if self._may_write(p, data))
        if place != path:
            self._known.add(path)
            self._report.beside.append(place)
        there = self._target.read(place)
        if there != data:
            self._target.write(place, data, mode=self._mode(path))
        self._count(there != data)
        return place

    def _may_write(self, path: str, data: bytes) -> bool:
        there = self._target.read(path)
        if there is None or there == data or is_ours(there):
            return True
        return hashlib.sha256(there).hexdigest() == self._copied.get(path)

    def _mode(self, path: str) -> int:
        try:
            return stat.S_IMODE(self._source.place(path).stat().st_mode) & 0o666
        except OSError:  # lost in the archive, made from its row
            return 0o666

    def _remove_strays(self) -> None:
        """What an earlier backup had and the archive has no more, if this program wrote it.

        A disk that takes ``ABC`` and ``abc`` for one name shows a file under a name that no row
        has: it is the same file all the same.
        """
        unnamed = [path for path in self._target.walk(ARTICLES) if path not in self._known]
        named = {self._inode(path) for path in self._known} if unnamed else set()
        for path in unnamed:
            if is_ours(self._target.read(path) or b"") and self._inode(path) not in named:
                self._target.remove(path)
                self._report.removed += 1

    def _inode(self, path: str) -> tuple[int, int] | None:
        try:
            found = self._target.place(path).stat()
        except (OSError, ArchiveError):
            return None
        return found.st_dev, found.st_ino

    def _count(self, written: bool) -> None:
        if written:
            self._report.files += 1
        else:
            self._report.kept += 1


def _places(path: str) -> Iterator[str]:
    """``path``, and where else its text may go, the nearest first."""
    yield path
    name = PurePosixPath(path)
    number = 1
    while True:
        yield str(
            name.with_name(f"{name.stem}.new{'' if number == 1 else f'-{number}'}{name.suffix}")
        )
        number += 1


def _read_copied(target: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        found = json.loads(read_regular(target / COPIED))
        if isinstance(found, dict):
            return {str(path): str(digest) for path, digest in found.items()}
    return {}
