"""How much of a long test is run: all of it by hand, a share in CI, so that one number fits the suite to its time."""

from __future__ import annotations

import os


def share(full: int, *, least: int = 1) -> int:
    """``full`` times ``$LONG_SHARE`` (1 where unset), never under ``least``."""
    return max(least, round(full * float(os.environ.get("LONG_SHARE", "1"))))
