"""Pure. Values out of files that anybody may have written, as what they should be or as None.

SQLite keeps 64-bit integers and text that encodes; WeChat began in 2011, and a year beyond 2100 is
a slip.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from scraper.patterns import lazy

#: A digest has at most 120 characters, an address with all its tokens about a thousand.
LONGEST_TEXT = 20_000
_LARGEST = 2**63 - 1
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
#: What no database or file name takes: NUL, and halves of characters.
_NOT_TEXT = lazy("[\0\ud800-\udfff]")
_KEY = re.compile(r"[0-9a-z]{10,26}")
_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)
_BIZ = re.compile(r"[A-Za-z0-9+/=_-]{1,64}", re.ASCII)


def text(value: Any) -> str | None:
    """A text of at most ``LONGEST_TEXT`` characters; numbers as they are written; None for lists
    and mappings.
    """
    if value is None or isinstance(value, dict | list | tuple | set | bytes):
        return None
    return encodable(str(value)[:LONGEST_TEXT])


def encodable(value: str) -> str:
    """``value`` with the replacement character for what no database and no file takes."""
    return _NOT_TEXT().sub("\ufffd", value)


def integer(value: Any) -> int | None:
    """A number that is not negative and fits a row; also one written as text."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST else None


def number(value: Any) -> float | None:
    """A finite number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= _LARGEST else None  # false for NaN too


def moment(value: datetime | None) -> datetime | None:
    """An aware time in UTC, between 1990 and 2100."""
    if value is None:
        return None
    try:
        found = value.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found if _EARLIEST <= found < _LATEST else None


def seconds(value: Any) -> datetime | None:
    """A time given in seconds since 1970, or in milliseconds."""
    found = integer(value)
    if found is None:
        return None
    found = found // 1000 if found > 10**11 else found
    return moment(datetime.fromtimestamp(found, UTC)) if found < 10**11 else None


def key(value: Any) -> str | None:
    """An article's key, as ``archive.document.paths`` makes them."""
    return value if isinstance(value, str) and _KEY.fullmatch(value) else None


def digits(value: Any) -> str | None:
    """``mid`` and ``idx``."""
    found = text(value)
    return found if found and _DIGITS.fullmatch(found) else None


def biz(value: Any) -> str | None:
    """``__biz``, base64."""
    found = text(value)
    return found if found and _BIZ.fullmatch(found) else None
