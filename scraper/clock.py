"""Time: the clock that everything asks."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


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
        return datetime.now(UTC)

    async def sleep(self, seconds: float, /) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
