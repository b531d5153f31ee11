"""Pure: years, months and days as people write them, in China's time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from scraper.patterns import lazy
from scraper.zone import CHINA

_PERIOD = r"\d{4}(?:[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?|月)?|年)?"
_PARTS = lazy(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?", re.ASCII)
#: ``2023..2024``, open at one end or at none.
RANGE = re.compile(rf"(?=.*\d)({_PERIOD})?\.\.({_PERIOD})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def period(text: str) -> tuple[datetime, datetime] | None:
    """``2024``, ``2024-1``, ``2024-01-15`` (also with / . 年月日) → when it begins, and when what
    follows it begins; aware. ``None`` for anything else."""
    match = _PARTS().fullmatch(text)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    try:
        start = datetime(year, month, day, tzinfo=CHINA)
        if match[3]:
            return start, start + timedelta(days=1)
        months = 12 * year + month - 1 + (1 if match[2] else 12)
        return start, datetime(months // 12, months % 12 + 1, 1, tzinfo=CHINA)
    except (ValueError, OverflowError):
        return None


def seconds(text: str) -> tuple[int, int] | None:
    """`period` in seconds since 1970."""
    found = period(text)
    return None if found is None else (_since_epoch(found[0]), _since_epoch(found[1]))


def _since_epoch(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds())
