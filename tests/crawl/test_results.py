"""What is promised of the results that a command tells one by one, and of what becomes of them."""

from __future__ import annotations

import logging
from itertools import product
from pathlib import Path
from typing import NoReturn

import pytest

from archive.cli import crawling
from archive.cli.common import App
from archive.crawl.frontier import SqliteFrontier
from archive.db.opening import open_database
from archive.run.inputs import read
from archive.run.report import Result
from archive.run.sink import ArchiveSink, identity_address
from archive.store import Store
from scraper.errors import Later
from scraper.models import Account, Article, Page
from tests.crawl.archives import World, titles_of
from tests.crawl.fakes import BIZ, at, long, short
from tests.crawl.pages import DELETED, captcha_page, page
from tests.weixin.pages import article_page


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path / "archive")
    for number in (1, 2, 3):
        found.script.on(short(number), page(number))
        found.script.on(long(number), page(number))
    return found


def test_each_result_is_told_as_it_comes(world: World) -> None:
    """Kept, held, gone and failed ones, in the order of the report, whose counts they are."""
    world.save(short(1))
    world.script.on(short(2), DELETED)
    heard: list[Result] = []
    runner = world.runner()
    runner.on_result = heard.append
    report = runner.save(read([short(1), short(2), short(3), "words"]))

    assert heard == report.results
    assert [
        ("words", "failed"),
        (at(short(1)), "held"),
        (at(short(2)), "failed"),
        (at(short(3)), "new"),
    ] == [(one.address, one.change) for one in heard]
    assert (2, titles_of([1, 3])) == (report.pages, world.titles())


def test_progress_is_told_of_what_was_given(world: World) -> None:
    """How many of how many, what failed among them."""
    world.script.on(short(2), DELETED)
    heard: list[tuple[int, int]] = []
    runner = world.runner()
    runner.on_progress = lambda done, total: heard.append((done, total))
    runner.save(read([short(1), short(2), short(3)]))

    assert [(1, 3), (2, 3), (3, 3)] == heard


def test_the_counts_that_a_page_says_are_kept(world: World) -> None:
    """A page that a logged-in reader got says them; they are of the moment it came."""
    says = {"user_info": {"appmsg_bar_data": {"read_num": 123, "old_like_count": 7}}}
    body = article_page(mid="2247480005", idx="1", extra=says)
    world.script.on(short(5), Page(url=short(5), body=body))
    report = world.save(short(5))
    with open_database(world.root / "archive.db") as db:
        store = Store(db, world.root)
        (key,) = (one.key for one in report.results)
        look = store.counts.last(store.get(str(key)).article_id)

    assert look is not None
    assert (123, 7, world.clock.now(), "page") == (
        *(look.counts.read, look.counts.like, look.seen, look.origin),
    )


def test_who_waits_for_an_article_that_arrived_waits_no_longer(world: World) -> None:
    """Its long address met a fault; the short one brings it, and the next run knows."""
    world.script.on(long(1), Later("503"))
    world.save(long(1))
    world.save(short(1))
    asked = len(world.script.log)
    report = world.run()

    assert (0, asked) == (report.waiting, len(world.script.log))
    assert [{"state": "done"}] == world.rows(
        "SELECT state FROM frontier WHERE address = ?", at(long(1))
    )


def test_another_address_of_a_held_article_is_remembered(world: World) -> None:
    """It is known without a request, and found by it from then on."""
    world.save(short(1))
    asked = len(world.script.log)
    report = world.save(long(1))

    assert (["held"], asked) == ([one.change for one in report.results], len(world.script.log))
    rows = world.rows("SELECT address FROM addresses ORDER BY address")
    assert sorted([at(short(1)), at(long(1))]) == [row["address"] for row in rows]


def test_an_address_that_was_opened_by_a_better_one_is_remembered_too(world: World) -> None:
    """A refresh by the long address asks for the short one; both lead to the article."""
    world.save(short(1))
    world.save(long(1), refresh=True)

    assert [at(short(1))] * 2 == world.script.asked
    rows = world.rows("SELECT address, fetch FROM addresses")
    assert {at(short(1)), at(long(1))} == {row["address"] for row in rows}
    assert long(1) in {row["fetch"] for row in rows}  # in a form that can be opened


def test_pages_and_unknown_ones_are_counted(world: World) -> None:
    """What says that an article is gone is a page; what nobody understands is one, too; a captcha is
    none.
    """
    world.script.on(short(1), DELETED)
    world.script.on(short(2), page(2))
    world.script.on(short(3), captcha_page())
    report = world.save(short(1), short(2), short(3))

    assert (2, 0) == (report.pages, report.unknown)


def test_what_a_person_removed_comes_back_only_when_asked_for_again(world: World) -> None:
    """Given by its address it is told and left out; ``again`` keeps it once more."""
    world.save(short(1))
    with open_database(world.root / "archive.db") as db:
        store = Store(db, world.root)
        store.removal.remove(store.get(short(1)), world.clock.now())
    left_out = world.save(short(1))
    titles = [world.titles()]
    back = world.runner().save(read([short(1)]), again=True)
    titles.append(world.titles())

    assert (["failed"], ["new"]) == tuple(
        [one.change for one in report.results] for report in (left_out, back)
    )
    assert [[], titles_of([1])] == titles


def test_what_a_person_removed_comes_back_by_no_other_address(world: World) -> None:
    """Only the page tells that a short address nobody has seen leads to it. A link to it asks for
    nothing; a person who asks for it again gets it."""
    world.save(short(1))
    with open_database(world.root / "archive.db") as db:
        store = Store(db, world.root)
        store.removal.remove(store.get(short(1)), world.clock.now())
    world.script.on(short(11), page(1))
    world.script.on(short(2), page(2, [short(11)]))
    told = [[one.change for one in world.save(short(11)).results]]
    followed = world.runner(follow=1).save(read([short(2)]), again=True)
    told.append([one.change for one in followed.results])
    titles = [world.titles()]
    told.append([one.change for one in world.runner().save(read([short(11)]), again=True).results])
    titles.append(world.titles())

    assert [["skipped"], ["new"], ["new"]] == told
    assert [titles_of([2]), titles_of([1, 2])] == titles


def test_a_page_that_a_kill_left_without_a_note_is_not_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found by its address; a page that is older than the task is none of it."""

    def slow(_: str) -> Page:
        world.pass_time(1)
        return page(1)

    world.script.on(short(1), slow)
    world.save(short(1))
    with monkeypatch.context() as context:
        context.setattr(SqliteFrontier, "received", killed)
        with pytest.raises(SystemExit):
            world.save(short(1), refresh=True)
    asked = len(world.script.log)
    world.script.on(short(1), page(1, text="改过。"))
    world.pass_time(60)
    world.run()

    assert [2, 2] == [asked, len(world.script.log)]
    assert ["modified"] == [one.change for one in world.save(short(1), refresh=True).results]


def test_a_result_is_put_into_words_only_for_a_log_that_is_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each takes two looks at the current folder, for nobody."""
    described: list[str] = []

    def describe(_: App, result: Result) -> str:
        described.append(result.address)
        return result.address

    monkeypatch.setattr(crawling, "_describe", describe)
    for level, change in product((logging.WARNING, logging.INFO), ("new", "failed")):
        caplog.set_level(level, logger=crawling._LOG.name)
        crawling._log(App(), Result(address=f"{change} at {level}", change=change))

    assert described == caplog.messages == ["new at 20", "failed at 20"]


@pytest.mark.parametrize("passes", [1, -60])
def test_a_page_is_not_asked_for_again_whatever_clock_it_has(
    world: World, monkeypatch: pytest.MonkeyPatch, passes: int
) -> None:
    """Killed while it is read. By its address a page of before the task would not be found (another
    machine's clock, or one that was set back): it is noted at once.
    """

    def fetched(_: str) -> Page:
        world.pass_time(passes)
        return page(1)

    world.script.on(short(1), fetched)
    with monkeypatch.context() as context:
        context.setattr(ArchiveSink, "wanted", killed)
        with pytest.raises(SystemExit):
            world.save(short(1))
    noted = world.rows("SELECT state FROM frontier")
    world.pass_time(120)
    world.run()

    assert noted == [{"state": "waiting" if passes > 0 else "fetched"}]
    assert (1, titles_of([1])) == (len(world.script.log), world.titles())


def killed(*_: object) -> NoReturn:
    """Ends the process as a kill does."""
    raise SystemExit


@pytest.mark.parametrize(
    ("article", "address"),
    [
        (
            Article(title="题", account=Account(biz=BIZ), mid="7", idx="1", url=short(1)),
            f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=7&idx=1",
        ),
        (Article(title="题", url=short(1), address=short(2)), short(1)),
        (Article(title="题", url="words", address=short(2)), short(2)),
        (Article(title="题", url=None, address=None), short(3)),
    ],
    ids=["identity", "own", "asked-for", "fallback"],
)
def test_a_saved_page_stands_under_the_best_address_it_has(article: Article, address: str) -> None:
    """What WeChat knows it by, the permanent link, what it was fetched from, what the file says."""
    assert at(address) == identity_address(
        article, article.address, fallback=short(3) + "?from=timeline"
    )


def test_a_saved_page_without_any_address_stands_under_what_was_given() -> None:
    """Its file's name, for example."""
    assert "page.html" == identity_address(Article(title="题"), fallback="page.html")
