"""The only room that writes the archive's files: whole or not at all, and on disk before it returns.

A file is written beside the others in ``.tmp``, flushed, renamed into place, and its folder flushed: a kill or a
power cut leaves the old file, or the new one, or a leftover in ``.tmp`` that the next command sweeps away.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from archive.db.names import TEMPORARY
from archive.errors import ArchiveError, CannotCreate, DiskTrouble

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.EEXIST,
}


class Disk:
    """The system calls that writing needs, in one place so that a test can make each of them fail."""

    def write(self, handle: int, data: memoryview) -> int:
        return os.write(handle, data)

    def fsync(self, handle: int) -> None:
        os.fsync(handle)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)  # noqa: PTH105 - the call a test wants to see

    def mkdir(self, folder: Path) -> None:
        folder.mkdir()

    def unlink(self, path: Path) -> None:
        path.unlink()


class Files:
    """The files under ``root``; every path is relative to it and written with ``/``."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = root
        self._disk = disk or Disk()

    def place(self, path: str) -> Path:
        """Where ``path`` is. Raises ArchiveError for one that would leave the archive."""
        parts = PurePosixPath(path).parts
        if not parts or PurePosixPath(path).is_absolute() or ".." in parts:
            raise ArchiveError(f"{path!r} is outside the archive")
        return self.root.joinpath(*parts)

    def read(self, path: str) -> bytes | None:
        """The file's bytes; None where there is none. Raises DiskTrouble."""
        place = self.place(path)
        with _told(place, "read"):
            try:
                return place.read_bytes()
            except FileNotFoundError:
                return None

    def exists(self, path: str) -> bool:
        return self.place(path).is_file()

    def write(self, path: str, data: bytes) -> None:
        """The file as ``data``, on disk, or as it was. Raises DiskTrouble (full, broken) or CannotCreate."""
        place = self.place(path)
        with _told(place, "write"):
            self._folder(place.parent)
            temporary = self._temporary()
            try:
                self._fill(temporary, data)
                self._move(temporary, place, data)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
            self._flush_folder(place.parent)

    def remove(self, path: str) -> None:
        """No such file any more; fine where there was none."""
        place = self.place(path)
        with _told(place, "remove"):
            try:
                self._disk.unlink(place)
            except FileNotFoundError:
                return
            self._flush_folder(place.parent)

    def sweep(self) -> int:
        """Remove what killed commands left behind; how many files it was."""
        folder, swept = self.root / TEMPORARY, 0
        with _told(folder, "sweep"), suppress(FileNotFoundError):
            for leftover in folder.iterdir():
                self._disk.unlink(leftover)
                swept += 1
        return swept

    def walk(self, folder: str) -> Iterator[str]:
        """Every file below ``folder``, sorted within each folder, one at a time."""
        base = self.root / folder
        for parent, folders, names in os.walk(base):
            folders.sort()
            for name in sorted(names):
                yield (Path(parent) / name).relative_to(self.root).as_posix()

    def sha256(self, path: str) -> str | None:
        """The file's hash in hex, read piece by piece; None where there is none."""
        place = self.place(path)
        with _told(place, "read"):
            try:
                with place.open("rb") as file:
                    return hashlib.file_digest(file, "sha256").hexdigest()
            except FileNotFoundError:
                return None

    def _temporary(self) -> Path:
        self._folder(self.root / TEMPORARY)
        return self.root / TEMPORARY / f"{os.getpid()}-{secrets.token_hex(8)}"

    def _fill(self, place: Path, data: bytes) -> None:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._disk.write(handle, rest) :]
            self._disk.fsync(handle)
        finally:
            os.close(handle)

    def _move(self, temporary: Path, place: Path, data: bytes) -> None:
        try:
            self._disk.replace(temporary, place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            # `articles` or `media` is a link to another disk: write there, then rename there.
            temporary.unlink()
            beside = place.with_name(f".{temporary.name}")
            try:
                self._fill(beside, data)
                self._disk.replace(beside, place)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise

    def _folder(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for new in reversed(missing):
            with suppress(FileExistsError):
                self._disk.mkdir(new)
            self._flush_folder(new.parent)

    def _flush_folder(self, folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            self._disk.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _told(place: Path, doing: str) -> Iterator[None]:
    """An OSError as the archive's own error, with what to do next."""
    try:
        yield
    except OSError as error:
        said = error.strerror or str(error)
        if error.errno in _FULL:
            raise DiskTrouble(
                f"cannot {doing} {place}: {said}; nothing kept before is lost, make room and run it again"
            ) from error
        if error.errno in _REFUSED:
            raise CannotCreate(
                f"cannot {doing} {place}: {said}; check who may write there"
            ) from error
        raise DiskTrouble(
            f"cannot {doing} {place}: {said}; check the disk, then run `wechat-archive verify`"
        ) from error
