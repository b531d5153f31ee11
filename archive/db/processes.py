"""Pools of processes: spawned, deaf to Ctrl-C, and ended with their parent.

Spawned, because a forked process would take over open databases, which SQLite forbids. Ctrl-C
reaches every process of a terminal, and the parent decides what is finished. And a pool's
processes wait for work for ever where their parent was killed: so each watches it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait


def process_pool(jobs: int, begin: Callable[..., None], *arguments: object) -> ProcessPoolExecutor:
    """A pool of ``jobs`` processes, each of which calls ``begin(*arguments)`` first.

    A caller must be safe to import (``multiprocessing``'s rule).
    """
    context = multiprocessing.get_context("spawn")
    start = partial(_begin, begin, *arguments)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=start)


def _begin(begin: Callable[..., None], *arguments: object) -> None:
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
