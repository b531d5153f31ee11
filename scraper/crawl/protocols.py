"""What the crawl's loop works with: a task, what was found, and the parts that come from outside as
protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from scraper import urls
from scraper.errors import ScrapeError
from scraper.models import Article, Page
from scraper.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One address to do. ``url`` is what to GET, ``address`` its canonical form, ``form`` as in
    ``scraper.urls``.

    ``depth`` steps away from what was given, ``follow`` how many more may be taken from here;
    ``scope`` ``any``, ``account`` or ``album``; ``account`` the only ``__biz`` wanted, if any.
    ``original`` is the address as found, where ``url`` is a better one of the same article.
    ``tries`` counts this run, ``attempts`` all. ``snapshot_id`` is the raw page that an earlier run
    fetched; ``since`` when the row last changed: a page kept after that is this task's own, fetched
    just before a kill.
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
class Candidate:
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


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as it was received and made safe. ``snapshot_id`` names where, if it has a number
    there.
    """

    page: Page
    snapshot_id: int | None = None


class BudgetSpent(Exception):
    """The budget of requests is used up, maybe in the middle of an address. Nothing is wrong with
    the address.
    """


class ExitLost(Exception):
    """The exit cannot be used any further; nothing is wrong with the address, which waits as it
    stood. ``error`` says why.
    """

    def __init__(self, error: ScrapeError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class RequestBudget:
    """At most ``most`` requests to the article host (None: no limit), redirect targets included;
    ``used`` went out.

    One budget is shared by all exits of a crawl.
    """

    most: int | None = None
    used: int = 0

    @property
    def is_spent(self) -> bool:
        """No further request may go out."""
        return self.most is not None and self.used >= self.most

    def spend(self) -> None:
        """Count one request that is about to go out. Raises BudgetSpent where there is none
        left.
        """
        if self.is_spent:
            raise BudgetSpent
        self.used += 1


class Fetcher(Protocol):
    """One try a call; each request to the article host is taken from ``budget`` before it goes
    out.

    Raises ScrapeErrors, BudgetSpent, and ExitLost where the way to the host is somebody else's and
    has gone.
    """

    async def page(
        self, url: str, *, referer: str | None = None, budget: RequestBudget | None = None
    ) -> Page: ...


class CountingFetcher(Fetcher, Protocol):
    """A fetcher of pages that tells how many requests went out to the article host through it."""

    @property
    def requests(self) -> int: ...


class Frontier(Protocol):
    """The queue. Each method is durable when it returns, where the queue is."""

    def take(
        self,
        now: datetime,
        *,
        exit: str = "direct",
        probing: bool = False,
        leased: Collection[int] = (),
    ) -> Task | None:
        """The next task for ``exit`` that is due and not among ``leased`` (ids that are being
        worked on), or None.

        ``probing``: its request would be the first after a block.
        """

    def next_due(self, *, exit: str = "direct", leased: Collection[int] = ()) -> datetime | None:
        """When the next task for ``exit`` comes due that this run should still wait for; None:
        nothing.
        """

    def tie(self, task: Task, exit: str, now: datetime) -> None:
        """The page opens with the cookies of this exit alone: no other is given it, and it is due
        now.
        """

    def reschedule(
        self,
        task: Task,
        error: ScrapeError,
        now: datetime,
        due: datetime,
        *,
        again: bool,
        keep_page: bool = False,
    ) -> None:
        """The task failed for now; ``again``: another try within this run; ``keep_page``: the raw
        page that came is good, and the next try begins with it."""

    def close(
        self, task: Task, error: ScrapeError, now: datetime, candidates: Iterable[Candidate] = ()
    ) -> None:
        """The task failed for good, or until a person helps; ``candidates`` is where it moved
        to.
        """

    def done(
        self, task: Task, candidates: Iterable[Candidate], now: datetime, *, visited: bool
    ) -> None:
        """The task is done; what it found is taken in, in the same transaction. ``visited``: it was
        an article.
        """


class Sink(Protocol):
    """Where pages and articles go."""

    def known(self, task: Task) -> Known | None:
        """The links of an article that is held and needs no request; None: fetch it."""

    def stored(self, task: Task) -> RawPage | None:
        """The raw page that an earlier run fetched and did not finish with."""

    def received(self, task: Task, page: Page) -> RawPage:
        """The raw page, to be made safe before anything is done with it."""

    def wanted(self, task: Task, article: Article) -> bool:
        """False: not of the account that the task is limited to."""

    async def keep(
        self, task: Task, article: Article, raw: RawPage, done: Callable[[], object]
    ) -> None:
        """The article, to be kept with its images; ``raw`` is the page it was read from. ``done``
        ends the task: to be called once, in the transaction that keeps the article."""

    def album(self, task: Task, page: Page) -> AlbumPage:
        """Reads and keeps a page of an album's list. Raises ScrapeErrors."""

    def failed(self, task: Task, error: ScrapeError, due: datetime | None) -> None:
        """The task failed: for good (``due`` None), or until ``due``."""
