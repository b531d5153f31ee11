"""Pure. Backoff, once for everybody who waits after a failure: tries within a run, rests between
runs.
"""

from __future__ import annotations

import random

from scraper.errors import ScrapeError
from scraper.records import dataclass

#: No server is believed that wants more than an hour (docs/reliability.md, row 5).
LONGEST_RETRY_AFTER = 3600.0


def asked_to_wait(error: BaseException) -> float | None:
    """Seconds that the server asked for (``Retry-After``), at most an hour; None: it named none."""
    asked = getattr(error, "retry_after", None)
    return None if asked is None else min(float(asked), LONGEST_RETRY_AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """The tries of one address within a run.

    ``tries``: at most so many. ``base``: seconds that the first wait is drawn from, doubling with
    each (full jitter). ``patience``: the longest wait that a run sits through, in seconds; what
    must wait longer is left for a later run.
    """

    tries: int = 5
    base: float = 1.0
    patience: float = 60.0

    def delay(self, error: ScrapeError, failed: int, rng: random.Random) -> float | None:
        """Seconds until the next try of this run, after ``failed`` failures before this one; None:
        no further try.
        """
        if error.after != "later" or failed + 1 >= self.tries:
            return None
        asked = asked_to_wait(error)
        wait = rng.uniform(0, self.base * 2**failed) if asked is None else asked
        return wait if wait <= self.patience else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """The rests between runs of what keeps failing: ``first`` seconds, doubling up to ``longest``,
    each lengthened or shortened by up to ``jitter`` of itself."""

    first: float
    longest: float
    jitter: float = 0.25

    def after(
        self, times: int, rng: random.Random | None = None, error: BaseException | None = None
    ) -> float:
        """Seconds to rest after ``times`` failures before this one, and at least as long as the
        server asked for.

        Without ``rng`` there is no jitter.
        """
        doubled: float = self.first * 2 ** min(max(times, 0), 20)
        rest = min(doubled, self.longest)
        if rng is not None:
            rest *= rng.uniform(1 - self.jitter, 1 + self.jitter)
        asked = asked_to_wait(error) if error is not None else None
        return max(rest, asked or 0.0)
