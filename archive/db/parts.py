"""A large file that comes piece by piece: written straight to the disk, and gone on with after a
kill.

It stands in ``.tmp`` under a name that is used once, so bytes of two answers can never meet in one
file. Every ``STEP`` bytes it is flushed before more is written. After a power cut the end of a file
may hold nothing that was ever written, so whoever goes on trusts only the steps that lie wholly
before it; that costs at most one step of bytes to be fetched again.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archive.db.files import Files, flush_folder, make_folders, open_regular, told
from archive.errors import Corrupt
from scraper.messages import mark

STEP = 2**20
_SCRATCH = re.compile(r"recording-[0-9a-f]{16}\.scratch")
_NAME = re.compile(r"recording-[0-9a-f]{16}\.part")


class PartFile:
    """The part file ``name`` of an archive, open for appending; a context manager.

    Raises Corrupt for a name that is no part file's, DiskTrouble and CannotCreate.
    """

    def __init__(self, files: Files, name: str) -> None:
        self.name = name
        self._files = files
        self._place = place_of(files, name)
        with told(self._place, "write"):
            make_folders(self._place.parent, files.disk)
            self._handle = open_regular(self._place, os.O_RDWR | os.O_CREAT, 0o666)
            there = os.fstat(self._handle).st_size
            self.size = max(there - 1, 0) // STEP * STEP
            os.ftruncate(self._handle, self.size)
            os.lseek(self._handle, 0, os.SEEK_END)

    def __enter__(self) -> PartFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file up; fine to call twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def write(self, data: bytes) -> None:
        """Append; what makes a step whole is on disk when this returns."""
        rest = memoryview(data)
        with told(self._place, "write"):
            while rest:
                room = STEP - self.size % STEP
                written = self._files.disk.write(self._handle, rest[:room])
                self.size += written
                rest = rest[written:]
                if self.size % STEP == 0:
                    self._files.disk.fsync(self._handle)

    def read(self, begin: int, size: int) -> bytes:
        """Some of what is there."""
        with told(self._place, "read"):
            return os.pread(self._handle, size, begin)

    def finish(self) -> str:
        """Everything on disk; its SHA-256 in hex."""
        digest = hashlib.sha256()
        with told(self._place, "write"):
            self._files.disk.fsync(self._handle)
            at = 0
            while piece := os.pread(self._handle, STEP, at):
                digest.update(piece)
                at += len(piece)
        return digest.hexdigest()


def new_name() -> str:
    """A name that no part file had before."""
    return f"recording-{secrets.token_hex(8)}.part"


def place_of(files: Files, name: str) -> Path:
    """Where a part file stands. A name comes from the database, which may be somebody else's:
    raises Corrupt for one that is no part file's."""
    if not _NAME.fullmatch(name):
        raise Corrupt(mark("{name!r} is not the name of a part file", name=name))
    return files.temporary_folder() / name


def adopt(files: Files, name: str, path: str) -> None:
    """The whole part file ``name`` becomes ``path``; fine where it did already. Raises DiskTrouble,
    CannotCreate."""
    part, place = place_of(files, name), files.place(path)
    with told(place, "write"):
        make_folders(place.parent, files.disk)
        try:
            files.rename(part, place)
        except FileNotFoundError:
            if not files.exists(path):
                raise
        flush_folder(place.parent, files.disk)


def remove(files: Files, name: str) -> None:
    """No such part file any more; fine where there was none."""
    place = place_of(files, name)
    with told(place, "remove"), suppress(FileNotFoundError):
        files.disk.unlink(place)


@contextmanager
def scratch(files: Files) -> Iterator[Path]:
    """A folder in ``.tmp`` for another program's files, gone when the block ends; after a kill
    ``sweep_scratch`` takes it away."""
    folder = files.temporary_folder() / f"recording-{secrets.token_hex(8)}.scratch"
    with told(folder, "write"):
        make_folders(folder, files.disk)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_scratch(files: Files) -> None:
    """Folders that killed commands left."""
    folder = files.temporary_folder()
    with told(folder, "sweep"), suppress(FileNotFoundError):
        for place in list(folder.iterdir()):
            if _SCRATCH.fullmatch(place.name) and not place.is_symlink():
                shutil.rmtree(place, ignore_errors=True)


def names(files: Files) -> Iterator[str]:
    """Every part file that is there."""
    folder = files.temporary_folder()
    with told(folder, "read"), suppress(FileNotFoundError):
        yield from sorted(place.name for place in folder.iterdir() if _NAME.fullmatch(place.name))
