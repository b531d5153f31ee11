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
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from itertools import islice
from multiprocessing.connection import wait
from typing import TypeVar

from scraper.messages import mark

#: What is told of a page whose reading ends its process, however often it is tried.
DIED = mark("reading this page killed the process: it is too large or hits a fault in a library")

T = TypeVar("T")
R = TypeVar("R")

#: Items a process that are under way or waiting: none is idle, and memory stays flat.
_AHEAD = 3


def process_pool(jobs: int, begin: Callable[..., None], *arguments: object) -> ProcessPoolExecutor:
    """A pool of ``jobs`` processes, each of which calls ``begin(*arguments)`` first.

    A caller must be safe to import (``multiprocessing``'s rule).
    """
    context = multiprocessing.get_context("spawn")
    start = partial(_begin, begin, *arguments)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=start)


def in_processes(
    begin: Callable[[], None],
    work: Callable[[T], R],
    items: Iterable[T],
    jobs: int,
    *,
    lost: Callable[[T], R],
    ahead: int = _AHEAD,
) -> Generator[R, None, None]:
    """What ``work`` makes of each item in one of ``jobs`` processes, in the items' order.

    ``begin`` and ``work`` go to the processes, so they are functions of a module. Where a process
    dies (memory, a fault in a library), each item that was under way is given to one of its own;
    ``lost`` says what stands for the one that kills that too. ``ahead``: so many items a process
    are under way or done before the caller takes them; more where one takes much longer than the
    others and what comes back is small.
    """
    left = iter(items)
    waiting: deque[tuple[T, Future[R]]] = deque()
    pool = process_pool(jobs, begin)
    try:
        while True:
            for item in islice(left, max(0, ahead * jobs - len(waiting))):
                waiting.append((item, submitted(pool, work, item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            try:
                yield future.result()
            except BrokenProcessPool:
                pool.shutdown(wait=False, cancel_futures=True)
                waiting.appendleft((item, future))
                # Items begin in their order: the one that killed it is among the first.
                yield from _each_by_itself(begin, work, waiting, lost, _AHEAD * jobs)
                pool = process_pool(jobs, begin)
                for at, (item, future) in enumerate(waiting):
                    if not _is_answered(future):
                        waiting[at] = (item, submitted(pool, work, item))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def submitted(pool: ProcessPoolExecutor, work: Callable[..., R], *arguments: object) -> Future[R]:
    """A pool in which a process has died already answers as one in which one dies meanwhile."""
    try:
        return pool.submit(work, *arguments)
    except BrokenProcessPool as error:
        failed: Future[R] = Future()
        failed.set_exception(error)
        return failed


def _is_answered(future: Future[R]) -> bool:
    """Whether its process did not die before it."""
    if not future.done() or future.cancelled():
        return False
    return not isinstance(future.exception(), BrokenProcessPool)


def _each_by_itself(
    begin: Callable[[], None],
    work: Callable[[T], R],
    waiting: deque[tuple[T, Future[R]]],
    lost: Callable[[T], R],
    most: int,
) -> Iterator[R]:
    """The first of those ``waiting``, as far as ``most`` of them that have no answer."""
    while waiting and most:
        item, future = waiting.popleft()
        if _is_answered(future):
            yield future.result()
        else:
            most -= 1
            yield _by_itself(begin, work, item, lost)


def _by_itself(
    begin: Callable[[], None], work: Callable[[T], R], item: T, lost: Callable[[T], R]
) -> R:
    with process_pool(1, begin) as pool:
        try:
            return pool.submit(work, item).result()
        except BrokenProcessPool:
            return lost(item)


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
