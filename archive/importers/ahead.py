"""Saved pages read and parsed ahead of the one who writes, in processes of their own.

What needs no archive is done there: reading the file, parsing, what the raw page looks like, which
pictures it shows. Everything else, and every file that is no single page, is done by the writer.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

from archive.db.processes import DIED, in_processes
from archive.importers.budget import cpu_limit
from archive.importers.formats import by_name, contents
from archive.importers.items import ImportItem
from archive.importers.pages import FORMAT
from archive.saved.pages import dated_by_name
from archive.saved.pictures import shown_pictures
from archive.snapshots.packing import Look
from scraper.models import Article, Page
from scraper.parse import parse
from scraper.redact import scrub

#: A process costs as much to start (0.35 s of CPU) as 16 pages to read.
PAGES_A_PROCESS = 16
#: What is larger the writer reads itself: three pages a process may wait for it in memory.
LARGEST_AHEAD = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Ready:
    """A page (without tokens where that was asked for) and what it says.

    ``pictures``: address, and name in the page, of each that may lie beside it; ``look``: what the
    raw page looks like, where it is kept. None: not found out yet.
    """

    page: Page
    article: Article
    pictures: tuple[tuple[str, str], ...] | None = None
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """The one item in a file; ``ready`` where it is a page that gives an article."""

    item: ImportItem
    ready: Ready | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the person asked for that changes how a page is read."""

    scrubbed: bool
    snapshots: bool


def parsed(item: ImportItem, page: Page, reading: Reading) -> Ready:
    """The item's page as it is kept, and its article. Raises what ``parse`` raises, TooCostly."""
    if reading.scrubbed:
        page = replace(page, body=scrub(page.body))
    with cpu_limit():
        article = parse(page)
    return Ready(page, dated_by_name(article, item.path.name))


def pictures_of(item: ImportItem, page: Page) -> tuple[tuple[str, str], ...]:
    """Address and name of each picture that the page shows."""
    return tuple((url, name) for url, name, _ in shown_pictures(page, item.parts))


def read_ahead(
    todo: Sequence[Path], reading: Reading, jobs: int
) -> Generator[tuple[Path, ReadAhead | None], None, None]:
    """Each file in order, with what it holds; None: the caller reads it.

    One of ``jobs`` cores is left to the caller, who writes. A few pages are not worth a process,
    and of one job all is the caller's.
    """
    pages = [path for path in todo if by_name(path) is FORMAT]
    processes = min(max(1, jobs - 1), len(pages) // PAGES_A_PROCESS) if jobs > 1 else 0
    if not processes:
        yield from ((path, None) for path in todo)
        return
    work = partial(read, reading=reading)
    ahead = set(pages)
    with closing(in_processes(begin, work, pages, processes, lost=_lost)) as found:
        for path in todo:
            yield path, next(found) if path in ahead else None


def begin() -> None:
    """A process needs nothing but the program."""


def read(path: Path, reading: Reading) -> ReadAhead | None:
    """What a file holds, where that is one page or one error and not too large. Never raises: what
    is wrong with a page is found again, and told, by the caller.
    """
    try:
        if path.stat().st_size > LARGEST_AHEAD:
            return None
        items = list(islice(contents(path), 2))
        if len(items) != 1 or _size(items[0]) > LARGEST_AHEAD:
            return None
        if items[0].page is None:
            return ReadAhead(items[0]) if items[0].error else None
        return _ready(items[0], items[0].page, reading)
    except Exception:
        return None


def _ready(item: ImportItem, page: Page, reading: Reading) -> ReadAhead:
    ready = parsed(item, page, reading)
    look = Look.of(ready.page.body) if reading.snapshots else None
    ready = replace(ready, pictures=pictures_of(item, ready.page), look=look)
    # The page is sent once.
    return ReadAhead(replace(item, page=ready.page), ready)


def _size(item: ImportItem) -> int:
    """Bytes that would be sent."""
    return len(item.page.body if item.page else b"") + sum(map(len, item.parts.values()))


def _lost(path: Path) -> ReadAhead:
    return ReadAhead(ImportItem(source=str(path), path=path, error=DIED))
