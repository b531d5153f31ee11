"""A saved page, from file to kept article."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from archive.errors import BadInput
from archive.run.context import RunContext
from archive.run.items import one_item
from archive.run.report import Result
from archive.run.sink import ArchiveSink, identity_address
from archive.saved.pages import SavedPage
from archive.saved.pictures import import_local_images
from scraper import urls
from scraper.crawl.follow import follow
from scraper.crawl.protocols import Candidate, RawPage, Task
from scraper.errors import ScrapeError, Unrecognised
from scraper.messages import message_of
from scraper.parse import parse


async def take(
    ctx: RunContext, sink: ArchiveSink, path: Path, saved: SavedPage | BadInput
) -> list[Candidate]:
    """Keep a saved page; returns what is to be followed from it. What goes wrong with it fails this
    file only.
    """
    if isinstance(saved, BadInput):
        ctx.add(
            Result(address=str(path), change="failed", error_code="bad-input", error=str(saved))
        )
        return []
    ctx.report.pages += 1
    candidates: list[Candidate] = []
    with one_item(str(path), partial(_failed, ctx, path, saved)):
        candidates += await _keep(ctx, sink, path, saved)
    return candidates


def _failed(ctx: RunContext, path: Path, saved: SavedPage, error: ScrapeError) -> None:
    # A file that names no address of WeChat's is most likely no page of WeChat's: nothing changed
    # there.
    is_wechats = bool(urls.find(saved.page.url))
    ctx.report.unknown += isinstance(error, Unrecognised) and is_wechats
    ctx.add(
        Result(address=str(path), change="failed", error_code=error.code, error=message_of(error))
    )


async def _keep(
    ctx: RunContext, sink: ArchiveSink, path: Path, saved: SavedPage
) -> list[Candidate]:
    page = saved.page
    article = parse(page)
    address = identity_address(article, article.address, fallback=page.url)
    snapshots, config = ctx.session.snapshots, ctx.config
    snapshot_id = snapshots.put(page, address=address) if snapshots else None
    task = Task(
        id=0, url=page.url, address=address, follow=config.follow, scope=config.scope, why="given"
    )
    if config.images == "local":
        import_local_images(path, saved, ctx.images)
    await sink.keep_file(task, article, RawPage(page, snapshot_id), path)
    return follow(task, article.account.biz, article.links)
