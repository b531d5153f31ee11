"""One run, from addresses to a ``RunReport``: what ``save``, ``run`` and ``archive.open(…).save``
call.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from archive.config import Config
from archive.crawl.cooldown import last_asked
from archive.db.errors import is_fatal
from archive.errors import CoolingDown, DiskTrouble, Locked
from archive.media.images import ImageFetcher
from archive.run import history, saving
from archive.run.context import RunContext, failure
from archive.run.drift import drifts
from archive.run.exits import Exits
from archive.run.inputs import Inputs
from archive.run.items import disk_trouble
from archive.run.network import Network, OpenNetwork, make_network
from archive.run.report import Result, RunReport
from archive.run.session import ArchiveSession, open_session
from archive.run.signals import Interrupted, Signals
from archive.store.taking_in import notice_all
from scraper.clock import Clock, SystemClock
from scraper.crawl.reason import Reason
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.fleet.network import FleetNetwork

Work = Callable[[RunContext], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Runner:
    """Runs one command on the archive in ``root`` with the settings ``config``.

    ``anyway`` tries although a cool-down is in force; ``wait`` waits for another command that
    writes; ``network`` and ``clock`` replace the real ones in tests. ``on_result`` hears of each
    result as it comes, ``on_image`` of images, ``on_recording``
    of sound and video, ``on_progress`` of addresses: how many of how many. ``jobs``: so many
    processes make the search index anew where that is needed, which ``on_indexing`` hears of; more
    than one for a caller that is safe to import (`multiprocessing`'s rule).
    """

    root: Path
    config: Config = field(default_factory=Config)
    anyway: bool = False
    wait: bool = False
    clock: Clock = field(default_factory=SystemClock)
    network: OpenNetwork | None = None
    rng: random.Random = field(default_factory=random.Random)
    on_result: Callable[[Result], None] = lambda result: None
    on_image: Callable[[int, int], None] = lambda done, total: None
    on_recording: Callable[[int, int], None] = lambda done, total: None
    on_progress: Callable[[int, int], None] | None = None
    on_indexing: Callable[[int, int], None] = lambda done, total: None
    jobs: int = 1
    report: RunReport = field(default_factory=RunReport)

    def save(self, inputs: Inputs, *, refresh: bool = False, again: bool = False) -> RunReport:
        """Fetch and keep what was given, following as the settings say. ``inputs`` is used up.
        ``again``: also what was removed.

        Raises ArchiveErrors for the archive as a whole (locked, damaged, cannot be created);
        whatever happens to one address stands in the report.
        """
        self.report.command = "save"
        for wrong in inputs.wrong:
            result = failure(wrong.url or "", wrong)
            self.report.add(result)
            self.on_result(result)
        if inputs.addresses or inputs.files:
            self._listening(
                lambda ctx: saving.save(ctx, inputs, refresh=refresh, again=again), create=True
            )
        return self.report

    def run(self) -> RunReport:
        """Do everything that is due: sources, waiting and failed addresses, missing images,
        rechecks.

        Raises NoArchive where there is none: a typo in a crontab is not to be "all fine" for years.
        """
        from archive.run import periodic

        self.report.command = "run"
        self._listening(periodic.run, create=False)
        return self.report

    def _listening(self, work: Work, *, create: bool) -> None:
        signals = Signals()
        with signals.listening():
            try:
                with open_session(self.root, self.config, create=create, wait=self.wait) as session:
                    wants_index = self._inside(session, signals, work)
                if wants_index:
                    self._renew_index(signals)
            except Interrupted as interrupted:
                self.report.signal = interrupted.number

    def _inside(self, session: ArchiveSession, signals: Signals, work: Work) -> bool:
        """Whether the search index is to be made anew, which nobody else should wait for."""
        begun = self.clock.monotonic()
        run_id = history.begin(session.frontier.conn, self.report.command, self.clock.now())
        try:
            signals.drive(self._work(session, work))
        except Interrupted as interrupted:
            self.report.signal = interrupted.number
        except CoolingDown as cooling:
            self.report.message = str(cooling)
        except (OSError, sqlite3.Error, DiskTrouble) as error:
            self.report.disk = disk_trouble(error)
        self.report.seconds = self.clock.monotonic() - begun
        with signals.hold():
            return self._finish(session, signals, run_id)

    async def _work(self, session: ArchiveSession, work: Work) -> None:
        if not self._has_fleet and self._is_idle(session, Exits(session, self.anyway)):
            return
        async with self._open_network(session) as network:
            fleet = cast("FleetNetwork", network) if self._has_fleet else None
            context = self._context(session, network, Exits(session, self.anyway, fleet))
            # A fleet's exits are known only now that its queue is open.
            if fleet is None or not self._is_idle(session, context.exits):
                await self._within(context, work)

    async def _within(self, context: RunContext, work: Work) -> None:
        conn = context.frontier.conn
        known = {drift.field for drift in drifts(conn)}
        try:
            await work(context)
        finally:
            self.report.requests = sum(e.requests for e in context.network.exits.values())
        # Told by the command that meets it, and by `status` from then on.
        self.report.drift = [d for d in drifts(conn) if d.field not in known]

    @property
    def _has_fleet(self) -> bool:
        """Other machines fetch."""
        return self.config.queue is not None and self.network is None

    def _context(self, session: ArchiveSession, network: Network, exits: Exits) -> RunContext:
        images = ImageFetcher(
            store=session.store,
            fetcher=network,
            clock=self.clock,
            rng=self.rng,
            on_image=self.on_image,
            is_fatal=is_fatal,
        )
        limit = self.config.max_duration if self.report.command == "run" else None
        return RunContext(
            session=session,
            exits=exits,
            network=network,
            images=images,
            report=self.report,
            clock=self.clock,
            rng=self.rng,
            on_result=self.on_result,
            on_progress=self.on_progress,
            on_recording=self.on_recording,
            until=None if limit is None else self.clock.monotonic() + limit,
        )

    def _is_idle(self, session: ArchiveSession, exits: Exits) -> bool:
        """True: the run ends before it has begun, without a request; also during a cool-down."""
        if self.report.command != "run":
            return False
        from archive.run import work

        session.frontier.begin_run(exits.names)
        exits.stop_if_none(self.report, self.clock.now())
        session.use_new_cookies(self.clock.now())
        if work.has_work(session, exits, self.clock.now()):
            return False
        self.report.reason = Reason.DONE
        return True

    def _open_network(self, session: ArchiveSession) -> AbstractAsyncContextManager[Network]:
        if self.network is not None:
            return self.network()
        asked = last_asked(session.frontier.conn)
        pool = make_network(self.config, self.clock, self.rng, asked)
        if self.config.queue is None:
            return pool
        from archive.run.fleet import open_fleet  # with it comes a PostgreSQL client

        return open_fleet(session, self.config.queue, pool)

    def _finish(self, session: ArchiveSession, signals: Signals, run_id: int) -> bool:
        report = self.report
        wants_index = False
        try:
            self._write_stale_files(session, signals)
            report.signal = report.signal or signals.number
            report.waiting = session.frontier.waiting()
            history.end(session.frontier.conn, run_id, report, self.clock.now())
            if report.signal is None and report.disk is None:
                # What a person changed meanwhile; and the files written here are known from now on.
                notice_all(session.store, self.clock.now())
                session.store.removal.sweep(self.clock.now())
                wants_index = self._maintain(session, signals)
                if not wants_index:
                    self._tell(session, signals)
        except (OSError, sqlite3.Error, DiskTrouble) as error:
            report.disk = report.disk or disk_trouble(error)
        return wants_index and report.disk is None and signals.number is None

    def _renew_index(self, signals: Signals) -> None:
        """Beside whoever writes by now. Alerts, which search, go out after it."""
        from archive.search.rebuild import renew_index

        try:
            renew_index(
                self.root, lambda name, done, total: self.on_indexing(done, total), jobs=self.jobs
            )
            if self.report.command == "run":
                with open_session(self.root, self.config, create=False) as session, signals.hold():
                    self._tell(session, signals)
        except Locked:
            pass  # the next run tells
        except (OSError, sqlite3.Error, DiskTrouble) as error:
            self.report.disk = disk_trouble(error)

    def _tell(self, session: ArchiveSession, signals: Signals) -> None:
        """Alerts go out with `run`: whoever saves by hand sees what comes."""
        if self.report.command != "run":
            return
        from archive.run.alerts import tell

        try:
            tell(session, self.clock, self.rng, signals.drive)
        except Interrupted as interrupted:
            self.report.signal = interrupted.number

    def _write_stale_files(self, session: ArchiveSession, signals: Signals) -> None:
        """Files that lead to what has arrived; what a signal leaves over the next run writes."""
        if self.report.disk is None:
            session.store.write_stale_files(lambda: signals.number is not None)

    def _maintain(self, session: ArchiveSession, signals: Signals) -> bool:
        """Index and raw pages in order, the latter by `run` alone: a `save` does not wait for it.
        Whether the index is to be made anew.
        """
        from archive.search.rebuild import maintain_index

        def stop() -> bool:
            return signals.number is not None

        is_run = self.report.command == "run"
        saved = None if is_run else self.report.saved
        wants_index = maintain_index(session.frontier.conn, stop, saved=saved)
        if session.snapshots is not None and is_run:
            session.snapshots.repack_if_waiting(stop=stop)
        return wants_index
