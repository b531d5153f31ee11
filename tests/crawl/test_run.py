"""`run` and its sources, on a scripted internet and a clock that jumps."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from archive.crawl.sources import SourceRules, Sources
from archive.db.opening import open_database
from archive.search.matching import article_ids
from archive.store import Store
from scraper.errors import Later, RateLimited
from scraper.fetch import FeedResponse
from tests.crawl.archives import World, titles_of
from tests.crawl.fakes import at, long, short
from tests.crawl.pages import DELETED, captcha_page, page

HOUR = 3600.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "archive")


def feed(*addresses: str, etag: str | None = None) -> FeedResponse:
    items = "".join(f"<item><link>{address}</link></item>" for address in addresses)
    body = f"<rss version='2.0'><channel><title>甲</title>{items}</channel></rss>".encode()
    return FeedResponse("https://f.example/rss", body, False, etag)


def test_nothing_due_is_fine_and_asks_for_nothing(world: World) -> None:
    """Exit code 0 and no request."""
    open_database(world.root / "archive.db").close()
    report = world.run()

    assert (report.exit_code, world.script.log, bool(report.exit_code)) == (0, [], False)


def test_a_list_file_that_is_edited_is_noticed_by_the_next_run(
    world: World, tmp_path: Path
) -> None:
    """New lines are fetched at once; what is known is left alone."""
    names = tmp_path / "list.txt"
    names.write_text(f"# mine\n{short(1)}\n", encoding="utf-8")
    for number in (1, 2):
        world.script.on(short(number), page(number))
    world.watch(str(names))
    world.run()
    names.write_text(f"{short(1)}\n{short(2)}\n", encoding="utf-8")
    os.utime(names, (world.clock.now().timestamp() + 60,) * 2)
    world.pass_time(HOUR)
    world.run()

    assert world.script.asked == [at(short(1)), at(short(2))]


def test_a_long_list_is_recorded_before_anything_is_fetched(world: World, tmp_path: Path) -> None:
    """Five thousand lines are in the queue before the first request."""
    names = tmp_path / "list.txt"
    names.write_text("".join(f"{short(n)}\n" for n in range(5000)), encoding="utf-8")
    world.watch(str(names))
    world.run(max_requests=0)

    assert (world.status()["waiting"]["addresses"], world.script.log) == (5000, [])


def test_a_feed_is_asked_for_conditionally(world: World) -> None:
    """The etag of the last answer goes into the next request; "not modified" brings nothing."""
    url = "https://f.example/rss"
    world.script.on(short(1), page(1))
    world.script.feeds[url] = lambda etag: (
        FeedResponse(url, b"", True, etag) if etag else feed(short(1), etag='"v1"')
    )
    world.watch(url, every=HOUR)
    world.run()
    world.pass_time(2 * HOUR)
    world.run()

    assert [etag for _, _, etag in world.script.feed_log] == [None, '"v1"']
    assert world.titles() == titles_of([1])


def test_a_source_that_brings_nothing_is_looked_at_less_often(world: World) -> None:
    """Over ten days of hourly runs: about every six hours at first, ever more slowly, never less
    than weekly.
    """
    url = "https://f.example/rss"
    world.script.feeds[url] = feed()
    world.watch(url, every=6 * HOUR)
    for _ in range(240):
        world.run()
        world.pass_time(HOUR)

    looks = [when for when, _, _ in world.script.feed_log]
    gaps = [(b - a) / HOUR for a, b in pairwise(looks)]
    assert 6 < len(looks) < 14
    assert gaps[0] < gaps[-1] <= 7 * 24
    assert gaps[0] >= 6


def test_missed_runs_coalesce(world: World) -> None:
    """After a month without a run each source is looked at once."""
    url = "https://f.example/rss"
    world.script.feeds[url] = feed()
    world.watch(url, every=HOUR)
    world.run()
    world.pass_time(30 * 24 * HOUR)
    world.run()
    world.run()

    assert len(world.script.feed_log) == 2


def test_a_failing_feed_waits_and_the_others_go_on(world: World) -> None:
    """Tried five times, then left with a due time; exit code 1; its error is shown and goes away
    when it answers.
    """
    good, bad = "https://f.example/good", "https://f.example/bad"
    world.script.on(short(1), page(1))
    world.script.feeds.update({good: feed(short(1)), bad: Later("503")})
    for url in (bad, good):
        world.watch(url, every=HOUR)
    report = world.run()

    assert (report.exit_code, world.titles()) == (1, titles_of([1]))
    assert len([1 for _, url, _ in world.script.feed_log if url == bad]) == 5
    assert world.status()["sources"]["failing"] == 1

    world.script.feeds[bad] = feed()
    world.pass_time(HOUR)
    assert world.run().exit_code == 0
    assert world.status()["sources"]["failing"] == 0


def test_an_article_as_a_source_brings_what_it_newly_links_to(world: World) -> None:
    """It is fetched again, and its new links are followed; the old ones are left alone."""
    world.script.on(short(1), page(1, [long(2)]), page(1, [long(2), long(3)]))
    world.script.on(long(2), page(2))
    world.script.on(long(3), page(3))
    world.watch(short(1), every=HOUR)
    world.run()
    world.pass_time(2 * HOUR)
    world.run()

    assert world.script.asked == [at(short(1)), at(long(2)), at(short(1)), at(long(3))]


def test_an_opml_file_is_its_feeds(world: World, tmp_path: Path) -> None:
    """Each feed becomes a source of its own, looked at by the same run."""
    names = tmp_path / "feeds.opml"
    names.write_text(
        '<opml><body><outline xmlUrl="https://f.example/rss"/></body></opml>', encoding="utf-8"
    )
    world.script.feeds["https://f.example/rss"] = feed(short(1))
    world.script.on(short(1), page(1))
    world.watch(str(names))
    world.run()

    assert world.titles() == titles_of([1])


def test_failures_are_retried_when_due_and_not_before(world: World) -> None:
    """Five tries, a rest of minutes, then again; `Retry-After` is kept to by `save` and `run`
    alike.
    """
    world.script.on(short(1), Later("503"))
    world.save(short(1))
    world.run()
    assert len(world.script.log) == 5

    world.pass_time(HOUR)
    world.script.on(short(1), RateLimited("429", retry_after=1800))
    world.run()
    world.save(short(1))
    world.run()
    assert len(world.script.log) == 6

    world.script.on(short(1), page(1))
    world.pass_time(HOUR)
    world.run()
    assert world.titles() == titles_of([1])


def test_missing_images_are_fetched_by_a_later_run(world: World) -> None:
    """When they are due; the article's file then shows the local one."""
    url = "https://mmbiz.qpic.cn/mmbiz_png/A1/640"
    world.script.on(short(1), page(1, images=[url]))
    world.script.broken_media[url] = Later("reset")
    world.save(short(1))
    world.script.broken_media.clear()
    world.pass_time(2 * HOUR)
    report = world.run()

    assert report.images == 1
    assert world.status()["images"]["missing"] == 0


def test_rechecks_are_gentle(world: World) -> None:
    """A fresh article is looked at after a day, then ever less often: a handful of times in its
    first months.
    """
    world.script.on(short(1), page(1))
    world.save(short(1))
    for _ in range(120):
        world.pass_time(24 * HOUR)
        world.run(recheck="auto")

    assert 1 <= len(world.script.log) - 1 <= 12


def test_a_recheck_finds_what_was_deleted(world: World) -> None:
    """The kept text stays; the article is gone, and is not asked for again."""
    world.script.on(short(1), page(1), DELETED)
    world.save(short(1))
    for _ in range(3):
        world.pass_time(40 * 24 * HOUR)
        world.run(recheck="30d")

    assert len(world.script.log) == 2
    assert [row["gone_reason"] for row in world.rows("SELECT gone_reason FROM articles")] == [
        "deleted"
    ]


def test_new_cookies_are_tried_at_once(world: World, tmp_path: Path) -> None:
    """What met the captcha alone is taken when a person hands over cookies."""
    world.script.on(long(1), captcha_page(), page(1))
    world.script.on(long(2), page(2))
    world.save(long(1), long(2))
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("# Netscape HTTP Cookie File\n", encoding="utf-8")
    os.utime(cookies, (world.clock.now().timestamp() + 60,) * 2)
    world.pass_time(120)
    world.run(cookies=str(cookies))

    assert world.titles() == titles_of([1, 2])


def test_after_a_block_no_image_is_asked_for_either(world: World) -> None:
    """Not the missing ones by `run`, not those of what `save` just kept; when pages come again, so
    do images.
    """
    url = "https://mmbiz.qpic.cn/mmbiz_png/A1/640"
    world.script.on(short(1), page(1, images=[url]))
    world.script.on(short(2), captcha_page())
    world.script.broken_media[url] = Later("reset")
    world.save(short(1), short(2))
    asked = len(world.script.media_log)
    codes = [
        world.run(anyway=True).exit_code,
        world.save(short(1), short(2), anyway=True).exit_code,
    ]

    assert (codes, len(world.script.media_log) - asked) == ([75, 75], 0)

    world.script.broken_media.clear()
    world.script.on(short(2), page(2))
    world.pass_time(48 * HOUR)
    assert (world.run().images, world.status()["images"]["missing"]) == (1, 0)


def test_saved_pages_are_taken_in_during_a_cool_down_without_a_request(
    world: World, tmp_path: Path
) -> None:
    """Their images wait until it is over."""
    url = "https://mmbiz.qpic.cn/mmbiz_png/A1/640"
    world.script.on(short(2), captcha_page(), page(2))
    world.save(short(2))
    saved = tmp_path / "1.html"
    saved.write_bytes(page(1, images=[url]).body)
    world.save(str(saved))
    assert (world.titles(), world.script.media_log) == (titles_of([1]), [])

    world.pass_time(2 * HOUR)
    assert (world.run().images, world.titles()) == (1, titles_of([1, 2]))


def test_max_duration_holds_for_sources_and_images_too(world: World) -> None:
    """Feeds that answer slowly, or never, do not keep a run beyond its time; the next run looks at
    the others.
    """
    names = [f"https://f.example/{n}" for n in range(30)]

    def slow(etag: str | None) -> FeedResponse:
        world.clock.time += 50
        return feed()

    for name in names:
        world.script.feeds[name] = slow
        world.watch(name, every=HOUR)
    began = world.clock.monotonic()
    world.run(max_duration=120)
    assert world.clock.monotonic() - began <= 120 + 50
    world.run()
    assert {name for _, name, _ in world.script.feed_log} == set(names)


def test_budgets_of_a_run(world: World) -> None:
    """--max-requests, --max-duration and --limit stop it; the next run goes on."""
    for number in range(9):
        world.script.on(short(number), Later("503"))
    world.save(*map(short, range(9)), limit=None)
    for number in range(9):
        world.script.on(short(number), page(number))
    world.pass_time(HOUR)
    counts = []
    for budget in ({"max_requests": 2}, {"max_duration": 5.0}, {"limit": 1}, {}):
        before = len(world.script.log)
        assert world.run(**budget).exit_code == 0
        counts.append(len(world.script.log) - before)

    assert counts == [2, 2, 1, 4]


def titled(*entries: tuple[str, str, str]) -> FeedResponse:
    """A feed whose entries have an address, a title and a day."""
    items = "".join(
        f"<item><title>{title}</title><link>{address}</link><pubDate>{day}</pubDate></item>"
        for address, title, day in entries
    )
    body = f"<rss version='2.0'><channel><title>甲</title>{items}</channel></rss>".encode()
    return FeedResponse("https://f.example/rss", body, False, '"v1"')


def test_what_the_feed_says_decides_before_anything_is_fetched(world: World) -> None:
    """Title and day rule out without a request; what only the text can tell is fetched and judged
    then. Other rules read the whole feed again, though it has not changed."""
    url = "https://f.example/rss"
    days = ["Mon, 01 Jun 2026 08:00:00 GMT", "Mon, 01 Jun 2020 08:00:00 GMT"]
    for number, words in ((1, "岩茶"), (2, "岩茶"), (3, "酒"), (4, "岩茶"), (5, "岩茶 广告")):
        world.script.on(short(number), page(number, text=words))
    entries = (
        (short(1), "第1篇", days[0]),
        (short(2), "第2篇 &amp;lt;广告&amp;gt;", days[0]),
        (short(3), "第3篇", days[0]),
        (short(4), "第4篇", days[1]),
        (short(5), "第5篇", days[0]),
    )
    world.script.feeds[url] = lambda etag: (
        FeedResponse(url, b"", True, etag) if etag else titled(*entries)
    )
    world.watch(url)
    with open_database(world.root / "archive.db") as db:
        rules = SourceRules.of(include="岩茶", exclude="广告 OR before:2021")
        Sources(db.conn).set_rules(url, rules)
    world.run()

    assert sorted(world.script.asked) == sorted(at(short(number)) for number in (1, 3, 5))
    assert world.titles() == titles_of([1])
    with open_database(world.root / "archive.db") as db:
        Sources(db.conn).set_rules(url, SourceRules.of(include="title:第4篇"))
    world.pass_time(24 * HOUR)
    world.run()
    assert world.titles() == titles_of([1, 4])
    assert at(short(2)) not in world.script.asked


def test_what_a_source_leaves_out_is_kept_where_a_person_names_it(world: World) -> None:
    """Whether the source left it out before, or it still waits for the source; and the next run
    leaves it alone.
    """
    url = "https://f.example/rss"
    for number in (1, 2, 3):
        world.script.on(short(number), page(number, text="酒"))
    world.script.feeds[url] = feed(short(1), short(2), short(3))
    world.watch(url)
    with open_database(world.root / "archive.db") as db:
        Sources(db.conn).set_rules(url, SourceRules(include="岩茶"))
    world.run(limit=None, max_requests=1)
    report = world.save(short(1), short(2))

    assert ["new", "new"] == [one.change for one in report.results]
    world.pass_time(24 * HOUR)
    world.run()
    assert titles_of([1, 2]) == world.titles()


def test_a_source_brings_what_its_rules_say(world: World) -> None:
    """Judged by the article itself, before it is kept; what is kept gets the source's tags and
    belongs to its group. What a person removed comes by no source."""
    url = "https://f.example/rss"
    for number, words in ((1, "岩茶"), (2, "岩茶 广告"), (3, "酒")):
        world.script.on(short(number), page(number, text=words))
    world.script.feeds[url] = feed(short(1), short(2), short(3))
    world.watch(url)
    with open_database(world.root / "archive.db") as db:
        rules = SourceRules(include="岩茶", exclude="广告", tags=("茶",), group="喝的")
        Sources(db.conn).set_rules(url, rules)
    world.run()

    assert world.titles() == titles_of([1])
    with open_database(world.root / "archive.db") as db:
        assert [1, 1] == [len(article_ids(db.conn, query)) for query in ("tag:茶", "group:喝的")]
        store = Store(db, world.root)
        (key,) = (one.key for one in store.articles())
        store.removal.remove(store.get(key), datetime.now(UTC))
    world.script.feeds[url] = feed(short(1))
    world.pass_time(24 * HOUR)
    world.run()
    assert [] == world.titles()
    assert list((world.root / "articles").rglob("*.md")) == []
