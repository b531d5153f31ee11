"""Several exits, each with its pace, captcha policy and cool-down; a block closes one, others take
its tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from archive.config import Config, ExitConfig, load
from archive.crawl.frontier import SqliteFrontier
from archive.db.opening import open_database
from archive.errors import BadConfig
from archive.run.inputs import read
from archive.run.report import RunReport
from archive.run.runner import Runner
from scraper import urls
from scraper.crawl.captcha import CaptchaPolicy
from scraper.crawl.loop import Budget, Crawl, Ending, Exit
from scraper.crawl.protocols import Candidate, ExitLost, RequestBudget
from scraper.crawl.reason import Reason
from scraper.errors import Blocked, NeedsPerson, ScrapeError, Unreachable
from scraper.models import Page
from tests.command import wechat_archive
from tests.crawl.archives import World, titles_of
from tests.crawl.fakes import (
    FakeClock,
    MemoryFrontier,
    MemorySink,
    Script,
    article,
    at,
    parser,
    short,
)
from tests.crawl.pages import page
from tests.weixin.server import Internet

HOUR = 3600.0
NAMES = ("a", "b", "c")


class Slow(Script):
    """A way to the network whose answers take a turn of the event loop, so that exits overlap."""

    async def page(
        self, url: str, *, referer: str | None = None, budget: RequestBudget | None = None
    ) -> Page:
        for _ in range(3):
            await asyncio.sleep(0)
        return await super().page(url, referer=referer, budget=budget)


class Exits:
    """A network of several scripts, which share what the addresses answer unless one has its own
    word.
    """

    def __init__(self, clock: FakeClock, names: tuple[str, ...] = NAMES) -> None:
        self.exits: Mapping[str, Slow] = {name: Slow(clock) for name in names}

    def on(self, address: str, *answers: Page | ScrapeError) -> None:
        for script in self.exits.values():
            script.on(address, *answers)

    async def media(self, url: str) -> Any:
        return await self.exits["a"].media(url)

    async def recording(self, url: str, *_: Any, **__: Any) -> Any:
        raise AssertionError("no article plays anything")

    async def feed(self, url: str, **_: Any) -> Any:
        raise AssertionError("no feed is watched")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Exits]:
        for script in self.exits.values():
            script.requests = 0
        yield self

    @property
    def asked(self) -> list[str]:
        return [url for script in self.exits.values() for url in script.asked]


class ExitWorld(World):
    """An archive with three exits."""

    def __init__(self, root: Path, **config: Any) -> None:
        super().__init__(root, **config)
        self.config = self.config.override(
            "test", exits=tuple(ExitConfig(name=name) for name in NAMES)
        )
        self.net = Exits(self.clock)
        self.network = self.net.open


@pytest.fixture
def world(tmp_path: Path) -> ExitWorld:
    found = ExitWorld(tmp_path)
    for number in range(30):
        found.net.on(short(number), page(number))
    return found


def captcha() -> Blocked:
    return Blocked("WeChat asks for a verification", reason="captcha", shown="环境异常")


def block_once(world: ExitWorld, name: str) -> None:
    """The first request through this exit meets the captcha."""
    script = world.net.exits[name]

    def answer(number: int, _url: str) -> Page | ScrapeError:
        return page(number) if len(script.log) > 1 else captcha()

    for number in range(30):
        script.on(short(number), partial(answer, number))


def save(world: World, count: int, **config: Any) -> RunReport:
    return world.save(*(short(number) for number in range(count)), **config)


def test_each_page_is_fetched_once_by_any_exit(world: ExitWorld) -> None:
    """All exits work, none asks for what another has, and none has two requests in flight."""
    report = save(world, 30)

    assert (report.saved, report.requests) == (30, 30)
    assert sorted(world.net.asked) == sorted(at(short(number)) for number in range(30))
    assert all(script.peak == 1 for script in world.net.exits.values())
    assert all(script.requests >= 5 for script in world.net.exits.values())
    assert [(exit.name, exit.ended) for exit in report.exits] == [(name, None) for name in NAMES]


def test_each_exit_keeps_its_own_pace(world: ExitWorld) -> None:
    """Between two requests of one exit lies the interval, whatever the others do."""
    save(world, 30)

    for script in world.net.exits.values():
        times = [when for when, _ in script.log]
        assert all(later - earlier >= 3.0 for earlier, later in pairwise(times))


def test_a_block_closes_one_exit_and_its_task_goes_to_another(world: ExitWorld) -> None:
    """All is kept, exit 0; the cool-down of that exit alone is remembered, told by run and
    status.
    """
    for number in range(30):
        world.net.exits["b"].on(short(number), captcha())
    report = save(world, 30)
    status = {exit["name"]: exit for exit in world.status()["exits"]}

    assert (report.saved, report.exit_code, report.reason) == (30, 0, Reason.DONE)
    assert len(world.net.exits["b"].log) == 1
    assert [("a", None), ("b", "blocked"), ("c", None)] == [(e.name, e.ended) for e in report.exits]
    assert ", 1 of 3 exits blocked" in report.line()
    assert [name for name, exit in status.items() if exit["blocked_until"]] == ["b"]

    world.net.on(short(40), page(40))
    world.net.on(short(41), page(41))
    world.save(short(40), short(41))
    assert len(world.net.exits["b"].log) == 1  # not asked while its cool-down lasts
    world.pass_time(2 * HOUR)
    world.net.exits["b"].on(short(42), page(42))
    for name in ("a", "c"):
        world.net.exits[name].on(short(42), page(42))
    world.save(short(42), short(41), refresh=True)
    assert len(world.net.exits["b"].log) == 2  # and then carefully again


def test_a_cool_down_that_ends_within_a_run_gives_the_exit_back(world: ExitWorld) -> None:
    """Found blocked when the run begins, and used again as soon as its rest is over: first with one
    request, then as the others are. What it met before is not told of it any more."""
    block_once(world, "b")
    save(world, 3)
    world.pass_time(HOUR - 20)
    report = save(world, 30)
    times = [when for when, _ in world.net.exits["b"].log]
    status = {exit["name"]: exit for exit in world.status()["exits"]}

    assert report.saved == 27
    assert [(exit.name, exit.ended) for exit in report.exits] == [(name, None) for name in NAMES]
    assert len(times) > 3
    assert times[1] - times[0] >= HOUR  # not a moment too early
    assert status["b"]["blocked_until"] is None
    assert status["b"]["requests"] == len(times)  # each counted once


def test_an_exit_that_was_blocked_comes_back_within_the_run(world: ExitWorld) -> None:
    """A run that lasts longer than the rest that began in it, told apart from one that is over."""
    for script in world.net.exits.values():
        script.interval = 600.0
    block_once(world, "b")
    report = save(world, 30)
    times = [when for when, _ in world.net.exits["b"].log]

    assert (report.saved, report.reason) == (30, Reason.DONE)
    assert len(times) > 2
    assert times[1] - times[0] >= HOUR
    assert [(exit.name, exit.ended) for exit in report.exits] == [(name, None) for name in NAMES]


def test_all_exits_blocked_is_a_block(world: ExitWorld) -> None:
    """75 until the first cool-down ends; nothing is asked before."""
    for number in range(30):
        world.net.on(short(number), captcha())
    report = save(world, 5)
    again = world.run()

    assert (report.exit_code, report.reason) == (75, Reason.BLOCKED)
    assert report.blocked_until is not None
    assert again.exit_code == 75
    assert 3 <= len(world.net.asked) <= 5  # an address that has closed an exit proves nothing twice


def test_a_dead_proxy_closes_its_exit_alone(world: ExitWorld) -> None:
    """Its addresses are tried by the others."""
    for number in range(30):
        world.net.exits["c"].on(short(number), Unreachable("the proxy cannot be reached"))
    report = save(world, 30)
    world.pass_time(HOUR)
    world.run()

    assert [("a", None), ("b", None), ("c", "outage")] == [(e.name, e.ended) for e in report.exits]
    assert len(world.titles()) == 30


def test_budgets_hold_over_all_exits(world: ExitWorld) -> None:
    """--max-requests and --limit are the command's, not each exit's."""
    limited = save(world, 30, limit=7)
    world.watch(short(29))
    budgeted = world.run(max_requests=4)

    assert (limited.saved, limited.reason) == (7, Reason.LIMIT)
    assert budgeted.requests <= 4
    assert sum(len(script.log) for script in world.net.exits.values()) <= 11


def test_the_limit_of_a_run_is_all_its_exits_together(world: ExitWorld) -> None:
    """What is in flight at the other exits counts, also where no `save` has a limit of its own."""
    with open_database(world.root / "archive.db") as db:
        queue = SqliteFrontier(db.conn)
        for number in range(30):
            queue.enqueue(Candidate(address=urls.parse(short(number))), world.clock.now())
    limited = world.run(limit=7)

    assert (7, Reason.LIMIT) == (limited.saved, limited.reason)


def test_a_limit_holds_where_a_run_finishes_what_a_save_began(world: ExitWorld) -> None:
    """What is in flight at the other exits counts."""
    for name in NAMES:
        world.net.exits[name].on(short(50 + NAMES.index(name)), captcha())
    world.net.on(short(60), page(60))
    world.save(*(short(50 + number) for number in range(3)))  # every exit rests
    save(world, 30, limit=7)
    world.pass_time(2 * HOUR)
    for number in range(3):
        world.net.on(short(50 + number), page(50 + number))
    world.run()

    assert len([title for title in world.titles() if title in titles_of(range(30))]) == 7


def test_a_page_that_needs_cookies_goes_to_the_exit_that_has_them(tmp_path: Path) -> None:
    """Asked for without a login it is tied to that exit, and no other is given it, also when that
    one is blocked.
    """
    jar = tmp_path / "cookies.txt"
    jar.write_text(".qq.com\tTRUE\t/\tTRUE\t2147483647\tname\tvalue\n")
    world = ExitWorld(tmp_path / "archive")
    exits = tuple(
        ExitConfig(name=name, cookies=str(jar) if name == "c" else None) for name in NAMES
    )
    world.config = world.config.override("test", exits=exits)
    for name in ("a", "b"):
        world.net.exits[name].on(short(1), NeedsPerson("log in", reason="login"))
    world.net.exits["c"].on(short(1), captcha(), page(1))
    report = world.save(short(1))
    asked = {name: len(script.log) for name, script in world.net.exits.items()}

    assert (report.saved, asked["c"]) == (0, 1)
    assert asked["a"] + asked["b"] <= 1
    assert world.rows("SELECT exit, state FROM frontier") == [{"exit": "c", "state": "waiting"}]

    world.pass_time(2 * HOUR)
    world.run()
    assert world.titles() == titles_of([1])
    assert asked["a"] + asked["b"] == sum(len(world.net.exits[name].log) for name in "ab")


def test_a_disk_that_fails_ends_all_exits(
    world: ExitWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One trouble, told once, with 74."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("archive.run.sink.ArchiveSink.received", full)

    assert save(world, 9).exit_code == 74


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exits = 1", "expected tables"),
        ("[[exits]]\nproxy = 'x'", "needs a name"),
        ("[[exits]]\nname = 'a b'", "needs a name"),
        ("[[exits]]\nname = 'a'\n[[exits]]\nname = 'a'", "same name"),
        ("[[exits]]\nname = 'a'\nporxy = 'x'", "an exit has no porxy"),
        ("[[exits]]\nname = 'a'\nproxy = 1", "proxy of the exit a"),
        ("[[exits]]\nname = 'a'\ninterval = 'soon'", "not a duration"),
    ],
)
def test_exits_that_cannot_be_used_are_told(tmp_path: Path, text: str, said: str) -> None:
    """78, with what is wrong and not with what it says: it may hold a password."""
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(BadConfig, match=said):
        load(tmp_path, {})


def test_exits_are_read_and_their_passwords_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name, proxy, interval, User-Agent, cookies file."""
    (tmp_path / "config.toml").write_text(
        "[[exits]]\nname = 'home'\n\n"
        "[[exits]]\nname = 'hk-1'\nproxy = 'socks5://u:canary@10.0.0.1:1080'\ninterval = '2s'\n"
        "user_agent = 'x'\ncookies = 'c.txt'\n"
    )
    found = load(tmp_path, {})
    monkeypatch.setenv("WECHAT_ARCHIVE", str(tmp_path))
    shown = wechat_archive("config").stdout

    assert found.exits == (
        ExitConfig(name="home"),
        ExitConfig(
            name="hk-1",
            proxy="socks5://u:canary@10.0.0.1:1080",
            interval=2.0,
            user_agent="x",
            cookies="c.txt",
        ),
    )
    assert "home, hk-1" in shown
    assert "canary" not in shown + repr(found)


def test_real_exits_send_what_they_were_told(internet: Internet, tmp_path: Path) -> None:
    """Two exits through a real proxy, told apart by their User-Agent; one request of each in
    flight.
    """
    articles = [internet.site.article(f"文章{number}") for number in range(8)]
    exits = tuple(
        ExitConfig(name=name, proxy=internet.proxy, user_agent=f"exit {name}", interval=0.0)
        for name in ("a", "b")
    )
    config = Config(exits=exits, ca_file=internet.ca_file, images="none")
    report = Runner(root=tmp_path, config=config).save(read([a.short for a in articles]))
    agents = [request.headers["user-agent"] for request in internet.log.requests()]

    assert (report.saved, set(agents), len(agents)) == (8, {"exit a", "exit b"}, 8)
    assert internet.log.peak("mp.weixin.qq.com") <= 2


def test_the_loop_ends_as_its_open_exits_do() -> None:
    """One closed by a block, one that finds nothing more to do: done."""
    clock = FakeClock()
    frontier, net = MemoryFrontier(), Exits(clock, ("a", "b"))
    for number in range(6):
        frontier.give(short(number))
        net.exits["a"].on(short(number), captcha())
        net.exits["b"].on(short(number), Page(url="", body=b""))
    exits = [
        Exit(name=name, fetcher=net.exits[name], captcha=CaptchaPolicy()) for name in ("a", "b")
    ]
    blocked: list[str] = []
    crawl = Crawl(
        frontier=frontier,
        exits=exits,
        sink=MemorySink(),
        clock=clock,
        parse=parser({short(number): article(number) for number in range(6)}),
        budget=Budget(),
        on_blocked=lambda exit, error: blocked.append(exit.name),
    )

    assert asyncio.run(crawl.run()) == Ending(Reason.DONE)
    assert (blocked, len(frontier.open)) == (["a"], 0)


class Lost(Slow):
    """A way that is gone after so many pages."""

    def __init__(self, clock: FakeClock, left: int) -> None:
        super().__init__(clock)
        self.left = left

    async def page(
        self, url: str, *, referer: str | None = None, budget: RequestBudget | None = None
    ) -> Page:
        if not self.left:
            raise ExitLost(Unreachable("it has gone"))
        self.left -= 1
        return await super().page(url, referer=referer, budget=budget)


def crawl_of(exits: list[Exit], clock: FakeClock, frontier: MemoryFrontier, count: int) -> Crawl:
    """A crawl of ``count`` articles without links."""
    return Crawl(
        frontier=frontier,
        exits=exits,
        sink=MemorySink(),
        clock=clock,
        parse=parser({short(number): article(number) for number in range(count)}),
        budget=Budget(),
    )


def give(frontier: MemoryFrontier, count: int, *scripts: Slow) -> None:
    for number in range(count):
        frontier.give(short(number))
        for script in scripts:
            script.on(short(number), Page(url="", body=b""))


def test_tasks_wait_ahead_at_an_exit_that_is_far_away() -> None:
    """As many at once as it has fetchers, each page once; and one that arrives takes part."""
    clock, frontier = FakeClock(), MemoryFrontier()
    scripts = [Slow(clock) for _ in range(4)]
    give(frontier, 20, *scripts)
    first, second, third, late = scripts
    arriving: asyncio.Queue[Exit] = asyncio.Queue()
    arriving.put_nowait(Exit(name="late", fetcher=late))
    exits = [Exit(name="far", fetcher=first, ahead=(second, third))]
    crawl = crawl_of(exits, clock, frontier, 20)
    crawl.arriving = arriving.get

    assert asyncio.run(crawl.run()) == Ending(Reason.DONE)
    assert sorted(url for script in scripts for url in script.asked) == sorted(
        at(short(number)) for number in range(20)
    )
    assert all(script.asked and script.peak == 1 for script in scripts)
    assert [exit.name for exit in crawl.exits] == ["far", "late"]


def test_an_exit_that_is_lost_leaves_its_tasks_as_they_stood() -> None:
    """Others do them; no try is counted, and whoever waits there is told."""
    clock, frontier = FakeClock(), MemoryFrontier()
    lost, other = Lost(clock, 2), Slow(clock)
    give(frontier, 9, lost, other)
    told: list[str] = []
    exits = [
        Exit(name="a", fetcher=lost, on_closed=lambda: told.append("a")),
        Exit(name="b", fetcher=other),
    ]

    assert asyncio.run(crawl_of(exits, clock, frontier, 9).run()) == Ending(Reason.DONE)
    assert (told, len(lost.asked), len(other.asked)) == (["a"], 2, 7)
    assert exits[0].closed is not None
    assert exits[0].closed.reason is Reason.NO_WORKERS
    assert len(frontier.open) == 0
