"""Reading single values of page data: numbers, times, addresses, identities. Pure; ``None`` for
what is none.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

from scraper import urls
from scraper.errors import NotAnAddress
from scraper.models import Identity
from scraper.parse.literal import Literal, number
from scraper.patterns import lazy
from scraper.plain import unescape_fully
from scraper.zone import CHINA

#: Official Accounts opened in August 2012; earlier or absurdly late times are no times.
EARLIEST: Final = datetime(2012, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)


#: An object of page data.
Data: TypeAlias = Mapping[str, Literal]


def mapping(value: Literal) -> Data:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Literal) -> list[Literal]:
    """``value`` if it is an array; the only member alone for an object (WeChat sends both); else
    nothing.
    """
    return (
        value if isinstance(value, list) else [value] if isinstance(value, dict) and value else []
    )


def whole(value: Literal) -> int | None:
    """A whole number out of ``'12'``, ``12`` or ``'12' * 1``."""
    found = number(value)
    return int(found) if found is not None and math.isfinite(found) else None


def digits(value: Literal) -> str | None:
    """Digits as text; None for nothing, zero or anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    text = text.strip()
    return text if _DIGITS.fullmatch(text) else None


_DIGITS = re.compile("[1-9][0-9]{0,23}")


def moment(value: Literal) -> datetime | None:
    """A time out of unix seconds, or of what the page shows (China time); None for anything else,
    never now.

    >>> moment("2018-04-28").isoformat()
    '2018-04-27T16:00:00+00:00'
    """
    seconds = whole(value) if not isinstance(value, bool) else None
    if seconds is not None:
        if seconds > 10**12:  # milliseconds, seen in a re-saved copy
            seconds //= 1000
        if not 1_300_000_000 < seconds < 4_102_444_800:
            return None
        return datetime.fromtimestamp(seconds, UTC)
    match = _SHOWN().search(value) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        shown = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
        aware = (
            datetime.fromisoformat(shown.isoformat() + zone.replace("Z", "+00:00"))
            if zone
            else None
        )
    except ValueError:
        return None
    found = (aware or shown.replace(tzinfo=CHINA)).astimezone(UTC)
    return found if EARLIEST < found < _LATEST else None


def is_date_only(value: Literal) -> bool:
    """Whether what the page shows is a day without a time, as old templates have it.

    >>> is_date_only("2018-04-28"), is_date_only("2018-04-28 00:00")
    (True, False)
    """
    match = _SHOWN().search(value) if isinstance(value, str) and whole(value) is None else None
    return match is not None and match[4] is None


_SHOWN = lazy(
    r"(20\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(\d{1,2})[:：](\d{2})(?:[:：](\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d\d:\d\d)?)?"
)


#: An address as it is used: nothing escaped (an entity ends in ``;``), no blank.
_PLAIN = re.compile(r"https?://[^\s/;\\][^\s;\\]*")


def address(value: Literal) -> str | None:
    """An http(s) address out of page data: entities resolved, ``//host`` made absolute."""
    if not isinstance(value, str):
        return None
    if _PLAIN.fullmatch(value):
        return value
    text = unescape_fully(value if value.isprintable() else _LINE_BREAKS.sub("", value))
    text = text.replace("\\x26amp;", "&").replace("\\x26", "&").strip()
    if text.startswith("//"):
        text = "https:" + text
    return text if _ABSOLUTE.match(text) else None


_LINE_BREAKS = re.compile(r"[\t\r\n]+")
_ABSOLUTE = re.compile(r"https?://[^/\s]", re.I)


_SN_IN_LINK = re.compile(r"[?&](?:sn|sign)=([0-9a-fA-F]{32})\b")


def biz(value: Literal) -> str | None:
    """``__biz`` as base64 text; a bare bizuin (digits) is encoded, as the page does."""
    text = (
        str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    )
    if _BIZUIN.fullmatch(text):
        return base64.b64encode(text.encode()).decode()
    try:
        return (
            text
            if text and base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            else None
        )
    except (binascii.Error, ValueError):
        return None


_BIZUIN = re.compile("[0-9]{6,12}")
#: How WeChat itself writes a long address; any other form is for ``urls``, which takes twenty times
#: as long.
_USUAL = lazy(
    r"https?://mp\.weixin\.qq\.com/s\?__biz=([A-Za-z0-9+/]{8,40}={0,2})&mid=([1-9]\d{0,23})&idx=([1-9]\d{0,3})(?:[&#]|\Z)"
)


def identity_of(link: str | None) -> Identity | None:
    if not link:
        return None
    usual = _USUAL().match(link)
    if usual is not None:
        return Identity(usual[1], usual[2], usual[3])
    try:
        return urls.parse(link).identity
    except NotAnAddress:
        return None


def sn_of(link: str | None) -> str | None:
    match = _SN_IN_LINK.search(link or "")
    return match[1] if match else None
