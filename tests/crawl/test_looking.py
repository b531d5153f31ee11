"""What is promised of a run around its requests: what one source, one entry or a signal does to it."""

from __future__ import annotations

import signal
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from archive.crawl.sources import SourceRules, Sources
from archive.db.opening import open_database
from archive.run.looking import SourceVisit
from archive.run.network import Network
from archive.run.runner import Runner
from scraper.errors import Gone, Later, ScrapeError
from scraper.fetch import FeedResponse
from tests.crawl.archives import World, titles_of
from tests.crawl.fakes import at, long, short
from tests.crawl.pages import page
from tests.crawl.test_run import HOUR, feed
from tests.faults import failing, signalled

FEED = "https://f.example/rss"


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path / "archive")
    for number in range(1, 5):
        found.script.on(short(number), page(number))
    return found


def test_an_idle_run_opens_no_network(world: World) -> None:
    """Nothing is due, so nothing is looked up, not even a name server; nor during a cool-down."""

    def nothing() -> AbstractAsyncContextManager[Network]:
        raise AssertionError("the network was opened")

    open_database(world.root / "archive.db").close()
    world.network = nothing

    assert (0, 0) == (world.run().exit_code, world.run().requests)


@pytest.mark.parametrize(
    ("answers", "asked", "code", "told"),
    [
        pytest.param([Later("503")], 2, 0, None, id="one that fails and then answers"),
        pytest.param([Gone("it is gone", reason="deleted")], 1, 1, "it is gone", id="gone"),
    ],
)
def test_a_feed_is_asked_again_where_that_may_help(
    world: World, answers: list[ScrapeError], asked: int, code: int, told: str | None
) -> None:
    """Within the same run; what is final is told in its own words and asked for once."""
    left = list(answers)

    def answer(_etag: str | None) -> FeedResponse:
        if left and not isinstance(left[0], Gone):
            raise left.pop()
        if left:
            raise left[0]
        return feed(short(1))

    world.script.feeds[FEED] = answer
    world.watch(FEED)
    report = world.run()

    assert (asked, code) == (len(world.script.feed_log), report.exit_code)
    assert told in (None, *(one.error for one in report.source_errors))
    assert [told is not None] == [bool(report.source_errors)]


def test_no_feed_is_asked_again_when_the_time_is_over(world: World) -> None:
    """--max-duration ends the tries, too; what failed is told."""

    def slow(_etag: str | None) -> FeedResponse:
        world.clock.time += 50
        raise Later("503")

    world.script.feeds[FEED] = slow
    world.watch(FEED)
    report = world.run(max_duration=10)

    assert (1, 1) == (len(world.script.feed_log), report.exit_code)
    assert ["503"] == [one.error for one in report.source_errors]


def test_each_source_is_counted_once(world: World) -> None:
    """Also those that an OPML file names, which are looked at by the same run."""
    outlines = "".join(f'<outline xmlUrl="https://f.example/{n}"/>' for n in (1, 2))
    opml = world.root.parent / "feeds.opml"
    opml.parent.mkdir(exist_ok=True)
    opml.write_text(f"<opml><body>{outlines}</body></opml>", encoding="utf-8")
    for number in (1, 2):
        world.script.feeds[f"https://f.example/{number}"] = feed(short(number))
    world.watch(str(opml))

    report = world.run()
    assert (3, titles_of([1, 2])) == (report.sources, world.titles())
    assert 2 == len(world.script.feed_log)


def test_a_source_keeps_the_name_that_it_told(world: World) -> None:
    """A feed that says its title once and then none is shown by it still."""
    named = feed(short(1))
    nameless = FeedResponse(FEED, named.body.replace("<title>甲</title>".encode(), b""), False)
    shown = []
    world.watch(FEED, every=HOUR)
    for answer in (nameless, named, nameless):
        world.script.feeds[FEED] = answer
        world.run()
        world.pass_time(2 * 24 * HOUR)
        shown += [row["title"] for row in world.rows("SELECT title FROM sources")]

    assert [None, "甲", "甲"] == shown


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (SourceRules(include="岩茶"), [1, 2]),
        (SourceRules(exclude="广告"), [1, 3]),
        (SourceRules(), [1, 2, 3]),
    ],
    ids=["one that includes", "one that excludes", "none"],
)
def test_each_rule_of_a_source_holds_by_itself(
    world: World, rules: SourceRules, kept: list[int]
) -> None:
    """Neither needs the other; what the source's own list cannot tell is judged by the article."""
    for number, words in ((1, "岩茶"), (2, "岩茶 广告"), (3, "酒")):
        world.script.on(short(number), page(number, text=words))
    world.script.feeds[FEED] = feed(short(1), short(2), short(3))
    world.watch(FEED)
    with open_database(world.root / "archive.db") as db:
        Sources(db.conn).set_rules(FEED, rules)

    assert (0, titles_of(kept)) == (world.run().exit_code, world.titles())


def test_an_entry_that_fails_fails_alone(world: World) -> None:
    """It is told by its address; the feed's other entries are fetched."""
    world.script.feeds[FEED] = feed(short(1), short(2))
    world.watch(FEED)
    target = "archive.crawl.frontier:SqliteFrontier.enqueue"
    with failing((SourceVisit.enqueue,), target) as has_fired:
        report = world.run()

    assert has_fired()
    assert (1, titles_of([2])) == (report.exit_code, world.titles())
    assert [at(short(1))] == [one.address for one in report.results if one.error]


def test_a_feed_of_a_list_that_fails_fails_alone(world: World) -> None:
    """The others of the OPML file are watched."""
    outlines = "".join(f'<outline xmlUrl="https://f.example/{n}"/>' for n in (1, 2))
    opml = world.root.parent / "feeds.opml"
    opml.parent.mkdir(exist_ok=True)
    opml.write_text(f"<opml><body>{outlines}</body></opml>", encoding="utf-8")
    world.script.feeds["https://f.example/2"] = feed(short(2))
    world.watch(str(opml))
    with failing((SourceVisit.watch_feed,), "archive.crawl.sources:Sources.add") as has_fired:
        report = world.run()

    assert has_fired()
    assert (1, titles_of([2])) == (report.exit_code, world.titles())
    assert ["https://f.example/1"] == [one.address for one in report.results if one.error]


def test_a_source_that_fails_unforeseen_fails_alone(world: World) -> None:
    """It waits with its error, and the others are looked at."""
    for number in (1, 2):
        world.script.feeds[f"https://f.example/{number}"] = feed(short(number))
        world.watch(f"https://f.example/{number}", every=HOUR)
    with failing((SourceVisit.body,), "archive.run.looking:SourceVisit._fetched") as has_fired:
        report = world.run()

    assert has_fired()
    assert (1, titles_of([2])) == (report.exit_code, world.titles())
    assert ["https://f.example/1"] == [one.address for one in report.source_errors]
    assert 1 == world.status()["sources"]["failing"]


def test_a_signal_at_the_very_end_is_told_and_the_run_noted(world: World) -> None:
    """Its row has its end: a later status does not say that it was killed."""
    with signalled(signal.SIGTERM, (Runner._finish,), "archive.run.history:end") as came:
        report = world.save(short(1))

    assert came()
    assert (143, titles_of([1])) == (report.exit_code, world.titles())
    assert [1] == [row["ended"] is not None for row in world.rows("SELECT ended FROM runs")]


def test_files_lead_to_each_other_when_a_command_ends(world: World) -> None:
    """What arrived later is linked to by its file, not by its address any more."""
    world.script.on(short(1), page(1, [long(2)]))
    world.script.on(long(2), page(2))
    world.save(short(1), follow=1)

    assert [{"n": 0}] == world.rows("SELECT count(*) AS n FROM articles WHERE stale")
    (first,) = (text for path, (text, _) in world.files().items() if "第1篇" in path)
    assert at(long(2)).encode() not in first
