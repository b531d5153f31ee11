"""One export: what is asked for, where it goes, and what is told of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Protocol

from archive.exporters.report import ExportReport
from archive.exporters.select import Selection, chosen, in_album_order, require
from archive.exporters.target import Target
from archive.run.items import ItemError, one_item
from archive.store import Store, Stored
from scraper.errors import ScrapeError


class Progress(Protocol):
    """``progress(done, total)``, with a ``name`` where it is another work from now on; a ``total`` of
    0: nobody knows it beforehand."""

    def __call__(self, done: int, total: int, name: str = "", /) -> None: ...


def unwatched(done: int, total: int, name: str = "", /) -> None:
    """Nobody watches."""


@contextmanager
def left_out(report: ExportReport, name: str) -> Iterator[None]:
    """Whatever goes wrong inside is named in the report, with what it is about, and ends nothing
    else. Raises only what is about the target or the archive as a whole."""

    closed: list[BrokenPipeError] = []

    def failed(error: ScrapeError) -> None:
        report.problems.append(f"{name}: {error}")
        report.faults += not isinstance(error, ItemError)

    with one_item(name, failed):
        try:
            yield
        except BrokenPipeError as error:  # who reads standard output has gone
            closed.append(error)
    if closed:
        raise closed[0]


@dataclass(kw_only=True)
class Export:
    """What a format's ``write`` is given.

    ``target`` is a folder for formats that write one file an article, else a file or an open one.
    ``title`` is a book's; ``images``: a WARC holds the images too; ``base_url``: where the folder
    of a feed will be found; ``largest``: no recording of more bytes goes into a book;
    ``each_alone``: a PDF for each article, in a folder.
    """

    store: Store
    target: Path | IO[bytes]
    selection: Selection
    report: ExportReport
    title: str | None = None
    images: bool = True
    base_url: str | None = None
    largest: float = math.inf
    each_alone: bool = False
    progress: Progress = unwatched

    @cached_property
    def folder(self) -> Target:
        """The target of a format that writes many files."""
        assert isinstance(self.target, Path)
        return Target(self.target, self.report)

    @property
    def book_title(self) -> str:
        """As asked for, else what the articles were chosen by."""
        chosen = self.selection
        return self.title or chosen.album or chosen.account or chosen.query or "公众号文章"

    @cached_property
    def articles(self) -> Sequence[Stored]:
        """The chosen articles: an album's in its own order, else the oldest first. Raises NotHeld
        where none is.
        """
        found = list(chosen(self.store, self.selection))
        if self.selection.album is not None and not self.selection.keys:
            found = in_album_order(self.store, self.selection.album, found)
        require(self.store, self.selection, found)
        return found

    def each(self, write: Callable[[Stored], None]) -> None:
        """Every article to ``write``, with progress told behind each; one that fails is left out,
        and ends nothing else."""
        for done, stored in enumerate(self.articles, start=1):
            self.one(stored.key, partial(write, stored))
            self.progress(done, len(self.articles))

    def one(self, name: str, write: Callable[[], object]) -> None:
        """Whatever goes wrong in ``write`` is named in the report, with what it is about. Raises
        only what is about the target or the archive as a whole."""
        with left_out(self.report, name):
            write()

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The target of a format that writes one file; in place only when it is whole."""
        if not isinstance(self.target, Path):
            yield self.target
            return
        with (
            Target(self.target.parent, self.report) as folder,
            folder.opened(self.target.name) as file,
        ):
            yield file
