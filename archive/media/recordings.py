"""Fetching the sound and video of articles: one after the other, each into a part file, and never
at the cost of its article.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from archive.errors import ArchiveError
from archive.media.forms import Limits, best
from archive.media.part import RecordingPart
from archive.store.recordings import WantedRecording
from scraper.crawl.backoff import Rests, Retries, asked_to_wait
from scraper.errors import Forbidden, Refused, ScrapeError, Unexpected
from scraper.messages import mark
from scraper.recordings import Recording, at_address, recording_of
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.store import Store
    from scraper.clock import Clock
    from scraper.fetch.streaming import Part, Streamed
    from scraper.models import Article, Media, Transcoding
    from scraper.recordings import Sort

_LOG = logging.getLogger(__name__)
#: Tries of one address in a row that bring nothing.
RETRIES = Retries(tries=3, patience=10.0)
#: More than this is progress: a large file comes over a bad line in many pieces.
_PROGRESS = 64 * 1024
_WEEK = 7 * 24 * 3600.0
_RESTS = Rests(first=3600.0, longest=_WEEK)
#: What was refused may be allowed by other settings, or be there again, some day.
_FINAL_RESTS = Rests(first=_WEEK, longest=_WEEK)


class RecordingNetwork(Protocol):
    """The part of the network that recordings need."""

    async def recording(self, url: str, part: Part, *, sort: Sort, cap: int) -> Streamed: ...


#: Asks at which addresses a video of WeChat's own can be fetched now.
AskForms = Callable[["Recording", "Article"], Awaitable["tuple[Transcoding, ...]"]]
#: Fetches a video of v.qq.com into a part.
FetchTencent = Callable[["Recording", "RecordingPart", "Limits"], Awaitable["Streamed"]]


class NotNow(Exception):
    """Nothing may be asked before ``until``."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until.isoformat()}")
        self.until = until


@dataclass(frozen=True, slots=True)
class Fetched:
    """How many recordings came and how many are missing."""

    came: int = 0
    missing: int = 0


@dataclass(slots=True, kw_only=True)
class RecordingFetcher:
    """Fetches recordings and tells the store of each."""

    store: Store
    network: RecordingNetwork
    clock: Clock
    rng: random.Random
    limits: Limits
    ask: AskForms
    tencent: FetchTencent
    is_fatal: Callable[[Exception], bool] = lambda error: True
    on_recording: Callable[[int, int], None] = lambda done, total: None

    async def fetch(
        self, wanted: Iterable[WantedRecording], *, enough: Callable[[], bool] = lambda: False
    ) -> Fetched:
        """Each of them; the rest waits from when ``enough`` says so.

        Raises only what ``is_fatal``; whatever else goes wrong with one, that one is missing.
        """
        everything, came = list(wanted), 0
        for done, one in enumerate(everything):
            if enough():
                break
            self.on_recording(done, len(everything))
            await asyncio.sleep(0)  # a signal comes through between two
            came += await self._one(one)
        return Fetched(came, len(everything) - came)

    async def _one(self, wanted: WantedRecording) -> bool:
        """Whether it came."""
        try:
            with RecordingPart(self.store, wanted.address) as part:
                found = await self._bytes(wanted, part)
                part.finish(found, self.clock.now())
        except NotNow as pause:
            self.store.recordings.put_off(wanted.address, pause.until)
            return False
        except ScrapeError as error:
            self._failed(wanted, error)
            return False
        except Exception as error:
            if self.is_fatal(error):
                raise
            unexpected = Unexpected.of(error, url=wanted.address)
            _LOG.warning("%s: %s", wanted.address, unexpected, exc_info=error)
            self._failed(wanted, unexpected)
            return False
        return True

    async def _bytes(self, wanted: WantedRecording, part: RecordingPart) -> Streamed:
        recording = at_address(wanted.address)
        if recording is None:  # its row is somebody else's work
            raise Forbidden(mark("this is no address of a sound or video"))
        if recording.service == "v.qq.com":
            return await self.tencent(recording, part, self.limits)
        if recording.service == "wxv":
            return await self._video(recording, wanted, part)
        return await self._download(recording.address, part, recording.sort)

    async def _video(
        self, recording: Recording, wanted: WantedRecording, part: RecordingPart
    ) -> Streamed:
        """A video of WeChat's own: at the address that its page named, and where that has expired,
        also in the middle, at one that is asked for."""
        article, media = self._card(recording, wanted)
        if any(form.url for form in media.transcodings):
            url = best(media.transcodings, self.limits).url or ""
            try:
                return await self._download(url, part, recording.sort)
            except Refused as error:
                _LOG.debug("%s: %s; its addresses are asked for", recording.address, error)
        url = best(await self.ask(recording, article), self.limits).url or ""
        return await self._download(url, part, recording.sort)

    def _card(self, recording: Recording, wanted: WantedRecording) -> tuple[Article, Media]:
        """The newest article that plays it and can be read, and the card there."""
        for article_id in wanted.articles:
            try:
                article = self.store.article(article_id)
            except ArchiveError as error:  # `verify` names it
                _LOG.warning("%s", error)
                continue
            for media in article.media:
                found = recording_of(media)
                if found is not None and found.address == recording.address:
                    return article, media
        raise Refused(mark("no article plays this recording any more"))

    async def _download(self, url: str, part: RecordingPart, sort: Sort) -> Streamed:
        """The bytes at ``url``, tried again as long as more of them come."""
        failed = 0
        while True:
            before = part.size
            try:
                return await self._ask_once(url, part, sort)
            except ScrapeError as error:
                if part.size - before > _PROGRESS:
                    failed = 0
                wait = RETRIES.delay(error, failed, self.rng)
                if wait is None:
                    raise
                failed += 1
                await self.clock.sleep(wait)

    async def _ask_once(self, url: str, part: RecordingPart, sort: Sort) -> Streamed:
        if part.is_whole:  # all but its name came before a kill
            from scraper.fetch.streaming import whole

            return whole(part, sort)
        return await self.network.recording(url, part, sort=sort, cap=self.limits.most)

    def _failed(self, wanted: WantedRecording, error: ScrapeError) -> None:
        now = self.clock.now()
        self.store.recordings.failed(
            wanted.address, error, now, self._due(wanted.attempts, error, now)
        )

    def _due(self, attempts: int, error: ScrapeError, now: datetime) -> datetime | None:
        if isinstance(error, Forbidden):
            return None
        if attempts:
            rests = _FINAL_RESTS if error.after == "final" else _RESTS
            return now + timedelta(seconds=rests.after(attempts - 1, self.rng, error))
        # The next run tries again at once, later ones ever less often.
        return now + timedelta(seconds=asked_to_wait(error) or 0.0)
