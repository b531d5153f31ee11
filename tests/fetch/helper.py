"""Calls the fetcher from a test: one event loop a call, no pause unless it is about pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from scraper.clock import Clock
from scraper.fetch import Download, Fetcher, FetchSettings
from scraper.models import Page
from tests.weixin import Internet

T = TypeVar("T")

URL = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"
IMAGE = "https://mmbiz.qpic.cn/mmbiz_png/abc/640?wx_fmt=png"


def settings(internet: Internet, **given: Any) -> FetchSettings:
    """Settings for this internet, without pauses."""
    return FetchSettings(
        **{"interval": 0, "proxy": internet.proxy, "ca_file": internet.ca_file, **given}
    )


def using(
    internet: Internet,
    work: Callable[[Fetcher], Awaitable[T]],
    *,
    clock: Clock | None = None,
    **given: Any,
) -> T:
    """What ``work`` makes of a fetcher."""

    async def run() -> T:
        async with Fetcher(settings(internet, **given), clock=clock) as fetcher:
            return await work(fetcher)

    return asyncio.run(run())


def page(internet: Internet, url: str = URL, *, referer: str | None = None, **given: Any) -> Page:
    """``Fetcher.page``."""
    return using(internet, lambda fetcher: fetcher.page(url, referer=referer), **given)


def media(internet: Internet, url: str = IMAGE, **given: Any) -> Download:
    """``Fetcher.media``."""
    return using(internet, lambda fetcher: fetcher.media(url), **given)
