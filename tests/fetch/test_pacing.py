"""Politeness, read off the server's log: pauses, one in flight, media hosts at most eight."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from scraper.errors import Later
from scraper.fetch import Fetcher
from tests.fetch.helper import IMAGE, URL, using
from tests.weixin import Answer, Internet
from tests.weixin.pages import article_page, png


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Seconds."""
        return self.time

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    async def sleep(self, seconds: float, /) -> None:
        """At once."""
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


def test_the_server_sees_the_interval_between_two_requests(internet: Internet) -> None:
    """Never less, also when the answers are slow and many are asked for at once."""
    internet.site.on(URL, Answer(body=article_page(), delay=0.05))

    async def work(fetcher: Fetcher) -> None:
        await asyncio.gather(*(fetcher.page(URL) for _ in range(5)))

    using(internet, work, interval=0.2)
    gaps = internet.log.gaps()
    assert len(gaps) == 4
    assert min(gaps) >= 0.2


def test_redirects_and_failures_wait_their_turn_too(internet: Internet) -> None:
    """Every request counts, whatever came of it."""
    other = URL.replace("A", "B")
    internet.site.redirect(URL, other)
    internet.site.on(other, Answer(status=500), Answer(body=article_page()))

    async def work(fetcher: Fetcher) -> None:
        with pytest.raises(Later):
            await fetcher.page(URL)
        await fetcher.page(other)

    using(internet, work, interval=0.15)
    assert internet.log.count() == 3
    assert min(internet.log.gaps()) >= 0.15


def test_pauses_use_the_clock_that_is_given(internet: Internet) -> None:
    """A month passes in a test: between 3 and 4.5 s of the fake clock for each request after the
    first.
    """
    internet.site.on(URL, Answer(body=article_page()))
    clock = FakeClock()

    async def work(fetcher: Fetcher) -> datetime | None:
        for _ in range(30):
            last = await fetcher.page(URL)
        return last.fetched

    fetched = using(internet, work, clock=clock, interval=3.0)
    assert len(clock.slept) == 29
    assert min(clock.slept) >= 3.0
    assert max(clock.slept) <= 4.5
    assert len(set(clock.slept)) > 20
    assert clock.now() == fetched


def test_interval_0_removes_pause_and_jitter(internet: Internet) -> None:
    """For one's own server."""
    internet.site.on(URL, Answer(body=article_page()))
    clock = FakeClock()

    async def work(fetcher: Fetcher) -> None:
        for _ in range(5):
            await fetcher.page(URL)

    using(internet, work, clock=clock, interval=0)
    assert clock.slept == []


def test_media_hosts_get_eight_at_once_and_no_pause(internet: Internet) -> None:
    """Images do not wait for the article host's turn."""
    internet.site.image(IMAGE, png(1), delay=0.05)

    async def work(fetcher: Fetcher) -> None:
        await asyncio.gather(*(fetcher.media(IMAGE) for _ in range(40)))

    using(internet, work, interval=60)
    assert internet.log.count() == 40
    assert 1 < internet.log.peak("mmbiz.qpic.cn") <= 8
