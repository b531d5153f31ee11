"""Looking at watched sources: what they name goes into the queue, which does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from archive.crawl.rules import is_ruled_out
from archive.crawl.source_types import source_type
from archive.crawl.sources import SourceRules, Sources, WatchedSource
from archive.db.transactions import transaction
from archive.errors import BadInput
from archive.run import work
from archive.run.context import RunContext
from archive.run.items import one_item
from scraper import feeds, urls
from scraper.crawl.loop import RETRIES
from scraper.crawl.protocols import Candidate
from scraper.errors import ScrapeError
from scraper.messages import mark, strerror


async def look(ctx: RunContext) -> None:
    """Look at every source that is due. One that fails is noted and waits; the others go on."""
    sources = Sources(ctx.frontier.conn)
    for source in _each(sources, ctx.clock.now()):
        if ctx.is_late:
            return
        if work.is_unchanged(source):
            continue
        ctx.report.sources += 1
        with one_item(source.address, partial(_failed, ctx, sources, source)):
            await _look(ctx, sources, source)


def _each(sources: Sources, now: datetime) -> Iterator[WatchedSource]:
    """Those that are due, and then those that they named: an OPML file's feeds, each once."""
    seen: set[int] = set()
    while fresh := [source for source in sources.due(now) if source.id not in seen]:
        seen |= {source.id for source in fresh}
        yield from fresh


def _failed(ctx: RunContext, sources: Sources, source: WatchedSource, error: ScrapeError) -> None:
    due = sources.failed(source, error, ctx.clock.now(), ctx.rng)
    ctx.add_source_failure(source.address, error, due)


async def _look(ctx: RunContext, sources: Sources, source: WatchedSource) -> None:
    visit = SourceVisit(ctx, sources, source)
    await source_type(source.type).look(visit)
    sources.looked(source, ctx.clock.now(), ctx.rng, **visit.facts)


def note_news(ctx: RunContext) -> None:
    """After the crawl: sources that brought nothing new are looked at less often."""
    Sources(ctx.frontier.conn).note_news(ctx.clock.now(), ctx.rng)


@dataclass
class SourceVisit:
    """``archive.crawl.source_types.base.Visit`` on an open archive. ``facts``: what is to be
    remembered of it.
    """

    ctx: RunContext
    sources: Sources
    source: WatchedSource
    facts: dict[str, Any] = field(default_factory=dict)

    async def body(self) -> bytes | None:
        if self.source.local:
            return _file(Path(self.source.address))
        for failed in range(RETRIES.tries):
            try:
                return await self._fetched()
            except ScrapeError as error:
                wait = RETRIES.delay(error, failed, self.ctx.rng)
                if wait is None or self.ctx.is_late:
                    raise
                await self.ctx.clock.sleep(wait)
        raise AssertionError("the last try raises")

    async def _fetched(self) -> bytes | None:
        source = self.source
        answer = await self.ctx.network.feed(
            source.address, etag=source.etag, last_modified=source.last_modified
        )
        self.facts |= {"etag": answer.etag, "last_modified": answer.last_modified}
        return None if answer.not_modified else answer.body

    @cached_property
    def _rules(self) -> SourceRules:
        return self.sources.rules_of(self.source.id)

    def enqueue(
        self,
        address: urls.Address,
        *,
        refresh: bool = False,
        entry: feeds.Entry | None = None,
    ) -> None:
        source = self.source
        if entry is not None and self._is_ruled_out(address, entry):
            return
        candidate = Candidate(
            address=address,
            why="source",
            follow=source.follow,
            scope=source.scope,
            refresh=refresh,
        )
        with one_item(address.canonical, partial(self.ctx.add_failure, address.canonical)):
            self.ctx.frontier.enqueue(candidate, self.ctx.clock.now(), source_id=source.id)

    def _is_ruled_out(self, address: urls.Address, entry: feeds.Entry) -> bool:
        return is_ruled_out(
            self.ctx.frontier.conn,
            self._rules,
            address.fetch,
            title=entry.title,
            digest=entry.digest,
            published=entry.published,
        )

    def watch_feed(self, address: str) -> None:
        source = self.source
        if self.sources.watched(address):
            return
        with one_item(address, partial(self.ctx.add_failure, address)):
            self.sources.add(
                address,
                "feed",
                self.ctx.clock.now(),
                every=source.every,
                follow=source.follow,
                scope=source.scope,
                parent_id=source.id,
            )

    def learned(self, *, type: str, title: str | None) -> None:
        self.facts |= {"sort": type, "title": title or self.source.title}

    def at_once(self) -> AbstractContextManager[None]:
        return transaction(self.ctx.frontier.conn)


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            mark("{path} cannot be read: {what}", path=path, what=strerror(error))
        ) from error
