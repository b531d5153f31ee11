"""Whose turn it is: one request at a time to a paced host, and a pause between two of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scraper.clock import Clock


class Pacer:
    """For each host one request in flight; the next begins ``interval`` (to ``interval × (1 +
    jitter)``) after the last one ended.

    Measured from the end, because measured from the beginning a slow answer would bring the next
    request right behind it. An attempt that failed or was abandoned counts too: the server may have
    seen it.
    """

    def __init__(
        self, interval: float, jitter: float, clock: Clock, rng: random.Random | None = None
    ) -> None:
        self._interval, self._jitter, self._clock = interval, jitter, clock
        self._rng = rng or random.Random()
        self._turns: dict[str, asyncio.Lock] = {}
        self._ended: dict[str, float] = {}

    def ended(self, host: str, ago: float) -> None:
        """A request to the host ended so many seconds ago, somewhere else."""
        self._ended[host] = self._clock.monotonic() - max(ago, 0.0)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Waits for the host's turn and its pause; the turn ends with the block."""
        async with self._turns.setdefault(host, asyncio.Lock()):
            ended = self._ended.get(host)
            if ended is not None and self._interval > 0:
                pause = self._interval * (1 + self._rng.uniform(0, self._jitter))
                # Again until it is true: a timer may fire a little early.
                while (left := ended + pause - self._clock.monotonic()) > 0:
                    await self._clock.sleep(left)
            try:
                yield
            finally:
                self._ended[host] = self._clock.monotonic()
