"""Time: the clock that everything asks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


def utc_now() -> datetime:
    """Now, aware, UTC: the one place that asks the machine for it."""
    return datetime.now(UTC)


class Clock(Protocol):
    """Time: ``monotonic`` seconds for waits, ``now`` aware UTC for what is stored."""

    def monotonic(self) -> float: ...
    def now(self) -> datetime: ...
    async def sleep(self, seconds: float, /) -> None: ...


class SystemClock:
    """Monotonic time for waits, so that a clock that jumps changes nothing; UTC for what is
    stored.
    """

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return time.monotonic()

    def now(self) -> datetime:
        """Now, aware, UTC."""
        return utc_now()

    async def sleep(self, seconds: float, /) -> None:
        """Wait."""
        import asyncio  # 20 ms, which those who ask for the time alone need not wait for

        await asyncio.sleep(seconds)
