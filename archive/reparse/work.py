"""Reading raw pages in several processes. What is sent there and back are ids and articles, never
pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

from archive.db.processes import DIED, in_processes
from archive.errors import ArchiveError
from archive.snapshots import Snapshots
from scraper.errors import ScrapeError, Unexpected
from scraper.messages import message_of
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
    left = iter(ids)
    batches = iter(lambda: list(islice(left, BATCH)), [])
    begin, lost = partial(_begin, str(path)), partial(_page_by_page, path)
    yield from chain.from_iterable(in_processes(begin, _read_batch, batches, jobs, lost=lost))


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


def _page_by_page(path: Path, ids: list[int]) -> list[Read]:
    """Of a batch that kills its process (memory, a fault in a C library): which page it is."""
    return list(
        chain.from_iterable(
            in_processes(
                partial(_begin, str(path)), _read_batch, ([one] for one in ids), 1, lost=_lost
            )
        )
    )


def _lost(ids: list[int]) -> list[Read]:
    return [Read(one, f"snapshot {one}", error_class="hostile", error=DIED) for one in ids]


_snapshots: Snapshots | None = None


def _begin(path: str) -> None:
    """In each new process: open the snapshots."""
    global _snapshots
    _snapshots = Snapshots(path, readonly=True)


def _read_batch(ids: Sequence[int]) -> list[Read]:
    assert _snapshots is not None
    return [read(_snapshots, snapshot_id) for snapshot_id in ids]
