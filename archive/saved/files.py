"""Files given by a person or found in their folders, read within bounds."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from archive.errors import BadInput
from scraper.messages import mark

#: A saved page is at most this large; SingleFile puts all images inside, as base64.
LARGEST = 96 * 2**20
#: Enough of a file's beginning to tell what it is.
HEAD = 4096

#: How the names of recordings of a browser's or a proxy's traffic end.
RECORDINGS = (".har", ".har.gz", ".zhar")

_SPECIAL = (
    (stat.S_ISDIR, mark("a folder")),
    (stat.S_ISFIFO, mark("a named pipe")),
    (stat.S_ISSOCK, mark("a socket")),
    (stat.S_ISCHR, mark("a device")),
    (stat.S_ISBLK, mark("a device")),
)


def is_recording(name: str) -> bool:
    """Whether it names a recording that is there."""
    return name.lower().endswith(RECORDINGS) and Path(name).expanduser().is_file()


def special(path: Path) -> str | None:
    """``a named pipe`` and the like: what never ends, blocks or is no file. None for a file. Raises
    OSError.
    """
    mode = path.stat().st_mode
    return next((name for is_one, name in _SPECIAL if is_one(mode)), None)


def read(path: Path, *, most: int = LARGEST) -> bytes:
    """The bytes of a regular file. Raises BadInput for another kind or a larger one, OSError."""
    # A named pipe without a writer would block the call; what the name leads to may change before
    # it is opened.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BadInput(
                mark("it is {kind}, not a file", kind=special(path) or mark("no regular file"))
            )
        body = file.read(most + 1)
    if len(body) > most:
        raise BadInput(mark("it is larger than {most}", most=_size(most)))
    return body


def head(path: Path) -> bytes:
    """The first bytes of a regular file. Raises BadInput and OSError as ``read`` does."""
    if kind := special(path):
        raise BadInput(mark("it is {kind}, not a file", kind=kind))
    with path.open("rb") as file:
        return file.read(HEAD)


def _size(most: int) -> str:
    return f"{most // 2**20} MB" if most >= 2**20 else f"{most // 2**10} KB"
