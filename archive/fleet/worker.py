"""One worker: takes requests of one exit out of the queue, asks, and writes down what came.

It has no archive and remembers nothing: killed at any moment it loses at most the request that was
in flight, and that is asked for again by another worker, or by this one's successor. While the
database is away it keeps what it has fetched and delivers it when the database is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from archive.errors import QueueTrouble
from archive.fleet import answers, exits
from archive.fleet.database import Queue, is_gone, open_queue
from scraper.crawl.protocols import CountingFetcher, RequestBudget
from scraper.errors import Blocked, ScrapeError, TimedOut
from scraper.messages import mark
from scraper.models import Page

if TYPE_CHECKING:
    from procrastinate.jobs import Job

    from archive.fleet.answers import Answer

_LOG = logging.getLogger(__name__)
#: The name of a worker's one kind of job.
TASK = "fetch"
#: An exit is not idle for longer than this between two looks into an empty queue.
_IDLE = (0.1, 2.0)
_SOON = 0.005
#: Waits between tries to reach the database again.
_AWAY = (0.2, 5.0)
_JITTER = 0.05
#: Seconds that a request with all its redirects may take: no exit is held for longer.
_LONGEST = 180.0
#: A request is broken off so long before its lease ends.
_MARGIN = 1.5
#: It has no job in hand when this runs: one in its name was given to it while the database or the
#: machine stood still, and the word of it was lost. Without an owner it is taken over.
_LEFT_LYING = """
UPDATE procrastinate_jobs SET worker_id = NULL WHERE worker_id = %(worker)s AND status = 'doing'
"""
#: What most articles' pages have and no captcha's; a page without it is read.
_BODY = b'id="js_content"'


@dataclass(frozen=True, slots=True)
class _Found:
    """An answer that is not written down yet, and when its request ended (monotonic)."""

    job: int
    key: str
    answer: Answer
    ended: float
    #: the number that the worker had, and holds the exit's lease by
    worker: int


class _LeaseLost(Exception):
    """The exit may be somebody else's by now."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """A worker behind the exit ``exit`` of the queue at ``address``, until ``stop`` is set; what is
    in flight then is still delivered.

    ``pace``: seconds between an answer and the next request, None: as the exit's row has it;
    ``cookies``: its requests carry a person's. ``ready`` is called when it takes jobs. ``most``:
    ends after so many answers, None: never.
    """

    address: str
    exit: str
    fetcher: CountingFetcher
    pace: float | None = None
    cookies: bool = False
    most: int | None = None
    rng: random.Random = field(default_factory=random.Random)
    ready: Callable[[], None] = lambda: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    delivered: int = 0
    _id: int = 0
    _former: int = 0
    _is_forgotten: bool = False
    _found: _Found | None = None
    _told: str | None = None

    async def run(self) -> None:
        """Work until told to stop. Raises QueueTrouble where the queue cannot be used to begin
        with.
        """
        async with open_queue(self.address) as queue:
            await self._connected(queue)
        away = _AWAY[0]
        while not self._is_done():
            try:
                async with open_queue(self.address) as queue:
                    away = _AWAY[0]
                    await self._connected(queue)
            except Exception as error:
                if not is_gone(error):
                    raise
                self._tell(f"the queue is away, waiting for it: {error}")
                await self._pause(away)
                away = min(away * 2, _AWAY[1])

    def _is_done(self) -> bool:
        return self.stop.is_set() or (self.most is not None and self.delivered >= self.most)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stop.wait()

    def _tell(self, text: str) -> None:
        """Once, not at every look."""
        if text != self._told:
            self._told = text
            _LOG.warning("%s", text)

    async def _connected(self, queue: Queue) -> None:
        try:
            async with self._registered(queue):
                await self._work(queue)
        except Exception as error:
            if not is_gone(error):
                raise
            self._tell(f"the queue is away, waiting for it: {error}")

    @asynccontextmanager
    async def _registered(self, queue: Queue) -> AsyncIterator[None]:
        """With a number and a heartbeat; a worker that ends in order takes them back."""
        await exits.register(queue, self.exit, pace=self.pace, cookies=self.cookies)
        self._former, self._id = self._id, await queue.jobs.register_worker()
        self._is_forgotten = False
        await queue.rows(
            "INSERT INTO fleet_workers (id, exit, host, version) "
            "VALUES (%(id)s, %(exit)s, %(host)s, %(version)s)",
            id=self._id,
            exit=self.exit,
            host=platform.node()[:100],
            version=version("wechat-archive"),
        )
        if self._told is not None:
            self._told = None
            _LOG.warning("the queue is back")
        self.ready()
        self.ready = lambda: None
        beating = asyncio.create_task(self._beat(queue))
        try:
            yield
        finally:
            beating.cancel()
            with contextlib.suppress(Exception):  # it counts as dead soon anyway
                await asyncio.shield(self._unregister(queue))

    async def _unregister(self, queue: Queue) -> None:
        async with asyncio.timeout(5):
            await exits.give_back(queue, self.exit, self._id)
            await queue.jobs.unregister_worker(self._id)

    async def _beat(self, queue: Queue) -> None:
        while True:
            await asyncio.sleep(exits.HEARTBEAT)
            with contextlib.suppress(Exception):  # the next query of the work itself will say so
                await queue.jobs.update_heartbeat(self._id)
                known = "SELECT id FROM fleet_workers WHERE id = %(id)s"
                self._is_forgotten = not await queue.rows(known, id=self._id)

    async def _work(self, queue: Queue) -> None:
        idle = _IDLE[0]
        if self._found is not None:
            await self._deliver(queue, self._found)
        if self._former:  # what it was about to do when the queue went away is another's now
            await queue.jobs.unregister_worker(self._former)
        while not self._is_done():
            if self._is_forgotten:  # asleep for so long that it was taken for dead
                raise QueueTrouble(mark("the queue took this worker for dead"))
            turn = await exits.take(queue, self.exit, self._id)
            if not turn.is_taken:
                await self._pause(min(max(turn.wait, _SOON), _IDLE[1]))
                continue
            await queue.rows(_LEFT_LYING, worker=self._id)
            job = await queue.jobs.fetch_job([self.exit], self._id)
            if job is None:
                await exits.give_back(queue, self.exit, self._id)
                await self._pause(idle)
                idle = min(idle * 2, _IDLE[1])
                continue
            idle = _IDLE[0]
            await self._do(queue, job)

    async def _do(self, queue: Queue, job: Job) -> None:
        """One job, with the exit's lease in hand."""
        assert job.id is not None
        key = str(job.task_kwargs.get("key"))
        request = await self._request(queue, key)
        if request is None:  # answered already, or not wanted any more
            await exits.give_back(queue, self.exit, self._id)
            await _finish(queue, job.id)
            return
        try:
            answer = await self._leased(queue, self._ask(request))
        except _LeaseLost:  # the job lies in its name still, until it looks for the next
            _LOG.warning("broken off: the exit's lease could not be kept")
            return
        self._found = _Found(job.id, key, answer, time.monotonic(), self._id)
        await self._deliver(queue, self._found)

    async def _request(self, queue: Queue, key: str) -> dict[str, Any] | None:
        rows = await queue.rows(
            "SELECT url, referer, budget FROM fleet_requests "
            "WHERE key = %(key)s AND answer IS NULL AND exit = %(exit)s",
            key=key,
            exit=self.exit,
        )
        return rows[0] if rows else None

    async def _leased(self, queue: Queue, asking: Any) -> Answer:
        """What ``asking`` gives, while the lease is renewed. Raises _LeaseLost, with the request
        broken off."""
        until = time.monotonic() + exits.LEASE - _MARGIN
        task: asyncio.Task[Answer] = asyncio.ensure_future(asking)
        try:
            while True:
                renewal = asyncio.ensure_future(asyncio.sleep(exits.RENEW))
                done, _ = await asyncio.wait({task, renewal}, return_when=asyncio.FIRST_COMPLETED)
                renewal.cancel()
                if task in done:
                    return task.result()
                began = time.monotonic()
                if await self._renewed(queue):
                    until = began + exits.LEASE - _MARGIN
                elif time.monotonic() >= until - exits.RENEW:
                    raise _LeaseLost
        finally:
            task.cancel()

    async def _renewed(self, queue: Queue) -> bool:
        try:
            async with asyncio.timeout(exits.RENEW):
                return await exits.renew(queue, self.exit, self._id)
        except Exception as error:
            if isinstance(error, TimeoutError) or is_gone(error):
                return False
            raise

    async def _ask(self, request: dict[str, Any]) -> Answer:
        before = self.fetcher.requests
        budget = RequestBudget(request["budget"])
        try:
            async with asyncio.timeout(_LONGEST):
                page = await self.fetcher.page(
                    request["url"], referer=request["referer"], budget=budget
                )
        except TimeoutError:
            late = TimedOut(mark("no whole answer came within {deadline:g} s", deadline=_LONGEST))
            return answers.of_error(late, requests=self.fetcher.requests - before)
        except Exception as error:
            if not isinstance(error, ScrapeError):
                _LOG.warning("%s", error, exc_info=error)
            return answers.of_error(error, requests=self.fetcher.requests - before)
        requests = self.fetcher.requests - before
        return answers.of_page(page, requests=requests, captcha=is_captcha(page))

    async def _deliver(self, queue: Queue, found: _Found) -> None:
        """Write the answer under its request's key, and end the exit's turn in the same moment."""
        from psycopg.types.json import Jsonb

        end, values = exits.ended(
            self.exit,
            found.worker,
            ago=time.monotonic() - found.ended,
            jitter=self.rng.uniform(0, _JITTER),
            requests=found.answer.requests,
            captcha=found.answer.is_captcha,
        )
        async with queue.transaction() as conn:
            await conn.execute(end, values)
            await conn.execute(
                "UPDATE fleet_requests SET answer = %s, body = %s, "
                "answered = clock_timestamp() - make_interval(secs => %s) "
                # a captcha is about this exit: meanwhile the request may have moved to another
                "WHERE key = %s AND answer IS NULL AND (exit = %s OR NOT %s)",
                (
                    Jsonb(dict(found.answer.facts)),
                    found.answer.body,
                    values["ago"],
                    found.key,
                    self.exit,
                    found.answer.is_captcha,
                ),
            )
            await conn.execute(
                "UPDATE fleet_workers SET requests = requests + %s WHERE id = %s",
                (found.answer.requests, self._id),
            )
            await conn.execute(
                "SELECT pg_notify('wechat_archive', archive) FROM fleet_requests WHERE key = %s",
                (found.key,),
            )
        self._found = None
        self.delivered += 1
        _LOG.info("%s: answered %s", self.exit, found.key)
        await _finish(queue, found.job)


async def _finish(queue: Queue, job: int) -> None:
    """The job is over; where somebody else has ended it already, it is over as well."""
    from procrastinate.exceptions import ConnectorException
    from procrastinate.jobs import Status

    try:
        await queue.jobs.finish_job_by_id_async(job, Status.SUCCEEDED, delete_job=True)
    except ConnectorException as error:
        if is_gone(error):
            raise


def is_captcha(page: Page) -> bool:
    """Whether WeChat asks for a verification: its exit is to wait until the archive has judged."""
    if _BODY in page.body:
        return False
    from scraper.parse import parse

    try:
        parse(page)
    except Blocked:
        return True
    except ScrapeError:
        return False
    return False
