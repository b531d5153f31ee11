"""``run``: sources, waiting and failed addresses, rechecks, missing images, each where it is
due.
"""

from __future__ import annotations

from archive.run import looking, rechecks, recordings
from archive.run.context import RunContext
from archive.run.crawling import crawl
from archive.run.pictures import fetch_due
from archive.run.sink import ArchiveSink
from scraper.crawl.loop import Budget


async def run(ctx: RunContext) -> None:
    """Do everything that is due, within the budgets of the settings."""
    config = ctx.config
    await looking.look(ctx)
    rechecks.add(ctx)
    left = None if ctx.until is None else ctx.until - ctx.clock.monotonic()
    budget = Budget(requests=config.max_requests, seconds=left, articles=config.limit)
    await crawl(ctx, ctx.frontier, ArchiveSink.of(ctx, ctx.frontier), budget)
    looking.note_news(ctx)
    if config.images == "local" and not ctx.is_stopped:
        await fetch_due(ctx)
    if not ctx.is_stopped:
        await recordings.fetch_due(ctx)
