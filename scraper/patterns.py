"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import AnyStr


def lazy(pattern: AnyStr, flags: int = 0) -> Callable[[], re.Pattern[AnyStr]]:
    """What gives the compiled ``pattern``; made once, when first asked for.

    For what many commands or most pages have no use for: compiling all 250 of this program took 120
    ms of each start (the more characters a class has, the longer), a third of it a dozen of them. Of
    the others, 80 that `save` or `status` loaded and did not use took 8 ms. A call costs 40 ns.
    """
    return cache(lambda: re.compile(pattern, flags))
