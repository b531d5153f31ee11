"""``serve --every 1h``: what cron would do, in the same process, under the same lock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from archive.errors import ArchiveError
from archive.web.jobs import Jobs

log = logging.getLogger(__name__)


async def run_every(
    jobs: Jobs, every: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Submit a run now and every ``every`` seconds, for ever; one that has not ended yet is not
    doubled.
    """
    while True:
        if not jobs.is_waiting("run"):
            try:
                jobs.submit("run", {})
            except ArchiveError as error:
                log.warning("no run was begun: %s", error)
        await sleep(every)
