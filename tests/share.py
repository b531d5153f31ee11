"""How much of a long test is run: all of it by hand, a share in CI, so that one number fits the
suite to its time.

Which share moves with the day: the same kills and queries every time would leave the others untried
for ever. The seed stands in pytest's first lines; ``LONG_SEED=N`` runs the same again. ``$LONG_TESTS`` is the
share of the tests themselves: each has a length under which it shows nothing.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime


def share(full: int, *, least: int = 1) -> int:
    """``full`` times ``$LONG_SHARE`` (1 where unset), never under ``least``."""
    return max(least, round(full * float(os.environ.get("LONG_SHARE", "1"))))


def seed() -> int:
    """``$LONG_SEED``, else the number of today (UTC)."""
    given = os.environ.get("LONG_SEED")
    return int(given) if given else datetime.now(UTC).toordinal()


def drawn_for(test: str | int) -> random.Random:
    """What a long test draws its share with; each test its own."""
    return random.Random(f"{seed()}/{test}")


def is_drawn(test: str) -> bool:
    """Whether a long test is among the ``$LONG_TESTS`` (1 where unset: all) of today."""
    return drawn_for(f"whether {test}").random() < float(os.environ.get("LONG_TESTS", "1"))
