"""The one loop: an address from the frontier, its page from the fetcher, its article to the sink, its links back.

Everything that decides is here and stores nothing: how deep and how far links are followed, what a failure means, when
captchas are a block, when a budget is spent. The queue (``Frontier``), the network (``Fetcher``), what becomes of an
article (``Sink``) and the time (``Clock``) come from outside, so the same loop serves a test's memory, SQLite, and
later other machines.

::

    take ─→ held already? ──yes──→ its stored links ─┐
      │         no                                   │
      │      page kept by an earlier run, else fetch │
      │         │ received (raw page safe)           │
      │      parse → sink.keep ─────────── links ────┤
      │         │ failure                            ▼
      └──── put off / closed               frontier.done(finds)
"""

from __future__ import annotations

import asyncio
import enum
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from scraper import urls
from scraper.errors import (
    Blocked,
    Gone,
    NotAnAddress,
    RateLimited,
    ScrapeError,
    Unreachable,
    Unrecognised,
)
from scraper.models import Article, Page
from scraper.redact import redact

_LOG = logging.getLogger(__name__)

#: Tries of one address within a run, and what the waits between them grow from (full jitter).
TRIES, BASE = 5, 1.0
#: The longest wait that a run sits through for one address; what must wait longer is left with its due time.
PATIENCE = 60.0
#: No server is believed that wants more (faults.md, row 5).
LONGEST_RETRY_AFTER = 3600.0
#: Between the runs a failing address waits 10 min, 20 min, … a day; an unknown kind of page from 6 h on.
FIRST_REST, FIRST_UNKNOWN_REST, LONGEST_REST = 600.0, 6 * 3600.0, 24 * 3600.0
#: So many addresses in a row, each tried out, or so many failures in a row: the network or WeChat is down.
OUTAGE_ADDRESSES, OUTAGE_FAILURES = 5, 40

#: Relations that the author chose; the others are lists made by WeChat, followed within the account only.
_CHOSEN = frozenset({"text", "reprint", "source", "migrated", "album_member"})
_IN_ALBUM = frozenset({"album", "album_previous", "album_next", "album_member"})
#: Lists that would pull in whole catalogues: never followed unless the scope is the album.
_CATALOGUES = frozenset({"album", "tag"})


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


class Clock(Protocol):
    """Time: ``monotonic`` seconds for waits, ``now`` aware UTC for what is stored."""

    def monotonic(self) -> float: ...
    def now(self) -> datetime: ...
    async def sleep(self, seconds: float, /) -> None: ...


class Fetcher(Protocol):
    """One try a call; ``requests`` counts what went out to the article host, redirect targets included."""

    @property
    def requests(self) -> int: ...
    async def page(self, url: str, *, referer: str | None = None) -> Page: ...


class Frontier(Protocol):
    """The queue. Each method is durable when it returns, where the queue is."""

    def take(self, now: datetime) -> Task | None:
        """The next task that is due, or None."""

    def next_due(self) -> datetime | None:
        """When the next task comes due that this run should still wait for; None: nothing."""

    def put_off(self, task: Task, error: ScrapeError, now: datetime, due: datetime, *, again: bool) -> None:
        """The task failed for now; ``again``: another try within this run."""

    def close(self, task: Task, error: ScrapeError, now: datetime, finds: Iterable[Find] = ()) -> None:
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


class Reason(enum.Enum):
    """Why a crawl ended."""

    DONE = "done"
    REQUESTS = "max-requests"
    DURATION = "max-duration"
    LIMIT = "limit"
    BLOCKED = "blocked"
    LIMITED = "rate-limited"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a crawl ended, and the error that ended it, if one did."""

    reason: Reason
    error: ScrapeError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a crawl may use: requests to the article host, seconds, articles visited (held ones count too, so that the
    same command with the same limit visits the same articles again). None: no limit."""

    requests: int | None = None
    seconds: float | None = None
    articles: int | None = None


@dataclass(slots=True)
class Judge:
    """Says when captchas are a block, by the form of the address.

    One on a short address proves it; long ones end in the captcha outside WeChat while the same articles open by their
    short link (weixin-pages.md), so there it takes two different addresses in a row. A page about frequency is about
    the reader, whatever the address. While ``probing`` (the first request after a cool-down) one is enough.
    """

    probing: bool = False
    struck: str | None = None

    def fine(self) -> None:
        """A page of the article host came that was no captcha."""
        self.probing, self.struck = False, None

    def blocked(self, task: Task, error: Blocked) -> bool:
        """True: this captcha means a block."""
        if self.probing or task.form == "short" or error.reason == "frequency":
            return True
        if self.struck is not None and self.struck != task.address:
            return True
        self.struck = task.address
        return False


@dataclass(slots=True)
class _Health:
    """Failures in a row, to notice that going on is pointless."""

    failures: int = 0
    given_up: int = 0
    limited: set[str] = field(default_factory=set)

    def fine(self) -> None:
        self.failures, self.given_up = 0, 0
        self.limited.clear()

    def failed(self, task: Task, error: ScrapeError, *, again: bool) -> Reason | None:
        self.failures += 1
        self.given_up += not again
        if isinstance(error, RateLimited) and not again:
            self.limited.add(task.address)
            if len(self.limited) >= 2:
                return Reason.LIMITED
        unreachable = isinstance(error, Unreachable) and self.given_up >= 2
        outage = self.given_up >= OUTAGE_ADDRESSES or self.failures >= OUTAGE_FAILURES
        return Reason.OUTAGE if unreachable or outage else None


@dataclass(slots=True, kw_only=True)
class Crawl:
    """One crawl: its parts, and ``run``."""

    frontier: Frontier
    fetcher: Fetcher
    sink: Sink
    clock: Clock
    parse: Callable[[Page], Article]
    budget: Budget = Budget()
    judge: Judge = field(default_factory=Judge)
    rng: random.Random = field(default_factory=random.Random)
    visited: int = 0
    _health: _Health = field(default_factory=_Health)

    async def run(self) -> Ending:
        """Work until nothing is due, the budget is spent, or WeChat or the network refuses.

        Raises nothing for an address that fails; what the sink raises that is no ScrapeError (disk full) goes through.
        """
        started, sent = self.clock.monotonic(), self.fetcher.requests
        while True:
            if reason := self._spent(started, sent):
                return Ending(reason)
            task = self.frontier.take(self.clock.now())
            if task is not None:
                await asyncio.sleep(0)  # held articles need no wait: a signal must still come through
                if ending := await self._do(task):
                    return ending
                continue
            due = self.frontier.next_due()
            if due is None:
                return Ending(Reason.DONE)
            wait = max((due - self.clock.now()).total_seconds(), 0.0)
            if self._outlasts(started, wait):
                return Ending(Reason.DURATION)
            await self.clock.sleep(wait)

    def _spent(self, started: float, sent: int) -> Reason | None:
        budget = self.budget
        if budget.articles is not None and self.visited >= budget.articles:
            return Reason.LIMIT
        if budget.requests is not None and self.fetcher.requests - sent >= budget.requests:
            return Reason.REQUESTS
        if self._outlasts(started, 0.0):
            return Reason.DURATION
        return None

    def _outlasts(self, started: float, wait: float) -> bool:
        limit = self.budget.seconds
        return limit is not None and self.clock.monotonic() - started + wait >= limit

    async def _do(self, task: Task) -> Ending | None:
        try:
            finds, visited = await self._finds(task)
        except Blocked as error:
            return self._blocked(task, error)
        except ScrapeError as error:
            return self._failed(task, error)
        self.frontier.done(task, finds, self.clock.now(), visited=visited)
        self.visited += visited
        return None

    async def _finds(self, task: Task) -> tuple[list[Find], bool]:
        known = self.sink.known(task)
        if known is not None:
            if task.form == "album":
                listed = AlbumPage(album_id="", members=[link.url for link in known.links])
                return members(task, listed), False
            return follow(task, known.biz, known.links), True
        page = await self._page(task)
        if task.form == "album":
            listed = self.sink.album(task, page)
            self._came()
            return members(task, listed), False
        article = self._parsed(page)
        if not self.sink.wanted(task, article):
            return [], False
        await self.sink.keep(task, article)
        return follow(task, article.account.biz, article.links), True

    async def _page(self, task: Task) -> Page:
        page = self.sink.stored(task)
        if page is None:
            page = await self.fetcher.page(task.url, referer=task.referer)
            self.sink.received(task, page)
        return page

    def _parsed(self, page: Page) -> Article:
        try:
            article = self.parse(page)
        except Blocked:
            raise
        except ScrapeError:
            self._came()  # a deleted or unknown page is an answer all the same
            raise
        except Exception as error:
            # A fault of ours must not stop every run at the same page for ever.
            _LOG.exception("the parser failed at %s", redact(page.url))
            raise Unrecognised(f"the parser failed ({type(error).__name__}: {error})", url=page.url) from error
        self._came()
        return article

    def _came(self) -> None:
        self.judge.fine()
        self._health.fine()

    def _blocked(self, task: Task, error: Blocked) -> Ending | None:
        block = self.judge.blocked(task, error)
        # The address that met a block is a good probe once; after that it lets others show whether it is the only one.
        rest = _rest(3600.0, task.attempts) if not block else LONGEST_REST if task.attempts else 0.0
        due = self.clock.now() + timedelta(seconds=rest)
        self.frontier.put_off(task, error, self.clock.now(), due, again=False)
        self.sink.failed(task, error, None if block else due)
        return Ending(Reason.BLOCKED, error) if block else None

    def _failed(self, task: Task, error: ScrapeError) -> Ending | None:
        now = self.clock.now()
        if error.after != "later":
            self.frontier.close(task, error, now, _moved(task, error))
            self.sink.failed(task, error, None)
            return None
        wait, again = self.wait(task, error)
        due = now + timedelta(seconds=wait)
        self.frontier.put_off(task, error, now, due, again=again)
        if not again:
            self.sink.failed(task, error, due)
        if isinstance(error, Unrecognised):
            return None
        reason = self._health.failed(task, error, again=again)
        return Ending(reason, error) if reason else None

    def wait(self, task: Task, error: ScrapeError) -> tuple[float, bool]:
        """Seconds until the next try, and whether it comes within this run."""
        if isinstance(error, Unrecognised):
            return self._jittered(_rest(FIRST_UNKNOWN_REST, task.attempts)), False
        asked = error.retry_after if isinstance(error, RateLimited) else None
        if task.tries + 1 < TRIES:
            wait = self.rng.uniform(0, BASE * 2**task.tries) if asked is None else min(asked, LONGEST_RETRY_AFTER)
            if wait <= PATIENCE:
                return wait, True
            return wait, False
        rest = self._jittered(_rest(FIRST_REST, task.attempts // TRIES))
        return max(rest, min(asked or 0.0, LONGEST_RETRY_AFTER)), False

    def _jittered(self, seconds: float) -> float:
        return seconds * self.rng.uniform(0.75, 1.25)


def _rest(first: float, times: int) -> float:
    return float(min(first * 2 ** min(times, 20), LONGEST_REST))


def follow(task: Task, biz: str | None, links: Iterable[Edge]) -> list[Find]:
    """The links of an article that are to be followed from ``task``, each article once. Pure.

    ``biz`` is the article's own account. In the default scope ``any`` that is whatever its author linked to, and of
    lists made by WeChat (``ainfos``, album neighbours) what stays within the account. An album in the text counts as
    one step, as an index article would. An account that the address does not name (short links) is checked when the
    article is opened (``Find.account``).
    """
    if task.follow <= 0 and task.scope != "walk":
        return []
    found: dict[str, Find] = {}
    for link in links:
        if not _in_scope(task, link.relation):
            continue
        try:
            address = urls.parse(link.url)
        except NotAnAddress:
            continue
        only = _only_account(task, link.relation, biz)
        if only and address.biz and address.biz != only:
            continue
        if address.canonical == task.address:
            continue
        found.setdefault(
            address.canonical,
            Find(
                address=address,
                relation=link.relation,
                depth=task.depth + 1,
                follow=max(task.follow - 1, 0),
                scope=task.scope,
                account=only,
                referer=task.url,
                refresh=_refreshes(task),
            ),
        )
    return list(found.values())


def _refreshes(task: Task) -> bool:
    """A watched page is fetched again for what is new in it, which is no reason to fetch the old again."""
    return task.refresh and task.why != "source"


def _in_scope(task: Task, relation: str) -> bool:
    if task.scope == "walk":  # an album whose list fails: from neighbour to neighbour, however long it is
        return relation in {"album_previous", "album_next"}
    if task.scope == "album":
        return relation in _IN_ALBUM
    return relation not in _CATALOGUES


def _only_account(task: Task, relation: str, biz: str | None) -> str | None:
    if task.scope == "account":
        return task.account or biz
    return None if relation in _CHOSEN else biz


def members(task: Task, listed: AlbumPage) -> list[Find]:
    """What a page of an album's list leads to: its members, at the depth of the album itself, and the next page."""
    finds: dict[str, Find] = {}
    for text in listed.members:
        try:
            address = urls.parse(text)
        except NotAnAddress:
            continue
        finds.setdefault(
            address.canonical,
            Find(
                address=address,
                why=task.why,
                relation="album_member",
                depth=task.depth,
                follow=task.follow,
                scope=task.scope,
                account=task.account,
                referer=task.referer,
                refresh=_refreshes(task),
            ),
        )
    found = list(finds.values())
    if listed.next_url:
        found.append(_next_page(task, listed))
    return found


def _next_page(task: Task, listed: AlbumPage) -> Find:
    assert listed.next_url
    address = urls.Address(listed.next_url, listed.next_url, listed.next_url, "album", album_id=listed.album_id)
    return Find(
        address=address,
        why=task.why,
        relation="album_page",
        depth=task.depth,
        follow=task.follow,
        scope=task.scope,
        account=task.account,
        referer=task.referer,
        refresh=task.refresh,
    )


def _moved(task: Task, error: ScrapeError) -> list[Find]:
    """The new address of a migrated article, asked for in the place of the old one."""
    if not isinstance(error, Gone) or not error.target:
        return []
    try:
        address = urls.parse(error.target)
    except NotAnAddress:
        return []
    return [
        Find(
            address=address,
            why=task.why,
            relation="migrated",
            depth=task.depth,
            follow=task.follow,
            scope=task.scope,
            referer=task.url,
        )
    ]
