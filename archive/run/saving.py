"""``save``: what was given goes into the queue and through it; saved pages are taken in where they
lie.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from archive.db.tombstones import removed_address, told_removed
from archive.db.transactions import transaction
from archive.media.images import missing_of
from archive.run import recordings
from archive.run.context import RunContext
from archive.run.crawling import crawl
from archive.run.inputs import Inputs
from archive.run.items import one_item
from archive.run.pictures import fetch_missing
from archive.run.report import Result
from archive.run.sink import ArchiveSink
from scraper import urls
from scraper.crawl.loop import Budget
from scraper.crawl.protocols import Candidate
from scraper.messages import mark

#: So many given addresses are recorded in one transaction: one wait for the disk, not one an
#: address.
_AT_ONCE = 1000


async def save(ctx: RunContext, inputs: Inputs, *, refresh: bool, again: bool = False) -> None:
    """Fetch and keep what was given, following as the settings say. ``inputs`` is used up."""
    now, config = ctx.clock.now(), ctx.config
    _settle_removed(ctx, inputs, again=again)
    crawl_id = ctx.frontier.new_crawl("save", now, limit=config.limit, images=config.images)
    candidates = [_given(ctx, address, refresh=refresh) for address in inputs.addresses.values()]
    inputs.addresses.clear()
    # Saved pages are taken in although WeChat asked for a pause; their images wait until it is
    # over.
    pause = ctx.exits.pause(now)
    files = ArchiveSink.of(ctx, ctx.frontier, not_before=pause)
    files.again = again
    if inputs.files:
        candidates += await _take_files(ctx, files, inputs.files)
    await _enqueue(ctx, candidates, crawl_id, force=refresh)
    asked = bool(candidates)
    candidates.clear()  # they are in the queue now, and ten thousand need not be in memory too
    touched = files.touched
    if asked:
        frontier = ctx.frontier.for_crawl(crawl_id)
        sink = ArchiveSink.of(ctx, frontier)
        sink.again = again
        await crawl(ctx, frontier, sink, Budget(articles=config.limit))
        touched += sink.touched
        _add_leftovers(ctx, crawl_id)
    if config.images == "local" and not ctx.is_stopped:
        # Images of what was just kept, or held already, that an earlier try did not get.
        for article_id in dict.fromkeys(touched):
            if missing := missing_of(ctx.session.store, article_id):
                await fetch_missing(ctx, missing, not_before=pause)
    if not ctx.is_stopped:
        await recordings.fetch_of(ctx, set(touched))


async def _take_files(ctx: RunContext, sink: ArchiveSink, paths: Sequence[Path]) -> list[Candidate]:
    """Keep saved pages; what is to be followed from them."""
    from archive.run import saved_pages  # with the readers of bundles, which addresses do without
    from archive.saved.pages import saved_pages as read_saved_pages

    candidates: list[Candidate] = []
    for path, saved in read_saved_pages(paths):
        await asyncio.sleep(0)  # a signal comes through between two files
        candidates += await saved_pages.take(ctx, sink, path, saved)
    return candidates


def _settle_removed(ctx: RunContext, inputs: Inputs, *, again: bool) -> None:
    """What a person removed is told and not fetched, or with ``again`` remembered no longer."""
    for canonical, address in [*inputs.addresses.items()]:
        removed = removed_address(ctx.frontier.conn, address)
        if removed is None:
            continue
        if again:
            ctx.session.store.removal.forget(removed[0])
            continue
        del inputs.addresses[canonical]
        ctx.add(
            Result(
                address=canonical,
                change="failed",
                error_code="removed",
                error=told_removed(*removed),
                exit_code=1,
            )
        )


def _given(ctx: RunContext, address: urls.Address, *, refresh: bool) -> Candidate:
    return Candidate(
        address=address,
        why="given",
        follow=ctx.config.follow,
        scope=ctx.config.scope,
        refresh=refresh,
    )


async def _enqueue(
    ctx: RunContext, candidates: Sequence[Candidate], crawl_id: int, *, force: bool
) -> None:
    for begin in range(0, len(candidates), _AT_ONCE):
        await asyncio.sleep(0)
        with transaction(ctx.frontier.conn):
            for candidate in candidates[begin : begin + _AT_ONCE]:
                address = candidate.address.canonical
                with one_item(address, partial(ctx.add_failure, address)):
                    _enqueue_one(ctx, candidate, crawl_id, force=force)


def _enqueue_one(ctx: RunContext, candidate: Candidate, crawl_id: int, *, force: bool) -> None:
    earlier = ctx.frontier.enqueue(candidate, ctx.clock.now(), crawl_id=crawl_id, force=force)
    if earlier is None:
        return
    said = earlier.error
    if earlier.state != "gone":
        # As plain as what the database keeps: whoever shows it knows both again.
        said = str(mark("{what} (not asked again; --refresh does)", what=said))
    ctx.add(
        Result(
            address=candidate.address.canonical,
            change="failed",
            error_code=earlier.error_code,
            error=said,
            exit_code=1,
        )
    )


def _add_leftovers(ctx: RunContext, crawl_id: int) -> None:
    """What a `save` did not come to stands in its report as waiting."""
    told = {result.address for result in ctx.report.results}
    rows = ctx.frontier.conn.execute(
        "SELECT address, depth, due, error_code, error FROM frontier WHERE open AND crawl_id = ? "
        "ORDER BY depth, id LIMIT 1000",
        (crawl_id,),
    ).fetchall()
    for row in rows:
        if row["address"] in told:
            continue
        was_asked = row["depth"] == 0 and row["error_code"] is not None
        ctx.report.add(
            Result(
                address=row["address"],
                change="waiting",
                followed=row["depth"] > 0,
                due=row["due"],
                error_code=row["error_code"],
                error=row["error"],
                exit_code=75 if was_asked else 0,
            )
        )
