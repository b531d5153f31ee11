"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import AnyStr


def lazy(pattern: AnyStr, flags: int = 0) -> Callable[[], re.Pattern[AnyStr]]:
    """What gives the compiled ``pattern``; made once, when first asked for.

    For patterns of some milliseconds that most commands never use: compiling all 250 of this
    program took 120 ms of each start, and a third of that went into a dozen of them.
    """
    return cache(lambda: re.compile(pattern, flags))
