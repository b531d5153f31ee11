"""One item fails alone: whatever raises inside a loop over addresses, files, sources or images, the
others are done.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.media.images import ImageFetcher
from archive.run import looking, rechecks, saved_pages, saving
from archive.run.report import RunReport
from scraper.crawl.loop import Crawl
from scraper.errors import Later, NeedsPerson
from scraper.fetch import FeedResponse
from scraper.models import Page
from tests.crawl.archives import World
from tests.crawl.fakes import at, long, short
from tests.crawl.pages import DELETED, album_address, album_page, page
from tests.faults import calls_inside, failing
from tests.share import share

DAY = 86400.0
IMAGE = "https://mmbiz.qpic.cn/mmbiz_png/{}/640"
#: The body of each loop over items: what is called in there belongs to one item.
BODIES: tuple[Callable[..., Any], ...] = (
    Crawl._do,
    ImageFetcher._one,
    saved_pages.take,
    saving._enqueue_one,
    looking._look,
    rechecks._enqueue,
)
FEED = "https://f.example/rss"


@dataclass(frozen=True)
class Scenario:
    """A command over several items: how its world is made, and the command."""

    prepare: Callable[[World], None]
    command: Callable[[World], RunReport]


def _serve(world: World) -> None:
    for number in range(1, 9):
        world.script.on(
            short(number), page(number, [long(20 + number)], images=[IMAGE.format(number)])
        )
        world.script.on(long(20 + number), page(20 + number))


def _addresses(world: World) -> None:
    _serve(world)
    world.script.on(short(4), DELETED)
    world.script.on(short(5), Later("503"), page(5))
    world.script.on(short(6), NeedsPerson("expired", reason="expired"))
    world.script.broken_media[IMAGE.format(2)] = Later("503")


def _save(world: World) -> RunReport:
    return world.save(*(short(number) for number in range(1, 8)), follow=1)


def _files(world: World) -> None:
    _serve(world)
    (world.root.parent / "pages").mkdir(parents=True)
    for number in (1, 2, 3):
        body = page(number, [short(number + 3)], images=[IMAGE.format(number)]).body
        (world.root.parent / "pages" / f"{number}.html").write_bytes(body)


def _save_files(world: World) -> RunReport:
    return world.save(str(world.root.parent / "pages"), follow=1)


def _sources(world: World) -> None:
    _serve(world)
    items = "".join(f"<item><link>{short(number)}</link></item>" for number in (1, 2))
    body = f"<rss version='2.0'><channel><title>甲</title>{items}</channel></rss>".encode()
    world.script.feeds[FEED] = FeedResponse(FEED, body, False, '"v1"')
    names = world.root.parent / "list.txt"
    names.parent.mkdir(parents=True, exist_ok=True)
    names.write_text(f"{short(3)}\n{short(4)}\n", encoding="utf-8")
    opml = world.root.parent / "feeds.opml"
    opml.write_text(f'<opml><body><outline xmlUrl="{FEED}"/></body></opml>', encoding="utf-8")
    listed = album_page("77", [5, 6], size=2, more=False)
    world.script.otherwise = listed
    for number in (5, 6):
        world.script.on(long(number), page(number))
    for given in (str(names), str(opml), short(7), album_address("77")):
        world.watch(given)


def _run(world: World) -> RunReport:
    return world.run()


def _rechecks(world: World) -> None:
    _serve(world)
    for number in (1, 2, 3):
        world.save(short(number))
    world.pass_time(40 * DAY)


def _run_rechecks(world: World) -> RunReport:
    return world.run(recheck="30d")


SCENARIOS = {
    "addresses": Scenario(_addresses, _save),
    "files": Scenario(_files, _save_files),
    "sources": Scenario(_sources, _run),
    "rechecks": Scenario(_rechecks, _run_rechecks),
}


def _world(root: Path, scenario: Scenario) -> World:
    world = World(root / "archive")
    scenario.prepare(world)
    return world


def _later(scenario: Scenario, world: World) -> None:
    """The same command again (a saved page is in no queue), and the runs of the days that
    follow.
    """
    scenario.command(world)
    for _ in range(3):
        world.pass_time(2 * DAY)
        world.run()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_few_calls_that_fail(name: str, tmp_path: Path) -> None:
    """A sample of what ``test_every_call_that_fails`` does with all."""
    _sweep(SCENARIOS[name], tmp_path, part=0.01)


@pytest.mark.long
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_call_that_fails(name: str, tmp_path: Path) -> None:
    """Each function that runs inside a loop's body raises once, in an archive of its own."""
    _sweep(SCENARIOS[name], tmp_path, part=share(100) / 100)


def _sweep(scenario: Scenario, root: Path, *, part: float) -> None:
    scenario.command(_world(root / "warm", scenario))  # imports and caches, which happen once
    clean = _world(root / "clean", scenario)
    targets = calls_inside(BODIES, lambda: scenario.command(clean))
    _later(scenario, clean)
    assert len(targets) > 20
    chosen = random.Random(11).sample(targets, round(len(targets) * part))
    fired = [_one_fault(scenario, root / str(n), target, clean) for n, target in enumerate(chosen)]
    print(f"raised in {sum(fired)} of {len(chosen)} calls")  # pytest -rP shows it
    assert sum(fired) > 0.9 * len(chosen)


def _one_fault(scenario: Scenario, root: Path, target: str, clean: World) -> bool:
    world = _world(root, scenario)
    with failing(BODIES, target) as has_fired:
        report = scenario.command(world)  # nothing escapes
    if not has_fired():
        return False
    told = [result.error or "" for result in (*report.results, *report.source_errors)]
    is_told = any("injected into" in error or "Fault" in error for error in told)
    # An image that did not come is missing, and no failure of its article's address.
    assert (report.exit_code, is_told) == (1, True) or report.images_missing, (target, told)
    kept = len(world.titles()) if (world.root / "archive.db").exists() else 0
    _later(scenario, world)
    assert clean.titles() == world.titles(), target
    assert kept + 2 >= len(clean.titles()), target  # the one that failed, and what it alone led to
    return True


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(
            page(1).body.replace(b"var ct", b"var item_show_type = '99999999999999999999'; var ct"),
            id="a number of 20 digits",
        ),
        pytest.param(
            album_page("77", [1], size=1, more=False).body.replace(
                b'"article_count": "1"', b'"article_count": 1e30'
            ),
            id="an album of 1e30",
        ),
    ],
)
def test_a_hostile_page_stops_no_run(tmp_path: Path, hostile: bytes) -> None:
    """What does not fit into a row is left out or fails that page; the next address is fetched, by
    this run or any.
    """
    assert b"99999999999999999999" in hostile or b"1e30" in hostile
    world = World(tmp_path)
    _serve(world)
    world.script.otherwise = Page(url="", body=hostile)
    world.script.answers.pop(at(short(1)))
    reports = [world.save(short(1), album_address("77"), short(2)), world.run()]
    world.pass_time(DAY)
    reports.append(world.run())

    assert {report.exit_code for report in reports} <= {0, 1}
    assert "第2篇" in world.titles()


@pytest.mark.parametrize(
    "title",
    ["\\ud800", "x" * 100_000, "\\u0000\\n甲"],
    ids=["surrogate", "long", "NUL"],
)
def test_a_feed_with_a_title_that_cannot_be_kept(tmp_path: Path, title: str) -> None:
    """The title is kept as far as it can be, and what the feed names is fetched."""
    world = World(tmp_path)
    _serve(world)
    body = (
        '{"version": "https://jsonfeed.org/version/1.1", "title": "'
        + title
        + f'", "items": [{{"url": "{short(1)}"}}]}}'
    )
    world.script.feeds[FEED] = FeedResponse(FEED, body.encode(), False)
    world.watch(FEED)

    assert (world.run().exit_code, world.titles()) == (0, ["第1篇"])
    assert len(world.rows("SELECT title FROM sources")[0]["title"] or "") <= 200


def test_what_failed_is_told_with_its_address_and_place(tmp_path: Path) -> None:
    """The address, the module and line, the error's own words; the raw page is kept and not fetched
    again.
    """
    world = World(tmp_path)
    _serve(world)
    target = "archive.document.markdown:render"
    with failing(BODIES, target) as has_fired:
        report = world.save(short(1), short(2))
    failed = next(result for result in report.results if result.change == "failed")

    assert has_fired()
    assert (report.exit_code, report.saved, failed.error_code) == (1, 1, "unexpected")
    assert failed.address == at(short(1))
    assert failed.error is not None
    assert failed.error.startswith("an unexpected error at archive.document.markdown:")
    assert "Fault: injected into" in failed.error
    assert [{"state": "fetched"}] == world.rows(
        "SELECT state FROM frontier WHERE error_code = 'unexpected'"
    )

    assert world.run().exit_code == 0  # not at once again …
    world.pass_time(8 * 3600)
    world.run()
    assert world.script.asked == [at(short(1)), at(short(2))]  # … and then from the page kept
    assert len(world.titles()) == 2


def test_an_article_and_the_end_of_its_task_are_kept_as_one(tmp_path: Path) -> None:
    """Where noting that an address is done fails, its article is not kept either; with the links
    that it leads to it comes from the page that is kept, by a later run."""
    world = World(tmp_path)
    _serve(world)
    with failing(BODIES, "archive.crawl.frontier:SqliteFrontier.done") as has_fired:
        report = world.save(short(1), short(2))

    assert (has_fired(), report.exit_code, report.saved) == (True, 1, 1)
    assert world.titles() == ["第2篇"]

    world.pass_time(8 * 3600)
    assert world.run().exit_code == 0
    assert (world.titles(), world.script.asked) == (
        ["第1篇", "第2篇"],
        [at(short(1)), at(short(2))],
    )
