"""What is told: matches, starred articles, problems; each once, all of a run in one message."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import archive
from archive.db.opening import open_database
from archive.errors import BadInput, BadQuery
from archive.notify import searches
from scraper.errors import Later, NeedsPerson
from tests.crawl.fakes import long
from tests.crawl.pages import captcha_page, page
from tests.notify.world import AlertWorld, titles

HOUR = 3600.0


@pytest.fixture
def world(tmp_path: Path) -> AlertWorld:
    return AlertWorld(tmp_path / "archive")


def test_what_is_kept_and_matches_is_told_once_in_one_message(world: AlertWorld) -> None:
    """Two searches, one message; the next run has nothing to tell."""
    world.alert("茶", "岩茶")
    world.alert("AI", "芯片 OR 大模型")
    for number, text in enumerate(("武夷岩茶", "大模型", "别的", "岩茶与芯片"), 1):
        world.publish(number, text)
        world.save(long(number))

    world.run(exec=world.exec)
    world.run(exec=world.exec)

    [message] = world.told
    assert {"茶": ["第4篇", "第1篇"], "AI": ["第4篇", "第2篇"]} == titles(message)
    assert {"new"} == {one["change"] for match in message["matches"] for one in match["articles"]}


def test_what_changes_and_matches_is_told_again(world: AlertWorld) -> None:
    """Kept without the word, changed so that it has it; changed once more; looked at unchanged."""
    world.alert("茶", "岩茶")
    world.publish(1, "什么也没有")
    world.save(long(1))
    world.run(exec=world.exec)
    assert [] == world.told

    for text in ("现在有岩茶", "现在有岩茶", "岩茶再改"):
        world.publish(1, text)
        world.pass_time(HOUR)
        world.save(long(1), refresh=True)
        world.run(exec=world.exec)

    changes = [one["change"] for m in world.told for one in m["matches"][0]["articles"]]
    assert ["modified", "modified"] == changes


def test_a_search_looks_at_what_comes_after_it(world: AlertWorld) -> None:
    """What was held before is found by `search`; a changed query begins with what comes then."""
    world.publish(1, "岩茶")
    world.save(long(1))
    world.alert("茶", "岩茶")
    world.run(exec=world.exec)
    world.alert("茶", "红茶")
    for number, text in ((2, "岩茶"), (3, "红茶")):
        world.publish(number, text)
        world.save(long(number))
    world.run(exec=world.exec)

    assert [{"茶": ["第3篇"]}] == [titles(message) for message in world.told]


def test_many_matches_are_counted_and_some_named(world: AlertWorld) -> None:
    """The message stays short whatever came in."""
    world.alert("茶", "岩茶")
    for number in range(1, 64):
        world.publish(number, "岩茶")
        world.save(long(number))

    world.run(exec=world.exec)

    [message] = world.told
    [match] = message["matches"]
    assert (63, 50) == (match["count"], len(match["articles"]))
    assert 10 == message["text"].count("· ")
    assert "53" in message["text"]


def test_one_search_that_fails_stops_no_other(world: AlertWorld) -> None:
    """A query that an older program saved and this one cannot read: told in the list, tried again
    by the next run; the others go on."""
    world.alert("a", "岩茶")
    world.alert("b", "岩茶")
    with open_database(world.root / "archive.db") as db:
        db.conn.execute("UPDATE alerts SET query = 'kind:nonsense' WHERE name = 'a'")
        db.conn.commit()
    world.publish(1, "岩茶")
    world.save(long(1))

    report = world.run(exec=world.exec)

    assert 0 == report.exit_code
    assert [{"b": ["第1篇"]}] == [titles(message) for message in world.told]
    [row] = world.rows("SELECT error FROM alerts WHERE name = 'a'")
    assert "nonsense" in row["error"]
    world.alert("a", "岩茶")  # mended: what it missed is told
    world.run(exec=world.exec)
    assert {"a": ["第1篇"]} == titles(world.told[-1])


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../x", "starred", "problems", "茶" * 41, "-x"])
def test_names_that_cannot_be_one(world: AlertWorld, name: str) -> None:
    """A name stands in addresses and in config.toml."""
    with open_database(world.root / "archive.db") as db, pytest.raises(BadInput):
        searches.add(db.conn, name, "x", world.clock.now())


def test_a_query_that_means_nothing_is_refused(world: AlertWorld) -> None:
    """As `search` refuses it."""
    with pytest.raises(BadQuery):
        world.alert("a", "kind:nonsense")


def test_without_a_saved_search_nothing_is_noted(world: AlertWorld) -> None:
    """Who asks to be told of nothing pays nothing; and what all have seen is forgotten."""
    world.publish(1)
    world.save(long(1))
    assert [] == world.rows("SELECT * FROM article_changes")
    world.alert("a", "岩茶")
    world.publish(2)
    world.save(long(2))
    assert 1 == len(world.rows("SELECT * FROM article_changes"))
    world.run()
    assert [] == world.rows("SELECT * FROM article_changes")


# --- starred ----------------------------------------------------------------------------------


def star(world: AlertWorld, *numbers: int) -> None:
    addresses = [long(number) for number in numbers]
    with archive.open(world.root) as library:
        assert all(one.error is None for one in library.mark(addresses, starred=True))


def test_a_starred_article_that_is_changed_or_deleted_is_told(world: AlertWorld) -> None:
    """Once each; what is not starred, and what happened before it was, is not."""
    for number in (1, 2, 3):
        world.publish(number)
        world.save(long(number))
    star(world, 1, 2)
    world.run(exec=world.exec)
    assert [] == world.told

    world.publish(1, "改了")
    world.publish(3, "改了")
    world.delete(2)
    for number in (1, 2, 3):
        world.save(long(number), refresh=True)
    for _ in range(2):
        world.run(exec=world.exec)

    [message] = world.told
    assert [("第1篇", "modified"), ("第2篇", "gone")] == sorted(
        (one["title"], one["change"]) for one in message["starred"]
    )
    assert "该内容已被发布者删除" in {one["shown"] for one in message["starred"]}


# --- problems ---------------------------------------------------------------------------------


def problems(world: AlertWorld) -> list[tuple[str, str]]:
    return [(one["kind"], one["state"]) for message in world.told for one in message["problems"]]


def test_a_block_is_told_when_it_begins_and_when_it_ends(world: AlertWorld) -> None:
    """Not at every run between, nor when the pause is doubled."""
    world.script.on(long(1), captcha_page())
    world.script.on(long(2), captcha_page())
    world.save(long(1), long(2))
    for _ in range(5):
        world.run(exec=world.exec)
        world.pass_time(HOUR)
    assert [("blocked", "begins")] == problems(world)

    world.publish(1)
    world.publish(2)
    world.pass_time(30 * HOUR)
    for _ in range(3):
        world.run(exec=world.exec)

    assert [("blocked", "begins"), ("blocked", "ends")] == problems(world)


def test_a_source_is_told_when_it_failed_three_times(world: AlertWorld) -> None:
    """Twice is nothing; then once; and once when it works again."""
    feed = "https://feeds.example/1"
    world.script.feeds[feed] = lambda etag: Later("no route to host")
    world.watch(feed)
    counts = []
    for _ in range(5):
        world.run(exec=world.exec)
        counts.append(len(problems(world)))
        world.pass_time(30 * HOUR)
    assert [0, 0, 1, 1, 1] == counts

    del world.script.feeds[feed]
    with open_database(world.root / "archive.db") as db:
        db.conn.execute("UPDATE sources SET attempts = 0, error = NULL")
        db.conn.commit()
    world.run(exec=world.exec)

    assert [("source", "begins"), ("source", "ends")] == problems(world)


def test_an_expired_login_is_told_where_cookies_are_given(world: AlertWorld) -> None:
    """Pages that want a login without cookies say nothing about one."""
    world.script.on(long(1), NeedsPerson("log in", reason="login"))
    world.save(long(1))
    world.run(exec=world.exec)
    assert [] == world.told

    cookies = world.root.parent / "cookies.txt"
    cookies.write_text("# Netscape HTTP Cookie File\n")
    for _ in range(2):
        world.run(exec=world.exec, cookies=str(cookies))

    assert [("login", "begins")] == problems(world)


def test_little_room_is_told_once(world: AlertWorld, room: SimpleNamespace) -> None:
    """Also where it flutters around the bound."""
    for room.free in (2000, 1000, 1100, 900, 1300, 1000):
        world.run(exec=world.exec)

    assert [("disk", "begins"), ("disk", "ends"), ("disk", "begins")] == problems(world)
    assert "1000 MiB" in world.told[0]["text"]


def test_a_changed_template_is_told_once(world: AlertWorld) -> None:
    """The same that `status` says."""
    world.publish(1)
    for number in range(2, 9):
        world.script.on(long(number), page(number))
        world.save(long(number))
    with open_database(world.root / "archive.db") as db:
        db.conn.execute(
            "INSERT INTO losses (article_id, kind, count) "
            "SELECT id, 'template:album', 1 FROM articles"
        )
        db.conn.commit()
    for _ in range(2):
        world.run(exec=world.exec)

    assert [("drift", "begins")] == problems(world)
    assert "7" in world.told[0]["text"]


def test_a_template_that_is_read_again_is_told_once(world: AlertWorld) -> None:
    """After an update and `reparse` nothing is lost any more; where good and bad pages take turns
    it flutters no more than the disk does."""
    for number in range(1, 22):
        world.publish(number)
        world.save(long(number))

    def lacking(*numbers: int) -> None:
        with open_database(world.root / "archive.db") as db:
            db.conn.execute("DELETE FROM losses")
            db.conn.executemany(
                "INSERT INTO losses (article_id, kind, count) "
                "SELECT id, 'template:album', 1 FROM articles WHERE title = ?",
                [(f"第{number}篇",) for number in numbers],
            )
            db.conn.commit()
        world.run(exec=world.exec)

    lacking(*range(15, 22))
    assert [("drift", "begins")] == problems(world)
    lacking(15, 17)  # two odd pages: no drift any more, and not over either
    lacking(15, 17, 18, 19, 20)
    assert [("drift", "begins")] == problems(world)
    for _ in range(2):
        lacking(1, 2, 3)
    assert [("drift", "begins"), ("drift", "ends")] == problems(world)
    assert "album" in world.told[-1]["text"]


def test_a_login_that_works_again_is_told(world: AlertWorld) -> None:
    """Once, when what waited for it was kept."""
    cookies = world.root.parent / "cookies.txt"
    cookies.write_text("# Netscape HTTP Cookie File\n")
    world.script.on(long(1), NeedsPerson("log in", reason="login"))
    world.save(long(1))
    world.run(exec=world.exec, cookies=str(cookies))
    world.publish(1)
    world.save(long(1), refresh=True)
    for _ in range(2):
        world.run(exec=world.exec, cookies=str(cookies))

    assert [("login", "begins"), ("login", "ends")] == problems(world)
