"""A worker as a program: its fetcher, its signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from archive.fleet.worker import Worker

if TYPE_CHECKING:
    from archive.config import Config


def run_worker(
    address: str, config: Config, exit: str, *, pace: float | None, ready: Callable[[], None]
) -> None:
    """Work until SIGTERM or SIGINT; what is in flight then is still delivered.

    ``config``: its proxy, certificates, cookies and User-Agent are the worker's; ``pace`` as in
    ``Worker``. Raises BadSettings, QueueTrouble.
    """
    asyncio.run(_work(address, config, exit, pace, ready))


async def _work(
    address: str, config: Config, exit: str, pace: float | None, ready: Callable[[], None]
) -> None:
    from scraper.fetch import Fetcher, FetchSettings

    settings = FetchSettings(
        interval=0,  # the exit's row paces
        user_agent=config.user_agent,
        cookies_file=config.cookies,
        proxy=config.proxy,
        ca_file=config.ca_file,
    )
    async with Fetcher(settings) as fetcher:
        worker = Worker(
            address=address,
            exit=exit,
            fetcher=fetcher,
            pace=pace,
            cookies=bool(config.cookies),
            ready=ready,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop.set)
        await worker.run()
