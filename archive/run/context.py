"""What every part of one `save` or `run` works with."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from archive.run.report import Result, RunReport
from scraper.crawl.reason import Reason
from scraper.messages import message_of
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.config import Config
    from archive.crawl.frontier import SqliteFrontier
    from archive.media.images import ImageFetcher
    from archive.run.exits import Exits
    from archive.run.network import Network
    from archive.run.session import ArchiveSession
    from scraper.clock import Clock
    from scraper.errors import ScrapeError

_NO_MORE_IMAGES = frozenset(
    {Reason.BLOCKED, Reason.LIMITED, Reason.DURATION, Reason.OUTAGE, Reason.NO_WORKERS}
)


@dataclass(slots=True, kw_only=True)
class RunContext:
    """An open archive, the network, the time, and whom to tell. ``until``: monotonic seconds after
    which nothing new is begun."""

    session: ArchiveSession
    exits: Exits
    network: Network
    images: ImageFetcher
    report: RunReport
    clock: Clock
    rng: random.Random
    on_result: Callable[[Result], None]
    on_progress: Callable[[int, int], None] | None = None
    on_recording: Callable[[int, int], None] = lambda done, total: None
    until: float | None = None

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self.session.config

    @property
    def frontier(self) -> SqliteFrontier:
        """The archive's queue."""
        return self.session.frontier

    @property
    def is_late(self) -> bool:
        """``--max-duration`` is over, and nothing new is begun."""
        return self.until is not None and self.clock.monotonic() >= self.until

    @property
    def is_stopped(self) -> bool:
        """The crawl ended so that no image is to be asked for either."""
        return self.report.reason in _NO_MORE_IMAGES

    def add(self, result: Result) -> None:
        """Count a result and tell of it."""
        self.report.add(result)
        self.on_result(result)

    def add_failure(self, address: str, error: ScrapeError) -> None:
        """Count what failed before it was in the queue, or beside it."""
        self.add(failure(address, error))

    def add_source_failure(self, address: str, error: ScrapeError, due: datetime) -> None:
        """Count a source that could not be looked at."""
        result = failure(address, error, due=due)
        self.report.add_source_error(result)
        self.on_result(result)


def failure(address: str, error: ScrapeError, *, due: datetime | None = None) -> Result:
    """A failed address or source, as the report has it."""
    return Result(
        address=address,
        change="failed",
        error_code=error.code,
        error=message_of(error),
        due=due.isoformat(timespec="seconds") if due else None,
        exit_code=error.exit_code if due is None else 1,
    )
