"""Where an export writes: never into an archive's own folders, and never over what a person wrote.

What earlier exports wrote stands in ``.wechat-archive-export`` of the same folder, one line a file
as ``sha256sum`` writes it. A file that is not as such a line says, nor a Markdown file whose own
check is right, is somebody's work: it stays, and the new text goes beside it (``NAME.new.md``), as
in the archive.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from archive.db.files import inside, make_folders, open_regular, read_regular
from archive.db.names import (
    ARCHIVE_DB,
    ARTICLES,
    CONFIG,
    INDEX_LOCK,
    LOCK,
    MEDIA,
    SNAPSHOTS_DB,
    TEMPORARY,
)
from archive.errors import CannotCreate
from archive.exporters.files import link_or_copy, put, written
from archive.exporters.report import ExportReport, KeptFile
from archive.store.markdown_files import is_ours
from scraper.messages import mark

MANIFEST = ".wechat-archive-export"
#: 100,000 files; anything larger is not ours, and is left as it is.
_LARGEST_MANIFEST = 64 * 2**20
#: What an archive's folder holds by the names of ``archive.db.names``, the databases with the files
#: beside them.
_OWN = (ARTICLES, MEDIA, CONFIG, LOCK, INDEX_LOCK, TEMPORARY)
_DATABASES = (ARCHIVE_DB, SNAPSHOTS_DB)


def require_outside_archives(target: Path, root: Path) -> None:
    """Raise CannotCreate for the folder of the archive ``root`` or of any other, and for what an
    archive keeps there.

    A folder or file of another name inside an archive's folder is fine.
    """
    place = Path(os.path.realpath(target))
    for folder in (place, *place.parents):
        if not (folder / ARCHIVE_DB).exists() and folder != Path(os.path.realpath(root)):
            continue
        below = place.relative_to(folder).parts
        if not below or below[0] in _OWN or below[0].startswith(_DATABASES):
            raise CannotCreate(
                mark(
                    "{target} belongs to the archive {folder}: an export there would overwrite "
                    "it. Choose another folder.",
                    target=target,
                    folder=folder,
                )
            )


class Target:
    """The folder of an export. Use it as a context manager: what was written is noted when it
    closes.
    """

    def __init__(self, folder: Path, report: ExportReport) -> None:
        self.folder, self.report = folder, report
        self._hashes = _manifest(folder / MANIFEST)
        self._log: IO[bytes] | None = None

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._log is None:
            return
        self._log.close()
        newest = (f"{hashes[-1]}  {path}\n" for path, hashes in sorted(self._hashes.items()))
        put(self.folder / MANIFEST, "".join(newest).encode("utf-8", "surrogateescape"))

    def put(self, path: str, data: bytes) -> bool:
        """Write a file, or beside it where a person changed it; whether anything was written.

        Raises Corrupt for a path outside the folder, CannotCreate, DiskTrouble.
        """
        digest = hashlib.sha256(data).hexdigest()
        free = self._free(path, digest)
        self._note(free, digest)
        is_new = put(inside(self.folder, free), data)
        if free != path:
            self.report.kept.append(KeptFile(path, free))
        elif is_new:
            self._clear(_beside(path, 1))
        return is_new

    def link(self, path: str, source: Path) -> bool:
        """A file named by its content, the same as ``source``. One that is there is never
        touched.
        """
        place = inside(self.folder, path)
        return not os.path.lexists(place) and link_or_copy(source, place)

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """One file to write into, in place when it is whole; beside a changed one of that name."""
        free = self._free(name, None)
        with written(self.folder / free) as file:
            yield file
        digest = _digest(self.folder / free)
        assert digest is not None
        if free != name and digest == _digest(
            self.folder / name
        ):  # it is what we would have written
            (self.folder / free).unlink()
            free = name
        self._note(free, digest)
        if free != name:
            self.report.kept.append(KeptFile(name, free))

    def _free(self, path: str, digest: str | None) -> str:
        """``path``, or the first name beside it at which nothing of a person's stands."""
        number, name = 0, path
        while not self._is_free(name, digest):
            number += 1
            name = _beside(path, number)
        return name

    def _is_free(self, path: str, digest: str | None) -> bool:
        place = inside(self.folder, path)
        there = _digest(place)
        if there is None:
            return not os.path.lexists(place)
        if there == digest or there in self._hashes.get(path, ()):
            return True
        return path.endswith(".md") and is_ours(read_regular(place))

    def _note(self, path: str, digest: str) -> None:
        """Before the file is written: killed in between, the line before still tells of the file
        that is there.
        """
        if self._log is None:
            make_folders(self.folder)
            handle = open_regular(self.folder / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            self._log = os.fdopen(handle, "ab", buffering=0)
        known = self._hashes.setdefault(path, [])
        if digest not in known[-1:]:
            known.append(digest)
            self._log.write(f"{digest}  {path}\n".encode("utf-8", "surrogateescape"))

    def _clear(self, path: str) -> None:
        """The new text stands in the file itself again: the copy beside it, if nobody changed it,
        has done its work.
        """
        place = inside(self.folder, path)
        if os.path.lexists(place) and self._is_free(path, None):
            with suppress(OSError):
                place.unlink()
                self._hashes.pop(path, None)


def _manifest(place: Path) -> dict[str, list[str]]:
    """path → the hashes that were written there, the newest last. What cannot be read says
    nothing.
    """
    try:
        body = read_regular(place, _LARGEST_MANIFEST)
    except OSError:
        return {}
    found: dict[str, list[str]] = {}
    for line in body.decode("utf-8", "surrogateescape").splitlines():
        digest, _, path = line.partition("  ")
        if path and len(digest) == 64:
            found.setdefault(path, []).append(digest)
    return found


def _digest(place: Path) -> str | None:
    """The hash of a file, read piece by piece; None where none is, or where something else stands
    there.
    """
    try:
        with os.fdopen(open_regular(place), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _beside(path: str, number: int) -> str:
    """``a/b.md`` → ``a/b.new.md``, ``a/b.new-2.md`` …; ``x.warc.gz`` → ``x.new.warc.gz``."""
    folder, slash, name = path.rpartition("/")
    packed = ".gz" if name.endswith(".gz") else ""
    stem, dot, ending = name.removesuffix(packed).rpartition(".")
    stem, ending = (stem, f".{ending}") if dot and stem else (name.removesuffix(packed), "")
    count = "" if number == 1 else f"-{number}"
    return f"{folder}{slash}{stem}.new{count}{ending}{packed}"
