"""A month of hourly runs over 200 sources, with blocks, deletions, edits and outages, in minutes.

The runs are real down to the socket: the fetcher asks the small internet, whose log is what is
judged. Only the clock is a fake one, and the log is kept by it.
"""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from archive.run.network import FetcherPool
from scraper.errors import Later, ScrapeError, Unreachable
from scraper.fetch import FeedResponse, Fetcher, FetchSettings
from scraper.models import Page
from tests.crawl.archives import World
from tests.crawl.fakes import at, long, short
from tests.crawl.pages import DELETED, album_address, album_page, captcha_page, page
from tests.share import share
from tests.weixin.answer import Answer, Request
from tests.weixin.server import Internet

HOUR = 3600.0
FEEDS, ARTICLES, ALBUMS = 150, 40, 10


class Month(World):
    """200 sources that publish at random; what they published, and when WeChat was unkind."""

    def __init__(self, root: Path, internet: Internet) -> None:
        super().__init__(root, recheck="7d")
        settings = FetchSettings(
            interval=self.config.interval, proxy=internet.proxy, ca_file=internet.ca_file
        )
        self.network = lambda: FetcherPool(
            {"direct": Fetcher(settings, clock=self.clock, rng=self.rng)}
        )
        self.server = internet
        internet.log.monotonic = self.clock.monotonic
        internet.site.host("mp.weixin.qq.com", self._article)
        internet.site.host("feeds.example", self._feed_answer)
        self.events = random.Random(11)
        self.number = 1000
        self.published: dict[str, list[int]] = {}
        self.born: dict[int, float] = {}
        self.deleted: set[int] = set()
        self.edited: dict[int, int] = {}
        self.block: tuple[float, float] = (0, 0)
        self.outage: tuple[float, float] = (0, 0)
        self.refused: list[float] = []
        for n in range(FEEDS):
            self._feed(f"https://feeds.example/{n}")
        for n in range(ARTICLES):
            self._index(n)
        for n in range(ALBUMS):
            self._album(str(3000000000000000000 + n))

    def _article(self, request: Request) -> Answer:
        """What the script says, as a server says it."""
        try:
            return Answer(body=self.script.answer(request.url).body, coding="gzip")
        except Unreachable:
            return Answer(reset="before")

    def _feed_answer(self, request: Request) -> Answer:
        found = self.script.feeds[request.url](request.headers.get("if-none-match"))
        if isinstance(found, ScrapeError):
            return Answer(reset="before")
        headers = {"ETag": found.etag or ""}
        return Answer(status=304 if found.not_modified else 200, body=found.body, headers=headers)

    @property
    def asked(self) -> list[Request]:
        """The requests to the article host."""
        return self.server.log.requests("mp.weixin.qq.com")

    def publish(self, name: str) -> None:
        """The source has one article more."""
        self.number += 1
        number = self.number
        self.published.setdefault(name, []).append(number)
        self.born[number] = self.clock.monotonic()
        self.script.on(long(number), self._kindly(lambda url: self._page(number)))

    def _page(self, number: int) -> Page:
        if number in self.deleted:
            return DELETED
        return page(number, text=f"正文，{wording(self.edited.get(number, 0))}。")

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
            items = "".join(
                f"<item><link>{long(n).replace('&', '&amp;')}</link></item>" for n in numbers[-20:]
            )
            body = f"<rss version='2.0'><channel><title>甲</title>{items}</channel></rss>".encode()
            return FeedResponse(url, b"" if etag == mark else body, etag == mark, mark)

        self.script.feeds[url] = answer
        self.watch(url, every=6 * HOUR)

    def _index(self, n: int) -> None:
        name = short(n)
        self.script.on(
            name, self._kindly(lambda url: page(n, [long(k) for k in self.published.get(name, [])]))
        )
        self.watch(name, every=12 * HOUR)

    def _album(self, album_id: str) -> None:
        address = album_address(album_id)

        def answer(url: str) -> Page:
            numbers = self.published.get(address, [])
            begin = next(
                (i + 1 for i, k in enumerate(numbers) if f"begin_msgid={2247480000 + k}&" in url), 0
            )
            more = begin + 20 < len(numbers)
            return album_page(album_id, numbers[begin : begin + 20], size=len(numbers), more=more)

        self.script.on(address, self._kindly(answer))
        self.publish(address)
        self.watch(address, every=24 * HOUR)

    def hour(self) -> None:
        """An hour of the world's life."""
        names = [f"https://feeds.example/{n}" for n in range(FEEDS)] + [
            short(n) for n in range(ARTICLES)
        ]
        names += [album_address(str(3000000000000000000 + n)) for n in range(ALBUMS)]
        for name in self.events.sample(names, 2):
            self.publish(name)
        if self.events.random() < 0.2 and self.number > 1100:
            self.deleted.add(self.events.randrange(1001, self.number))
        if self.events.random() < 0.2:
            number = self.events.choice(sorted(self.born))
            self.edited[number] = self.edited.get(number, 0) + 1

    @property
    def held(self) -> set[int]:
        return {int(row["mid"]) - 2247480000 for row in self.rows("SELECT mid FROM articles")}


def wording(version: int) -> str:
    """How an article says it after so many edits."""
    return f"改了{version}次" if version else "原来的话"


@pytest.mark.long
def test_a_month_of_hourly_runs(tmp_path: Path, internet: Internet) -> None:
    """Everything published is kept, edits and deletions are noticed, blocks are sat out, nothing is
    asked for without need, the pace is kept."""
    world = Month(tmp_path / "archive", internet)
    hours = share(720, least=100)
    codes: dict[int, int] = {}
    for hour in range(hours):
        began = world.clock.monotonic()
        world.hour()
        if hour == hours // 3:
            world.block = (began, began + 14 * HOUR)
        if hour == hours // 2:
            world.outage = (began, began + 3 * HOUR)
        before = len(world.asked)
        code = world.run(max_duration=50 * 60.0).exit_code
        codes[code] = codes.get(code, 0) + 1
        assert len(world.asked) - before <= 60 * 20
        world.clock.time = max(began + HOUR, world.clock.time)
    for _ in range(
        200
    ):  # nothing new: every source comes to its turn, every article to its weekly look
        world.run()
        world.pass_time(HOUR)

    expected = set(world.born) - world.deleted
    assert expected - world.held == set()
    _check_texts(world)
    _check_pace(world)
    _check_needs(world)
    assert set(codes) <= {0, 1, 69, 75}
    # The block took 14 hours: one captcha or two, then a probe after 1 h, 2 h, 4 h and 8 h of rest.
    assert 1 <= len(world.refused) <= 7
    assert world.status()["blocked"] is None


def _check_texts(world: Month) -> None:
    """The newest words of each, with the older ones as versions; what was deleted is kept and
    marked.
    """
    rows = world.rows(
        "SELECT id, mid, text, gone_reason, (SELECT count(*) FROM versions v WHERE v.article_id = a.id) "
        "AS versions FROM articles a"
    )
    for row in rows:
        number = int(row["mid"]) - 2247480000
        assert row["gone_reason"] == ("deleted" if number in world.deleted else None)
        if number in world.born and number not in world.deleted:
            assert wording(world.edited.get(number, 0)) in row["text"]
            assert row["versions"] <= world.edited.get(number, 0)
    assert any(row["versions"] for row in rows)
    assert any(row["gone_reason"] for row in rows)


def _check_pace(world: Month) -> None:
    """One in flight, never closer together than the interval."""
    # From one coming to the next: no time passes in an answer here, and when the server's thread notes
    # its end, a loaded machine may have set the clock of the next one already.
    gaps = [later.at - earlier.at for earlier, later in pairwise(world.asked)]
    assert world.server.log.peak("mp.weixin.qq.com") == 1
    assert min(gaps) >= world.config.interval - 1e-6


def _check_needs(world: Month) -> None:
    """Each article was asked for once and then weekly, but for tries that failed; sources no more
    often than due.
    """
    asked = [at(request.url) for request in world.asked]
    sources = {at(short(n)) for n in range(ARTICLES)}
    articles = [
        address for address in asked if "appmsgalbum" not in address and address not in sources
    ]
    faults = len(world.refused) + 5 * 40  # the outage: 5 tries each, of at most what ends a run
    days = world.clock.monotonic() / 86400
    assert len(articles) <= len(world.born) * (1 + days / 7) + faults
    index_looks = sum(address in sources for address in asked)
    assert index_looks <= ARTICLES * (2.3 * days + 1) + faults
    assert world.server.log.count("feeds.example") <= FEEDS * (4.5 * days + 1) + faults
