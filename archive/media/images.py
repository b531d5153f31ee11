"""Fetching the images of articles: in parallel, each once, and never at the cost of the article."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from scraper.clock import Clock
from scraper.crawl.backoff import Rests, Retries, asked_to_wait
from scraper.errors import Forbidden, Hostile, ScrapeError, Unexpected
from scraper.messages import mark
from scraper.models import DRAWING, Article
from scraper.patterns import lazy
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.store import Store
    from scraper.fetch import Download

_LOG = logging.getLogger(__name__)
#: Images in flight at once; the fetcher may allow fewer.
_WORKERS = 8
_IMAGE = re.compile(r"<img\b[^>]*>")
_FIGURE = lazy(
    r"<figure>\s*<img\b[^>]*>\s*(?:<figcaption>(.*?)</figcaption>)?\s*</figure>", re.DOTALL
)
_EMPTY = re.compile(r"<(p|a|li)\b[^>]*>\s*</\1>")
#: Tries of one image within a run; a run has many images and an article is whole without them.
RETRIES = Retries(tries=3, patience=10.0)
_WEEK = 7 * 24 * 3600.0
_RESTS = Rests(first=3600.0, longest=_WEEK)
#: A 404 need not be the last word of a media host, but it is asked for weekly at most.
_FINAL_RESTS = Rests(first=_WEEK, longest=_WEEK)


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
    """Fetches what is not held and tells the store of each; an image that failed in this run is not
    asked for again.
    """

    store: Store
    fetcher: MediaFetcher
    clock: Clock
    rng: random.Random
    on_image: Callable[[int, int], None] = lambda done, total: None
    is_fatal: Callable[[Exception], bool] = lambda error: True
    failed: set[str] = field(default_factory=set)
    #: images on their way, so that two articles that show one do not both ask for it
    _coming: dict[str, asyncio.Future[bool]] = field(default_factory=dict)

    async def fetch(
        self,
        urls: Iterable[str],
        *,
        enough: Callable[[], bool] = lambda: False,
        not_before: datetime | None = None,
    ) -> Images:
        """Each address once; what failed before in this run only counts as missing, and so does the
        rest from when ``enough`` says so. With ``not_before`` nothing is asked for: what is missing
        waits until then.

        Raises only what ``is_fatal``; whatever else goes wrong with one image, that image is
        missing.
        """
        missing = [url for url in dict.fromkeys(urls) if self.store.media_path(url) is None]
        wanted = [url for url in missing if url not in self.failed]
        if not_before is not None:
            self._pause(wanted, not_before)
            wanted = []
        if not wanted:
            return Images(missing=len(missing))
        came = await self._fetch_all(wanted, enough)
        return Images(came, len(missing) - came)

    def _pause(self, wanted: Iterable[str], until: datetime) -> None:
        for url in wanted:
            pause = Paused(mark("WeChat asked for a pause"))
            self.store.media_failed(url, pause, self.clock.now(), until)

    async def _fetch_all(self, wanted: Sequence[str], enough: Callable[[], bool]) -> int:
        """How many came."""
        queue = iter(wanted)
        came: list[bool] = []

        async def work() -> None:
            for url in queue:
                if enough():
                    return
                came.append(await self._once(url))
                self.on_image(len(came), len(wanted))

        # A fixed number of workers rather than a task an image: only what is in flight is in
        # memory.
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_WORKERS, len(wanted))):
                    group.create_task(work())
        except BaseExceptionGroup as failures:  # a full disk is one trouble, not eight
            raise failures.exceptions[0] from None
        return sum(came)

    async def _once(self, url: str) -> bool:
        """Fetch it, or wait for whoever is fetching it already."""
        if (coming := self._coming.get(url)) is not None:
            return await asyncio.shield(coming)
        coming = self._coming[url] = asyncio.get_running_loop().create_future()
        came = False
        try:
            came = await self._one(url)
        finally:
            del self._coming[url]
            coming.set_result(came)
        return came

    async def _one(self, url: str) -> bool:
        """Whether it came. Whatever is unexpected makes this image a missing one."""
        try:
            return await self._try(url)
        except Exception as error:
            if self.is_fatal(error):
                raise
            found = Unexpected.of(error, url=url)
            _LOG.warning("%s: %s", found.url, found, exc_info=error)
            self._failed(url, found)
            return False

    async def _try(self, url: str) -> bool:
        for failed in range(RETRIES.tries):
            try:
                download = drawn(url) or await self.fetcher.media(url)
            except ScrapeError as error:
                wait = RETRIES.delay(error, failed, self.rng)
                if wait is None:
                    self._failed(url, error)
                    return False
                await self.clock.sleep(wait)
            else:
                self.store.add_media(url, download, self.clock.now())
                return True
        return False

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
        # The next run tries again at once, later ones ever less often.
        rests = _FINAL_RESTS if error.after == "final" else _RESTS
        if attempts:
            return now + timedelta(seconds=rests.after(attempts - 1, self.rng, error))
        return now + timedelta(seconds=asked_to_wait(error) or 0.0)


def addresses_of(article: Article) -> list[str]:
    """Every picture that belongs to an article: of its body, its cover, the covers of its media
    cards.
    """
    found = [image.url for image in article.images]
    found += [url for url in (article.cover, *(media.cover for media in article.media)) if url]
    return [url for url in dict.fromkeys(found) if url.startswith(_KEPT)]


#: What can become a file beside an article: pictures from the network, and drawings that the page
#: itself holds.
_KEPT = ("http://", "https://", DRAWING)


def drawn(url: str) -> Download | None:
    """The file of a drawing that its address holds; ``None`` for any other address.

    It passes the same door as what comes from the network. Raises Forbidden for one that could run
    something.
    """
    if not url.startswith(DRAWING):
        return None
    from scraper.fetch import Download
    from scraper.fetch.magic import Active, sniff

    try:
        body = base64.b64decode(url.removeprefix(DRAWING), validate=True)
        found = sniff(body)
    except (binascii.Error, ValueError, Active):
        found = None
    if found is None or found[1] != "svg":
        raise Hostile(mark("a drawing that is none, or carries a script"), url=url[:80])
    return Download(url=url, body=body, type=found[0], extension=found[1])


def without_pictures(article: Article) -> Article:
    """The article as ``--images none`` keeps it; one that is nothing but pictures stays as it is.

    Captions stay, and the raw page in the snapshots still has everything.
    """
    if not article.text.strip() and not article.media:
        return article
    body = _FIGURE().sub(lambda match: f"<p>{match[1]}</p>" if match[1] else "", article.body)
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
