"""Time zones: China's, which pages show and a day in a name means, and the person's own. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

#: One zone and no summer time since 1991.
CHINA: Final = timezone(timedelta(hours=8), "UTC+8")


def for_people(moment: datetime) -> str:
    """A moment as every command shows it: to the minute, in this machine's zone and with it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %z")


def day_in_china(moment: datetime) -> str:
    """``2026-11-28``."""
    return moment.astimezone(CHINA).date().isoformat()


def minute_in_china(moment: datetime, *, date_only: bool = False) -> str:
    """``2026-11-28 09:30`` as pages show it; the day alone where no more is known."""
    return day_in_china(moment) if date_only else f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def iso_in_china(moment: datetime, *, date_only: bool = False) -> str:
    """For programs: ISO 8601 with the zone; a date where no more is known."""
    return day_in_china(moment) if date_only else moment.astimezone(CHINA).isoformat()


def iso_in_utc(moment: datetime, *, date_only: bool = False) -> str:
    """The same in UTC. A date is China's."""
    return day_in_china(moment) if date_only else moment.astimezone(UTC).isoformat()
