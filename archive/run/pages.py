"""A saved page, from file to kept article."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import BadInput
from archive.run.report import Result
from archive.run.sink import ArchiveSink, identity_address
from archive.saved import beside
from scraper.errors import ScrapeError
from scraper.models import Page
from scraper.parse import parse
from scraper.redact import redact

if TYPE_CHECKING:
    from archive.run.runner import Job
    from scraper.crawl.protocols import Find


async def take(job: Job, sink: ArchiveSink, path: Path, page: Page | BadInput) -> list[Find]:
    """Keep a saved page; returns what is to be followed from it."""
    from scraper.crawl.follow import follow
    from scraper.crawl.protocols import Task

    if isinstance(page, BadInput):
        job.runner.add(
            Result(address=str(path), change="failed", error_class="bad-input", error=str(page))
        )
        return []
    job.report.pages += 1
    try:
        article = parse(page)
    except ScrapeError as error:
        message = redact(str(error))
        job.report.unknown += error.code == "unrecognised"
        job.runner.add(
            Result(address=str(path), change="failed", error_class=error.code, error=message)
        )
        return []
    address = identity_address(article, page.url)
    snapshots, config = job.parts.snapshots, job.config
    snapshot_id = snapshots.put(page, address=address) if snapshots else None
    task = Task(
        id=0, url=page.url, address=address, follow=config.follow, scope=config.scope, why="given"
    )
    if config.images == "local":
        beside.take(path, page, job.images)
    await sink.keep_file(task, article, snapshot_id, path)
    return follow(task, article.account.biz, article.links)
