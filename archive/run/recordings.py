"""The sound and video of a command's articles, after the articles themselves: a large file must not
hold up a page."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from archive.crawl.cooldown import note_use
from archive.db.errors import is_fatal
from archive.media import tencent
from archive.media.forms import Limits
from archive.media.recordings import NotNow, RecordingFetcher
from archive.media.tencent import Tencent
from archive.run.context import RunContext
from scraper.crawl.protocols import RequestBudget
from scraper.errors import Blocked, ScrapeError
from scraper.recordings import Recording, ask_for

if TYPE_CHECKING:
    from datetime import datetime

    from archive.run.session import ArchiveSession
    from archive.store.recordings import WantedRecording
    from scraper.models import Article, Transcoding

#: A `run` tries no more recordings than this.
_MOST = 200
#: What each value of the setting ``media`` keeps.
SORTS: dict[str, tuple[str, ...]] = {"none": (), "audio": ("audio",), "all": ("audio", "video")}


def has_due(session: ArchiveSession, now: datetime) -> bool:
    """Whether a recording is to be fetched now. Those that failed for want of a program are, once it
    is installed."""
    sorts, recordings = SORTS[session.config.media], session.store.recordings
    for reason in tencent.mended() if sorts else ():
        recordings.make_due(reason, now)
    return bool(sorts) and recordings.has_due(now, sorts)


async def fetch_of(ctx: RunContext, article_ids: Collection[int]) -> None:
    """Fetch the recordings of these articles, as far as the setting ``media`` wants them."""
    sorts = SORTS[ctx.config.media]
    if sorts and article_ids:
        recordings, now = ctx.session.store.recordings, ctx.clock.now()
        recordings.want(sorts, now, article_ids)
        if ctx.exits.pause(now) is None:  # WeChat asked for one: its other hosts are spared too
            await _fetch(ctx, recordings.due(now, article_ids=set(article_ids)))


async def fetch_due(ctx: RunContext) -> None:
    """Fetch what is due of all articles, also of those that were kept before anybody wanted their
    recordings."""
    sorts = SORTS[ctx.config.media]
    if sorts:
        recordings, now = ctx.session.store.recordings, ctx.clock.now()
        recordings.want(sorts, now)
        await _fetch(ctx, recordings.due(now, _MOST))


async def _fetch(ctx: RunContext, wanted: list[WantedRecording]) -> None:
    config = ctx.config
    fetcher = RecordingFetcher(
        store=ctx.session.store,
        network=ctx.network,
        clock=ctx.clock,
        rng=ctx.rng,
        limits=Limits(config.max_media, config.max_height),
        ask=PlayUrls(ctx),
        tencent=Tencent(ctx.session.store.files, config.proxy),
        is_fatal=is_fatal,
        on_recording=ctx.on_recording,
    )
    got = await fetcher.fetch(wanted, enough=lambda: ctx.is_late)
    ctx.report.media += got.came
    ctx.report.media_missing += got.missing


class PlayUrls:
    """Asks mp.weixin.qq.com at which addresses a video can be fetched: at the pace of pages, by an
    exit that may be used, within the budget of the run."""

    def __init__(self, ctx: RunContext) -> None:
        self._ctx = ctx

    async def __call__(self, recording: Recording, article: Article) -> tuple[Transcoding, ...]:
        """Raises NotNow while WeChat wants a pause or the budget is spent, and the ScrapeErrors."""
        from scraper.parse import play_urls

        ctx, exits = self._ctx, self._ctx.network.exits
        used = sum(exit.requests for exit in exits.values())
        name, budget = self._may_ask(used)
        failure: ScrapeError | None = None
        try:
            page = await exits[name].page(
                ask_for(recording, article.identity), referer=article.url, budget=budget
            )
            return play_urls.read(page)
        except Blocked as error:
            failure = error
            block = ctx.exits.cooldown(name).blocked(error, ctx.clock.now())
            raise NotNow(block.until) from error
        except ScrapeError as error:
            failure = error
            raise
        finally:
            note_use(
                ctx.frontier.conn,
                name,
                ctx.clock.now(),
                requests=sum(exit.requests for exit in exits.values()) - used,
                failures=int(failure is not None),
                error=str(failure) if failure else None,
            )

    def _may_ask(self, used: int) -> tuple[str, RequestBudget]:
        """By which exit, and what is left of the budget after ``used`` requests. Raises NotNow."""
        ctx, now = self._ctx, self._ctx.clock.now()
        pause = ctx.exits.pause(now)
        most = ctx.config.max_requests if ctx.report.command == "run" else None
        budget = RequestBudget(most, used)
        names = [name for name in ctx.exits.usable(now) if name in ctx.network.exits]
        if pause is not None or budget.is_spent or not names:
            raise NotNow(pause or now)
        return names[0], budget
