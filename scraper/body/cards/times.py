"""Times in cards, as a reader in China sees them."""

from __future__ import annotations

from datetime import datetime

from scraper.zone import CHINA


def shown_time(value: str | None) -> str | None:
    """Unix seconds or milliseconds as ``2025-12-29 17:20``, China time; any other text as it
    stands.
    """
    if value is None or not value.isdecimal():
        return value
    seconds = int(value[:13]) // (1000 if len(value) >= 13 else 1)
    if not 1_300_000_000 < seconds < 4_102_444_800:
        return None
    return datetime.fromtimestamp(seconds, CHINA).strftime("%Y-%m-%d %H:%M")
