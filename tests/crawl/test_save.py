"""`save` from addresses to files, on a scripted internet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scraper.crawl.reason import Reason
from scraper.errors import Forbidden, Later, RateLimited, Refused, ScrapeError, Unreachable
from scraper.models import Article, Page
from tests.crawl.archives import World, titles_of
from tests.crawl.fakes import BIZ, at, long, short
from tests.crawl.pages import DELETED, EXPIRED, STRANGE, captcha_page, page

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/{}/640?wx_fmt=png"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "archive")


def test_an_address_becomes_an_article(world: World) -> None:
    """One address, one page, one file, its image, and the counts that `--json` shows."""
    world.script.on(short(1), page(1, images=[PICTURE.format("A1")]))

    report = world.save(short(1)).as_dict()

    counts = {
        name: report[name]
        for name in ("saved", "unchanged", "followed", "failed", "images", "exit_code")
    }
    assert counts == {
        "saved": 1,
        "unchanged": 0,
        "followed": 0,
        "failed": 0,
        "images": 1,
        "exit_code": 0,
    }
    assert world.titles() == ["第1篇"]
    assert sorted(Path(name).suffix for name in world.files()) == [".md", ".png"]
    assert report["results"][0]["path"] in world.files()


def test_short_and_long_addresses_of_one_article_end_in_one_record(world: World) -> None:
    """Two addresses, one article, both remembered."""
    world.script.on(short(1), page(1))
    report = world.save(short(1), long(1))

    assert (report.saved, report.unchanged) == (1, 1)
    assert world.script.asked == [at(short(1))]
    assert {row["address"] for row in world.rows("SELECT address FROM addresses")} == {
        at(short(1)),
        at(long(1)),
    }


def test_again_is_free(world: World) -> None:
    """The same command once more asks for nothing and leaves every byte and time of the files."""
    world.script.on(short(1), page(1, [long(2)], images=[PICTURE.format("A1")]))
    world.script.on(long(2), page(2, [long(3)]))
    world.script.on(long(3), page(3))
    world.save(short(1), follow=2)
    before, asked, images = world.files(), len(world.script.log), len(world.script.media_log)

    report = world.save(short(1), follow=2)

    assert (len(world.script.log), len(world.script.media_log)) == (asked, images)
    assert world.files() == before
    assert (report.saved, report.unchanged, report.followed, report.exit_code) == (0, 3, 2, 0)


def test_an_unknown_short_address_of_a_held_article_costs_one_page(world: World) -> None:
    """It is opened once to see what it is; then it is known."""
    world.script.on(long(1), page(1))
    world.script.on(short(1), page(1))
    world.save(long(1))
    before = world.files()

    for _ in range(2):
        world.save(short(1))

    assert world.script.asked == [at(long(1)), at(short(1))]
    assert world.files() == before


def test_the_stored_links_of_what_is_held_are_followed(world: World) -> None:
    """Kept without following, then asked for with it: only what is new is fetched."""
    world.script.on(short(1), page(1, [long(2)]))
    world.script.on(long(2), page(2))
    world.save(short(1))
    world.save(short(1), follow=1)

    assert world.script.asked == [at(short(1)), at(long(2))]
    assert world.titles() == titles_of([1, 2])


def test_limit_counts_articles_and_the_rest_is_not_wanted(world: World) -> None:
    """Three of ten; the same again visits the same three, and `run` does not fetch the others."""
    world.script.on(short(1), page(1, [long(n) for n in range(2, 11)]))
    for number in range(2, 11):
        world.script.on(long(number), page(number))

    world.save(short(1), follow=1, limit=3)
    world.save(short(1), follow=1, limit=3)
    world.run()

    assert world.titles() == titles_of([1, 2, 3])
    assert len(world.script.log) == 3


def test_refresh_writes_only_what_changed(world: World) -> None:
    """Fetched again: the unchanged one keeps its bytes, the changed one gets a version."""
    world.script.on(short(1), page(1))
    world.script.on(short(2), page(2), page(2, text="改过的正文。"))
    world.save(short(1), short(2))
    before = world.files()

    report = world.save(short(1), short(2), refresh=True)

    changed = [name for name, content in world.files().items() if before.get(name) != content]
    assert (report.saved, report.unchanged) == (1, 1)
    assert ["第2篇" in name for name in changed] == [True]
    assert len(world.rows("SELECT * FROM versions")) == 1


def test_refresh_prefers_the_short_address(world: World) -> None:
    """Long addresses meet the captcha outside WeChat: a short one that is known is tried first."""
    world.script.on(short(1), page(1))
    world.save(short(1))
    world.save(long(1), refresh=True)

    assert world.script.asked == [at(short(1)), at(short(1))]


def test_a_broken_image_never_fails_its_article(world: World) -> None:
    """The article is kept, the image is missing, and the next `save` gets it into the file."""
    world.script.on(short(1), page(1, images=[PICTURE.format("A1"), PICTURE.format("B2")]))
    world.script.broken_media[PICTURE.format("B2")] = Later("reset")

    first = world.save(short(1))
    world.script.broken_media.clear()
    second = world.save(short(1))

    assert (first.exit_code, first.images, first.images_missing) == (0, 1, 1)
    assert (second.images, second.images_missing) == (1, 0)
    text = next(
        content for name, (content, _) in world.files().items() if name.endswith(".md")
    ).decode()
    assert "mmbiz.qpic.cn" not in text.partition("\n# ")[2]


@pytest.mark.parametrize("trouble", [Later("reset"), Refused("404 (Not Found)")])
def test_the_next_run_tries_a_broken_image_again(world: World, trouble: ScrapeError) -> None:
    """At once, whatever was wrong; one that stays broken is then asked for ever less often."""
    world.script.on(short(1), page(1, images=[PICTURE.format("A1"), PICTURE.format("B2")]))
    world.script.broken_media |= {PICTURE.format("A1"): trouble, PICTURE.format("B2"): trouble}
    world.save(short(1))
    del world.script.broken_media[PICTURE.format("A1")]

    assert [(report.images, report.images_missing) for report in (world.run(), world.run())] == [
        (1, 1),
        (0, 0),
    ]
    world.pass_time(14 * 24 * 3600)
    assert world.run().images_missing == 1


def test_an_address_that_is_refused_is_not_tried_again(world: World) -> None:
    """Inside the network, or a host that is not allowed: no later run changes that."""
    world.script.on(short(1), page(1, images=[PICTURE.format("A1")]))
    world.script.broken_media[PICTURE.format("A1")] = Forbidden("10.0.0.1 is inside the network")
    world.save(short(1))
    asked = len(world.script.media_log)
    world.save(short(1))
    world.run()

    assert len(world.script.media_log) == asked


def test_images_none_leaves_the_pictures_out(world: World) -> None:
    """With `--images none` no media host hears of it, and the file shows words only."""
    world.script.on(short(1), page(1, images=[PICTURE.format("A1")]))
    world.save(short(1), images="none")

    text = next(
        content for name, (content, _) in world.files().items() if name.endswith(".md")
    ).decode()
    assert (world.script.media_log, "![" in text, "正文。" in text) == ([], False, True)


def test_images_remote_asks_for_none(world: World) -> None:
    """With `--images remote` no media host hears of it."""
    world.script.on(short(1), page(1, images=[PICTURE.format("A1")]))
    world.save(short(1), images="remote")

    assert world.script.media_log == []


@pytest.mark.parametrize(
    ("answer", "name"), [(DELETED, "deleted"), (EXPIRED, "expired"), (STRANGE, "unrecognised")]
)
def test_what_is_not_an_article_is_named_and_not_stored(
    world: World, answer: object, name: str
) -> None:
    """Told apart by structure; the others go on; exit code 1."""
    world.script.on(short(1), answer)  # type: ignore[arg-type]
    world.script.on(short(2), page(2))

    report = world.save(short(1), short(2))

    assert [result.error_code for result in report.results] == [name, None]
    assert world.titles() == titles_of([2])
    assert report.exit_code == 1


def test_what_is_gone_is_not_asked_for_again(world: World) -> None:
    """A deleted article is final: the second command says so without a request; --refresh asks."""
    world.script.on(short(1), DELETED)
    codes = [world.save(short(1)).exit_code, world.save(short(1)).exit_code]
    assert (codes, len(world.script.log)) == ([1, 1], 1)

    world.save(short(1), refresh=True)
    assert len(world.script.log) == 2


def test_a_held_article_that_is_gone_keeps_its_text(world: World) -> None:
    """Its body stays as it was; the record says since when it is gone, and the command did not
    fail.
    """
    world.script.on(short(1), page(1), DELETED)
    world.save(short(1))
    report = world.save(short(1), refresh=True)

    row = world.rows("SELECT gone, gone_reason, body FROM articles")[0]
    assert (row["gone_reason"], "正文。" in row["body"], bool(row["gone"])) == (
        "deleted",
        True,
        True,
    )
    assert report.exit_code == 0


def test_words_that_are_no_address_are_an_error_for_that_one(world: World) -> None:
    """The others go on; where nothing else was given it is a usage error."""
    world.script.on(short(1), page(1))

    assert world.save("hello", short(1)).exit_code == 1
    assert world.save("hello").exit_code == 64


def test_a_host_that_cannot_be_reached_is_69(world: World) -> None:
    """Nothing came at all: cron can tell a dead network from a bad article."""
    world.script.on(short(1), Unreachable("no connection"))

    assert world.save(short(1)).exit_code == 69


def test_many_pages_not_understood_are_76(world: World) -> None:
    """Three or more, and more than one in twenty: WeChat changed its pages."""
    for number in range(4):
        world.script.on(short(number), STRANGE if number < 3 else page(number))

    assert world.save(*map(short, range(4))).exit_code == 76


def test_one_captcha_on_a_short_address_opens_a_cool_down(world: World) -> None:
    """75, no further request, all that waits stays; until it is over commands end with 75 without a
    request.
    """
    world.script.on(short(1), captcha_page(), page(1))
    world.script.on(short(2), page(2))
    first = world.save(short(1), short(2))
    again, run = world.save(short(2)), world.run()

    assert [report.exit_code for report in (first, again, run)] == [75, 75, 75]
    assert len(world.script.log) == 1
    assert world.titles() == []

    world.pass_time(3700)
    resumed = world.run()
    assert (resumed.exit_code, world.titles()) == (0, titles_of([1, 2]))
    assert world.status()["blocked"] is None


def test_the_cool_down_doubles_up_to_a_day(world: World) -> None:
    """1 h, 2 h, 4 h, 8 h, 16 h, 24 h, 24 h; each time one careful probe."""
    for number in range(9):
        world.script.on(short(number), captcha_page())
    world.save(*map(short, range(9)))
    lengths = []
    for _ in range(7):
        block = world.status()["blocked"]
        hours = (_time(block["until"]) - _time(block["since"])) / 3600
        lengths.append(round(hours))
        world.pass_time(hours * 3600 + 1)
        world.run()

    assert lengths == [1, 2, 4, 8, 16, 24, 24]
    assert len(world.script.log) == 8


def test_the_only_address_is_the_probe(world: World) -> None:
    """Where nothing else waits: asked for once after each cool-down, and kept as soon as it
    opens.
    """
    world.script.on(short(1), *[captcha_page()] * 4, page(1))
    world.save(short(1))
    for hours in (1, 2, 4, 8):
        assert world.run().exit_code == 75
        world.pass_time(hours * 3600 + 1)
        asked = len(world.script.log)
        world.run()
        assert len(world.script.log) == asked + 1

    assert (world.titles(), world.status()["blocked"]) == (titles_of([1]), None)


def test_one_address_behind_a_captcha_does_not_hold_up_the_others(world: World) -> None:
    """It meets the block twice; then the others go first, and it waits with its reason."""
    world.script.on(short(1), captcha_page())
    for number in range(2, 6):
        world.script.on(short(number), page(number))
    world.save(*map(short, range(1, 6)))
    for _ in range(5):
        world.pass_time(3600)
        world.run()

    assert world.titles() == titles_of([2, 3, 4, 5])
    assert world.script.asked.count(at(short(1))) == 2


def _time(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def test_now_tries_in_spite_of_the_cool_down(world: World) -> None:
    """--now is a person's decision; it is still one probe."""
    world.script.on(short(1), captcha_page(), captcha_page(), page(1))
    world.script.on(short(2), page(2))
    world.save(short(1), short(2))

    assert world.save(short(1), short(2), anyway=True).exit_code == 75
    assert len(world.script.log) == 2
    assert world.save(short(1), short(2), anyway=True).exit_code == 0


def test_a_probe_takes_a_short_address_first(world: World) -> None:
    """After a block the first request is one whose answer proves something."""
    world.script.on(long(1), captcha_page())
    world.script.on(long(2), captcha_page())
    world.script.on(short(3), page(3))
    world.save(long(1), long(2), short(3))
    world.pass_time(3700)
    world.run()

    assert world.script.asked[2] == at(short(3))


def test_a_lone_captcha_on_a_long_address_is_no_block(world: World) -> None:
    """The others are kept, the one waits with that reason, and a short address of it closes the
    matter.
    """
    world.script.on(long(1), captcha_page())
    world.script.on(long(2), page(2))
    world.script.on(short(1), page(1))
    report = world.save(long(1), long(2))

    assert (report.exit_code, world.titles()) == (1, titles_of([2]))
    assert [failure["class"] for failure in world.status()["failed"]] == ["blocked"]

    world.save(short(1))
    world.run()
    assert world.status()["failed"] == []
    assert world.script.asked == [at(long(1)), at(long(2)), at(short(1))]


def test_captchas_are_kept_as_evidence_and_never_as_articles(world: World) -> None:
    """The raw page of a block is in the snapshots; there is no article row."""
    from archive.snapshots import Snapshots

    world.script.on(short(1), captcha_page())
    world.save(short(1))

    with Snapshots(world.root / "snapshots.db") as snapshots:
        newest = snapshots.latest_id(at(short(1)))
        assert newest is not None
        kept = snapshots.get(newest)
    assert b"verify.html" in kept.body
    assert world.titles() == []


def test_an_interrupted_save_is_finished_by_run(world: World) -> None:
    """What was found and not come to is fetched by the next run, within the depth that was asked
    for.
    """
    world.script.on(short(1), page(1, [long(2), long(3)]))
    world.script.on(long(2), RateLimited("429", retry_after=900), page(2, [long(4)]))
    world.script.on(long(3), page(3))
    first = world.save(short(1), follow=1)
    assert (first.exit_code, world.titles()) == (1, titles_of([1, 3]))

    world.pass_time(1000)
    assert world.run().exit_code == 0
    assert world.titles() == titles_of([1, 2, 3])


def test_an_address_that_must_wait_says_so(world: World) -> None:
    """Told to come back in half an hour: asked for again before that, the answer is 75 without a
    request.
    """
    world.script.on(short(1), RateLimited("429", retry_after=1800))
    codes = [world.save(short(1)).exit_code for _ in range(2)]

    assert (codes, len(world.script.log)) == ([1, 75], 1)


def test_a_parser_that_fails_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours at one page is that page's failure; the others are kept, and no run dies of
    it.
    """
    from scraper.parse import parse as good

    def parse(page: Page) -> Article:
        if page.url == short(1):
            raise KeyError("oops")
        return good(page)

    monkeypatch.setattr("archive.run.crawling.parse", parse)
    world.script.on(short(1), page(1))
    world.script.on(short(2), page(2))
    report = world.save(short(1), short(2))
    failed = report.results[0]

    assert [result.error_code for result in report.results] == ["unexpected", None]
    assert failed.error is not None
    assert failed.error.startswith("an unexpected error at scraper.crawl.loop:")
    assert "KeyError: 'oops'" in failed.error
    assert report.exit_code == 1
    assert world.run().exit_code == 0

    monkeypatch.undo()
    world.pass_time(8 * 3600)
    assert (world.run().saved, len(world.script.log)) == (1, 2)  # from the page that was kept


def test_without_snapshots_a_fetched_page_is_still_fetched_once(world: World) -> None:
    """--no-snapshots keeps the page until its article is kept, and then no longer."""
    world.script.on(short(1), page(1))
    world.save(short(1), snapshots=False)

    assert world.titles() == ["第1篇"]
    assert world.rows("SELECT * FROM pages") == []
    assert not (world.root / "snapshots.db").exists()


def test_a_saved_page_is_kept_without_a_request(world: World, tmp_path: Path) -> None:
    """A file and a folder of files; what is no article is an error for that one."""
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "1.html").write_bytes(page(1).body)
    (folder / "2.html").write_bytes(page(2).body)
    (folder / "3.html").write_bytes(DELETED.body)

    report = world.save(str(folder))

    assert (world.script.log, world.titles()) == ([], titles_of([1, 2]))
    assert (report.saved, report.failed, report.exit_code) == (2, 1, 1)
    assert world.save(str(folder)).unchanged == 2


def test_the_report_is_json(world: World) -> None:
    """Everything in it can be written out."""
    world.script.on(short(1), DELETED)
    report = json.loads(json.dumps(world.save(short(1)).as_dict()))

    assert report["results"][0]["error"]["class"] == "deleted"
    assert report["ended"] == Reason.DONE.value


def test_what_is_out_of_scope_is_opened_once(world: World) -> None:
    """A short link in a list must be opened to see whose it is; the next command knows."""
    other = "MzA5MDkxNTA4Ng=="
    world.script.on(short(1), page(1, [short(2)]))
    world.script.on(short(2), page(2, biz=other))
    for _ in range(2):
        world.save(short(1), follow=1, scope="account")
    assert (len(world.script.log), world.titles()) == (2, titles_of([1]))

    world.save(short(1), follow=1)
    assert world.titles() == titles_of([1, 2])


def test_account_scope_stays_within_the_account(world: World) -> None:
    """A link to another account is stored as an edge and not fetched."""
    other = "MzA5MDkxNTA4Ng=="
    world.script.on(short(1), page(1, [long(2), long(3, other)]))
    world.script.on(long(2), page(2))
    world.save(short(1), follow=1, scope="account")

    assert world.titles() == titles_of([1, 2])
    assert {row["biz"] for row in world.rows("SELECT biz FROM links")} == {BIZ, other}
