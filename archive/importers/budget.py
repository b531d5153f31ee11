"""What reading one thing may cost: files come from anybody, and one of them must not hold up the
others.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

from archive.errors import BadInput
from scraper.messages import mark

#: The slowest of 83 real pages takes 0.03 s.
CPU_SECONDS: Final = 10.0


class TooCostly(BadInput):
    """Reading it took more computing than any article needs."""


@contextmanager
def cpu_limit(seconds: float | None = None) -> Iterator[None]:
    """What is inside ends with TooCostly after so many seconds of this process's CPU time (default
    ``CPU_SECONDS``).

    For reading alone, which leaves nothing half done. Outside the main thread, where Python gives
    no signals, nothing is limited. A call into C is left only when it returns; those have bounds of
    their own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    most = CPU_SECONDS if seconds is None else seconds

    def over(number: int, frame: FrameType | None) -> NoReturn:
        raise TooCostly(
            mark("reading it takes more than {most:g} s of computing: no article does", most=most)
        )

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
