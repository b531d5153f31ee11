"""Reading raw pages in several processes. What is sent there and back are ids and articles, never
pages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from archive.db.processes import process_pool
from archive.errors import ArchiveError
from archive.snapshots import Snapshots
from scraper.errors import ScrapeError, Unexpected
from scraper.messages import mark, message_of
from scraper.models import Article
from scraper.parse import parse

#: Pages a message to a process: few enough that a signal ends the command within a second or two.
BATCH = 8


@dataclass(frozen=True, slots=True)
class Read:
    """What one snapshot gave: an article, or why not (``error_class`` is the error's ``code``)."""

    snapshot_id: int
    address: str
    article: Article | None = None
    error_class: str | None = None
    error: str | None = None


def read_all(path: Path, ids: Iterable[int], jobs: int) -> Iterator[Read]:
    """The articles of the snapshots ``ids`` in ``path``, in that order, read by ``jobs`` processes.

    At most a few batches are under way, so memory stays flat however many there are.
    """
    if jobs <= 1:
        with Snapshots(path, readonly=True) as snapshots:
            for snapshot_id in ids:
                yield read(snapshots, snapshot_id)
        return
    yield from _in_processes(path, iter(ids), jobs)


def read(snapshots: Snapshots, snapshot_id: int) -> Read:
    """One snapshot parsed; whatever is wrong with it is told, not raised."""
    address = f"snapshot {snapshot_id}"
    try:
        facts = snapshots.facts(snapshot_id)
        address = facts.address
        return Read(snapshot_id, address, article=parse(snapshots.get(snapshot_id)))
    except ScrapeError as error:
        return Read(snapshot_id, address, error_class=error.code, error=message_of(error))
    except ArchiveError as error:
        return Read(snapshot_id, address, error_class="corrupt", error=message_of(error))
    except (
        Exception
    ) as error:  # the parser promises none; one page must not end the work on all others
        return Read(
            snapshot_id,
            address,
            error_class="bug",
            error=str(Unexpected.of(error)),
        )


def _in_processes(path: Path, ids: Iterator[int], jobs: int) -> Iterator[Read]:
    waiting: deque[tuple[list[int], Future[list[Read]]]] = deque()
    pool = _pool(path, jobs)
    try:
        while True:
            while len(waiting) < jobs * 3 and (batch := list(islice(ids, BATCH))):
                waiting.append((batch, pool.submit(_read_batch, batch)))
            if not waiting:
                return
            batch, future = waiting.popleft()
            try:
                yield from future.result()
            except BrokenProcessPool:
                # A process died (memory, a fault in a C library): each page by itself shows which
                # one it was.
                pool.shutdown(wait=False, cancel_futures=True)
                todo = [batch, *(other for other, _ in waiting)]
                waiting.clear()
                yield from _one_by_one(path, todo)
                pool = _pool(path, jobs)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one_by_one(path: Path, batches: Iterable[list[int]]) -> Iterator[Read]:
    for batch in batches:
        for snapshot_id in batch:
            with _pool(path, 1) as pool:
                try:
                    yield pool.submit(_read_batch, [snapshot_id]).result()[0]
                except BrokenProcessPool:
                    why = mark(
                        "reading this page killed the process: it is too large or hits a fault in "
                        "a library"
                    )
                    yield Read(
                        snapshot_id, f"snapshot {snapshot_id}", error_class="hostile", error=why
                    )


def _pool(path: Path, jobs: int) -> ProcessPoolExecutor:
    return process_pool(jobs, _begin, str(path))


_snapshots: Snapshots | None = None


def _begin(path: str) -> None:
    """In each new process: open the snapshots."""
    global _snapshots
    _snapshots = Snapshots(path, readonly=True)


def _read_batch(ids: Sequence[int]) -> list[Read]:
    assert _snapshots is not None
    return [read(_snapshots, snapshot_id) for snapshot_id in ids]
