"""Each page shows what the archive holds, in both languages, and nothing of it acts."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from archive.library import Remembered
from archive.store.own import Marking
from archive.web import visits
from scraper.models import Account, Album, Link
from tests.command import wechat_archive
from tests.store.make import LATER, NOW, article, keep, long_address, opened
from tests.web.pages import filled, visiting

ALBUM = Album(
    id="77",
    title="合集",
    url="https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzIyMDA3MjMwNw==&action=getalbum&album_id=77",
)


def titles(html: str) -> list[str]:
    """The titles of a list, in its order."""
    return re.findall(r'<a class="title" href="[^"]*">(.*?)</a>', html)


def get(client: TestClient, path: str) -> str:
    """The page at ``path``."""
    answer = client.get(path)
    assert 200 == answer.status_code, answer.text
    return answer.text


def test_home_shows_the_newest_by_day(tmp_path: Path) -> None:
    """The last kept first, with title, account and first words; the day in the margin in the
    reader's language.
    """
    filled(tmp_path, 3)
    with visiting(tmp_path) as client:
        english = get(client, "/")
    with visiting(tmp_path, language="zh-CN") as client:
        chinese = get(client, "/")

    assert ["第3篇", "第2篇", "第1篇"] == titles(english)
    assert "第3篇的正文" in english
    assert "投资实习所" in english
    assert "November 2026" in english
    assert "2026年11月" in chinese
    assert '<html lang="zh-CN">' in chinese


def test_lists_go_on_by_key(tmp_path: Path) -> None:
    """Every article once, whatever arrives meanwhile, in both orders; what has no date comes
    last.
    """
    filled(tmp_path, 70)
    with opened(tmp_path) as store:
        keep(store, article(71, published=None))
    for order in ("archived", "published"):
        seen: list[str] = []
        with visiting(tmp_path) as client:
            path: str | None = f"/?order={order}"
            while path:
                html = get(client, path)
                seen += titles(html)
                if len(seen) == 30:
                    with opened(tmp_path) as store:
                        keep(store, article(1000 + len(order)))
                found = re.search(r'rel="next" href="([^"]*)"', html)
                path = found[1].replace("&amp;", "&") if found else None

        assert len(seen) == len(set(seen))
        assert {f"第{number}篇" for number in range(1, 72)} <= set(seen)
        assert ("第71篇" == seen[-1]) == (order == "published")


def test_behind_the_last_there_is_a_way_back(tmp_path: Path) -> None:
    """A page of a list or a search that was kept as a bookmark and has nothing any more is not told
    as an empty archive."""
    filled(tmp_path, 25)
    with visiting(tmp_path) as client:
        home = client.get("/?before=~1").text
        hits = client.get("/search?q=正文&from=9000").text

    assert "Nothing is kept yet" not in home
    assert "Nothing comes behind this." in home
    assert "Nothing comes behind this." in hits
    assert "from=20" in hits


@pytest.mark.parametrize(
    "place", ["x", "~", "2026~x", "2026-01-01~99999999999999999999", "'~1", "%00~1"]
)
def test_a_place_that_is_none_is_the_beginning(tmp_path: Path, place: str) -> None:
    """Whatever stands in the address."""
    filled(tmp_path, 2)
    with visiting(tmp_path) as client:
        assert ["第2篇", "第1篇"] == titles(get(client, f"/?before={place}"))


def test_what_arrived_since_the_last_visit_is_marked(tmp_path: Path) -> None:
    """A first visitor has seen all; after a pause what is new has a mark, and keeps it during the
    visit.
    """
    first = visits.of(None, newest=5, now=1000)
    same = visits.of("5.5.1000", newest=7, now=1100)
    later = visits.of("5.7.1000", newest=9, now=1000 + visits.PAUSE + 1)

    assert (5, 5, 7) == (first.seen, same.seen, later.seen)
    filled(tmp_path, 3)
    with visiting(tmp_path) as client:
        client.cookies.set(visits.COOKIE, "1.1.1000")
        html = get(client, "/")

    assert "2 articles arrived since your last visit" in html
    assert 2 == html.count('class="entry fresh"')


@pytest.mark.parametrize(
    "cookie", ["", "x", "1.2", "1.2.3.4", "-1.2.3", "9" * 50 + ".1.1", "1.1.99999999999"]
)
def test_a_strange_cookie_is_a_first_visit(cookie: str) -> None:
    """A cookie is what a browser sends, not what we gave."""
    found = visits.of(cookie, newest=5, now=1000)

    assert 0 <= found.seen <= 5


def test_an_article_is_set_with_what_stands_around_it(tmp_path: Path) -> None:
    """Title, facts, text, links to what is held and what is not, backlinks, losses, addresses."""
    first = filled(tmp_path, 1)
    with opened(tmp_path) as store:
        second = keep(
            store,
            article(
                2,
                links=(1, 9),
                edges=(Link(url="https://a.example/", relation="source", text="别处"),),
            ),
        ).key
    with visiting(tmp_path) as client:
        html = get(client, f"/articles/{second}")
        back = get(client, f"/articles/{first[0]}")

    assert f'href="/articles/{first[0]}"' in html
    assert "Links to articles that are not held" in html
    assert 'name="addresses"' in html
    assert "https://a.example/" in html
    assert "Linked from" in back
    assert f'href="/articles/{second}"' in back


def test_other_names_of_an_article_lead_to_its_page(tmp_path: Path) -> None:
    """The start of its key, and its address."""
    (key,) = filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        found = [
            client.get(f"/articles/{name}")
            for name in (key[:6], long_address(1).replace("?", "%3F"))
        ]
        missing = client.get("/articles/nothing000")

    assert [f"/articles/{key}"] * 2 == [answer.headers["location"] for answer in found]
    assert 404 == missing.status_code


def test_an_album_shows_its_place_and_neighbours(tmp_path: Path) -> None:
    """By its own list, also what is not held; the page of the album counts both."""
    filled(tmp_path, 3, album=ALBUM)
    with opened(tmp_path) as store:
        keys = [stored.key for stored in store.articles(newest_first=False)]
        store.db.conn.execute("BEGIN")
        for position, number in enumerate((1, 2, 3, 4)):
            store.db.conn.execute(
                "INSERT INTO album_members (album_id, position, address, title, article_id) VALUES ('77', ?, ?, ?, ?)",
                (position, long_address(number), f"第{number}篇", number if number < 4 else None),
            )
        store.db.conn.execute("COMMIT")
    with visiting(tmp_path) as client:
        middle = get(client, f"/articles/{keys[1]}")
        album = get(client, "/albums/77")

    assert "2 / 4" in middle
    assert f'rel="prev" href="/articles/{keys[0]}"' in middle
    assert f'rel="next" href="/articles/{keys[2]}"' in middle
    assert "3 of 4 held" in album
    assert "第4篇" in album


def test_shelves_and_the_lists_behind_them(tmp_path: Path) -> None:
    """Accounts by biz and by name, years in China, tags; an unknown one is told."""
    filled(tmp_path, 2, tags=("茶", "a/b&c?"))
    with opened(tmp_path) as store:
        keep(store, article(3, published=datetime(2022, 12, 31, 16, 0, tzinfo=UTC)))
    with visiting(tmp_path) as client:
        shelves = get(client, "/shelves")
        account = get(client, "/accounts/MzIyMDA3MjMwNw==")
        by_name = get(client, "/accounts/投资实习所")
        tag = get(client, "/topics/a%2Fb%26c%3F")
        years = [len(titles(get(client, f"/years/{year}"))) for year in (2022, 2023, 2024)]
        missing = [
            client.get(path).status_code
            for path in ("/accounts/x", "/years/x", "/years/0", "/albums/1")
        ]

    assert "投资实习所" in shelves
    assert "/topics/a%2Fb%26c%3F" in shelves
    assert titles(account) == titles(by_name) == ["第3篇", "第2篇", "第1篇"]
    assert ["第2篇", "第1篇"] == titles(tag)
    assert [2, 1, 0] == years
    assert [404] * 4 == missing


def test_markdown_and_raw_page(tmp_path: Path) -> None:
    """The file as it is on disk; without a raw page that is said."""
    (key,) = filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        markdown = client.get(f"/articles/{key}.md")
        raw = get(client, f"/articles/{key}/raw")
        frame = client.get(f"/articles/{key}/raw/1")

    (file,) = (tmp_path / "articles").rglob("*.md")
    assert file.read_text(encoding="utf-8") == markdown.text
    assert "No raw page was kept" in raw
    assert 404 == frame.status_code


def test_changes_are_seen_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process keeps is on the next page, also in the counts that are remembered, as
    long as asking for them took no time.
    """
    monkeypatch.setattr(Remembered, "_SHARE", 0)  # on a busy machine asking takes long
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        before = get(client, "/")
        with opened(tmp_path) as store:
            keep(store, article(2), now=LATER)
        after = get(client, "/")

    assert ("1 article<" in before, "2 articles<" in after) == (True, True)


def test_the_language_can_be_chosen(tmp_path: Path) -> None:
    """By the browser's wish, else by the reader's own choice, which stays; nonsense chooses
    nothing.
    """
    filled(tmp_path, 1)
    with visiting(tmp_path, language="fr;q=0.9, zh-TW;q=0.8, en;q=0.2") as client:
        wished = get(client, "/")
        chosen = client.get("/language?to=en&back=/shelves")
        after = get(client, "/")
        client.get("/language?to=xx")
        still = get(client, "/")

    assert 'lang="zh-CN"' in wished[:40]
    assert (303, "/shelves") == (chosen.status_code, chosen.headers["location"])
    assert 'lang="en"' in after[:40]
    assert 'lang="en"' in still[:40]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "//a.example", "x"]
)
def test_an_address_that_is_none_is_no_link(tmp_path: Path, url: str) -> None:
    """Whatever a page called its own, its album's or its original's address."""
    album = Album(id="7", title="合集", url=url)
    with opened(tmp_path) as store:
        found = article(
            1, url=url, album=album, edges=(Link(url=url, relation="source", text="原文"),)
        )
        key = keep(store, found, address=long_address(1)).key
        store.db.conn.execute("UPDATE albums SET url = ?", (url,))
        store.db.conn.commit()
    for read_only in (False, True):
        with visiting(tmp_path, read_only=read_only) as client:
            pages = [get(client, path) for path in (f"/articles/{key}", "/albums/7")]

        assert not [
            page for page in pages if f'href="{url}"' in page or 'href="javascript' in page.lower()
        ]


def test_long_shelves_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of all kinds shows the most frequent of each; the whole of one kind has a page of its
    own.
    """
    monkeypatch.setattr("archive.web.shelves._MOST", 2)
    with opened(tmp_path) as store:
        for number in range(1, 5):
            account = Account(name=f"账号{number}", biz=f"biz{number}")
            keep(store, article(number, account=account), address=long_address(number))
    with visiting(tmp_path) as client:
        some, every = get(client, "/shelves"), get(client, "/shelves?of=accounts")

    assert (2, 4) == (some.count('href="/accounts/'), every.count('href="/accounts/'))
    assert "/shelves?of=accounts" in some
    assert "#years" not in every


def test_stars_stand_in_lists(tmp_path: Path) -> None:
    """A starred article has its mark in the list and in results."""
    first, _second = filled(tmp_path, 2)
    with visiting(tmp_path) as client:
        client.post(f"/articles/{first}/star")
        pages = [get(client, path) for path in ("/", "/search?q=正文")]

    assert [1, 1] == [page.count(" starred") for page in pages]


def test_stars_stand_by_when_they_were_given(tmp_path: Path) -> None:
    """The last first, unless asked for otherwise; each once over all pages; so in `list` and the API."""
    keys = filled(tmp_path, 40)
    with opened(tmp_path) as store:
        for minute, key in enumerate(reversed(keys)):
            when = NOW + timedelta(minutes=minute // 2)  # two at once, as in bulk
            store.edits.mark(store.get(key), Marking.of(starred=True), when)

    with visiting(tmp_path) as client:
        seen: list[str] = []
        path: str | None = "/stars"
        while path:
            text = client.get(path).text
            seen += re.findall(r'href="/articles/([0-9a-z]{10})"', text)
            found = re.search(r'rel="next" href="([^"]+)"', text)
            path = unescape(found[1]) if found else None
        given = client.get("/api/articles?order=starred&limit=200").json()["articles"]
        published = client.get("/stars?order=published").text

    expected = [one["key"] for one in given]
    assert sorted(keys) == sorted(expected)
    assert [keys[0], keys[1]] in (expected[:2], expected[1::-1])
    assert expected == list(dict.fromkeys(seen))
    said = wechat_archive("--archive", str(tmp_path), "list", "--sort", "starred", "--json").stdout
    assert expected == [json.loads(line)["key"] for line in said.splitlines()]
    assert 'href="/stars?order=published" aria-current="true"' in published


def test_failures_are_told_in_the_readers_language(tmp_path: Path) -> None:
    """Also what the database keeps of them in English: why, and how many of each class."""
    filled(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        conn.execute(
            "INSERT INTO frontier (address, fetch, form, state, open, why, depth, follow, scope, refresh,"
            " due, error, error_class, error_code, added, updated) VALUES ('a', 'a', 'short', 'failed', 0,"
            " 'given', 0, 0, 'any', 0, '2099', 'its author deleted it (该内容已被发布者删除)', 'Gone',"
            " 'deleted', '2026', '2026')"
        )
        conn.execute(
            "INSERT INTO runs (command, started, ended, exit_code, saved, summary) VALUES ('save', ?, ?,"
            " 1, 0, 'save: nothing new, 2 failed (1 deleted, 1 blocked), 2 requests in 0.5 s')",
            (NOW.isoformat(), NOW.isoformat()),
        )
    with visiting(tmp_path, language="zh-CN") as client:
        chinese = get(client, "/status")

    assert "作者已删除（该内容已被发布者删除）" in chinese
    assert "失败 2 个（已删除 1 个、被拦截 1 个）" in chinese


def test_a_comparison_leaves_out_the_files_own_check(tmp_path: Path) -> None:
    """It differs between any two states of a file, and says nothing to a reader."""
    key = filled(tmp_path, 1)[0]
    file = next((tmp_path / "articles").rglob("*.md"))
    file.write_text(file.read_text("utf-8") + "我自己加的一行\n", "utf-8")
    with visiting(tmp_path) as client:
        versions = get(client, f"/articles/{key}/versions")

    assert "<ins>我自己加的一行</ins>" in versions
    assert "check:" not in versions
    assert "<b>m1</b>" in versions


def test_pages_come_packed_to_whoever_takes_that(tmp_path: Path) -> None:
    """The same page in fewer bytes; style and script too; as it is to whoever does not."""
    key = filled(tmp_path, 1, text="\n".join(f"第{number}段" for number in range(500)))[0]
    sizes = {}
    with visiting(tmp_path) as client:
        for address in (f"/articles/{key}", "/static/page.css"):
            plain = client.get(address, headers={"accept-encoding": "identity"})
            packed = client.get(address, headers={"accept-encoding": "br, gzip;q=0.5"})
            refused = client.get(address, headers={"accept-encoding": "gzip;q=0"})
            assert plain.text == packed.text == refused.text
            assert (None, "gzip", None) == tuple(
                answer.headers.get("content-encoding") for answer in (plain, packed, refused)
            )
            assert "accept-encoding" in packed.headers["vary"]
            sizes[address] = int(packed.headers["content-length"]) * 2 < len(plain.content)

    assert [True, True] == list(sizes.values())


@pytest.mark.parametrize("page", ["graph", "versions", "similar", "raw"])
def test_the_way_back_to_an_article_without_a_title_has_words(tmp_path: Path, page: str) -> None:
    """An arrow alone says nothing, to nobody who hears the page at all."""
    (key,) = filled(tmp_path, 1, title="")
    with visiting(tmp_path) as client:
        answer = client.get(f"/articles/{key}/{page}")

    assert (200, True) == (answer.status_code, "← Without a title</a>" in answer.text)
