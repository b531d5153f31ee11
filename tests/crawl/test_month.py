"""A month of hourly runs over 200 sources, with blocks, deletions, edits and outages, in minutes."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scraper.errors import Later, ScrapeError, Unreachable
from scraper.fetch import FeedResponse
from scraper.models import Page
from tests.crawl.archives import World
from tests.crawl.fakes import at, long, short
from tests.crawl.pages import DELETED, album_address, album_page, captcha_page, page
from tests.share import share

HOUR = 3600.0
FEEDS, ARTICLES, ALBUMS = 150, 40, 10


class Month(World):
    """200 sources that publish at random; what they published, and when WeChat was unkind."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.events = random.Random(11)
        self.number = 1000
        self.published: dict[str, list[int]] = {}
        self.born: dict[int, float] = {}
        self.deleted: set[int] = set()
        self.block: tuple[float, float] = (0, 0)
        self.outage: tuple[float, float] = (0, 0)
        self.refused: list[float] = []
        for n in range(FEEDS):
            self._feed(f"https://feeds.example/{n}")
        for n in range(ARTICLES):
            self._index(n)
        for n in range(ALBUMS):
            self._album(str(3000000000000000000 + n))

    def publish(self, name: str) -> None:
        """The source has one article more."""
        self.number += 1
        number = self.number
        self.published.setdefault(name, []).append(number)
        self.born[number] = self.clock.monotonic()
        self.script.on(long(number), self._kindly(lambda url: DELETED if number in self.deleted else page(number)))

    def _kindly(self, answer: Any) -> Any:
        """What WeChat says when it is in the mood."""

        def reply(url: str) -> Page | ScrapeError:
            now = self.clock.monotonic()
            if self.block[0] <= now < self.block[1]:
                self.refused.append(now)
                return captcha_page()
            if self.outage[0] <= now < self.outage[1]:
                return Unreachable("no route to host")
            found: Page | ScrapeError = answer(url)
            return found

        return reply

    def _feed(self, url: str) -> None:
        def answer(etag: str | None) -> FeedResponse | ScrapeError:
            if self.outage[0] <= self.clock.monotonic() < self.outage[1]:
                return Later("no route to host")
            numbers = self.published.get(url, [])
            mark = f'"{len(numbers)}"'
            items = "".join(f"<item><link>{long(n).replace('&', '&amp;')}</link></item>" for n in numbers[-20:])
            body = f"<rss version='2.0'><channel><title>甲</title>{items}</channel></rss>".encode()
            return FeedResponse(url, b"" if etag == mark else body, etag == mark, mark)

        self.script.feeds[url] = answer
        self.watch(url, every=6 * HOUR)

    def _index(self, n: int) -> None:
        name = short(n)
        self.script.on(name, self._kindly(lambda url: page(n, [long(k) for k in self.published.get(name, [])])))
        self.watch(name, every=12 * HOUR)

    def _album(self, album_id: str) -> None:
        address = album_address(album_id)

        def answer(url: str) -> Page:
            numbers = self.published.get(address, [])
            begin = next((i + 1 for i, k in enumerate(numbers) if f"begin_msgid={2247480000 + k}&" in url), 0)
            more = begin + 20 < len(numbers)
            return album_page(album_id, numbers[begin : begin + 20], size=len(numbers), more=more)

        self.script.on(address, self._kindly(answer))
        self.publish(address)
        self.watch(address, every=24 * HOUR)

    def hour(self) -> None:
        """An hour of the world's life."""
        names = [f"https://feeds.example/{n}" for n in range(FEEDS)] + [short(n) for n in range(ARTICLES)]
        names += [album_address(str(3000000000000000000 + n)) for n in range(ALBUMS)]
        for name in self.events.sample(names, 2):
            self.publish(name)
        if self.events.random() < 0.2 and self.number > 1100:
            self.deleted.add(self.events.randrange(1000, self.number))

    @property
    def held(self) -> set[int]:
        return {int(row["mid"]) - 2247480000 for row in self.rows("SELECT mid FROM articles")}


@pytest.mark.long
def test_a_month_of_hourly_runs(tmp_path: Path) -> None:
    """Everything published is kept, blocks are sat out, nothing is asked for without need, the pace is kept."""
    world = Month(tmp_path / "archive")
    hours = share(720, least=100)
    codes: dict[int, int] = {}
    for hour in range(hours):
        began = world.clock.monotonic()
        world.hour()
        if hour == hours // 3:
            world.block = (began, began + 14 * HOUR)
        if hour == hours // 2:
            world.outage = (began, began + 3 * HOUR)
        before = len(world.script.log)
        code = world.run(max_duration=50 * 60.0).exit_code
        codes[code] = codes.get(code, 0) + 1
        assert len(world.script.log) - before <= 60 * 20
        world.clock.time = max(began + HOUR, world.clock.time)
    for _ in range(200):  # nothing new: every source comes to its turn
        world.run()
        world.pass_time(HOUR)

    expected = set(world.born) - world.deleted
    assert expected - world.held == set()
    _check_pace(world)
    _check_needs(world)
    assert set(codes) <= {0, 1, 69, 75}
    # The block took 14 hours: one captcha or two, then a probe after 1 h, 2 h, 4 h and 8 h of rest.
    assert 1 <= len(world.refused) <= 7
    assert world.status()["blocked"] is None


def _check_pace(world: Month) -> None:
    """One in flight, never closer together than the interval."""
    gaps = [b - a for (a, _), (b, _) in pairwise(world.script.log)]
    assert world.script.peak == 1
    assert min(gaps) >= world.config.interval - 1e-6


def _check_needs(world: Month) -> None:
    """Each article was asked for once, but for tries that failed; sources no more often than they were due."""
    asked = world.script.asked
    sources = {at(short(n)) for n in range(ARTICLES)}
    articles = [address for address in asked if "appmsgalbum" not in address and address not in sources]
    faults = len(world.refused) + 5 * 40  # the outage: 5 tries each, of at most what ends a run
    assert len(articles) <= len(world.born) + faults
    days = world.clock.monotonic() / 86400
    index_looks = sum(address in sources for address in asked)
    assert index_looks <= ARTICLES * (2.3 * days + 1) + faults
    assert len(world.script.feed_log) <= FEEDS * (4.5 * days + 1) + faults
