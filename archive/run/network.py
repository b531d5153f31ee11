"""The way to the network: one exit or several, as the settings name them."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import field
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from archive.config import ExitConfig
from archive.crawl.cooldown import DIRECT
from scraper.errors import Unreachable
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.config import Config
    from scraper.clock import Clock
    from scraper.crawl.protocols import CountingFetcher
    from scraper.fetch import Download, FeedResponse, Fetcher
    from scraper.fetch.streaming import Part, Streamed
    from scraper.recordings import Sort

T = TypeVar("T")


class Network(Protocol):
    """What a run needs: pages through each exit, images, recordings and feeds through any."""

    @property
    def exits(self) -> Mapping[str, CountingFetcher]: ...
    async def media(self, url: str) -> Download: ...
    async def recording(self, url: str, part: Part, *, sort: Sort, cap: int) -> Streamed: ...
    async def feed(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> FeedResponse: ...


#: Several exits are out of step with each other anyway, and their pace is what a person asks for by
#: name.
_EXIT_JITTER = 0.05
OpenNetwork = Callable[[], AbstractAsyncContextManager[Network]]


def exits_of(config: Config) -> Sequence[ExitConfig]:
    """The exits of the settings; one of no special kind where they name none."""
    return config.exits or (ExitConfig(name=DIRECT),)


@dataclass(slots=True)
class FetcherPool:
    """A fetcher an exit. Images and feeds go through the first whose proxy can be reached: their
    hosts do not count requests, so nothing is won by spreading them."""

    exits: Mapping[str, Fetcher]
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        for fetcher in self.exits.values():
            await self._stack.enter_async_context(fetcher)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def media(self, url: str) -> Download:
        return await self._first(lambda fetcher: fetcher.media(url))

    async def recording(self, url: str, part: Part, *, sort: Sort, cap: int) -> Streamed:
        return await self._first(lambda fetcher: fetcher.recording(url, part, sort=sort, cap=cap))

    async def feed(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> FeedResponse:
        return await self._first(
            lambda fetcher: fetcher.feed(url, etag=etag, last_modified=last_modified)
        )

    async def _first(self, ask: Callable[[Fetcher], Awaitable[T]]) -> T:
        *others, last = self.exits.values()
        for fetcher in others:
            try:
                return await ask(fetcher)
            except Unreachable:
                continue
        return await ask(last)


def make_network(
    config: Config, clock: Clock, rng: random.Random, asked: Mapping[str, datetime]
) -> FetcherPool:
    """The fetchers that the settings ask for. ``asked``: when the last request went out by each
    exit, so that commands one after another keep the pace too. Raises BadSettings."""
    from scraper.fetch import Fetcher, FetchSettings

    now = clock.now()
    jitter = _EXIT_JITTER if config.exits else FetchSettings().jitter
    made = {}
    for exit in exits_of(config):
        settings = FetchSettings(
            interval=config.interval if exit.interval is None else exit.interval,
            jitter=jitter,
            user_agent=exit.user_agent or config.user_agent,
            cookies_file=exit.cookies or config.cookies,
            proxy=config.proxy if exit.proxy is None else exit.proxy,
            ca_file=config.ca_file,
            allow_hosts=config.allow_hosts,
            media_parallel=config.media_parallel,
        )
        last = asked.get(exit.name)
        ago = None if last is None else (now - last).total_seconds()
        made[exit.name] = Fetcher(settings, clock=clock, rng=rng, asked_ago=ago)
    return FetcherPool(made)


def proxy_in_use(setting: str | None) -> str | None:
    """The address, without its login, of the proxy that requests would go through: ``setting``,
    else the environment's. Asks nothing. Raises BadSettings."""
    from scraper.fetch import FetchSettings, proxies

    found = proxies.chosen(FetchSettings(proxy=setting))
    return found.url if found else None


def trusted_certificates(config: Config) -> int:
    """How many certificates hosts' own are checked against. Raises BadSettings for a file that
    cannot be used.
    """
    from scraper.fetch import FetchSettings
    from scraper.fetch.transport import certificates

    return len(certificates(FetchSettings(ca_file=config.ca_file)).get_ca_certs())
