"""Fetching the images of articles: in parallel, each once, and never at the cost of the article."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from scraper.clock import Clock
from scraper.crawl.loop import BASE, LONGEST_RETRY_AFTER
from scraper.errors import Forbidden, Hostile, RateLimited, ScrapeError
from scraper.models import Article

if TYPE_CHECKING:
    from archive.store import Store
    from scraper.fetch import Download

_IMAGE = re.compile(r"<img\b[^>]*>")
_FIGURE = re.compile(
    r"<figure>\s*<img\b[^>]*>\s*(?:<figcaption>(.*?)</figcaption>)?\s*</figure>", re.DOTALL
)
_EMPTY = re.compile(r"<(p|a|li)\b[^>]*>\s*</\1>")
#: Tries of one image within a run; a run has many images and an article is whole without them.
TRIES = 3
#: The longest wait for one image within a run.
PATIENCE = 10.0
FIRST_REST, LONGEST_REST = 3600.0, 7 * 24 * 3600.0


class MediaFetcher(Protocol):
    """The part of the fetcher that images need; it holds back what is too much at once."""

    async def media(self, url: str) -> Download: ...


class Paused(Exception):
    """An image that was not asked for, because of a cool-down."""

    code = "paused"


@dataclass(frozen=True, slots=True)
class Images:
    """How many images came and how many are missing."""

    came: int = 0
    missing: int = 0


@dataclass(slots=True, kw_only=True)
class ImageFetcher:
    """Fetches what is not held and tells the store of each; an image that failed in this run is not asked for again."""

    store: Store
    fetcher: MediaFetcher
    clock: Clock
    rng: random.Random
    tell: Callable[[int, int], None] = lambda done, total: None
    failed: set[str] = field(default_factory=set)
    #: no request before this moment: what is wanted is noted as missing until then
    not_before: datetime | None = None

    async def fetch(
        self, urls: Iterable[str], *, enough: Callable[[], bool] = lambda: False
    ) -> Images:
        """Each address once; what failed before in this run only counts as missing, and so does the rest from when
        ``enough`` says so. Raises DiskTrouble."""
        missing = [url for url in dict.fromkeys(urls) if self.store.media_path(url) is None]
        wanted = [url for url in missing if url not in self.failed]
        if self.not_before is not None:
            for url in wanted:
                self.store.media_failed(
                    url, Paused("WeChat asked for a pause"), self.clock.now(), self.not_before
                )
            wanted = []
        if not wanted:
            return Images(missing=len(missing))
        done = 0
        queue = iter(wanted)
        came = 0

        async def work() -> None:
            nonlocal done, came
            for url in queue:
                if enough():
                    return
                held = await self._one(
                    url
                )  # not `came += await`: that reads `came` before the wait
                came += held
                done += 1
                self.tell(done, len(wanted))

        # A fixed number of workers rather than a task an image: only what is in flight is in memory.
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(8, len(wanted))):
                    group.create_task(work())
        except BaseExceptionGroup as failures:  # a full disk is one trouble, not eight
            raise failures.exceptions[0] from None
        return Images(came, len(missing) - came)

    async def _one(self, url: str) -> bool:
        for attempt in range(TRIES):
            try:
                download = await self.fetcher.media(url)
            except ScrapeError as error:
                wait = self._wait(error, attempt)
                if wait is None:
                    self._failed(url, error)
                    return False
                await self.clock.sleep(wait)
            else:
                self.store.add_media(url, download, self.clock.now())
                return True
        return False

    def _wait(self, error: ScrapeError, attempt: int) -> float | None:
        if error.after != "later" or attempt + 1 >= TRIES:
            return None
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after if error.retry_after <= PATIENCE else None
        return self.rng.uniform(0, BASE * 2**attempt)

    def _failed(self, url: str, error: ScrapeError) -> None:
        now = self.clock.now()
        self.failed.add(url)
        self.store.media_failed(url, error, now, self._due(url, error, now))

    def _due(self, url: str, error: ScrapeError, now: datetime) -> datetime | None:
        if isinstance(error, Forbidden | Hostile):
            return None
        row = self.store.db.conn.execute(
            "SELECT attempts FROM media_addresses WHERE url = ?", (url,)
        ).fetchone()
        attempts = row["attempts"] if row else 0
        # The next run tries again at once, later ones ever less often. A 404 need not be the last word of a media host,
        # but it is asked for weekly at most.
        first = LONGEST_REST if error.after == "final" else FIRST_REST
        rest = (
            min(first * 2 ** min(attempts - 1, 12), LONGEST_REST) * self.rng.uniform(0.75, 1.25)
            if attempts
            else 0.0
        )
        if isinstance(error, RateLimited) and error.retry_after:
            rest = max(rest, min(error.retry_after, LONGEST_RETRY_AFTER))
        return now + timedelta(seconds=rest)


def addresses_of(article: Article) -> list[str]:
    """Every picture that belongs to an article: of its body, its cover, the covers of its media cards."""
    found = [image.url for image in article.images]
    found += [url for url in (article.cover, *(media.cover for media in article.media)) if url]
    return [url for url in dict.fromkeys(found) if url.startswith(("http://", "https://"))]


def without_pictures(article: Article) -> Article:
    """The article as ``--images none`` keeps it; one that is nothing but pictures stays as it is.

    Captions stay, and the raw page in the snapshots still has everything.
    """
    if not article.text.strip() and not article.media:
        return article
    body = _FIGURE.sub(lambda match: f"<p>{match[1]}</p>" if match[1] else "", article.body)
    body = _EMPTY.sub("", _IMAGE.sub("", body))
    return replace(article, body=body, images=())


def missing_of(store: Store, article_id: int) -> list[str]:
    """The images of a kept article that are worth another try."""
    rows = store.db.conn.execute(
        "SELECT i.url FROM images i LEFT JOIN media_addresses m ON m.url = i.url "
        "WHERE i.article_id = ? AND m.sha256 IS NULL AND (m.url IS NULL OR m.due IS NOT NULL) ORDER BY i.position",
        (article_id,),
    )
    return [row["url"] for row in rows if store.media_path(row["url"]) is None]
