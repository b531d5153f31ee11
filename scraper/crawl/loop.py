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
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from scraper.clock import Clock
from scraper.crawl.follow import follow, members, moved
from scraper.crawl.protocols import (
    AlbumPage,
    Edge,
    Fetcher,
    Find,
    Frontier,
    Known,
    Sink,
    Spent,
    Task,
)
from scraper.errors import (
    Blocked,
    RateLimited,
    ScrapeError,
    Unreachable,
    Unrecognised,
)
from scraper.models import Article, Page
from scraper.redact import redact

_LOG = logging.getLogger(__name__)

__all__ = [
    "AlbumPage",
    "Budget",
    "Crawl",
    "Edge",
    "Ending",
    "Fetcher",
    "Find",
    "Frontier",
    "Judge",
    "Known",
    "Reason",
    "Sink",
    "Spent",
    "Task",
    "follow",
    "members",
]

#: Tries of one address within a run, and what the waits between them grow from (full jitter).
TRIES, BASE = 5, 1.0
#: The longest wait that a run sits through for one address; what must wait longer is left with its due time.
PATIENCE = 60.0
#: No server is believed that wants more (docs/reliability.md, row 5).
LONGEST_RETRY_AFTER = 3600.0
#: Between the runs a failing address waits 10 min, 20 min, … a day; an unknown kind of page from 6 h on.
FIRST_REST, FIRST_UNKNOWN_REST, LONGEST_REST = 600.0, 6 * 3600.0, 24 * 3600.0
#: So many addresses in a row, each tried out, or so many failures in a row: the network or WeChat is down.
OUTAGE_ADDRESSES, OUTAGE_FAILURES = 5, 40


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
    short link (docs/wechat.md), so there it takes two different addresses in a row. A page about frequency is about
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
        if self.budget.requests is not None:
            self.fetcher.most = sent + self.budget.requests
        while True:
            if reason := self._spent(started, sent):
                return Ending(reason)
            task = self.frontier.take(self.clock.now())
            if task is not None:
                await asyncio.sleep(
                    0
                )  # held articles need no wait: a signal must still come through
                try:
                    ending = await self._do(task)
                except (
                    Spent
                ):  # by redirects: the address waits as it stood, and is the next run's first
                    return Ending(Reason.REQUESTS)
                if ending is not None:
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
            raise Unrecognised(
                f"the parser failed ({type(error).__name__}: {error})", url=page.url
            ) from error
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
            self.frontier.close(task, error, now, moved(task, error))
            self.sink.failed(task, error, None)
            return None
        wait, again = self.wait(task, error)
        due = now + timedelta(seconds=wait)
        self.frontier.put_off(task, error, now, due, again=again)
        if again:
            _LOG.info("again in %.1f s: %s: %s", wait, task.address, redact(str(error)))
        else:
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
            wait = (
                self.rng.uniform(0, BASE * 2**task.tries)
                if asked is None
                else min(asked, LONGEST_RETRY_AFTER)
            )
            if wait <= PATIENCE:
                return wait, True
            return wait, False
        rest = self._jittered(_rest(FIRST_REST, task.attempts // TRIES))
        return max(rest, min(asked or 0.0, LONGEST_RETRY_AFTER)), False

    def _jittered(self, seconds: float) -> float:
        return seconds * self.rng.uniform(0.75, 1.25)


def _rest(first: float, times: int) -> float:
    return float(min(first * 2 ** min(times, 20), LONGEST_REST))
