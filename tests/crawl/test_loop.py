"""The loop itself, with everything around it in memory and time that jumps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scraper.crawl.captcha import CaptchaPolicy
from scraper.crawl.follow import follow
from scraper.crawl.loop import RETRIES, Budget, Crawl, Ending, Exit
from scraper.crawl.protocols import Known
from scraper.crawl.reason import Reason
from scraper.errors import (
    Blocked,
    CutShort,
    Gone,
    Later,
    NeedsPerson,
    RateLimited,
    Refused,
    ScrapeError,
    Unreachable,
    Unrecognised,
)
from scraper.models import Link, Page
from tests.crawl.fakes import (
    BIZ,
    DurableFrontier,
    FakeClock,
    MemoryFrontier,
    MemorySink,
    Script,
    article,
    at,
    long,
    parser,
    short,
)

PAGE = Page(url="", body=b"")
#: The queue under test: every promise below holds for the one in memory and for the durable one.
QUEUE: Callable[[], MemoryFrontier | DurableFrontier] = MemoryFrontier


@pytest.fixture(autouse=True, params=[MemoryFrontier, DurableFrontier])
def _each_queue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: list[Any] = []

    def make() -> Any:
        made.append(request.param())
        return made[-1]

    monkeypatch.setattr("tests.crawl.test_loop.QUEUE", make)
    yield
    for queue in made:
        if isinstance(queue, DurableFrontier):
            queue.db.close()


OTHER = "MzA5MDkxNTA4Ng=="


class World:
    """A crawl over scripted articles: address → what it holds, or the errors it meets first."""

    def __init__(
        self, pages: dict[str, Any], *, captcha: CaptchaPolicy | None = None, **options: Any
    ) -> None:
        self.clock = FakeClock()
        self.script = Script(self.clock)
        self.frontier = QUEUE()
        self.sink = MemorySink()
        self.pages = pages
        for url, found in pages.items():
            steps = found if isinstance(found, list) else [found]
            self.script.on(
                url,
                *(e if isinstance(e, ScrapeError) and _of_the_network(e) else PAGE for e in steps),
            )
        last = {
            url: found[-1] if isinstance(found, list) else found for url, found in pages.items()
        }
        self.crawl = Crawl(
            frontier=self.frontier,
            exits=[Exit(fetcher=self.script, captcha=captcha or CaptchaPolicy())],
            sink=self.sink,
            clock=self.clock,
            parse=parser(last),
            rng=random.Random(1),
            **options,
        )

    def run(self) -> Ending:
        return asyncio.run(self.crawl.run())


def _of_the_network(error: ScrapeError) -> bool:
    return not isinstance(error, Gone | NeedsPerson | Unrecognised) and not (
        isinstance(error, Blocked) and error.reason != "verify"
    )


def captcha() -> Blocked:
    return Blocked("WeChat asks for a verification", reason="captcha", shown="环境异常")


def test_links_are_followed_as_deep_as_asked_and_cycles_end() -> None:
    """Depth 2 from 1 reaches 1 → 2 → 3 and not 4, although 2 links back to 1; each is asked for
    once.
    """
    world = World(
        {
            long(1): article(1, ("text", long(2))),
            long(2): article(2, ("text", long(1)), ("text", long(3)), ("text", long(2))),
            long(3): article(3, ("text", long(4))),
        }
    )
    world.frontier.give(long(1), follow=2)

    assert world.run() == Ending(Reason.DONE)
    assert world.script.asked == [at(long(1)), at(long(2)), at(long(3))]


def test_what_is_held_is_not_fetched_but_its_links_are_followed() -> None:
    """A held article costs no request; what it links to is fetched."""
    world = World({long(2): article(2)})
    world.sink.held[at(long(1))] = Known(BIZ, (Link(url=long(2), relation="text"),))
    world.frontier.give(long(1), follow=1)
    world.run()

    assert world.script.asked == [at(long(2))]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("any", {"text", "other", "reprint", "next", "own_list"}),
        ("account", {"text", "next", "own_list"}),
        ("album", {"next"}),
    ],
)
def test_scope_says_which_links_are_followed(scope: str, expected: set[str]) -> None:
    """By default all that the author linked to, and of WeChat's lists the account's own; else the
    account, or album.
    """
    links = {
        "text": ("text", long(2)),
        "other": ("text", long(3, OTHER)),
        "reprint": ("reprint", long(4, OTHER)),
        "next": ("album_next", long(5)),
        "own_list": ("ainfos", long(6)),
        "foreign_list": ("ainfos", long(7, OTHER)),
        "tag": (
            "tag",
            "https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzI0&action=getalbum&album_id=77",
        ),
        "elsewhere": ("text", "https://example.com/"),
    }
    frontier = MemoryFrontier()
    frontier.give(long(1), follow=1, scope=scope)
    task = frontier.take(FakeClock().now())
    assert task is not None

    candidates = follow(task, BIZ, article(1, *links.values()).links)

    found = {candidate.address.canonical for candidate in candidates}
    assert {
        name for name, (_, url) in links.items() if "mp.weixin" in url and at(url) in found
    } == expected


def test_a_short_link_in_a_list_is_opened_to_see_whose_it_is() -> None:
    """A short address names no account: it is fetched, and kept only if it belongs to the account
    wanted.
    """
    world = World(
        {
            long(1): article(1, ("ainfos", short(2)), ("ainfos", short(3))),
            short(2): article(2),
            short(3): article(3, biz=OTHER),
        }
    )
    world.frontier.give(long(1), follow=1)
    world.run()

    assert list(world.sink.kept) == [at(long(1)), at(short(2))]


@pytest.mark.parametrize("error", [Later("503"), CutShort("half"), RateLimited("429")])
def test_passing_faults_are_tried_at_most_five_times_within_a_run(error: ScrapeError) -> None:
    """Five tries, waits with full jitter under 1, 2, 4 and 8 s, then it is left for the next
    run.
    """
    world = World({short(1): error})
    world.script.interval = 0
    world.frontier.give(short(1))
    world.run()

    gaps = [b - a for (a, _), (b, _) in zip(world.script.log, world.script.log[1:], strict=False)]
    assert len(world.script.log) == RETRIES.tries
    assert all(0 <= gap <= RETRIES.base * 2**n for n, gap in enumerate(gaps))
    assert world.frontier.open[at(short(1))] > world.clock.now()
    assert world.sink.failures == [(at(short(1)), error.code)]


def test_a_fault_that_passes_leaves_no_trace() -> None:
    """Two failures and then the page: kept, and nothing is called failed."""
    world = World({short(1): [Later("503"), Later("reset"), article(1)]})
    world.frontier.give(short(1))
    world.run()

    assert list(world.sink.kept) == [at(short(1))]
    assert world.sink.failures == []


@pytest.mark.parametrize(("asked", "waited"), [(0, 0.0), (7, 7.0), (60, 60.0)])
def test_retry_after_is_kept_to(asked: int, waited: float) -> None:
    """What the server asks for is waited for, and 0 means now."""
    world = World({short(1): [RateLimited("429", retry_after=asked), article(1)]})
    world.script.interval = 0
    world.frontier.give(short(1))
    world.run()

    assert [when for when, _ in world.script.log] == [0.0, waited]


@pytest.mark.parametrize(
    ("asked", "left"), [(RETRIES.patience + 1, RETRIES.patience + 1), (1800, 1800), (86400, 3600)]
)
def test_a_long_retry_after_is_left_with_its_due_time(asked: float, left: float) -> None:
    """A run does not sit through it; no server is believed that wants more than an hour."""
    world = World({short(1): RateLimited("429", retry_after=asked)})
    world.frontier.give(short(1))
    world.run()

    assert len(world.script.log) == 1
    assert (world.frontier.open[at(short(1))] - world.clock.now()).total_seconds() == left


def test_the_others_go_on_while_one_waits() -> None:
    """An address that is put off does not hold up the next."""
    world = World(
        {short(1): [RateLimited("429", retry_after=50), article(1)], short(2): article(2)}
    )
    world.frontier.give(short(1))
    world.frontier.give(short(2))
    world.run()

    assert world.script.asked == [at(short(1)), at(short(2)), at(short(1))]


@pytest.mark.parametrize(
    ("error", "how"),
    [
        (Gone("deleted", reason="deleted"), "deleted"),
        (NeedsPerson("expired", reason="expired"), "expired"),
        (Refused("404"), "refused"),
    ],
)
def test_what_is_final_is_asked_for_once(error: ScrapeError, how: str) -> None:
    """Deleted, expired and refused addresses are closed at once."""
    world = World({short(1): error})
    world.frontier.give(short(1))

    assert world.run() == Ending(Reason.DONE)
    assert len(world.script.log) == 1
    assert world.frontier.ended == {at(short(1)): how}


def test_a_migrated_article_is_followed_to_its_new_address() -> None:
    """Moved: the target stands in its place, with the same depth and steps left."""
    moved = Gone("moved", reason="migrated", target=long(2, OTHER))
    world = World(
        {long(1): moved, long(2, OTHER): article(2, ("text", long(3))), long(3): article(3)}
    )
    world.frontier.give(long(1), follow=1)
    world.run()

    assert list(world.sink.kept) == [at(long(2, OTHER)), at(long(3))]


def test_one_captcha_on_a_short_link_is_a_block() -> None:
    """The crawl ends at once, and who is to know hears of it; what waits stays."""
    heard: list[str] = []
    world = World(
        {short(1): captcha(), short(2): article(2)},
        on_blocked=lambda _exit, error: heard.append(error.reason),
    )
    world.frontier.give(short(1))
    world.frontier.give(short(2))

    assert world.run().reason is Reason.BLOCKED
    assert ["captcha"] == heard
    assert len(world.script.log) == 1
    assert set(world.frontier.open) == {at(short(1)), at(short(2))}


def test_an_address_that_meets_the_block_again_lets_others_try() -> None:
    """It is a good probe once, due as soon as the block is over; then it rests for hours."""
    pages = {short(1): captcha()}
    first = World(pages)
    first.frontier.give(short(1))
    waits = []
    for _ in range(2):
        world = World(pages)  # of the next command, which finds the queue as it was left
        world.frontier = world.crawl.frontier = first.frontier
        assert Reason.BLOCKED is world.run().reason
        assert world.frontier.next_due() is None  # not waited for within the run
        waits.append((world.frontier.open[at(short(1))] - world.clock.now()).total_seconds())

    assert 0 == waits[0]
    assert waits[1] >= 3600


def test_an_exit_that_arrives_is_put_to_work() -> None:
    """Beside the one that there was, which is blocked meanwhile."""
    world = World({short(1): captcha(), short(2): article(2)})
    other = Script(world.clock)
    for number in (1, 2):
        other.on(short(number), PAGE)
        world.frontier.give(short(number))
    came: list[str] = []

    async def arriving() -> Exit:
        if came:
            await asyncio.Event().wait()
        came.append("other")
        return Exit(fetcher=other, name="other")

    world.crawl.arriving = arriving
    world.crawl.parse = parser({short(1): article(1), short(2): article(2)})
    world.run()

    assert {at(short(1)), at(short(2))} == set(world.sink.kept)
    assert ["other"] == came


@pytest.mark.parametrize(("asked", "left"), [(20_000.0, 3600), (300.0, 300)])
def test_a_long_retry_after_binds_late_tries_too(asked: float, left: float) -> None:
    """After three faults that passed the fourth says how long to wait: that is kept to, no longer
    and up to an hour.
    """
    world = World(
        {short(1): [*[Later("503")] * 3, RateLimited("429", retry_after=asked), article(1)]}
    )
    world.frontier.give(short(1))
    world.run()

    found = (world.frontier.open[at(short(1))] - world.clock.now()).total_seconds()
    assert left == pytest.approx(found, abs=1)


def test_two_captchas_in_a_row_on_long_links_are_a_block() -> None:
    """A page in between clears the first; two different addresses in a row do not."""
    world = World(
        {
            long(1): captcha(),
            long(2): article(2),
            long(3): captcha(),
            long(4): captcha(),
            long(5): article(5),
        }
    )
    for number in range(1, 6):
        world.frontier.give(long(number))

    assert world.run().reason is Reason.BLOCKED
    assert world.script.asked == [at(long(n)) for n in (1, 2, 3, 4)]


def test_a_long_link_that_alone_meets_the_captcha_waits_with_that_reason() -> None:
    """No block: the others go on, and the address is due an hour or more later."""
    world = World({long(1): captcha(), long(2): article(2), long(3): article(3)})
    for number in (1, 2, 3):
        world.frontier.give(long(number))

    assert world.run() == Ending(Reason.DONE)
    assert world.sink.failures == [(at(long(1)), "blocked")]
    assert world.frontier.open[at(long(1))] > world.clock.now()


def test_the_same_long_link_twice_is_not_two() -> None:
    """An address that keeps failing alone proves nothing about the others."""
    policy = CaptchaPolicy(last_captcha_address=at(long(1)))
    frontier = MemoryFrontier()
    frontier.give(long(1))
    task = frontier.take(FakeClock().now())
    assert task is not None

    assert policy.is_block(task, captcha()) is False


def test_a_probe_that_meets_the_captcha_is_a_block() -> None:
    """After a cool-down one captcha is enough, whatever the form."""
    world = World({long(1): captcha(), long(2): article(2)}, captcha=CaptchaPolicy(probing=True))
    world.frontier.give(long(1))
    world.frontier.give(long(2))

    assert world.run().reason is Reason.BLOCKED
    assert len(world.script.log) == 1


def test_nothing_answers_and_the_run_ends() -> None:
    """With the network down ten thousand addresses do not cost fifty thousand requests."""
    world = World({short(n): Unreachable("no route") for n in range(100)})
    for number in range(100):
        world.frontier.give(short(number))

    assert world.run().reason is Reason.OUTAGE
    assert len(world.script.log) <= 40
    assert len(world.frontier.open) == 100


def test_two_addresses_told_to_wait_long_end_the_run() -> None:
    """Two 429 in a row with a long Retry-After: the server means us, not the page."""
    world = World({short(n): RateLimited("429", retry_after=900) for n in range(9)})
    for number in range(9):
        world.frontier.give(short(number))

    assert world.run().reason is Reason.LIMITED
    assert len(world.script.log) == 2


@pytest.mark.parametrize(
    ("budget", "reason", "requests"),
    [
        (Budget(requests=3), Reason.REQUESTS, 3),
        (Budget(articles=2), Reason.LIMIT, 2),
        (Budget(seconds=8), Reason.DURATION, 4),
        (Budget(requests=0), Reason.REQUESTS, 0),
    ],
)
def test_budgets_are_kept(budget: Budget, reason: Reason, requests: int) -> None:
    """Requests, articles and seconds end a crawl; the rest waits."""
    world = World({short(n): article(n) for n in range(9)}, budget=budget)
    for number in range(9):
        world.frontier.give(short(number))

    assert world.run().reason is reason
    assert len(world.script.log) == requests
    assert len(world.frontier.open) == 9 - requests


def test_unknown_pages_wait_and_the_others_go_on() -> None:
    """A page nobody has seen is not asked for again in the same run."""
    world = World({short(1): Unrecognised("what is this"), short(2): article(2)})
    world.frontier.give(short(1))
    world.frontier.give(short(2))

    assert world.run() == Ending(Reason.DONE)
    assert len(world.script.log) == 2
    assert world.sink.failures == [(at(short(1)), "unrecognised")]
