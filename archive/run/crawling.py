"""The crawl between queue and archive: cool-downs before it, what it ended with after it."""

from __future__ import annotations

from archive.crawl.frontier import SqliteFrontier
from archive.errors import CoolingDown
from archive.run.context import RunContext
from archive.run.items import is_fatal
from archive.run.report import RunReport
from archive.run.session import ArchiveSession
from archive.run.sink import ArchiveSink
from scraper.clock import Clock
from scraper.crawl.loop import Budget, Crawl, Ending, Exit
from scraper.crawl.reason import Reason
from scraper.errors import Blocked
from scraper.parse import parse


def stop_in_cooldown(
    session: ArchiveSession, report: RunReport, clock: Clock, *, anyway: bool
) -> None:
    """Raises CoolingDown while a block lasts, unless told to try anyway."""
    block = session.cooldown.in_force(clock.now())
    if block is None or anyway:
        return
    report.reason = Reason.BLOCKED
    report.blocked_until = block.until
    raise block.refusal()


async def crawl(
    ctx: RunContext, frontier: SqliteFrontier, sink: ArchiveSink, budget: Budget
) -> None:
    """Work through what is due in ``frontier``. How it ended stands in the report."""
    session = ctx.session
    try:
        stop_in_cooldown(session, ctx.report, ctx.clock, anyway=ctx.anyway)
    except CoolingDown as cooling:
        ctx.report.message = str(cooling)
        return
    session.use_new_cookies(ctx.clock.now())
    exit = Exit(fetcher=ctx.network, captcha=session.cooldown.policy())

    def on_blocked(exit: Exit, error: Blocked) -> None:
        ctx.report.blocked_until = session.cooldown.blocked(error, ctx.clock.now()).until

    loop = Crawl(
        frontier=frontier,
        exits=[exit],
        sink=sink,
        clock=ctx.clock,
        parse=parse,
        budget=budget,
        rng=ctx.rng,
        is_fatal=is_fatal,
        on_blocked=on_blocked,
    )
    try:
        _note(ctx.report, await loop.run())
    finally:
        if not exit.is_blocked:
            session.cooldown.remember(exit.captcha)


def _note(report: RunReport, ending: Ending) -> None:
    report.reason = ending.reason
    if ending.error is not None:
        report.message = str(ending.error)
