"""A clock that jumps instead of waiting, a network that plays a script, a queue and a sink in
memory.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.crawl.frontier import SqliteFrontier
from archive.db.opening import open_database
from scraper import urls
from scraper.crawl.protocols import AlbumPage, Candidate, Known, RawPage, RequestBudget, Task
from scraper.errors import ScrapeError
from scraper.fetch.streaming import Part, Streamed
from scraper.models import Account, Article, Link, Page
from scraper.recordings import Sort

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
BIZ = "MzI0MDYwNjk2OA=="


def short(number: int) -> str:
    """The short address of article ``number``."""
    return f"https://mp.weixin.qq.com/s/{number:022d}"


def long(number: int, biz: str = BIZ) -> str:
    """The long address of article ``number``, as a page links to it."""
    return f"https://mp.weixin.qq.com/s?__biz={biz}&mid={2247480000 + number}&idx=1&sn={number:032x}&chksm=ab"


def at(text: str) -> str:
    """The canonical form of an address."""
    return urls.canonical(text)


class FakeClock:
    """Time that passes only by sleeping; ``sleeps`` notes each wait."""

    def __init__(self, start: datetime = START) -> None:
        self.time = 0.0
        self.start = start
        self.shift = timedelta()
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return self.start + self.shift + timedelta(seconds=self.time)

    async def sleep(self, seconds: float, /) -> None:
        self.sleeps.append(seconds)
        self.time += max(seconds, 0.0)
        await asyncio.sleep(0)


Answer = Page | ScrapeError | Callable[[str], "Page | ScrapeError"]


@dataclass
class Script:
    """The internet as a test wants it: canonical address → answers, the last one for ever.

    ``log`` holds (seconds, address as asked for) of every request to the article host.
    """

    clock: FakeClock
    interval: float = 3.0
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    log: list[tuple[float, str]] = field(default_factory=list)
    media_log: list[tuple[float, str]] = field(default_factory=list)
    feed_log: list[tuple[float, str, str | None]] = field(default_factory=list)
    feeds: dict[str, Any] = field(default_factory=dict)
    broken_media: dict[str, ScrapeError] = field(default_factory=dict)
    otherwise: Page | None = None
    requests: int = 0
    in_flight: int = 0
    peak: int = 0

    def on(self, address: str, *answers: Answer) -> None:
        """What an address answers, time after time."""
        self.answers[at(address)] = list(answers)

    async def page(
        self, url: str, *, referer: str | None = None, budget: RequestBudget | None = None
    ) -> Page:
        if self.log and self.interval:
            wait = self.log[-1][0] + self.interval - self.clock.monotonic()
            if wait > 0:
                await self.clock.sleep(wait)
        if budget is not None:
            budget.spend()
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        self.requests += 1
        self.log.append((self.clock.monotonic(), url))
        try:
            await asyncio.sleep(0)
            return self.answer(url)
        finally:
            self.in_flight -= 1

    def answer(self, url: str) -> Page:
        """What the script says to a request for ``url``; raises the ScrapeErrors in it."""
        queue = (
            self.answers.get(at(url))
            or self.answers.get(url)
            or ([self.otherwise] if self.otherwise else [])
        )
        assert queue, f"nobody expected a request for {url}"
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if callable(answer):
            answer = answer(url)
        if isinstance(answer, ScrapeError):
            raise answer
        return replace(answer, url=url, fetched=self.clock.now())

    async def media(self, url: str) -> Any:
        self.media_log.append((self.clock.monotonic(), url))
        await asyncio.sleep(0)
        if url in self.broken_media:
            raise self.broken_media[url]
        return Picture(url.encode())

    async def recording(self, url: str, part: Part, *, sort: Sort, cap: int) -> Streamed:
        self.media_log.append((self.clock.monotonic(), url))
        await asyncio.sleep(0)
        if url in self.broken_media:
            raise self.broken_media[url]
        part.begin("/voice", None, None)
        part.write(b"ID3" + url.encode())
        return Streamed("audio/mpeg", "mp3", part.size)

    async def feed(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Any:
        self.feed_log.append((self.clock.monotonic(), url, etag))
        answer = self.feeds[url]
        if callable(answer):
            answer = answer(etag)
        if isinstance(answer, ScrapeError):
            raise answer
        return answer

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Script]:
        """As a run opens its network."""
        self.requests = 0
        yield self

    @property
    def exits(self) -> dict[str, Script]:
        """The one exit."""
        return {"direct": self}

    @property
    def asked(self) -> list[str]:
        """The canonical addresses asked for, in order."""
        return [at(url) for _, url in self.log]


@dataclass(frozen=True)
class Picture:
    """A downloaded image."""

    body: bytes
    type: str = "image/png"
    extension: str = "png"


@dataclass
class MemoryFrontier:
    """``scraper.crawl.Frontier`` in a list."""

    tasks: dict[str, Task] = field(default_factory=dict)
    open: dict[str, datetime] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    ended: dict[str, str] = field(default_factory=dict)
    tied: dict[str, str] = field(default_factory=dict)

    def give(self, text: str, now: datetime = START, **options: Any) -> None:
        address = urls.parse(text)
        self.add(Candidate(address=address, **options), now)

    def add(self, candidate: Candidate, now: datetime) -> None:
        name = candidate.address.canonical
        if name in self.tasks:
            return
        self.tasks[name] = Task(
            id=len(self.tasks) + 1,
            url=candidate.address.fetch,
            address=name,
            form=candidate.address.form,
            why=candidate.why,
            relation=candidate.relation,
            depth=candidate.depth,
            follow=candidate.follow,
            scope=candidate.scope,
            account=candidate.account,
            referer=candidate.referer,
        )
        self.open[name] = now

    def take(
        self,
        now: datetime,
        *,
        exit: str = "direct",
        probing: bool = False,
        leased: Collection[int] = (),
    ) -> Task | None:
        due = (self.tasks[name] for name, when in self.open.items() if when <= now)
        free = (task for task in due if self._is_free(task, exit, leased))
        return min(free, key=lambda task: (task.depth, task.id), default=None)

    def next_due(self, *, exit: str = "direct", leased: Collection[int] = ()) -> datetime | None:
        waiting = (name for name in self.again if self._is_free(self.tasks[name], exit, leased))
        return min((self.open[name] for name in waiting), default=None)

    def _is_free(self, task: Task, exit: str, leased: Collection[int]) -> bool:
        return task.id not in leased and self.tied.get(task.address, exit) == exit

    def tie(self, task: Task, exit: str, now: datetime) -> None:
        self.tied[task.address] = exit
        self.open[task.address] = now

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
        self.tasks[task.address] = replace(task, tries=task.tries + 1, attempts=task.attempts + 1)
        self.open[task.address] = due
        (self.again.add if again else self.again.discard)(task.address)

    def close(
        self, task: Task, error: ScrapeError, now: datetime, candidates: Iterable[Candidate] = ()
    ) -> None:
        self._end(task, error.code, candidates, now)

    def done(
        self, task: Task, candidates: Iterable[Candidate], now: datetime, *, visited: bool
    ) -> None:
        self._end(task, "done", candidates, now)

    def _end(self, task: Task, how: str, candidates: Iterable[Candidate], now: datetime) -> None:
        del self.open[task.address]
        self.again.discard(task.address)
        self.ended[task.address] = how
        for find in candidates:
            self.add(find, now)


class DurableFrontier(SqliteFrontier):
    """The archive's own queue, asked the way that ``MemoryFrontier`` is: one suite for both."""

    def __init__(self) -> None:
        self.db = open_database(":memory:")
        super().__init__(self.db.conn)

    def give(self, text: str, now: datetime = START, **options: Any) -> None:
        super().enqueue(Candidate(address=urls.parse(text), **options), now)

    @property
    def open(self) -> dict[str, datetime]:
        rows = self.conn.execute("SELECT address, due FROM frontier WHERE open").fetchall()
        return {row["address"]: datetime.fromisoformat(row["due"]) for row in rows}

    @property
    def ended(self) -> dict[str, str]:
        rows = self.conn.execute(
            "SELECT address, coalesce(error_code, state) AS how FROM frontier WHERE NOT open"
        )
        return {row["address"]: row["how"] for row in rows}


@dataclass
class MemorySink:
    """``scraper.crawl.Sink`` in a dict."""

    held: dict[str, Known] = field(default_factory=dict)
    kept: dict[str, Article] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def known(self, task: Task) -> Known | None:
        return self.held.get(task.address)

    def stored(self, task: Task) -> RawPage | None:
        return None

    def received(self, task: Task, page: Page) -> RawPage:
        return RawPage(page)

    def wanted(self, task: Task, article: Article) -> bool:
        return not task.account or article.account.biz in (None, task.account)

    async def keep(
        self, task: Task, article: Article, raw: RawPage, done: Callable[[], object]
    ) -> None:
        self.kept[task.address] = article
        done()

    def album(self, task: Task, page: Page) -> AlbumPage:
        raise NotImplementedError

    def failed(self, task: Task, error: ScrapeError, due: datetime | None) -> None:
        self.failures.append((task.address, error.code))


def article(number: int, *links: tuple[str, str], biz: str | None = BIZ) -> Article:
    """Article ``number`` with links as (relation, address)."""
    found = tuple(Link(url=url, relation=relation) for relation, url in links)
    return Article(title=f"第{number}篇", account=Account(biz=biz), links=found)


def parser(
    articles: Iterator[tuple[str, Article | ScrapeError]] | dict[str, Any],
) -> Callable[[Page], Article]:
    """A parser that knows each page by its address."""
    known = {at(url): found for url, found in dict(articles).items()}

    def parse(page: Page) -> Article:
        found = known[at(page.url)]
        if isinstance(found, ScrapeError):
            raise found
        assert isinstance(found, Article)
        return found

    return parse
