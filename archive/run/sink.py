"""Where the crawl's pages and articles go: snapshot first, then article, images, files and rows."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.crawl import albums
from archive.crawl.frontier import stamp
from archive.crawl.sources import Sources
from archive.db.tombstones import removed_identity
from archive.db.transactions import whole_transaction
from archive.errors import Corrupt, NotHeld
from archive.media.images import ImageFetcher, addresses_of, without_pictures
from archive.run.report import Result
from archive.store.own import Marking
from scraper import urls
from scraper.crawl.protocols import Candidate, Known, RawPage
from scraper.errors import Blocked, Gone, NotAnAddress, ScrapeError, Unrecognised
from scraper.messages import message_of
from scraper.models import Article, Page
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.crawl.frontier import SqliteFrontier
    from archive.run.context import RunContext
    from archive.run.report import RunReport
    from archive.snapshots import Snapshots
    from archive.store import Store
    from archive.store.types import Kept
    from scraper.clock import Clock
    from scraper.crawl.protocols import AlbumPage, Task

_LOG = logging.getLogger(__name__)
_SPOOL_LEVEL = 1


@dataclass(slots=True, kw_only=True)
class ArchiveSink:
    """``scraper.crawl.Sink`` over one archive."""

    store: Store
    snapshots: Snapshots | None
    frontier: SqliteFrontier
    images: ImageFetcher
    clock: Clock
    report: RunReport
    on_result: Callable[[Result], None]
    on_progress: Callable[[int, int], None] | None = None
    image_mode: str = "local"
    #: what a person removed and now asks for by name is kept again
    again: bool = False
    #: images are not asked for before this moment, only noted as missing
    not_before: datetime | None = None
    #: an album's list that was read this recently is not asked for again, unless refreshed
    album_fresh: float = 3600.0
    touched: list[int] = field(default_factory=list)

    @classmethod
    def of(
        cls, ctx: RunContext, frontier: SqliteFrontier, *, not_before: datetime | None = None
    ) -> ArchiveSink:
        """The sink of a command that works on ``frontier``."""
        return cls(
            store=ctx.session.store,
            snapshots=ctx.session.snapshots,
            frontier=frontier,
            images=ctx.images,
            clock=ctx.clock,
            report=ctx.report,
            on_result=ctx.on_result,
            on_progress=ctx.on_progress,
            image_mode=ctx.config.images,
            not_before=not_before,
        )

    # --- before a request

    def known(self, task: Task) -> Known | None:
        if task.refresh:
            return None
        if task.form == "album":
            members = albums.known(self.store.db.conn, task, self.clock.now(), self.album_fresh)
            return None if members is None else Known(None, members)
        held = self.store.held(task.address)
        if held is None:
            return None
        self.store.remember(task.original or task.url, held.article_id, self.clock.now())
        if task.account and held.biz and held.biz != task.account:
            self._tell(task, Result(address=task.address, change="skipped", title=held.title))
            return Known(held.biz, ())
        self.touched.append(held.article_id)
        self._tell(
            task,
            Result(
                address=task.address, change="held", key=held.key, path=held.path, title=held.title
            ),
        )
        return Known(held.biz, self.store.edges(held.article_id))

    def stored(self, task: Task) -> RawPage | None:
        if self.snapshots is None:
            kept = self.frontier.page(task)
            return RawPage(_unspooled(*kept)) if kept else None
        found = task.snapshot_id
        if found is None:
            found = own_snapshot(self.snapshots, task)
        if found is None:
            return None
        try:
            return RawPage(self.snapshots.get(found), found)
        except (Corrupt, NotHeld) as error:
            _LOG.warning("%s; the page is fetched again", error)
            return None

    # --- after it

    def received(self, task: Task, page: Page) -> RawPage:
        now = self.clock.now()
        if self.snapshots is None:
            meta, body = _spooled(page)
            self.frontier.keep_page(task, meta, body, now)
            return RawPage(page)
        snapshot_id = self.snapshots.put(page, address=task.address)
        self.frontier.received(task, snapshot_id)
        if not _is_of(task, page.fetched):  # it would not be found: another machine's clock
            self.frontier.note_received(task, now)
        return RawPage(page, snapshot_id)

    def wanted(self, task: Task, article: Article) -> bool:
        self.report.pages += 1
        if self._is_removed(task, article) or self._is_ruled_out(task, article):
            return False
        if not task.account or not article.account.biz or article.account.biz == task.account:
            return True
        self._tell(task, Result(address=task.address, change="skipped", title=article.title))
        return False

    def _is_ruled_out(self, task: Task, article: Article) -> bool:
        """Whether the source that brought it is to bring other articles only. What a person named
        is wanted."""
        if task.why == "given":
            return False
        rules = Sources(self.store.db.conn).rules_for(task.id)
        if not (rules.include or rules.exclude) or self.store.find(task.address) is not None:
            return False
        now, address = self.clock.now(), task.url
        wanted = (
            rules.include is None or self.store.would_match(article, address, rules.include, now)
        ) and not (rules.exclude and self.store.would_match(article, address, rules.exclude, now))
        if not wanted:
            self._tell(task, Result(address=task.address, change="skipped", title=article.title))
        return not wanted

    def _tag(self, task: Task, kept: Kept, now: datetime) -> None:
        """The tags that the source gives to what it brings."""
        tags = Sources(self.store.db.conn).rules_for(task.id).tags if kept.change == "new" else ()
        if tags:
            held = self.store.stored(kept.article_id)
            self.store.edits.mark(held, Marking.of(add=tags), now)

    def _is_removed(self, task: Task, article: Article) -> bool:
        """Whether a person removed it, and does not ask for it again just now."""
        removed = removed_identity(self.store.db.conn, article.identity)
        if removed is None:
            return False
        if self.again and task.depth == 0:
            self.store.removal.forget(removed[0])
            return False
        self._tell(task, Result(address=task.address, change="skipped", title=article.title))
        return True

    async def keep(
        self, task: Task, article: Article, raw: RawPage, done: Callable[[], object]
    ) -> None:
        kept = await self._keep(task, article, raw, done)
        result = Result(
            address=task.address,
            change=kept.change,
            key=kept.key,
            path=kept.path,
            title=article.title,
        )
        self._tell(task, result, is_open=False)

    async def keep_file(self, task: Task, article: Article, raw: RawPage, path: Path) -> None:
        """The article of a saved page."""
        kept = await self._keep(task, article, raw)
        self._tell(
            task,
            Result(
                address=str(path),
                change=kept.change,
                key=kept.key,
                path=kept.path,
                title=article.title,
            ),
        )

    async def _keep(
        self,
        task: Task,
        article: Article,
        raw: RawPage,
        done: Callable[[], object] = lambda: None,
    ) -> Kept:
        mode = self._image_mode(task)
        if mode == "none":
            article = without_pictures(article)
        elif mode == "local":
            await self._fetch_images(task, addresses_of(article))
        now = self.clock.now()
        with whole_transaction(self.store.db.conn):  # one commit, which is one wait for the disk
            kept = self.store.keep(
                article,
                address=task.url,
                now=now,
                snapshot_id=raw.snapshot_id,
                refresh=task.refresh,
            )
            if raw.page.fetched is not None:
                # With the parser, which pages that are held do without.
                from scraper.traffic.counts import of_page

                counts = of_page(raw.page)
                self.store.counts.note(kept.article_id, counts, raw.page.fetched, "page")
            if task.original != task.url:  # that one is noted by now
                self.store.remember(task.original or task.address, kept.article_id, now)
            self._tag(task, kept, now)
            if article.identity is not None:
                self.frontier.release_waiting(
                    identity_address(article, article.address, fallback=task.address), now
                )
            done()
        self.touched.append(kept.article_id)
        return kept

    async def _fetch_images(self, task: Task, addresses: list[str]) -> None:
        if not addresses:
            return
        self.frontier.note_received(task, self.clock.now())  # before what may take minutes
        got = await self.images.fetch(addresses, not_before=self.not_before)
        self.report.images += got.came
        self.report.images_missing += got.missing

    def _image_mode(self, task: Task) -> str:
        """As the `save` wanted it that a `run` now finishes; else as the settings say."""
        crawl = self.frontier.crawl_of(task) if self.frontier.crawl_id is None and task.id else None
        return str(crawl["images"]) if crawl is not None and crawl["images"] else self.image_mode

    def album(self, task: Task, page: Page) -> AlbumPage:
        return albums.take_in(self.store.db.conn, task, page, self.clock.now())

    def failed(self, task: Task, error: ScrapeError, due: datetime | None) -> None:
        held = (
            self.store.gone(task.address, error, self.clock.now())
            if isinstance(error, Gone)
            else None
        )
        if task.form == "album" and not isinstance(error, Blocked):
            self._walk(task)
        if isinstance(error, Gone | Unrecognised) or error.after == "person":
            self.report.pages += 1
        if isinstance(error, Unrecognised):
            self.report.unknown += 1
        self._tell(
            task,
            Result(
                address=task.address,
                change="gone" if held else "failed",
                key=held,
                error_code=error.code,
                error=message_of(error),
                due=stamp(due) if due else None,
                exit_code=75 if isinstance(error, Blocked) else error.exit_code,
            ),
            is_open=False,
        )

    def _walk(self, task: Task) -> None:
        """An album without its list: from neighbour to neighbour."""
        found = []
        for end in albums.ends(self.store.db.conn, urls.parse(task.address).album_id or ""):
            try:
                address = urls.parse(end.url)
            except NotAnAddress:
                continue
            found.append(
                Candidate(address=address, relation=end.relation, depth=task.depth, scope="walk")
            )
        self.frontier.enqueue_replacements(task, found, self.clock.now())

    def _tell(self, task: Task, result: Result, *, is_open: bool = True) -> None:
        """``is_open``: the task is still among those that are open and have not failed."""
        if task.depth > 0:
            result = replace(result, followed=True)
        self.report.add(result)
        self.on_result(result)
        if self.on_progress is not None:
            left = self.frontier.untried() - is_open
            done = self.report.told
            self.on_progress(done, done + max(left, 0))


def own_snapshot(snapshots: Snapshots, task: Task) -> int | None:
    """The page of this very task, kept by a process that was killed before it could note so."""
    latest = snapshots.latest_id(task.address)
    if latest is None:
        return None
    return latest if _is_of(task, snapshots.facts(latest).fetched) else None


def _is_of(task: Task, fetched: datetime | None) -> bool:
    """Whether a page that was kept for the address of the task is this very task's."""
    return fetched is not None and task.since is not None and fetched > task.since


def _spooled(page: Page) -> tuple[dict[str, Any], bytes]:
    meta = {
        "url": page.url,
        "final_url": page.final_url,
        "status": page.status,
        "headers": page.headers,
        "redirects": page.redirects,
        "fetched": stamp(page.fetched) if page.fetched else None,
    }
    return meta, zlib.compress(page.body, _SPOOL_LEVEL)


def _unspooled(meta: dict[str, Any], body: bytes) -> Page:
    return Page(
        url=meta["url"],
        body=zlib.decompress(body),
        final_url=meta["final_url"],
        status=meta["status"],
        headers=tuple((name, value) for name, value in meta["headers"]),
        redirects=tuple(meta["redirects"]),
        fetched=datetime.fromisoformat(meta["fetched"]) if meta["fetched"] else None,
    )


def identity_address(article: Article, *others: str | None, fallback: str) -> str:
    """The canonical address of an article that came as a file: what WeChat knows it by, its own
    link, else the first of ``others`` and ``fallback`` that is one; ``fallback`` where none is."""
    if article.identity is not None:
        return urls.canonical(urls.of_identity(article.identity))
    for text in (article.url, *others, fallback):
        try:
            return urls.canonical(text or "")
        except NotAnAddress:
            continue
    return fallback
