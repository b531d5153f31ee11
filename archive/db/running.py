"""Where `serve` runs now: its address in ``.serve``, which it holds locked as long as it lives."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from archive.db.files import open_regular
from archive.db.names import SERVE

_LIMIT = 1024


def announce_page(root: Path, address: str) -> Callable[[], None]:
    """Say that the page is at ``address`` until the process ends or what comes back is called. An
    archive that cannot be written has no such note."""
    try:
        handle = open_regular(root / SERVE, os.O_RDWR | os.O_CREAT)
    except OSError:
        return lambda: None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.pwrite(handle, address.encode(), 0)
    except OSError:  # another one serves it, too: links lead to the first
        os.close(handle)
        return lambda: None
    return lambda: os.close(handle)


def address_of_page(root: Path) -> str | None:
    """Where the archive can be read in a browser now; None: nowhere."""
    try:
        handle = open_regular(root / SERVE, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        address = os.pread(handle, _LIMIT, 0).decode("utf-8", "replace")
        return address if address.startswith("http://") else None
    except OSError:
        return None
    finally:
        os.close(handle)
    return None  # nobody holds it: left behind by one that has ended
