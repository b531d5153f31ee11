"""Time zones: China's, which pages show and a day in a name means, and the person's own. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

#: One zone and no summer time since 1991.
CHINA: Final = timezone(timedelta(hours=8), "UTC+8")


def for_people(moment: datetime) -> str:
    """A moment as every command shows it: to the minute, in this machine's zone and with it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %z")
