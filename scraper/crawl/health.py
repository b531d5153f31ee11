"""Pure. Failures in a row at one exit, to notice that going on is pointless."""

from __future__ import annotations

import enum
from dataclasses import field

from scraper.crawl.protocols import Task
from scraper.errors import RateLimited, ScrapeError, Unreachable
from scraper.records import dataclass

#: So many addresses in a row given up, or so many failures in a row: the network or WeChat is down.
OUTAGE_ADDRESSES, OUTAGE_FAILURES = 5, 40
#: So many different addresses told to wait longer than a run waits: the server means the reader,
#: not the page.
LIMITED_ADDRESSES = 2
#: A host without any connection, after so many addresses were given up, needs no further proof.
UNREACHABLE_ADDRESSES = 2
#: Beside other exits that work, one that reaches nothing so often in a row has a dead proxy.
UNREACHABLE_FAILURES = 3


class Trouble(enum.Enum):
    """Why an exit is not used any further in this run."""

    LIMITED = "rate-limited"
    OUTAGE = "outage"


@dataclass(slots=True)
class Health:
    """Counts failures until an answer comes."""

    failures: int = 0
    given_up: int = 0
    limited: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """An answer came."""
        self.failures, self.given_up = 0, 0
        self.limited.clear()

    def failed(
        self, task: Task, error: ScrapeError, *, again: bool, others: bool = False
    ) -> Trouble | None:
        """Count a failure. What it shows about the exit, if anything.

        ``again``: the same run tries once more; ``others``: by other exits, if this one closes.
        """
        self.failures += 1
        self.given_up += not again
        if isinstance(error, RateLimited) and not again:
            self.limited.add(task.address)
            if len(self.limited) >= LIMITED_ADDRESSES:
                return Trouble.LIMITED
        if isinstance(error, Unreachable):
            if self.given_up >= UNREACHABLE_ADDRESSES:
                return Trouble.OUTAGE
            if others and self.failures >= UNREACHABLE_FAILURES:
                return Trouble.OUTAGE
        if self.given_up >= OUTAGE_ADDRESSES or self.failures >= OUTAGE_FAILURES:
            return Trouble.OUTAGE
        return None
