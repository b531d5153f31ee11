"""Looking at watched sources: what they name goes into the queue, which does the rest."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.crawl.sources import Source, Sources
from archive.db.transactions import transaction
from archive.errors import BadInput
from archive.run import due
from archive.run.parts import Parts
from archive.run.report import Result
from scraper import feeds, urls
from scraper.crawl.loop import BASE, PATIENCE, TRIES
from scraper.crawl.protocols import Find
from scraper.errors import RateLimited, ScrapeError, Unrecognised
from scraper.redact import redact, redact_url

if TYPE_CHECKING:
    from archive.run.runner import Job


async def look(job: Job) -> None:
    """Look at every source that is due. One that fails is noted and waits; the others go on."""
    sources = Sources(job.parts.frontier.conn)
    for source in _each(sources, job.clock.now()):
        if job.late:
            return
        if due.unchanged(source):
            continue
        job.report.sources += 1
        try:
            await _look(job, sources, source)
        except (ScrapeError, BadInput) as error:
            then = sources.failed(source, error, job.clock.now(), job.runner.rng)
            job.source_failed(
                Result(
                    address=redact_url(source.address),
                    change="failed",
                    error_class=getattr(error, "code", "bad-input"),
                    error=redact(str(error)),
                    due=then.isoformat(timespec="seconds"),
                    exit_code=1,
                )
            )


def _each(sources: Sources, now: datetime) -> Iterator[Source]:
    """Those that are due, and then those that they named: an OPML file's feeds, each once."""
    seen: set[int] = set()
    while fresh := [source for source in sources.due(now) if source.id not in seen]:
        seen |= {source.id for source in fresh}
        yield from fresh


def note_news(parts: Parts, now: datetime, rng: random.Random) -> None:
    """After the crawl: sources that brought nothing new are looked at less often."""
    Sources(parts.frontier.conn).note_news(now, rng)


async def _look(job: Job, sources: Sources, source: Source) -> None:
    if source.sort in ("article", "album"):
        _ask(job, source, urls.parse(source.address))
        sources.looked(source, job.clock.now(), job.runner.rng)
        return
    body, facts = await _body(job, source)
    if body is None:
        sources.looked(source, job.clock.now(), job.runner.rng, **facts)
        return
    listing = feeds.read(body, base=None if source.local else source.address)
    if (
        source.sort == "feed"
        and listing.sort in ("list", "bookmarks")
        and not source.local
        and not listing.addresses
    ):
        raise Unrecognised(
            "this is no feed, and no list that names an article", url=redact_url(source.address)
        )
    facts |= {"sort": listing.sort, "title": listing.title or source.title}
    with transaction(job.parts.frontier.conn):  # one wait for the disk, however long the list is
        for address in listing.addresses:
            _take(job, source, address)
        for feed in listing.feeds:
            _watch_feed(job, sources, source, feed)
        sources.looked(source, job.clock.now(), job.runner.rng, **facts)


def _ask(job: Job, source: Source, address: urls.Address) -> None:
    """The source is itself a page of WeChat: fetched again for what is new in it."""
    find = Find(
        address=address, why="source", follow=source.follow, scope=source.scope, refresh=True
    )
    job.parts.frontier.give(find, job.clock.now(), source_id=source.id)


def _take(job: Job, source: Source, address: urls.Address) -> None:
    """An address that a list or feed names: new ones are fetched, known ones left alone."""
    find = Find(address=address, why="source", follow=source.follow, scope=source.scope)
    job.parts.frontier.give(find, job.clock.now(), source_id=source.id)


def _watch_feed(job: Job, sources: Sources, source: Source, feed: str) -> None:
    if not sources.watched(feed):
        sources.add(
            feed,
            "feed",
            job.clock.now(),
            every=source.every,
            follow=source.follow,
            scope=source.scope,
            parent_id=source.id,
        )


async def _body(job: Job, source: Source) -> tuple[bytes | None, dict[str, Any]]:
    """The source's bytes and what to remember for the next time; no bytes: nothing changed since the last."""
    if source.local:
        try:
            return Path(source.address).read_bytes(), {}
        except OSError as error:
            raise BadInput(f"{source.address} cannot be read: {error.strerror or error}") from error
    for attempt in range(TRIES):
        try:
            answer = await job.network.feed(
                source.address, etag=source.etag, last_modified=source.last_modified
            )
        except ScrapeError as error:
            wait = _wait(error, attempt, job.runner.rng)
            if wait is None or job.late:
                raise
            await job.clock.sleep(wait)
        else:
            body = None if answer.not_modified else answer.body
            return body, {"etag": answer.etag, "last_modified": answer.last_modified}
    raise AssertionError("the last try raises")


def _wait(error: ScrapeError, attempt: int, rng: random.Random) -> float | None:
    if error.after != "later" or attempt + 1 >= TRIES:
        return None
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return error.retry_after if error.retry_after <= PATIENCE else None
    return rng.uniform(0, BASE * 2**attempt)
