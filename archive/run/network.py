"""The way to the network: what a run needs of it, and the fetcher that the settings ask for."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from scraper.crawl.protocols import RequestBudget
from scraper.models import Page

if TYPE_CHECKING:
    from archive.config import Config
    from scraper.clock import Clock
    from scraper.fetch import Download, FeedResponse, Fetcher


class Network(Protocol):
    """What a run needs of ``scraper.fetch.Fetcher``; ``requests`` went out to mp.weixin.qq.com."""

    @property
    def requests(self) -> int: ...
    async def page(
        self, url: str, *, referer: str | None = None, budget: RequestBudget | None = None
    ) -> Page: ...
    async def media(self, url: str) -> Download: ...
    async def feed(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> FeedResponse: ...


OpenNetwork = Callable[[], AbstractAsyncContextManager[Network]]


def make_fetcher(
    config: Config, clock: Clock, rng: random.Random, *, asked_ago: float | None
) -> Fetcher:
    """The fetcher that the settings ask for. ``asked_ago``: seconds since an earlier command's last request, so that
    commands typed one after another keep the pace too. Raises BadSettings."""
    from scraper.fetch import Fetcher, FetchSettings

    settings = FetchSettings(
        interval=config.interval,
        user_agent=config.user_agent,
        cookies_file=config.cookies,
        proxy=config.proxy,
        ca_file=config.ca_file,
        allow_hosts=config.allow_hosts,
        media_parallel=config.media_parallel,
    )
    return Fetcher(settings, clock=clock, rng=rng, asked_ago=asked_ago)
