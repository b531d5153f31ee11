"""What the crawl's loop works with: a task, what was found, and the parts that come from outside as protocols."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scraper import urls
from scraper.errors import ScrapeError
from scraper.models import Article, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One address to do. ``url`` is what to GET, ``address`` its canonical form, ``form`` as in ``scraper.urls``.

    ``depth`` steps away from what was given, ``follow`` how many more may be taken from here; ``scope`` ``any``,
    ``account`` or ``album``; ``account`` the only ``__biz`` wanted, if any. ``original`` is the address as found, where
    ``url`` is a better one of the same article. ``tries`` counts this run, ``attempts`` all. ``snapshot_id`` is the raw
    page that an earlier run fetched; ``since`` when the row last changed: a page kept after that is this task's own,
    fetched just before a kill.
    """

    id: int
    url: str
    address: str
    form: str = "short"
    why: str = "given"
    relation: str | None = None
    depth: int = 0
    follow: int = 0
    scope: str = "any"
    account: str | None = None
    referer: str | None = None
    refresh: bool = False
    original: str | None = None
    tries: int = 0
    attempts: int = 0
    snapshot_id: int | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """An address found on the way, as the frontier takes it in."""

    address: urls.Address
    why: str = "followed"
    relation: str | None = None
    depth: int = 0
    follow: int = 0
    scope: str = "any"
    account: str | None = None
    referer: str | None = None
    refresh: bool = False


class Edge(Protocol):
    """A link of an article: ``scraper.models.Link``, or one as stored."""

    @property
    def url(self) -> str: ...
    @property
    def relation(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What is held of an article already: its account's ``__biz`` and its links."""

    biz: str | None
    links: Sequence[Edge]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumPage:
    """One page of an album's public list: members in order, the address of the next page."""

    album_id: str
    members: Sequence[str]
    next_url: str | None = None


class Spent(Exception):
    """The budget of requests is used up, in the middle of an address. Nothing is wrong with the address itself."""


class Fetcher(Protocol):
    """One try a call; ``requests`` counts what went out to the article host, redirect targets included.

    Where ``most`` is set, no request goes out once ``requests`` has reached it: ``Spent`` is raised instead.
    """

    most: int | None

    @property
    def requests(self) -> int: ...
    async def page(self, url: str, *, referer: str | None = None) -> Page: ...


class Frontier(Protocol):
    """The queue. Each method is durable when it returns, where the queue is."""

    def take(self, now: datetime) -> Task | None:
        """The next task that is due, or None."""

    def next_due(self) -> datetime | None:
        """When the next task comes due that this run should still wait for; None: nothing."""

    def put_off(
        self, task: Task, error: ScrapeError, now: datetime, due: datetime, *, again: bool
    ) -> None:
        """The task failed for now; ``again``: another try within this run."""

    def close(
        self, task: Task, error: ScrapeError, now: datetime, finds: Iterable[Find] = ()
    ) -> None:
        """The task failed for good, or until a person helps; ``finds`` is where it moved to."""

    def done(self, task: Task, finds: Iterable[Find], now: datetime, *, visited: bool) -> None:
        """The task is done; what it found is taken in, in the same transaction. ``visited``: it was an article."""


class Sink(Protocol):
    """Where pages and articles go."""

    def known(self, task: Task) -> Known | None:
        """The links of an article that is held and needs no request; None: fetch it."""

    def stored(self, task: Task) -> Page | None:
        """The raw page that an earlier run fetched and did not finish with."""

    def received(self, task: Task, page: Page) -> None:
        """The raw page, to be made safe before anything is done with it."""

    def wanted(self, task: Task, article: Article) -> bool:
        """False: not of the account that the task is limited to."""

    async def keep(self, task: Task, article: Article) -> None:
        """The article, to be kept with its images."""

    def album(self, task: Task, page: Page) -> AlbumPage:
        """Reads and keeps a page of an album's list. Raises ScrapeErrors."""

    def failed(self, task: Task, error: ScrapeError, due: datetime | None) -> None:
        """The task failed: for good (``due`` None), or until ``due``."""
