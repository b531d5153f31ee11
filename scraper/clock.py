"""Time: the clock that everything asks, and China's zone."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Protocol

#: What pages show is China time: one zone and no summer time since 1991.
CHINA: Final = timezone(timedelta(hours=8), "UTC+8")


class Clock(Protocol):
    """Time: ``monotonic`` seconds for waits, ``now`` aware UTC for what is stored."""

    def monotonic(self) -> float: ...
    def now(self) -> datetime: ...
    async def sleep(self, seconds: float, /) -> None: ...


class SystemClock:
    """Monotonic time for waits, so that a clock that jumps changes nothing; UTC for what is stored."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return time.monotonic()

    def now(self) -> datetime:
        """Now, aware, UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float, /) -> None:
        """Wait."""
        import asyncio  # not at the top: a search asks for China's zone alone

        await asyncio.sleep(seconds)
