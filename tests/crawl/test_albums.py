"""Albums: expanded by their public list, shown with their gaps, walked when the list fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.crawl.sources import SourceRules, Sources
from archive.db.opening import open_database
from scraper.errors import Refused, ScrapeError
from scraper.models import Page
from tests.crawl.archives import World, titles_of
from tests.crawl.fakes import at, long, short
from tests.crawl.pages import DELETED, album_address, album_page, captcha_page, page

ALBUM = album_address("3000000000000000001")
ID = "3000000000000000001"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "archive")


def serve(world: World, numbers: list[int], *, size: int | None = None, per_page: int = 20) -> None:
    """An album's list, paged as WeChat does it, and its articles."""

    def answer(url: str) -> Page:
        listed = numbers[::-1] if "is_reverse=1" in url else numbers
        begin = next(
            (i + 1 for i, n in enumerate(listed) if f"begin_msgid={2247480000 + n}&" in url), 0
        )
        shown = listed[begin : begin + per_page]
        return album_page(ID, shown, size=size or len(numbers), more=begin + per_page < len(listed))

    world.script.on(ALBUM, answer)
    for number in numbers:
        world.script.on(long(number), page(number))


def lists_asked(world: World) -> int:
    return sum("appmsgalbum" in url for _, url in world.script.log)


@pytest.mark.parametrize("count", [1, 19, 20, 21, 45])
def test_an_album_is_expanded_page_by_page(world: World, count: int) -> None:
    """However many it has; one member comes as an object instead of a list."""
    serve(world, list(range(1, count + 1)))
    report = world.save(ALBUM)

    assert (report.saved, report.exit_code) == (count, 0)
    assert lists_asked(world) == -(-count // 20)
    album = world.status()["albums"][0]
    assert (album["held"], album["size"], album["complete"], album["missing"]) == (
        count,
        count,
        True,
        [],
    )


def test_again_is_free_and_a_refresh_reads_the_list_again(world: World) -> None:
    """The same command asks for nothing; --refresh sees what is new in it."""
    serve(world, [1, 2])
    world.save(ALBUM)
    asked = len(world.script.log)
    world.save(ALBUM)
    assert len(world.script.log) == asked

    serve(world, [1, 2, 3])
    world.save(ALBUM, refresh=True)
    assert world.titles() == titles_of([1, 2, 3])


def test_gaps_are_shown(world: World) -> None:
    """What the list shows and the archive does not hold is named."""
    serve(world, [1, 2, 3])
    world.script.on(long(2), DELETED)
    report = world.save(ALBUM)

    album = world.status()["albums"][0]
    assert (album["held"], album["size"], album["complete"]) == (2, 3, False)
    assert [member["title"] for member in album["missing"]] == ["第2篇"]
    assert report.exit_code == 1


def test_a_list_that_ends_early_is_read_from_its_other_end(world: World) -> None:
    """25 articles of which one order shows only the first 20."""
    numbers = list(range(1, 26))
    serve(world, numbers)

    def answer(url: str) -> Page:
        listed = numbers[::-1] if "is_reverse=1" in url else numbers
        return album_page(ID, listed[:20], size=25, more=False)

    world.script.on(ALBUM, answer)
    world.save(ALBUM)

    assert world.titles() == titles_of(numbers)
    assert lists_asked(world) == 2


def test_a_list_that_broke_off_leaves_nothing_in_the_next(world: World) -> None:
    """What its first page named and is not in the list any more when it is read again."""

    def breaking(url: str) -> Page | ScrapeError:
        broken = "begin_msgid" in url
        return Refused("404") if broken else album_page(ID, [*range(1, 21)], size=25, more=True)

    world.script.on(ALBUM, breaking)
    world.save(ALBUM)
    serve(world, [21, 22])
    world.save(ALBUM, refresh=True)

    album = world.status()["albums"][0]
    assert (2, 2, True) == (album["listed"], album["size"], album["complete"])


def test_an_album_as_a_source_brings_its_new_articles(world: World) -> None:
    """Looked at when due; unchanged it costs one request, however long it is."""
    serve(world, list(range(1, 46)))
    world.save(ALBUM)
    world.watch(ALBUM, every=3600)
    world.run()
    assert lists_asked(world) == 3 + 1

    serve(world, list(range(1, 48)))
    world.pass_time(7200)
    world.run()
    assert world.titles() == titles_of(range(1, 48))


def test_the_titles_and_days_of_an_albums_list_decide_before_a_fetch(world: World) -> None:
    """Also where the list was read a moment ago; its account decides once one article is held."""
    serve(world, list(range(1, 24)))
    rules = SourceRules.of(include="title:第2*", exclude="title:第21篇 OR after:2099")
    world.watch(ALBUM, every=3600)
    with open_database(world.root / "archive.db") as db:
        Sources(db.conn).set_rules(ALBUM.replace("http://", "https://"), rules)
    world.run()

    wanted = [2, 20, 22, 23]
    assert world.titles() == titles_of(wanted)
    asked = [url for url in world.script.asked if "appmsgalbum" not in url]
    assert sorted(asked) == sorted(at(long(number)) for number in wanted)
    with open_database(world.root / "archive.db") as db:
        other = SourceRules.of(exclude="account:账号")
        Sources(db.conn).set_rules(world.rows("SELECT address FROM sources")[0]["address"], other)
    world.script.log.clear()
    world.pass_time(7200)
    world.run()
    assert (world.titles(), lists_asked(world)) == (titles_of(wanted), len(world.script.log))


def test_watching_what_was_saved_asks_for_nothing_twice(world: World) -> None:
    """An album that was given to `save` before it is watched: only its list is looked at again, not
    its members, and not those that are gone."""
    serve(world, [1, 2, 3])
    world.script.on(long(2), DELETED)
    world.save(ALBUM)
    world.script.log.clear()
    world.watch(ALBUM, every=3600)
    world.pass_time(7200)
    world.run()

    assert (len(world.script.log), lists_asked(world)) == (1, 1)


def test_an_album_whose_list_fails_is_walked(world: World) -> None:
    """From any held member to its neighbours, both ways, to the ends."""
    world.script.on(ALBUM, Page(url="", body=b'{"base_resp": {"ret": -1}}'))
    for number in range(1, 8):
        before = long(number - 1) if number > 1 else None
        after = long(number + 1) if number < 7 else None
        answer = page(number, album=(ID, before, after, 7))
        world.script.on(long(number), answer)
        if number == 4:
            world.script.on(short(4), answer)
    world.save(short(4))
    world.save(ALBUM)

    assert world.titles() == titles_of(range(1, 8))
    album = world.status()["albums"][0]
    assert (album["held"], album["size"]) == (7, 7)


def test_album_scope_follows_the_album_only(world: World) -> None:
    """--scope album: neighbours and the album itself, not the links in the text."""
    serve(world, [1, 2, 3])
    world.script.on(short(1), page(1, [long(9)], album=(ID, None, long(2), 3)))
    world.save(short(1), follow=1, scope="album")

    assert world.titles() == titles_of([1, 2, 3])


def test_only_an_album_that_has_no_list_is_walked(world: World) -> None:
    """An article that fails brings no neighbours of others into the queue."""
    world.script.on(short(1), page(1, album=(ID, None, long(2), 3)))
    world.script.on(long(2), page(2))
    world.script.on(short(9), DELETED)
    world.save(short(1))
    world.save(short(9))
    world.run()

    assert [at(short(1)), at(short(9))] == world.script.asked


def test_an_album_that_meets_the_captcha_is_asked_for_again(world: World) -> None:
    """Its list is there, only not now: its articles are not gathered from neighbour to neighbour."""
    serve(world, [1, 2])
    world.script.on(short(1), page(1, album=(ID, None, long(2), 2)))
    world.save(short(1))
    lists = world.script.answers[at(ALBUM)][0]
    world.script.on(ALBUM, captcha_page(), captcha_page(), lists)
    asked = [world.save(ALBUM).exit_code, *world.rows("SELECT address FROM frontier WHERE open")]

    assert [75, {"address": at(ALBUM)}] == asked
