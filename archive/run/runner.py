"""One run, from addresses to a ``RunReport``: what ``save``, ``run`` and ``archive.open(…).save`` call."""

from __future__ import annotations

import asyncio
import errno
import random
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from archive.config import Config
from archive.db.errors import as_archive_error
from archive.db.names import ARCHIVE_DB
from archive.db.transactions import transaction
from archive.errors import CoolingDown, DiskTrouble
from archive.media.images import ImageFetcher, missing_of
from archive.run import due, history, pages, rechecks, watching
from archive.run.inputs import Inputs, saved_pages
from archive.run.parts import Parts, fetcher, opened
from archive.run.report import Result, RunReport
from archive.run.signals import Interrupted, Signals
from archive.run.sink import ArchiveSink
from scraper import urls
from scraper.clock import Clock, SystemClock
from scraper.crawl.loop import Budget, Crawl, Ending, Reason
from scraper.crawl.protocols import Find
from scraper.errors import Blocked, NotAnAddress
from scraper.models import Page
from scraper.parse import parse
from scraper.redact import redact

#: A full disk and its like: what the run ends with, keeping what is kept.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS})
#: So many given addresses are recorded in one transaction.
_AT_ONCE = 1000


class Network(Protocol):
    """What a run needs of ``scraper.fetch.Fetcher``."""

    requests: int
    most: int | None

    async def page(self, url: str, *, referer: str | None = None) -> Page: ...
    async def media(self, url: str) -> Any: ...
    async def feed(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Any: ...


Open = Callable[[], AbstractAsyncContextManager[Network]]


@dataclass(slots=True, kw_only=True)
class Runner:
    """Runs commands on the archive in ``root`` with the settings ``config``.

    ``anyway`` tries although a cool-down is in force; ``wait`` waits for another command that writes; ``network`` and
    ``clock`` replace the real ones in tests. ``tell`` hears of each result as it comes, ``images_tell`` of images.
    """

    root: Path
    config: Config = field(default_factory=Config)
    command: str = "save"
    anyway: bool = False
    wait: bool = False
    clock: Clock = field(default_factory=SystemClock)
    network: Open | None = None
    rng: random.Random = field(default_factory=random.Random)
    tell: Callable[[Result], None] = lambda result: None
    images_tell: Callable[[int, int], None] = lambda done, total: None
    report: RunReport = field(default_factory=RunReport)

    def save(self, inputs: Inputs, *, refresh: bool = False) -> RunReport:
        """Fetch and keep what was given, following as the settings say. ``inputs`` is used up.

        Raises ArchiveErrors for the archive as a whole (locked, damaged, cannot be created); whatever happens to one
        address stands in the report.
        """
        self.report.command = self.command = "save"
        for wrong in inputs.wrong:
            self._wrong(wrong)
        if not inputs.addresses and not inputs.files:
            return self.report
        return self._session(lambda job: job.save(inputs, refresh=refresh))

    def run(self) -> RunReport:
        """Do everything that is due: sources, waiting and failed addresses, missing images, rechecks."""
        self.report.command = self.command = "run"
        return self._session(lambda job: job.run())

    def _session(self, work: Callable[[Job], Awaitable[None]]) -> RunReport:
        signals = Signals()
        with signals.listening():
            try:
                with opened(
                    self.root, self.config, clock=self.clock, wait=self.wait, rng=self.rng
                ) as parts:
                    self._inside(parts, signals, work)
            except Interrupted as interrupted:
                self.report.signal = interrupted.number
        return self.report

    def _inside(
        self, parts: Parts, signals: Signals, work: Callable[[Job], Awaitable[None]]
    ) -> None:
        begun = self.clock.monotonic()
        run_id = history.begin(parts.frontier.conn, self.command, self.clock.now())
        job: Job | None = None

        async def go() -> None:
            nonlocal job
            if self.command == "run" and self._nothing_due(parts):
                return
            async with self._network(parts)() as network:
                job = Job(self, parts, network)
                try:
                    await work(job)
                finally:
                    self.report.requests = network.requests

        try:
            signals.drive(go())
        except Interrupted as interrupted:
            self.report.signal = interrupted.number
        except CoolingDown as cooling:
            self.report.message = str(cooling)
        except (OSError, sqlite3.Error, DiskTrouble) as error:
            self.report.disk = _disk(error)
        self.report.seconds = self.clock.monotonic() - begun
        with signals.hold():
            self._finish(parts, signals, run_id)

    def _nothing_due(self, parts: Parts) -> bool:
        """True: the run ends before it has begun, without a request; also during a cool-down."""
        parts.frontier.begin_run()
        self.stop_in_cooldown(parts)
        parts.use_new_cookies(self.clock.now())
        probing = parts.cooldown.judge().probing
        parts.frontier.probing = lambda: probing
        if not due.nothing(parts, self.clock.now()):
            return False
        self.report.reason = Reason.DONE
        return True

    def stop_in_cooldown(self, parts: Parts) -> None:
        """Raises CoolingDown while a block lasts, unless told to try anyway."""
        block = parts.cooldown.in_force(self.clock.now())
        if block is None or self.anyway:
            return
        self.report.reason = Reason.BLOCKED
        self.report.blocked_until = block.until.isoformat(timespec="minutes")
        raise block.refusal()

    def _finish(self, parts: Parts, signals: Signals, run_id: int) -> None:
        report = self.report
        try:
            # In small portions: a signal must not wait for a thousand files; the next run writes the rest.
            while report.disk is None and signals.number is None and parts.store.settle(50) == 50:
                pass
            report.signal = report.signal or signals.number
            report.waiting = parts.frontier.waiting()
            history.end(parts.frontier.conn, run_id, report, self.clock.now())
            if report.signal is None and report.disk is None:
                from archive.search.rebuild import maintain_index

                saved = None if self.command == "run" else report.saved
                maintain_index(parts.frontier.conn, lambda: signals.number is not None, saved=saved)
                if parts.snapshots is not None and self.command == "run":
                    parts.snapshots.repack_if_waiting(stop=lambda: signals.number is not None)
        except (OSError, sqlite3.Error, DiskTrouble) as error:
            report.disk = report.disk or _disk(error)

    def _network(self, parts: Parts) -> Open:
        if self.network is not None:
            return self.network

        def made() -> AbstractAsyncContextManager[Network]:
            network = fetcher(self.config, self.clock, self.rng)
            if last := history.last_asked(
                parts.frontier.conn
            ):  # commands typed one after another keep the pace too
                network.last_asked((self.clock.now() - last).total_seconds())
            return network

        return made

    def _wrong(self, error: NotAnAddress) -> None:
        shown = redact(error.url or "")
        self.add(
            Result(
                address=shown,
                change="failed",
                error_class=error.code,
                error=redact(str(error)),
                exit_code=error.exit_code,
            )
        )

    def add(self, result: Result) -> None:
        """Count a result and tell of it."""
        self.report.add(result)
        self.tell(result)


class Job:
    """One command at work on an open archive."""

    def __init__(self, runner: Runner, parts: Parts, network: Network) -> None:
        self.runner, self.parts, self.network = runner, parts, network
        self.config, self.clock, self.report = runner.config, runner.clock, runner.report
        self.images = ImageFetcher(
            store=parts.store,
            fetcher=network,
            clock=runner.clock,
            rng=runner.rng,
            tell=runner.images_tell,
        )
        self._until: float | None = None

    # --- save

    async def save(self, inputs: Inputs, *, refresh: bool) -> None:
        """What ``Runner.save`` does, inside."""
        now = self.clock.now()
        crawl_id = self.parts.frontier.new_crawl(
            "save", now, limit=self.config.limit, images=self.config.images
        )
        finds = [self._given(address, refresh=refresh) for address in inputs.addresses.values()]
        inputs.addresses.clear()
        sink = self._sink(self.config.images)
        block = None if self.runner.anyway else self.parts.cooldown.in_force(now)
        self.images.not_before = (
            block.until if block else None
        )  # saved pages are taken in all the same
        for path, page in saved_pages(inputs.files):
            await asyncio.sleep(0)  # a signal comes through between two files
            finds += await pages.take(self, sink, path, page)
        for begin in range(0, len(finds), _AT_ONCE):
            await asyncio.sleep(0)
            with transaction(self.parts.frontier.conn):  # one wait for the disk, not one an address
                for find in finds[begin : begin + _AT_ONCE]:
                    self._give(find, crawl_id, insist=refresh)
        asked = bool(finds)
        finds.clear()  # they are in the queue now, and ten thousand need not be in memory too
        if asked:
            self.parts.frontier.crawl_id = crawl_id
            ending = await self._crawl(sink, Budget())
            self._leftovers(crawl_id, ending)
        if self.config.images == "local" and not self._stopped:
            await self._missing_images(sink.touched)

    def _given(self, address: urls.Address, *, refresh: bool) -> Find:
        return Find(
            address=address,
            why="given",
            follow=self.config.follow,
            scope=self.config.scope,
            refresh=refresh,
        )

    def _give(self, find: Find, crawl_id: int | None, *, insist: bool = False) -> None:
        failure = self.parts.frontier.give(find, self.clock.now(), crawl_id=crawl_id, insist=insist)
        if failure is not None:
            hint = "" if failure.state == "gone" else " (not asked again; --refresh does)"
            self.runner.add(
                Result(
                    address=find.address.canonical,
                    change="failed",
                    error_class=failure.error_class,
                    error=failure.error + hint,
                    exit_code=1,
                )
            )

    def _leftovers(self, crawl_id: int, ending: Ending | None) -> None:
        """What a `save` did not come to stands in its report as waiting."""
        frontier = self.parts.frontier
        told = {result.address for result in self.report.results}
        rows = frontier.conn.execute(
            "SELECT address, depth, due, error_code, error FROM frontier WHERE open AND crawl_id = ? "
            "ORDER BY depth, id LIMIT 1000",
            (crawl_id,),
        ).fetchall()
        for row in rows:
            if row["address"] not in told:
                asked = row["depth"] == 0 and row["error_code"] is not None
                self.report.add(
                    Result(
                        address=row["address"],
                        change="waiting",
                        followed=row["depth"] > 0,
                        due=row["due"],
                        error_class=row["error_code"],
                        error=row["error"],
                        exit_code=75 if asked else 0,
                    )
                )

    # --- run

    async def run(self) -> None:
        """What ``Runner.run`` does, inside."""
        parts, config = self.parts, self.config
        if config.max_duration is not None:
            self._until = self.clock.monotonic() + config.max_duration
        sink = self._sink(config.images)
        await watching.look(self)
        rechecks.add(parts, self.clock.now())
        left = None if self._until is None else self._until - self.clock.monotonic()
        budget = Budget(requests=config.max_requests, seconds=left, articles=config.limit)
        await self._crawl(sink, budget)
        watching.note_news(parts, self.clock.now(), self.runner.rng)
        if config.images == "local" and not self._stopped:
            await self._due_images()

    @property
    def late(self) -> bool:
        """True: ``--max-duration`` is over, and nothing new is begun."""
        return self._until is not None and self.clock.monotonic() >= self._until

    @property
    def _stopped(self) -> bool:
        """True: the crawl ended so that no image is to be asked for either."""
        return self.report.reason in (
            Reason.BLOCKED,
            Reason.LIMITED,
            Reason.DURATION,
            Reason.OUTAGE,
        )

    def source_failed(self, result: Result) -> None:
        """A source could not be looked at."""
        self.report.source_errors.append(result)
        self.report.errors[result.error_class or "error"] += 1
        self.runner.tell(result)

    # --- both

    def _sink(self, images: str) -> ArchiveSink:
        parts = self.parts
        return ArchiveSink(
            store=parts.store,
            snapshots=parts.snapshots,
            frontier=parts.frontier,
            images=self.images,
            clock=self.clock,
            report=self.report,
            image_mode=images,
            tell=self.runner.tell,
        )

    async def _crawl(self, sink: ArchiveSink, budget: Budget) -> Ending:
        try:
            self.runner.stop_in_cooldown(self.parts)
        except CoolingDown as cooling:
            self.report.message = str(cooling)
            return Ending(Reason.BLOCKED)
        parts = self.parts
        parts.use_new_cookies(self.clock.now())
        judge = parts.cooldown.judge()
        parts.frontier.probing = lambda: judge.probing
        crawl = Crawl(
            frontier=parts.frontier,
            fetcher=self.network,
            sink=sink,
            clock=self.clock,
            parse=parse,
            budget=budget,
            judge=judge,
            rng=self.runner.rng,
        )
        try:
            ending = await crawl.run()
        finally:
            parts.cooldown.remember(judge)
        self._ended(ending)
        return ending

    def _ended(self, ending: Ending) -> None:
        self.report.reason = ending.reason
        if ending.error is not None:
            self.report.message = redact(str(ending.error))
        if isinstance(ending.error, Blocked):
            block = self.parts.cooldown.blocked(ending.error, self.clock.now())
            self.report.blocked_until = block.until.isoformat(timespec="minutes")

    async def _missing_images(self, article_ids: Sequence[int]) -> None:
        """Images of what was just kept, or held already, that an earlier try did not get."""
        for article_id in dict.fromkeys(article_ids):
            await self._fetch_images(missing_of(self.parts.store, article_id))

    async def _due_images(self) -> None:
        store = self.parts.store
        await self._fetch_images(image.url for image in store.missing_media(self.clock.now(), 500))

    async def _fetch_images(self, missing: Iterable[str]) -> None:
        wanted = (url for url in missing if url not in self.images.failed)
        got = await self.images.fetch(wanted, enough=lambda: self.late)
        self.report.images += got.came
        self.report.images_missing += got.missing


def _disk(error: Exception) -> str:
    """What to say about a disk that fails; any other trouble is raised on."""
    if isinstance(error, sqlite3.Error):
        error = as_archive_error(error, ARCHIVE_DB)
    foreign = (
        error.errno not in _DISK
        if isinstance(error, OSError)
        else not isinstance(error, DiskTrouble)
    )
    if foreign:
        raise error
    return redact(f"the disk refuses: {error}. What is kept is safe; make room and run it again")
