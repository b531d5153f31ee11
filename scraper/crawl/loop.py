"""The one loop: an address from the frontier, its page from the fetcher, its article to the sink,
its links back.

Everything that decides is here and stores nothing: what a failure means, when a budget is spent,
when an exit is closed. The queue (``Frontier``), the network (``Exit``), what becomes of an article
(``Sink``) and the time (``Clock``) come from outside, so the same loop serves a test's memory,
SQLite, one exit or several.

::

    take ─→ held already? ──yes──→ its stored links ─┐
      │         no                                   │
      │      page kept by an earlier run, else fetch │
      │         │ received (raw page safe)           │
      │      parse → sink.keep ─────────── links ────┤
      │         │ failure                            ▼
      └──── rescheduled / closed          frontier.done(candidates): with the article, or at once
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime, timedelta
from functools import partial

from scraper.clock import Clock
from scraper.crawl.backoff import Rests, Retries, asked_to_wait
from scraper.crawl.captcha import CaptchaPolicy
from scraper.crawl.follow import follow, members, moved
from scraper.crawl.health import Health, Trouble
from scraper.crawl.protocols import (
    AlbumPage,
    BudgetSpent,
    Candidate,
    ExitLost,
    Fetcher,
    Frontier,
    Known,
    RawPage,
    RequestBudget,
    Sink,
    Task,
)
from scraper.crawl.reason import Reason
from scraper.errors import Blocked, NeedsPerson, ScrapeError, Unexpected, Unrecognised
from scraper.models import Article, Page
from scraper.records import dataclass

_LOG = logging.getLogger(__name__)

#: Tries of one address within a run.
RETRIES = Retries()
#: Between the runs a failing address rests 10 min, 20 min, … a day.
_RESTS = Rests(first=600.0, longest=24 * 3600.0)
#: An unknown kind of page, and one that this program failed at, is not different an hour later.
_UNKNOWN_RESTS = Rests(first=6 * 3600.0, longest=24 * 3600.0)
#: A long address that alone met the captcha.
_CAPTCHA_RESTS = Rests(first=3600.0, longest=24 * 3600.0)


#: What a page asks for that a session's cookies may bring.
_COOKIES_HELP = frozenset({"login", "paid"})
#: These close one exit; the others go on.
_OF_ONE_EXIT = frozenset({Reason.BLOCKED, Reason.LIMITED, Reason.OUTAGE, Reason.NO_WORKERS})


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a crawl ended, and the error that ended it, if one did."""

    reason: Reason
    error: ScrapeError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a crawl may use: requests to the article host, seconds, articles visited (held ones
    count too, so that the same command with the same limit visits the same articles again). None:
    no limit."""

    requests: int | None = None
    seconds: float | None = None
    articles: int | None = None


@dataclass(slots=True, kw_only=True)
class Exit:
    """One way to the article host, with at most one request in flight, and what is known of it in
    this run.
    """

    fetcher: Fetcher
    #: further fetchers through the same exit, each with a task of its own: where the exit is far
    #: away, the next requests wait there already while this one's article is kept here
    ahead: Sequence[Fetcher] = ()
    name: str = "direct"
    #: its requests carry a person's cookies
    has_cookies: bool = False
    captcha: CaptchaPolicy = field(default_factory=CaptchaPolicy)
    health: Health = field(default_factory=Health)
    #: why it is closed for the rest of the run; None: open
    closed: Ending | None = None
    #: told that it is closed: what was asked for through it and not begun is not wanted any more
    on_closed: Callable[[], None] = lambda: None

    def close(self, ending: Ending) -> Ending:
        """Use it no further in this run, for this reason or the one it is closed for already."""
        if self.closed is None:
            self.closed = ending
            self.on_closed()
        return self.closed

    @property
    def is_blocked(self) -> bool:
        """WeChat closed it in this run."""
        return self.closed is not None and self.closed.reason is Reason.BLOCKED

    def answered(self) -> None:
        """A page came that was no captcha."""
        self.captcha.reset()
        self.health.reset()


def _nothing_is_fatal(error: Exception) -> bool:
    return False


@dataclass(slots=True, kw_only=True)
class Crawl:
    """One crawl: its parts, and ``run``.

    ``is_fatal`` says which unexpected errors are about the whole archive (a full disk) rather than
    about one address; ``on_blocked`` hears of each exit that WeChat closed, at once; ``arriving``,
    where there is one, gives a further exit each time it is awaited; ``returning`` is asked between
    tasks for exits that were blocked and may be used again.
    """

    frontier: Frontier
    exits: list[Exit]
    sink: Sink
    clock: Clock
    parse: Callable[[Page], Article]
    budget: Budget = Budget()
    rng: random.Random = field(default_factory=random.Random)
    is_fatal: Callable[[Exception], bool] = _nothing_is_fatal
    on_blocked: Callable[[Exit, Blocked], None] = lambda exit, error: None
    arriving: Callable[[], Awaitable[Exit]] | None = None
    returning: Callable[[], Sequence[Exit]] | None = None
    visited: int = 0
    _requests: RequestBudget = field(default_factory=RequestBudget)
    _started: float = 0.0
    #: tasks that are being worked on, and those that this run leaves alone: they could not even be
    #: put off
    _leased: set[int] = field(default_factory=set)
    _abandoned: set[int] = field(default_factory=set)
    #: tasks that met the block of an exit
    _closing: set[int] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    #: puts an exit to work beside the others; where one works alone, there is nothing to do
    _begin: Callable[[Exit], None] = lambda exit: None

    async def run(self) -> Ending:
        """Work until nothing is due, the budget is spent, or WeChat or the network refuses at every
        exit.

        Raises nothing for an address that fails, whatever goes wrong with it; only what
        ``is_fatal`` goes through.
        """
        self._started = self.clock.monotonic()
        self._requests = RequestBudget(self.budget.requests)
        if self._is_alone():
            return await self._work(self.exits[0], self.exits[0].fetcher)
        try:
            async with asyncio.TaskGroup() as group:
                endings = await self._work_at_all(group)
        except BaseExceptionGroup as failures:  # a full disk is one trouble, not one an exit
            raise failures.exceptions[0] from None
        return _joined(endings)

    def _is_alone(self) -> bool:
        """Whether there is one fetcher, and there will be no other."""
        more = self.arriving is not None or self.returning is not None
        return len(self.exits) == 1 and not self.exits[0].ahead and not more

    async def _work_at_all(self, group: asyncio.TaskGroup) -> list[Ending]:
        """All exits at work, those that arrive meanwhile too, until none has anything to do."""
        workers: list[asyncio.Task[Ending]] = []

        def begin(exit: Exit) -> None:
            for fetcher in (exit.fetcher, *exit.ahead):
                workers.append(group.create_task(self._work(exit, fetcher)))

        for exit in self.exits:
            begin(exit)
        self._begin = begin
        welcome = group.create_task(self._welcome())
        while busy := [worker for worker in workers if not worker.done()]:
            await asyncio.wait((*busy, welcome), return_when=asyncio.FIRST_COMPLETED)
            if welcome.done():  # there are more at work now
                welcome = group.create_task(self._welcome())
        welcome.cancel()
        return [worker.result() for worker in workers]

    async def _welcome(self) -> None:
        """Put the next exit that arrives to work."""
        if self.arriving is None:
            await asyncio.Event().wait()  # there is none to wait for
            return
        self._add(await self.arriving())

    def _add(self, exit: Exit) -> None:
        self.exits.append(exit)
        self._begin(exit)

    def _take_back(self) -> None:
        """Put those to work whose cool-down has ended meanwhile."""
        for exit in self.returning() if self.returning is not None else ():
            self._add(exit)

    async def _work(self, exit: Exit, fetcher: Fetcher) -> Ending:
        """One fetcher of an exit at work until the exit is closed or the crawl is over."""
        while True:
            if exit.closed is not None:
                return exit.closed
            if reason := self._spent():
                return Ending(reason)
            self._take_back()
            task = None
            if not self._limit_in_flight():
                task = self.frontier.take(
                    self.clock.now(),
                    exit=exit.name,
                    probing=exit.captcha.probing,
                    leased=self._leased | self._abandoned,
                )
            if task is None:
                reason = await self._wait_for_work(exit)
                if reason is not None:
                    return Ending(reason)
                continue
            with self._lease(task):
                await asyncio.sleep(0)  # held articles wait for nothing: a signal must come through
                try:
                    ending = await self._do(exit, fetcher, task)
                except BudgetSpent:  # by redirects: the address waits as it stood
                    return Ending(Reason.REQUESTS)
                except ExitLost as lost:
                    ending = Ending(Reason.NO_WORKERS, lost.error)
            if ending is not None:
                return exit.close(ending)

    # --- when to stop, when to wait

    def _spent(self) -> Reason | None:
        articles = self.budget.articles
        if articles is not None and self.visited >= articles:
            return Reason.LIMIT
        if self._requests.is_spent:
            return Reason.REQUESTS
        return Reason.DURATION if self._outlasts(0.0) else None

    def _limit_in_flight(self) -> bool:
        """Whether what is in flight may be all the articles that are still wanted."""
        articles = self.budget.articles
        return articles is not None and self.visited + len(self._leased) >= articles

    def _outlasts(self, wait: float) -> bool:
        limit = self.budget.seconds
        return limit is not None and self.clock.monotonic() - self._started + wait >= limit

    async def _wait_for_work(self, exit: Exit) -> Reason | None:
        """Wait until another exit has finished something or a task comes due; why there is nothing
        to wait for.
        """
        due = self.frontier.next_due(exit=exit.name, leased=self._leased | self._abandoned)
        wait = None if due is None else max((due - self.clock.now()).total_seconds(), 0.0)
        if self._leased:
            await self._others(wait)
            return None
        if wait is None:
            return Reason.DONE
        if self._outlasts(wait):
            return Reason.DURATION
        await self.clock.sleep(wait)
        return None

    async def _others(self, wait: float | None) -> None:
        """Until another exit has finished its task, or ``wait`` seconds (None: no limit)."""
        self._changed.clear()
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._changed.wait())]
        if wait is not None:
            waits.append(asyncio.ensure_future(self.clock.sleep(wait)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in waits:
                waiting.cancel()

    @contextmanager
    def _lease(self, task: Task) -> Iterator[None]:
        self._leased.add(task.id)
        try:
            yield
        finally:
            self._leased.discard(task.id)
            self._changed.set()

    # --- one task

    async def _do(self, exit: Exit, fetcher: Fetcher, task: Task) -> Ending | None:
        """Do one task; an ending where the exit is to be closed. Whatever is unexpected fails this
        task only.
        """
        try:
            return await self._try(exit, fetcher, task)
        except (BudgetSpent, ExitLost):
            raise
        except Exception as error:
            if self.is_fatal(error):
                raise
            self._unexpected(task, error)
            return None

    async def _try(self, exit: Exit, fetcher: Fetcher, task: Task) -> Ending | None:
        try:
            visited = await self._visit(exit, fetcher, task)
        except Blocked as error:
            return self._blocked(exit, task, error)
        except ScrapeError as error:
            return self._failed(exit, task, error)
        self.visited += visited
        return None

    async def _visit(self, exit: Exit, fetcher: Fetcher, task: Task) -> bool:
        """Bring the task to its end, what it leads to taken in; whether it was an article."""
        known = self.sink.known(task)
        if known is not None:
            return self._visit_known(task, known)
        raw = await self._page(fetcher, task)
        if task.form == "album":
            listed = self.sink.album(task, raw.page)
            exit.answered()
            return self._done(task, members(task, listed), visited=False)
        article = self._parsed(exit, raw.page)
        if not self.sink.wanted(task, article):
            return self._done(task, [], visited=False)
        links = follow(task, article.account.biz, article.links)
        await self.sink.keep(task, article, raw, partial(self._done, task, links, visited=True))
        return True

    def _visit_known(self, task: Task, known: Known) -> bool:
        if task.form == "album":
            listed = AlbumPage(album_id="", members=[link.url for link in known.links])
            return self._done(task, members(task, listed), visited=False)
        return self._done(task, follow(task, known.biz, known.links), visited=True)

    def _done(self, task: Task, candidates: list[Candidate], *, visited: bool) -> bool:
        self.frontier.done(task, candidates, self.clock.now(), visited=visited)
        return visited

    async def _page(self, fetcher: Fetcher, task: Task) -> RawPage:
        raw = self.sink.stored(task)
        if raw is not None:
            return raw
        page = await fetcher.page(task.url, referer=task.referer, budget=self._requests)
        return self.sink.received(task, page)

    def _parsed(self, exit: Exit, page: Page) -> Article:
        try:
            article = self.parse(page)
        except Blocked:
            raise
        except ScrapeError:
            exit.answered()  # a deleted or unknown page is an answer all the same
            raise
        exit.answered()
        return article

    # --- failures

    def _blocked(self, exit: Exit, task: Task, error: Blocked) -> Ending | None:
        # An address that has closed one exit may be at fault itself: it closes no second one.
        is_block = task.id not in self._closing and exit.captcha.is_block(task, error)
        if not is_block:
            due = self._reschedule(task, error, _CAPTCHA_RESTS.after(task.attempts), again=False)
            self.sink.failed(task, error, due)
            return None
        self._closing.add(task.id)
        self.on_blocked(exit, error)
        if self._others_open(exit):
            self._reschedule(task, error, 0.0, again=True)  # nothing is wrong with the address
        else:
            # It is a good probe once; later it lets others show whether it is the only one.
            rest = _CAPTCHA_RESTS.longest if task.attempts else 0.0
            self._reschedule(task, error, rest, again=False)
            self.sink.failed(task, error, None)
        return Ending(Reason.BLOCKED, error)

    def _others_open(self, exit: Exit) -> bool:
        return any(other is not exit and other.closed is None for other in self.exits)

    def _failed(self, exit: Exit, task: Task, error: ScrapeError) -> Ending | None:
        if (other := self._exit_with_cookies(exit, error)) is not None:
            self.frontier.tie(task, other.name, self.clock.now())
            return None
        if error.after != "later":
            self.frontier.close(task, error, self.clock.now(), moved(task, error))
            self.sink.failed(task, error, None)
            return None
        wait, again = self._wait(task, error)
        due = self._reschedule(task, error, wait, again=again)
        if again:
            _LOG.info("again in %.1f s: %s: %s", wait, task.address, error)
        else:
            self.sink.failed(task, error, due)
        if isinstance(error, Unrecognised):
            return None
        trouble = exit.health.failed(task, error, again=again, others=self._others_open(exit))
        if trouble is None:
            return None
        return Ending(Reason.LIMITED if trouble is Trouble.LIMITED else Reason.OUTAGE, error)

    def _exit_with_cookies(self, exit: Exit, error: ScrapeError) -> Exit | None:
        """Another exit whose cookies may open a page that asks for a login."""
        if exit.has_cookies or not (
            isinstance(error, NeedsPerson) and error.reason in _COOKIES_HELP
        ):
            return None
        return next((e for e in self.exits if e.has_cookies and e.closed is None), None)

    def _wait(self, task: Task, error: ScrapeError) -> tuple[float, bool]:
        """Seconds until the next try, and whether it comes within this run."""
        if isinstance(error, Unrecognised):
            return _UNKNOWN_RESTS.after(task.attempts, self.rng), False
        delay = RETRIES.delay(error, task.tries, self.rng)
        if delay is not None:
            return delay, True
        if task.tries + 1 < RETRIES.tries and (asked := asked_to_wait(error)) is not None:
            return asked, False
        return _RESTS.after(task.attempts // RETRIES.tries, self.rng, error), False

    def _unexpected(self, task: Task, error: Exception) -> None:
        """A fault of ours, or of the archive in this one place: told, put off with its raw page
        kept, and passed by.
        """
        found = Unexpected.of(error, url=task.url)
        _LOG.warning("%s: %s", task.address, found, exc_info=error)
        try:
            rest = _UNKNOWN_RESTS.after(task.attempts, self.rng)
            due = self._reschedule(task, found, rest, again=False, keep_page=True)
        except Exception as again:
            if self.is_fatal(again):
                raise
            _LOG.exception("%s could not be put off; this run leaves it alone", task.address)
            self._abandoned.add(task.id)
            due = None
        self.sink.failed(task, found, due)

    def _reschedule(
        self, task: Task, error: ScrapeError, rest: float, *, again: bool, keep_page: bool = False
    ) -> datetime:
        now = self.clock.now()
        due = now + timedelta(seconds=rest)
        self.frontier.reschedule(task, error, now, due, again=again, keep_page=keep_page)
        return due


def _joined(endings: Sequence[Ending]) -> Ending:
    """How a crawl with several exits ended: as the exits that stayed open did, else as the first
    that was closed.
    """
    still_open = [ending for ending in endings if ending.reason not in _OF_ONE_EXIT]
    return (still_open or list(endings))[0]
