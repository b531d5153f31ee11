"""The crawl between queue and archive: cool-downs before it, what it ended with after it."""

from __future__ import annotations

from collections.abc import Callable

from archive.crawl.frontier import SqliteFrontier
from archive.db.errors import is_fatal
from archive.errors import CoolingDown, NoWorkers
from archive.run.context import RunContext
from archive.run.sink import ArchiveSink
from scraper.crawl.loop import Budget, Crawl, Ending, Exit
from scraper.crawl.reason import Reason
from scraper.parse import parse


async def crawl(
    ctx: RunContext, frontier: SqliteFrontier, sink: ArchiveSink, budget: Budget
) -> None:
    """Work through what is due in ``frontier``, at every exit that may be used. How it ended stands
    in the report.
    """
    try:
        await ctx.exits.ready(ctx.clock.now())
        ctx.exits.stop_if_none(ctx.report, ctx.clock.now())
    except CoolingDown as cooling:
        ctx.report.message = str(cooling)
        return
    except NoWorkers as idle:
        ctx.report.reason, ctx.report.message = Reason.NO_WORKERS, str(idle)
        return
    ctx.session.use_new_cookies(ctx.clock.now())
    exits = ctx.exits.open(ctx.network, ctx.clock.now())
    loop = Crawl(
        frontier=frontier,
        exits=exits,
        sink=sink,
        clock=ctx.clock,
        parse=parse,
        budget=budget,
        rng=ctx.rng,
        is_fatal=is_fatal,
        on_blocked=lambda exit, error: ctx.exits.blocked(exit, error, ctx.clock.now()),
        arriving=ctx.exits.arrival if ctx.exits.fleet is not None else None,
        returning=_returning(ctx),
    )
    try:
        _note(ctx, await loop.run())
    finally:
        now = ctx.clock.now()
        ctx.exits.remember(exits, ctx.network, now)
        ctx.report.exits = ctx.exits.report(exits, ctx.network, now)


def _returning(ctx: RunContext) -> Callable[[], list[Exit]] | None:
    """What asks for exits whose cool-down has ended; None where there is one exit, or a fleet's."""
    if ctx.exits.fleet is not None or len(ctx.exits.names) < 2:
        return None
    return lambda: ctx.exits.returning(ctx.network, ctx.clock.now())


def _note(ctx: RunContext, ending: Ending) -> None:
    ctx.report.reason = ending.reason
    if ending.error is not None:
        ctx.report.message = str(ending.error)
    if ending.reason is Reason.BLOCKED:
        ctx.report.blocked_until = ctx.exits.first_end(ctx.clock.now())
