"""One writer at a time: a lock on ``.lock`` in the archive's folder, which the system lets go of
when a process ends.

Readers (``search``, ``list``, ``show``, …) never need it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shlex
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archive.db.files import open_regular, read_regular
from archive.db.names import LOCK
from archive.errors import CannotCreate, DiskTrouble, Locked
from scraper.clock import utc_now
from scraper.messages import mark, strerror
from scraper.redact import redact

#: A note is some hundred bytes; a file in its place that is larger is none.
_NOTE_LIMIT = 64 * 1024
#: Seconds between two looks whether who holds it for a moment has let go.
_PAUSE = 0.05


class Lock:
    """``with Lock(root):`` holds the archive; ``wait=True`` waits until it is free.

    A ``brief`` holder says that it will not be long: everybody waits for it. ``name``: the file that
    is locked, another one for what may go on beside a writer. Raises Locked (exit code 75), saying
    who holds it since when, CannotCreate where the folder cannot be written, and DiskTrouble on
    filesystems without locks. Not reentrant.
    """

    def __init__(
        self,
        root: Path,
        wait: bool = False,
        command: str | None = None,
        *,
        name: str = LOCK,
        brief: bool = False,
    ) -> None:
        self._path = root / name
        self._wait = wait
        self._brief = brief
        self._command = redact(command or shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))
        self._handle: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock, or raise Locked."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = open_regular(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise CannotCreate(
                    mark("{path} is a link, and links are not followed: remove it", path=self._path)
                ) from error
            raise CannotCreate(
                mark(
                    "cannot write in {parent}: {what}",
                    parent=self._path.parent,
                    what=strerror(error),
                )
            ) from error
        try:
            while not self._is_taken(handle):
                time.sleep(_PAUSE)
        except BlockingIOError:
            os.close(handle)
            raise Locked(self._held_by()) from None
        except OSError as error:
            os.close(handle)
            hint = (
                mark("this filesystem has no locks")
                if error.errno in (errno.ENOLCK, errno.ENOTSUP)
                else mark("cannot lock")
            )
            raise DiskTrouble(
                mark("{hint}: {path}: {what}", hint=hint, path=self._path, what=strerror(error))
            ) from error
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        self._sign()

    def _is_taken(self, handle: int) -> bool:
        """Take it; False where somebody holds it for a moment. Raises BlockingIOError where it is
        held for longer."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if self._wait else fcntl.LOCK_NB))
        except BlockingIOError:
            if not _note(self._path).get("brief"):
                raise
            return False
        return True

    def release(self) -> None:
        """Let go; fine where it is not held. The file stays: removing it would let two commands
        in.
        """
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def _sign(self) -> None:
        assert self._handle is not None
        since = utc_now().isoformat(timespec="seconds")
        note: dict[str, object] = {"pid": os.getpid(), "command": self._command, "since": since}
        if self._brief:
            note["brief"] = True
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps(note, ensure_ascii=False).encode("utf-8", "replace"), 0)

    def _held_by(self) -> str:
        after = mark("wait for it, or give --wait")
        holder = holder_of(self._path.parent, self._path.name)
        if holder is None:
            return mark(
                "another command is writing to {parent}: {after}",
                parent=self._path.parent,
                after=after,
            )
        pid, command, since = holder
        return mark(
            "{command!r} (process {pid}) has been writing to {parent} since {since}: {after}",
            command=command,
            pid=pid,
            parent=self._path.parent,
            since=since,
            after=after,
        )


def holder_of(root: Path, name: str = LOCK) -> tuple[int, str, str] | None:
    """``(pid, command, since)`` as the last holder signed; None where nobody did."""
    note = _note(root / name)
    try:
        return int(note["pid"]), str(note["command"]), str(note["since"])
    except (ValueError, KeyError, TypeError):
        return None


def _note(path: Path) -> dict[str, Any]:
    """What the holder signed; empty where nobody did, or something else stands there."""
    try:
        note = json.loads(read_regular(path, _NOTE_LIMIT))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
