"""What a type of watched source is, and what it may ask of the run that looks at one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from archive.crawl.sources import WatchedSource
from archive.errors import BadInput
from scraper import feeds, urls
from scraper.messages import mark, strerror


@dataclass
class Given:
    """What a person asked to watch, read once for all types that look at it."""

    text: str

    @cached_property
    def address(self) -> urls.Address | None:
        """The article or album of WeChat that it names."""
        return next(iter(urls.find(self.text)), None)

    @property
    def is_web(self) -> bool:
        """Another address on the web."""
        return self.address is None and self.text.lower().startswith(("http://", "https://"))

    @property
    def path(self) -> Path:
        """As a file on this machine."""
        return Path(self.text).expanduser()

    @cached_property
    def listing(self) -> feeds.Listing | None:
        """What the file of this name lists; None: there is none. Raises BadInput for one that
        cannot be read.
        """
        if self.address is not None or self.is_web or not self.path.is_file():
            return None
        try:
            return feeds.read(self.path.read_bytes())
        except OSError as error:
            raise BadInput(
                mark("{path} cannot be read: {what}", path=self.path, what=strerror(error))
            ) from error


class Visit(Protocol):
    """One look at a source, as the run offers it to the source's type."""

    source: WatchedSource

    async def body(self) -> bytes | None:
        """The source's bytes; None: nothing changed since the last look. Raises ScrapeErrors,
        BadInput.
        """

    def enqueue(
        self,
        address: urls.Address,
        *,
        refresh: bool = False,
        entry: feeds.Entry | None = None,
    ) -> None:
        """An address that the source names; ``refresh``: it is fetched although it is held.
        ``entry``: what the source says of it, by which its rules may decide before it is fetched.
        """

    def watch_feed(self, address: str) -> None:
        """A feed that the source names is watched, too, as long as the source is."""

    def learned(self, *, type: str, title: str | None) -> None:
        """What the source has turned out to be."""

    def at_once(self) -> AbstractContextManager[None]:
        """One wait for the disk for all that is taken in inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceType:
    """One type of watched source. ``label`` names it in help and manuals, with its article ("an
    album (合集)"), ``chinese`` for Chinese readers: the catalogue and the manual take it from here.

    ``claim`` gives the address or absolute path to watch where what a person gave is of this type;
    ``look`` takes in what a source of this type names now; ``follow``: how many links deep, unless
    asked otherwise.
    """

    name: str
    label: str
    chinese: str
    claim: Callable[[Given], str | None]
    look: Callable[[Visit], Awaitable[None]]
    follow: int = 0
