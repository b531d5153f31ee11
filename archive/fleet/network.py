"""The archive's end of the queue: requests out, pages in.

One task talks to the database, in the order in which the crawl asked for it; the crawl's loop waits
for futures. Of each exit at most ``AHEAD`` requests lie in the queue or come back from it, and the
next one is handed out only when the writer has finished with one: so a writer that falls behind
makes the workers wait, and the database never holds more than that many pages.

A request keeps its row until its page is safe here (or its failure noted): an archive that is
killed finds what was fetched meanwhile under the same key.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from archive.errors import NoWorkers
from archive.fleet import answers, exits
from archive.fleet.answers import Answer
from archive.fleet.database import Queue, connection, is_gone, open_queue
from archive.fleet.worker import TASK
from scraper.crawl.protocols import BudgetSpent, ExitLost, RequestBudget
from scraper.errors import CutShort, Unreachable
from scraper.messages import mark
from scraper.models import Page

if TYPE_CHECKING:
    from scraper.fetch import Download, FeedResponse
    from scraper.fetch.streaming import Part, Streamed
    from scraper.recordings import Sort

_LOG = logging.getLogger(__name__)
#: Requests of one exit in the queue, in flight or waiting to be kept. So many intervals the writer
#: may be busy, or killed and started again, before an exit stands idle.
AHEAD = 3
#: Without any worker for so long an exit is given up; without the database the whole queue.
PATIENCE, DATABASE_PATIENCE = 60.0, 300.0
#: How often is looked for what no notification tells of.
_LOOK = 1.0
_AWAY = (0.2, 2.0)
#: Without it a job that is taken over would wait for the moment that it is by this machine's clock,
#: which may be far ahead of the database's.
_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
#: Answers that nobody has come for are thrown away after so long: they would be old news.
_KEPT_HOURS = 24
_NO_WORKER = mark(
    "no worker of the fleet is at work: start one with `wechat-archive worker --queue … --exit "
    "NAME`. Everything waiting is kept."
)

Step = Callable[[Queue], Awaitable[None]]


class Local(Protocol):
    """Images and feeds, which this machine fetches itself: their hosts count no requests."""

    async def media(self, url: str) -> Download: ...
    async def recording(self, url: str, part: Part, *, sort: Sort, cap: int) -> Streamed: ...
    async def feed(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> FeedResponse: ...


@dataclass(slots=True, kw_only=True)
class RemoteExit:
    """An exit with workers somewhere. ``requests`` went out for this archive in this run."""

    name: str
    network: FleetNetwork
    has_cookies: bool = False
    requests: int = 0
    workers: int = 0
    #: until when WeChat's block lasts, as the queue has it, and what it said
    block: Mapping[str, Any] | None = None
    #: monotonic, when a worker was last seen at work
    seen: float = 0.0
    in_use: bool = False
    lanes: Sequence[Lane] = ()

    @property
    def is_ready(self) -> bool:
        """It has a worker, and no block forbids a request."""
        return bool(self.workers) and self.block is None

    def open(self) -> Sequence[Lane]:
        """Fetchers for a crawl, each for one task at a time."""
        self.in_use = True
        self.lanes = tuple(Lane(exit=self, network=self.network) for _ in range(AHEAD))
        return self.lanes

    def close(self, error: Exception | None = None) -> None:
        """Nothing more is wanted through it in this run."""
        self.in_use = False
        lost = ExitLost(
            Unreachable(mark("the exit {name} is not used any further", name=self.name))
        )
        for lane in self.lanes:
            lane.give_up(error or lost)

    async def page(
        self, url: str, *, referer: str | None = None, budget: RequestBudget | None = None
    ) -> Page:
        """One page, outside a crawl."""
        lane = Lane(exit=self, network=self.network)
        return await lane.page(url, referer=referer, budget=budget)


@dataclass(slots=True, kw_only=True)
class Lane:
    """A ``Fetcher`` for one task at a time through an exit."""

    exit: RemoteExit
    network: FleetNetwork
    _waiting: asyncio.Future[_Row] | None = None

    async def page(
        self, url: str, *, referer: str | None = None, budget: RequestBudget | None = None
    ) -> Page:
        reserved, allowed = _reserve(budget)
        key = _key_of(self.network.archive, url)
        self._waiting = self.network.ask(_Request(key, self.exit.name, url, referer, allowed))
        used = 0
        try:
            row = await self._waiting
            used = row.answer.requests
        except BaseException:
            self.network.withdraw(key)
            raise
        finally:
            self._waiting = None
            if budget is not None:
                budget.used += used - reserved
        self.exit.requests += used
        # Whoever awaits this makes the page safe, or notes the failure, before he waits for
        # anything else; then comes what is called here, and the row may go.
        judged = row.exit if row.answer.is_captcha else None
        asyncio.get_running_loop().call_soon(self.network.forget, key, judged)
        if judged is not None and judged != self.exit.name:
            # Another exit's captcha says nothing about this one.
            raise CutShort(mark("the exit {name} met a captcha", name=judged), url=url)
        return answers.page_of(row.answer, url, row.answered)

    def give_up(self, error: Exception) -> None:
        """End the call that waits, if one does."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


def _reserve(budget: RequestBudget | None) -> tuple[int, int | None]:
    """How many requests are set aside, and how many a worker may use; None: as it needs. Raises
    BudgetSpent.

    One redirect is provided for; what is not used is given back.
    """
    if budget is None:
        return 0, None
    budget.spend()
    if budget.most is None:
        return 1, None
    try:
        budget.spend()
    except BudgetSpent:
        return 1, 1
    return 2, 2


def _key_of(archive: str, url: str) -> str:
    return hashlib.sha256(f"{archive} {url}".encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class _Request:
    key: str
    exit: str
    url: str
    referer: str | None
    budget: int | None


def _is_astray(request: _Request, row: Mapping[str, Any] | None) -> bool:
    """Whether nobody will answer it as it lies in the queue."""
    if row is None:
        return True
    is_elsewhere = row["status"] == "todo" and row["exit"] != request.exit
    return not row["answered"] and (row["status"] is None or is_elsewhere)


@dataclass(frozen=True, slots=True)
class _Row:
    answer: Answer
    answered: datetime
    #: the exit that it came through, which may be one of before
    exit: str


@dataclass(slots=True, kw_only=True)
class FleetNetwork:
    """``archive.run.network.Network`` over the queue at ``address``; use it as an async context
    manager.

    ``archive`` tells this archive's requests from others'. ``wanted``: which of these addresses still
    wait, asked about what was fetched for a run that was killed. Raises QueueTrouble where the queue
    cannot be used.
    """

    address: str
    archive: str
    local: Local
    wanted: Callable[[Sequence[str]], set[str]] = set
    exits: dict[str, RemoteExit] = field(default_factory=dict)
    _steps: list[Step] = field(default_factory=list)
    _waiting: dict[str, tuple[_Request, asyncio.Future[_Row]]] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: asyncio.Queue[RemoteExit] = field(default_factory=asyncio.Queue)
    _someone: asyncio.Event = field(default_factory=asyncio.Event)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _looked: float = 0.0
    _pump: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        async with open_queue(self.address, connections=1) as queue:
            await self._tidy(queue)
            await self._look(queue)
        self._pump = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._pump is not None
        try:
            async with asyncio.timeout(5):
                await self._emptied()
        except TimeoutError:  # the next run finds what could not be told now
            pass
        while not self._pump.done():
            self._pump.cancel()
            await asyncio.wait({self._pump}, timeout=1)

    async def _emptied(self) -> None:
        await asyncio.sleep(0)
        while self._steps and self._pump is not None and not self._pump.done():
            self._wake.set()
            await asyncio.sleep(0.01)

    # --- images and feeds

    async def media(self, url: str) -> Download:
        """Fetched by this machine."""
        return await self.local.media(url)

    async def recording(self, url: str, part: Part, *, sort: Sort, cap: int) -> Streamed:
        """Fetched by this machine, straight to its disk."""
        return await self.local.recording(url, part, sort=sort, cap=cap)

    async def feed(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> FeedResponse:
        """Fetched by this machine."""
        return await self.local.feed(url, etag=etag, last_modified=last_modified)

    # --- exits

    def at_work(self) -> list[str]:
        """Exits that have a worker."""
        return [exit.name for exit in self.exits.values() if exit.workers]

    async def wait_for_worker(self) -> None:
        """Until any exit has one. Raises NoWorkers."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not self.at_work():
                    self._someone.clear()
                    await self._someone.wait()
        except TimeoutError:
            raise NoWorkers(_NO_WORKER) from None

    async def arrival(self) -> RemoteExit:
        """The next exit that gets a worker, or comes out of a block, while none of a crawl's
        fetchers uses it."""
        while True:
            exit = await self._arrived.get()
            if not exit.in_use and exit.is_ready:
                return exit

    def block(
        self, exit: str, *, level: int, until: datetime, reason: str, shown: str | None
    ) -> None:
        """WeChat closed an exit: tell its workers, and other archives."""

        async def step(queue: Queue) -> None:
            await exits.block(queue, exit, level=level, until=until, reason=reason, shown=shown)

        self._do(step)

    def unblock(self, exit: str) -> None:
        """It may be used."""
        self.exits[exit].block = None
        self._do(lambda queue: exits.unblock(queue, exit))

    # --- requests

    def ask(self, request: _Request) -> asyncio.Future[_Row]:
        """Hand out a request, or take up one of the same address that is out already."""
        future: asyncio.Future[_Row] = asyncio.get_running_loop().create_future()
        if self._pump is None or self._pump.done():
            future.set_exception(
                ExitLost(Unreachable(mark("the queue cannot be used any further")))
            )
            return future
        self._waiting[request.key] = request, future
        self._do(lambda queue: self._ask(queue, request))
        return future

    def withdraw(self, key: str) -> None:
        """It is not waited for any more; where no worker has begun with it, none will."""
        self._waiting.pop(key, None)

        async def step(queue: Queue) -> None:
            rows = await queue.rows("SELECT job FROM fleet_requests WHERE key = %(key)s", key=key)
            job = rows[0]["job"] if rows else None
            if job and await queue.jobs.cancel_job_by_id_async(job, delete_job=True):
                await queue.rows("DELETE FROM fleet_requests WHERE key = %(key)s", key=key)

        self._do(step)

    def forget(self, key: str, judged: str | None) -> None:
        """Its page is kept. ``judged``: the exit that waits for a word about a captcha."""
        self._waiting.pop(key, None)

        async def step(queue: Queue) -> None:
            await queue.rows("DELETE FROM fleet_requests WHERE key = %(key)s", key=key)
            if judged is not None:
                await exits.release(queue, judged)

        self._do(step)

    def _do(self, step: Step) -> None:
        self._steps.append(step)
        self._wake.set()

    async def _ask(self, queue: Queue, request: _Request) -> None:
        async with queue.transaction() as conn:
            cursor = await conn.execute(
                "INSERT INTO fleet_requests (key, archive, exit, url, referer, budget) "
                "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING RETURNING key",
                (
                    request.key,
                    self.archive,
                    request.exit,
                    request.url,
                    request.referer,
                    request.budget,
                ),
            )
            if await cursor.fetchone() is not None:
                await self._defer(queue, conn, request)
                return
        await self._take_up(queue, request)

    async def _take_up(self, queue: Queue, request: _Request) -> None:
        """The same address was handed out by a run that was killed, or through an exit that is
        closed now: its answer is there, or under way, or it moves to this exit."""
        rows = await queue.rows(
            "SELECT r.exit, r.job, r.answer IS NOT NULL AS answered, j.status FROM fleet_requests r "
            "LEFT JOIN procrastinate_jobs j ON j.id = r.job WHERE key = %(key)s",
            key=request.key,
        )
        if not rows or rows[0]["answered"]:
            return
        (found,) = rows
        if found["status"] == "doing" or (
            found["status"] == "todo" and found["exit"] == request.exit
        ):
            return
        if found["status"] == "todo" and not await queue.jobs.cancel_job_by_id_async(
            found["job"], delete_job=True
        ):
            return  # a worker has just begun with it
        async with queue.transaction() as conn:
            await self._defer(queue, conn, request)

    async def _defer(self, queue: Queue, conn: Any, request: _Request) -> None:
        """Its job, in the transaction of ``conn``."""
        job = await queue.app.configure_task(TASK, queue=request.exit, connection=conn).defer_async(
            key=request.key
        )
        await conn.execute(
            "UPDATE fleet_requests SET exit = %s, job = %s WHERE key = %s",
            (request.exit, job, request.key),
        )

    # --- the one task that talks to the database

    async def _run(self) -> None:
        away, since = _AWAY[0], None
        while True:
            try:
                async with AsyncExitStack() as stack:
                    queue = await stack.enter_async_context(open_queue(self.address, connections=1))
                    await self._listen(stack)
                    if since is not None:
                        _LOG.warning("the queue is back")
                        self._all_seen()
                    away, since = _AWAY[0], None
                    await self._serve(queue)
            except Exception as error:
                if not is_gone(error):
                    self._fail(error)
                    raise
                now = time.monotonic()
                if since is None:
                    since = now
                    _LOG.warning("the queue is away, waiting for it: %s", error)
                if now - since > DATABASE_PATIENCE:
                    self._fail(
                        ExitLost(
                            Unreachable(mark("the queue cannot be used: {error}", error=error))
                        )
                    )
                await asyncio.sleep(away)
                away = min(away * 2, _AWAY[1])

    def _fail(self, error: Exception) -> None:
        for exit in self.exits.values():
            exit.close(error)

    def _all_seen(self) -> None:
        for exit in self.exits.values():
            exit.seen = time.monotonic()

    async def _listen(self, stack: AsyncExitStack) -> None:
        conn = await stack.enter_async_context(connection(self.address))
        await conn.execute("LISTEN wechat_archive")

        async def hear() -> None:
            try:
                async for notice in conn.notifies():
                    if notice.payload == self.archive:
                        self._wake.set()
            except Exception as error:
                if not is_gone(error):
                    raise
                self._wake.set()  # the next query says what is wrong

        hearing = asyncio.create_task(hear())
        stack.callback(hearing.cancel)

    async def _serve(self, queue: Queue) -> None:
        while True:
            self._wake.clear()
            while self._steps:
                await self._steps[0](queue)
                del self._steps[0]
            await self._collect(queue)
            if time.monotonic() - self._looked >= _LOOK:
                await self._take_over(queue)
                await self._look(queue)
                await self._mend(queue)
            # Not wait_for: in Python 3.11 it can swallow the cancellation that ends this.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._wake.wait()

    async def _collect(self, queue: Queue) -> None:
        """Hand what came to those who wait for it, one page in memory at a time."""
        if not self._waiting:
            return
        ready = await queue.rows(
            "SELECT key FROM fleet_requests WHERE key = ANY(%(keys)s) AND answer IS NOT NULL",
            keys=[*self._waiting],
        )
        for row in ready:
            rows = await queue.rows(
                "SELECT answer, body, answered, exit FROM fleet_requests WHERE key = %(key)s",
                key=row["key"],
            )
            if not rows:  # deleted meanwhile: it is waited for still
                continue
            (found,) = rows
            _, future = self._waiting.pop(row["key"], (None, None))
            if future is not None and not future.done():
                answer = Answer(facts=found["answer"], body=found["body"])
                future.set_result(_Row(answer, found["answered"], found["exit"]))

    async def _take_over(self, queue: Queue) -> None:
        """What dead workers were doing is anybody's."""
        stalled = await queue.jobs.get_stalled_jobs(
            task_name=TASK, seconds_since_heartbeat=exits.STALLED
        )
        for job in stalled:
            with contextlib.suppress(Exception):  # its worker has come back, or another archive
                await queue.jobs.retry_job(job, retry_at=_AT_ONCE)
        await queue.jobs.prune_stalled_workers(exits.STALLED)

    async def _mend(self, queue: Queue) -> None:
        """What is waited for and stands at an exit of before, where nobody may be at work any more,
        has lost its job, or is not in the queue at all."""
        waiting = {key: request for key, (request, _) in self._waiting.items()}
        rows = await queue.rows(
            "SELECT key, exit, status, answer IS NOT NULL AS answered FROM fleet_requests r "
            "LEFT JOIN procrastinate_jobs j ON j.id = r.job WHERE key = ANY(%(keys)s)",
            keys=[*waiting],
        )
        found = {row["key"]: row for row in rows}
        for key, request in waiting.items():
            if key in self._waiting and _is_astray(request, found.get(key)):
                await self._ask(queue, request)

    async def _look(self, queue: Queue) -> None:
        """Which exits there are, and which of them have workers."""
        self._looked = now = time.monotonic()
        for row in await exits.known(queue):
            exit = self.exits.setdefault(row["name"], RemoteExit(name=row["name"], network=self))
            before = exit.is_ready
            exit.has_cookies, exit.workers = row["has_cookies"], row["workers"]
            exit.block = row if row["blocked"] else None
            if exit.is_ready and not before and not exit.in_use:
                self._arrived.put_nowait(exit)
            if exit.workers:
                exit.seen = now
                self._someone.set()
            elif exit.in_use and now - exit.seen > PATIENCE:
                lost = Unreachable(
                    mark("no worker is behind the exit {name} any more", name=exit.name)
                )
                exit.close(ExitLost(lost))

    async def _tidy(self, queue: Queue) -> None:
        """What a killed run was brought and has dealt with already, and what is old news.

        A failure is asked for anew; but a captcha that no archive has judged yet is judged.
        """
        rows = await queue.rows(
            "SELECT key, url, answered < now() - make_interval(hours => %(hours)s) AS old, "
            "answer ? 'error' OR answer -> 'captcha' = 'true' AS failed, "
            "answer -> 'captcha' = 'true' AND held_until > now() AS held "
            "FROM fleet_requests r LEFT JOIN fleet_exits e ON e.name = r.exit "
            "WHERE archive = %(archive)s AND answer IS NOT NULL",
            archive=self.archive,
            hours=_KEPT_HOURS,
        )
        wanted = self.wanted([row["url"] for row in rows])
        gone = [
            row["key"]
            for row in rows
            if row["old"] or (row["failed"] and not row["held"]) or row["url"] not in wanted
        ]
        await queue.rows("DELETE FROM fleet_requests WHERE key = ANY(%(keys)s)", keys=gone)
