"""A small seal for an account: the first character of its name, in one of a few inks that stays the
same.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

from archive.document.paths import graphemes

INKS = 8


@lru_cache(1024)
def of(name: str | None) -> tuple[str, int]:
    """The character, and the number of the ink (``.ink-N`` in the style sheet)."""
    shown = (name or "").strip()
    return next(iter(graphemes(shown)), "·").upper(), zlib.crc32(
        shown.encode("utf-8", "replace")
    ) % INKS
