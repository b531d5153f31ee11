"""The only room that writes files: whole or not at all, on disk before it returns, and never
through a link.

A file is written beside the others in ``.tmp``, flushed, renamed into place, and its folder
flushed: a kill or a power cut leaves the old file, or the new one, or a leftover in ``.tmp`` that
the next command sweeps away.

An archive may come from somebody else. So nothing in it is believed about where things are: a path
that a database names is resolved inside its folder first (``inside``), and the program's own files
are opened without following a link and only where they are regular files (``open_regular``).
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from types import EllipsisType
from typing import IO

from archive.db.names import TEMPORARY
from archive.errors import CannotCreate, Corrupt, DiskTrouble
from scraper.messages import mark, strerror

#: What this program calls its files in ``.tmp``: process and 16 hex digits. Nothing else is swept.
_LEFTOVER = re.compile(r"\d+-[0-9a-f]{16}")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.EEXIST,
    errno.ELOOP,
}


#: Parts of a path that stand for no name of their own.
_UNUSUAL = frozenset(("", ".", ".."))


class Disk:
    """The system calls that writing needs, in one place so that a test can make each of them
    fail.
    """

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


def inside(root: Path, path: object) -> Path:
    """Where ``path``, as a database names it, is below ``root``. Reads the folders on the way,
    writes nothing.

    Raises Corrupt for a path that is absolute, climbs with ``..``, is no text, or leads out of
    ``root`` by a link.
    """
    if not isinstance(path, str) or "\0" in path:
        raise Corrupt(mark("{path!r} is outside the archive: no path of a file", path=path))
    parts = tuple(path.split("/"))
    if not _UNUSUAL.isdisjoint(parts):
        parts = PurePosixPath(path).parts
        if not parts or PurePosixPath(path).is_absolute() or ".." in parts:
            raise Corrupt(mark("{path!r} is outside the archive", path=path))
    place = root.joinpath(*parts)
    try:
        if not _leads_over_a_link(root, parts):
            return place
        top = os.path.realpath(root)
        real = os.path.realpath(place)
    except ValueError as error:  # lone surrogates have no name on any disk
        raise Corrupt(
            mark("{path!r} is outside the archive: no path of a file", path=path)
        ) from error
    if not real.startswith(os.path.join(top, "")):  # noqa: PTH118
        raise Corrupt(
            mark(
                "{path!r} is outside the archive: a link on the way leads to {real}. "
                "Remove the link from {root}; to keep a folder on another disk, mount the "
                "disk there",
                path=path,
                real=real,
                root=root,
            )
        )
    return Path(real)


def _leads_over_a_link(root: Path, parts: tuple[str, ...]) -> bool:
    """Whether a folder on the way from ``root``, or the file itself, is a link. Raises ValueError
    for what is no name on any disk.
    """
    place = str(root)
    for part in parts:
        place = f"{place}/{part}"
        try:
            if stat.S_ISLNK(os.lstat(place).st_mode):
                return True
        except OSError:  # what is not there leads nowhere, nor does what would be inside it
            return False
    return False


def open_regular(path: Path | str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """A handle on one of the program's own files: no link is followed, nothing but a regular file
    is opened.

    Raises OSError: ELOOP for a link, EISDIR, EPERM for a FIFO or a device (which could block or
    never end).
    """
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, mode)
    kind = os.fstat(handle).st_mode
    if not stat.S_ISREG(kind):
        os.close(handle)
        number = errno.EISDIR if stat.S_ISDIR(kind) else errno.EPERM
        raise OSError(number, mark("is not a regular file"), str(path))
    return handle


def read_regular(path: Path | str, limit: int | None = None) -> bytes:
    """The bytes of one of the program's own files, at most ``limit``. Raises OSError."""
    handle = open_regular(path)
    try:
        # More than there are, so that one look at them shows the end.
        room = os.fstat(handle).st_size + 4096
        pieces = []
        left = limit
        while piece := os.read(handle, room if left is None else min(room, left)):
            pieces.append(piece)
            left = None if left is None else left - len(piece)
        return b"".join(pieces)
    finally:
        os.close(handle)


def _read_if_there(path: Path) -> bytes | None:
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None


def require_own(path: Path) -> None:
    """Raise CannotCreate where a link or a device stands in place of one of the archive's own
    files.

    For files that another library opens by name (SQLite). A missing file is fine.
    """
    try:
        kind = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(kind):
        what = mark("a link") if stat.S_ISLNK(kind) else mark("not a regular file")
        raise CannotCreate(
            mark(
                "{path} is {what}, and links are not followed: put the file itself there",
                path=path,
                what=what,
            )
        )


def require_own_database(path: Path) -> None:
    """``require_own`` for a database and the files that SQLite keeps beside it."""
    for end in ("", "-wal", "-shm", "-journal"):
        require_own(path.with_name(path.name + end))


def make_folders(folder: Path, disk: Disk | None = None) -> None:
    """``folder`` and those above it, each on disk before anything is put into it. Raises
    OSError.
    """
    disk = disk or Disk()
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        with suppress(FileExistsError):
            disk.mkdir(new)
        flush_folder(new.parent, disk)


def flush_folder(folder: Path, disk: Disk | None = None) -> None:
    """The names in ``folder`` on disk: a new or renamed file is there after a power cut. Raises
    OSError.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        (disk or Disk()).fsync(handle)
    except OSError as error:
        # Some network filesystems write names at once and refuse to flush a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


@contextmanager
def replacing(target: Path, *, mode: int = 0o666, disk: Disk | None = None) -> Iterator[IO[bytes]]:
    """Write the file ``target`` anew, outside the archive's own ``.tmp``: in place, and on disk,
    only when it is whole.

    ``.NAME.part`` beside it is a leftover of a killed command, or a link that is not followed; both
    are replaced. ``mode`` is cut by the umask. Raises OSError; the leftover is removed then.
    """
    disk = disk or Disk()
    part = target.with_name(f".{target.name}.part")
    make_folders(target.parent, disk)
    part.unlink(missing_ok=True)
    try:
        handle = open_regular(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            disk.fsync(file.fileno())
        disk.replace(part, target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    flush_folder(target.parent, disk)


class ChangedMeanwhile(Exception):
    """Somebody wrote to a file since it was looked at; it is as they left it."""


#: How many folders a reader of very many files remembers.
_FOLDERS_KEPT = 10_000


class Files:
    """The files under ``root``; every path is relative to it and written with ``/``."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = root
        self.disk = disk or Disk()

    def place(self, path: str) -> Path:
        """Where ``path`` is. Raises Corrupt for one that would leave the archive; see
        ``inside``.
        """
        return inside(self.root, path)

    def steady(self) -> Files:
        """The same for one who reads very many: each folder is looked at once for links on the
        way."""
        return _SteadyFiles(self.root, self.disk)

    def read(self, path: str) -> bytes | None:
        """The file's bytes; None where there is none. Raises DiskTrouble."""
        place = self.place(path)
        with told(place, "read"):
            return _read_if_there(place)

    def exists(self, path: str) -> bool:
        return self.place(path).is_file()

    def write(
        self,
        path: str,
        data: bytes,
        *,
        mode: int = 0o666,
        instead_of: bytes | EllipsisType | None = ...,
    ) -> None:
        """The file as ``data``, on disk, or as it was. ``mode`` is cut by the umask.
        ``instead_of``: only while the file holds that (None: while there is none).

        Raises DiskTrouble (full, broken), CannotCreate, or ChangedMeanwhile.
        """
        place = self.place(path)
        with told(place, "write"):
            make_folders(place.parent, self.disk)
            temporary = self._temporary()
            try:
                self._fill(temporary, data, mode)
                # Waiting for the disk took milliseconds; from here to the rename it is
                # microseconds.
                if instead_of is not ... and _read_if_there(place) != instead_of:
                    raise ChangedMeanwhile(path)
                self._move(temporary, place, data, mode)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
            flush_folder(place.parent, self.disk)

    def remove(self, path: str) -> None:
        """No such file any more; fine where there was none."""
        place = self.place(path)
        with told(place, "remove"):
            try:
                self.disk.unlink(place)
            except FileNotFoundError:
                return
            flush_folder(place.parent, self.disk)

    def move(self, source: str, target: str) -> None:
        """Give the file ``source`` the name ``target``, in place of what is there. Raises
        DiskTrouble, CannotCreate."""
        place, goal = self.place(source), self.place(target)
        with told(place, "move"):
            make_folders(goal.parent, self.disk)
            try:
                self.disk.replace(place, goal)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self.write(target, read_regular(place), mode=stat.S_IMODE(place.stat().st_mode))
                self.disk.unlink(place)
            flush_folder(goal.parent, self.disk)
            flush_folder(place.parent, self.disk)

    def remove_folder(self, folder: str) -> None:
        """No such folder any more, nor anything in it; links in it are removed, not followed.
        Raises DiskTrouble, CannotCreate."""
        base = self.place(folder)
        with told(base, "remove"):
            for parent, folders, names in os.walk(base, topdown=False):
                for name in names:
                    self.disk.unlink(Path(parent) / name)
                for name in folders:
                    place = Path(parent) / name
                    if place.is_symlink():
                        self.disk.unlink(place)
                    else:
                        place.rmdir()
            if base.is_dir():
                base.rmdir()

    def remove_empty_folders(self, folder: str, but: Collection[str]) -> None:
        """Those in ``folder`` go that hold no file, at any depth, and have none of these names.
        Raises DiskTrouble."""
        base = self.root / folder
        if base.is_symlink() or not base.is_dir():
            return
        with told(base, "remove"), os.scandir(base) as found:
            folders = [one for one in found if one.is_dir(follow_symlinks=False)]
            for child in folders:
                if child.name not in but:
                    _remove_if_empty(Path(child.path))

    def sweep(self) -> int:
        """Remove what killed commands left behind; how many files it was. Only what they call
        theirs: see _LEFTOVER.
        """
        folder, swept = self.temporary_folder(), 0
        with told(folder, "sweep"), suppress(FileNotFoundError):
            for leftover in folder.iterdir():
                if _LEFTOVER.fullmatch(leftover.name) and stat.S_ISREG(leftover.lstat().st_mode):
                    self.disk.unlink(leftover)
                    swept += 1
        return swept

    def walk(self, folder: str, *, deep: bool = True) -> Iterator[str]:
        """Every regular file below ``folder`` (unless ``deep``: directly in it), sorted within each
        folder, one at a time; links are passed over.
        """
        yield from _regular_files(str(self.place(folder)), folder, deep=deep)

    def sha256(self, path: str) -> str | None:
        """The file's hash in hex, read piece by piece; None where there is none."""
        from hashlib import (
            file_digest,
        )  # as shutil below: what reads the database alone does without

        place = self.place(path)
        with told(place, "read"):
            try:
                with os.fdopen(open_regular(place), "rb") as file:
                    return file_digest(file, "sha256").hexdigest()
            except FileNotFoundError:
                return None

    def temporary_folder(self) -> Path:
        """The folder of files being written, which may not be there yet. Raises CannotCreate where
        a link stands there instead.
        """
        folder = self.root / TEMPORARY
        if folder.is_symlink():
            raise CannotCreate(
                mark("{folder} is a link, and links are not followed: remove it", folder=folder)
            )
        return folder

    def _temporary(self) -> Path:
        folder = self.temporary_folder()
        make_folders(folder, self.disk)
        return folder / f"{os.getpid()}-{os.urandom(8).hex()}"

    def _fill(self, place: Path, data: bytes, mode: int) -> None:
        handle = open_regular(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self.disk.write(handle, rest) :]
            self.disk.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, temporary: Path, place: Path) -> None:
        """A whole file of ``.tmp`` into its place, also where another disk is mounted there. Raises
        OSError.
        """
        try:
            self.disk.replace(temporary, place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            beside = place.with_name(f".{temporary.name}")
            try:
                self._copy(temporary, beside)
                self.disk.replace(beside, place)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
            self.disk.unlink(temporary)

    def _copy(self, source: Path, target: Path) -> None:
        import shutil

        target.unlink(missing_ok=True)
        handle = open_regular(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(handle, "wb") as copy, os.fdopen(open_regular(source), "rb") as file:
            shutil.copyfileobj(file, copy, 2**20)
            copy.flush()
            self.disk.fsync(copy.fileno())

    def _move(self, temporary: Path, place: Path, data: bytes, mode: int) -> None:
        try:
            self.disk.replace(temporary, place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            # Another disk is mounted on `articles` or `media`: write there, then rename there.
            temporary.unlink()
            beside = place.with_name(f".{temporary.name}")
            try:
                self._fill(beside, data, mode)
                self.disk.replace(beside, place)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise


_DOING = {
    "read": mark("read"),
    "write": mark("write"),
    "remove": mark("remove"),
    "sweep": mark("sweep"),
}


@contextmanager
def told(place: Path, doing: str) -> Iterator[None]:
    """An OSError as the archive's own error, with what to do next."""
    try:
        yield
    except OSError as error:
        said = strerror(error)
        if error.errno in _FULL:
            raise DiskTrouble(
                mark(
                    "cannot {doing} {place}: {said}; nothing kept before is lost, make room "
                    "and run it again",
                    doing=_DOING.get(doing, doing),
                    place=place,
                    said=said,
                )
            ) from error
        if error.errno in _REFUSED:
            raise CannotCreate(
                mark(
                    "cannot {doing} {place}: {said}; check who may write there",
                    doing=_DOING.get(doing, doing),
                    place=place,
                    said=said,
                )
            ) from error
        raise DiskTrouble(
            mark(
                "cannot {doing} {place}: {said}; check the disk, then run `wechat-archive verify`",
                doing=_DOING.get(doing, doing),
                place=place,
                said=said,
            )
        ) from error


def _regular_files(place: str, folder: str, *, deep: bool) -> Iterator[str]:
    """``Files.walk`` of ``folder``, which is at ``place``."""
    files, folders = [], []
    try:
        with os.scandir(place) as found:
            for one in found:
                if one.is_file(follow_symlinks=False):
                    files.append(one.name)
                elif deep and one.is_dir(follow_symlinks=False):
                    folders.append(one.name)
    except OSError:  # it is not there any more, or cannot be read
        return
    yield from (f"{folder}/{name}" for name in sorted(files))
    for name in sorted(folders):
        yield from _regular_files(f"{place}/{name}", f"{folder}/{name}", deep=deep)


def _remove_if_empty(base: Path) -> None:
    """The folder with the empty ones in it; what holds a file stays, with what leads there."""
    for parent, _, _ in os.walk(base, topdown=False):
        with suppress(OSError):  # not empty
            Path(parent).rmdir()


class _SteadyFiles(Files):
    """Files whose folders stay what they are for a while."""

    def __init__(self, root: Path, disk: Disk) -> None:
        super().__init__(root, disk)
        #: Folders without a link on the way, as paths name them → where they are.
        self._plain: dict[str, str] = {}

    def place(self, path: str) -> Path:
        known = self._known(path)
        if known is not None and not os.path.islink(known):  # noqa: PTH114 - a third of the time
            return Path(known)
        found = super().place(path)
        if len(self._plain) < _FOLDERS_KEPT and found == self.root / path:
            self._plain[path.rpartition("/")[0]] = str(found.parent)
        return found

    def read(self, path: str) -> bytes | None:
        known = self._known(path)
        if known is not None:
            with suppress(OSError):  # a link, or whatever else is told by who looks at every step
                return read_regular(known)
        return super().read(path)

    def _known(self, path: str) -> str | None:
        """Where a file is whose folder has been looked at; in its own place may stand a link."""
        folder, _, name = str(path).rpartition("/")
        known = self._plain.get(folder)
        if known is None or name in ("", ".", "..") or "\0" in name:
            return None
        return f"{known}/{name}"
