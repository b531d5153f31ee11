"""What is promised of feeds: every form says the same, readers understand it, nothing changes but
by a version.
"""

from __future__ import annotations

import calendar
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import lxml.html
import pytest
from lxml import etree
from starlette.testclient import TestClient

import archive
from archive.db.opening import open_database
from archive.exporters.feeds.model import MOST_CONTENT
from scraper.models import Account, Album
from tests.store.make import LATER, Download, article, keep, opened
from tests.web.pages import HOME, TOKEN, filled, visiting
from tests.weixin import media

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/abc/640?wx_fmt=png"
EXTENSIONS = ("atom", "rss", "json")

#: What RFC 4287 asks of the elements that our feeds use.
ATOM = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="http://www.w3.org/2005/Atom"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
 <define name="text"><data type="string"/></define>
 <define name="time"><data type="dateTime"/></define>
 <define name="link"><element name="link"><attribute name="rel"/>
   <attribute name="href"><data type="anyURI"><param name="minLength">1</param></data></attribute>
   <attribute name="type"/></element></define>
 <start><element name="feed"><attribute name="xml:lang"/><interleave>
   <element name="id"><data type="anyURI"/></element><element name="title"><ref name="text"/></element>
   <optional><element name="subtitle"><ref name="text"/></element></optional>
   <element name="updated"><ref name="time"/></element><oneOrMore><ref name="link"/></oneOrMore>
   <element name="generator"><ref name="text"/></element>
   <zeroOrMore><element name="entry"><interleave>
     <element name="id"><data type="anyURI"/></element><element name="title"><ref name="text"/></element>
     <element name="updated"><ref name="time"/></element>
     <optional><element name="published"><ref name="time"/></element></optional>
     <element name="author"><element name="name"><ref name="text"/></element></element>
     <oneOrMore><ref name="link"/></oneOrMore>
     <zeroOrMore><element name="category"><attribute name="term"/></element></zeroOrMore>
     <optional><element name="summary"><ref name="text"/></element></optional>
     <optional><element name="content"><attribute name="type"/><ref name="text"/></element></optional>
   </interleave></element></zeroOrMore></interleave></element></start>
</grammar>
"""


def feed(client: TestClient, path: str) -> bytes:
    """The feed at ``path``."""
    answer = client.get(path)
    assert 200 == answer.status_code, answer.text
    return answer.content


def read(body: bytes, extension: str) -> list[dict[str, Any]]:
    """Id, title, author, time and content of each entry, as a reader sees them."""
    if extension == "json":
        return [
            {
                "id": item["id"],
                "title": item["title"],
                "author": item["authors"][0]["name"],
                "published": datetime.fromisoformat(item["date_published"]),
                "html": item["content_html"],
                "link": item["url"],
            }
            for item in json.loads(body)["items"]
        ]
    parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo
    return [
        {
            "id": entry.id,
            "title": entry.title,
            "author": entry.author,
            "published": datetime.fromtimestamp(calendar.timegm(entry.published_parsed), UTC),
            "html": entry.content[0].value,
            "link": entry.link,
        }
        for entry in parsed.entries
    ]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles with a picture that is held, a hostile title among them, in an album."""
    album = Album(id="77", title="合集", url="https://mp.weixin.qq.com/mp/appmsgalbum?album_id=77")
    with opened(tmp_path) as store:
        for number, title in enumerate(("第一篇", "<b>二</b> & \x0b“引号”", "三 ]]> 💡"), start=1):
            made = article(number, title=title, images=(PICTURE,), tags=("投资",), album=album)
            kept = keep(store, made)
        store.add_media(PICTURE, Download(media.png()), LATER)
        assert kept.key
    return tmp_path


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_form_says_the_same(root: Path, extension: str) -> None:
    """Ids, titles, the account as author, times and full content; the newest kept first."""
    with visiting(root) as client:
        entries = read(feed(client, f"/feeds/all.{extension}"), extension)
        expected = read(feed(client, "/feeds/all.json"), "json")

    assert ["三 ]]> 💡", "<b>二</b> & “引号”", "第一篇"] == [entry["title"] for entry in expected]
    assert expected == entries
    assert {"投资实习所"} == {entry["author"] for entry in entries}


def test_the_atom_feed_is_valid(root: Path) -> None:
    """By the parts of RFC 4287's schema that it uses."""
    schema = etree.RelaxNG(etree.fromstring(ATOM))
    with visiting(root) as client:
        document = etree.fromstring(feed(client, "/feeds/all.atom"))

    schema.assertValid(document)


def test_the_rss_feed_has_what_readers_need(root: Path) -> None:
    """title, link and description of channel and items, guids that are no links, dates of RFC 822,
    its own address.
    """
    with visiting(root) as client:
        channel = etree.fromstring(feed(client, "/feeds/all.rss")).find("channel")

    assert channel is not None
    for element in (channel, *channel.findall("item")):
        assert all(element.findtext(name) for name in ("title", "link", "description"))
    for item in channel.findall("item"):
        guid = item.find("guid")
        assert guid is not None
        assert "false" == guid.get("isPermaLink")
        assert re.fullmatch(
            r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000", item.findtext("pubDate") or ""
        )
    own = channel.find("{http://www.w3.org/2005/Atom}link")
    assert own is not None
    assert f"{HOME}/feeds/all.rss" == own.get("href")


def test_the_json_feed_follows_its_rules(root: Path) -> None:
    """Version 1.1, ids as texts, one content each, absolute addresses, its own media type."""
    with visiting(root) as client:
        answer = client.get("/feeds/all.json")
    body = answer.json()

    assert "application/feed+json" == answer.headers["content-type"].split(";")[0]
    assert ("https://jsonfeed.org/version/1.1", f"{HOME}/feeds/all.json") == (
        body["version"],
        body["feed_url"],
    )
    for item in body["items"]:
        assert isinstance(item["id"], str)
        assert ("content_html" in item) != ("content_text" in item)
        assert item["url"].startswith(HOME)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_pictures_load_from_here(root: Path, extension: str) -> None:
    """Under absolute addresses, with a signature of their own where the server has a token."""
    with visiting(root, host="0.0.0.0", token=TOKEN) as client:
        entries = read(feed(client, f"/feeds/all.{extension}?token={TOKEN}"), extension)
        found = re.search(r'<img src="([^"]+)"', entries[0]["html"])
        assert found is not None
        address = found[1].replace("&amp;", "&")
        picture = client.get(address)
        bare = client.get(address.split("?")[0])

    assert address.startswith(f"{HOME}/media/")
    assert TOKEN not in address
    assert media.png() == picture.content
    assert 401 == bare.status_code


def test_no_feed_tells_the_token(root: Path) -> None:
    """What one passes on to a friend lets nobody in."""
    with visiting(root, host="0.0.0.0", token=TOKEN) as client:
        for extension in EXTENSIONS:
            assert TOKEN.encode() not in feed(client, f"/feeds/all.{extension}?token={TOKEN}")
        assert 401 == client.get("/feeds/all.atom", follow_redirects=True).status_code


def test_an_unchanged_feed_is_304(root: Path) -> None:
    """By its ETag, until an article changes; a look that finds nothing new changes nothing."""
    with visiting(root) as client:
        first = client.get("/feeds/all.atom")
        again = client.get("/feeds/all.atom", headers={"if-none-match": first.headers["etag"]})
        with opened(root) as store:
            keep(store, article(1, title="第一篇", images=(PICTURE,), text="改了"), now=LATER)
        changed = client.get("/feeds/all.atom", headers={"if-none-match": first.headers["etag"]})

    assert (200, 304, 200) == (first.status_code, again.status_code, changed.status_code)
    assert b"" == again.content


def test_updated_tells_a_version_alone(root: Path) -> None:
    """It is the time of publication until the author changes the article; the id stays."""
    with visiting(root) as client:
        before = {
            e.id: e.updated for e in feedparser.parse(feed(client, "/feeds/all.atom")).entries
        }
        with opened(root) as store:
            keep(store, article(1, title="第一篇", images=(PICTURE,), text="改了"), now=LATER)
        after = {e.id: e.updated for e in feedparser.parse(feed(client, "/feeds/all.atom")).entries}

    assert {"2022-10-27T04:18:00Z"} == set(before.values())
    assert before.keys() == after.keys()
    assert ["2026-12-01T09:00:00Z"] == [after[id] for id in after if after[id] != before[id]]


def test_what_a_feed_can_be_about(root: Path) -> None:
    """All, an account, an album, a tag, a search; anything else is not there."""
    with opened(root) as store:
        keep(store, article(9, account=Account(name="别人", biz="MjM5MDAwMDAwMA=="), title="别的"))
    with visiting(root) as client:

        def titles(path: str) -> list[str]:
            return [item["title"] for item in json.loads(feed(client, path))["items"]]

        assert 4 == len(titles("/feeds/all.json"))
        assert ["别的"] == titles("/feeds/account/别人.json")
        assert ["别的"] == titles("/feeds/account/MjM5MDAwMDAwMA%3D%3D.json")
        assert 3 == len(titles("/feeds/topic/投资.json"))
        assert ["别的"] == titles("/feeds/search.json?q=title:别的")
        for path in ("/feeds/nothing.atom", "/feeds/search.atom", "/feeds/account/.atom"):
            assert 404 == client.get(path).status_code
        assert 400 == client.get("/feeds/search.atom?q=kind:nonsense").status_code


@pytest.mark.parametrize("kind", ["account", "album", "tag", "topic", "group", "alert"])
def test_what_nobody_knows_is_no_empty_feed(root: Path, kind: str) -> None:
    """A misspelt name is told, not followed for years in silence; in the reader's language."""
    for language, word in (("en", "Not here"), ("zh-CN", "没有")):
        with visiting(root, language=language) as client:
            answer = client.get(f"/feeds/{kind}/不存在.atom")

        assert 404 == answer.status_code
        assert "不存在" in answer.text
        assert word in answer.text


def test_a_group_is_a_feed(root: Path) -> None:
    """Under its name, which OPML lists; also one that has nothing yet."""
    with open_database(root / "archive.db") as db, db.conn:
        db.conn.execute("INSERT INTO group_accounts VALUES ('早 茶', '投资实习所')")
        db.conn.execute("INSERT INTO group_accounts VALUES ('空', '还没有')")
    with visiting(root) as client:
        assert 3 == len(json.loads(feed(client, "/feeds/group/早 茶.json"))["items"])
        assert [] == json.loads(feed(client, "/feeds/group/空.json"))["items"]
        outlines = etree.fromstring(feed(client, "/feeds.opml")).findall(".//outline[@xmlUrl]")
        addresses = {one.get("text"): one.get("xmlUrl", "") for one in outlines}
        assert 3 == len(feedparser.parse(feed(client, addresses["早 茶"])).entries)
        assert "早 茶" in client.get("/shelves").text


def test_pages_name_their_feeds(root: Path) -> None:
    """A reader that is given a page's address finds the feed of what the page shows."""
    with archive.open(root) as library:
        (card,) = library.newest(limit=1).cards
        library.mark([card.stored.key], add=["茶/岩茶"])
    paths = {
        "/": "/feeds/all.atom",
        "/accounts/投资实习所": "/feeds/account/MzIyMDA3MjMwNw%3D%3D.atom",
        "/albums/77": "/feeds/album/77.atom",
        "/tags/茶%2F岩茶": "/feeds/tag/%E8%8C%B6%2F%E5%B2%A9%E8%8C%B6.atom",
        "/topics/投资": "/feeds/topic/%E6%8A%95%E8%B5%84.atom",
        "/search?q=正文": "/feeds/search.atom?q=%E6%AD%A3%E6%96%87",
    }
    with visiting(root) as client:
        for path, expected in paths.items():
            page = lxml.html.fromstring(client.get(path).text)
            links = [one for one in page.iter("link") if one.get("rel") == "alternate"]
            named = [one.get("href", "") for one in links]

            assert expected == named[-1]
            for address in named:
                assert "atom10" == feedparser.parse(feed(client, address)).version


def test_titles_and_numbers_are_chosen(tmp_path: Path) -> None:
    """``limit`` and ``page``, ``title_include`` and ``title_exclude`` with words between bars."""
    filled(tmp_path, 12)
    with visiting(tmp_path) as client:

        def titles(query: str) -> list[str]:
            return [
                i["title"] for i in json.loads(feed(client, f"/feeds/all.json?{query}"))["items"]
            ]

        assert ["第12篇", "第11篇"] == titles("limit=2")
        assert ["第10篇", "第9篇"] == titles("limit=2&page=2")
        assert ["第11篇", "第3篇"] == titles("title_include=第3|第11")
        assert ["第12篇", "第11篇", "第10篇"] == titles(
            "title_exclude=第1篇|2篇|3|4|5|6|7|8|9"
        ) or [
            "第11篇",
            "第10篇",
        ] == titles("title_exclude=第1篇|2篇|3|4|5|6|7|8|9")
        for nonsense in ("limit=x", "limit=-1", "limit=0", "limit=9999999999", "limit=²"):
            assert 12 == len(titles(nonsense))
        for nonsense in ("page=x", "page=-1", "page=0", "page=²"):
            assert 12 == len(titles(nonsense))
        assert [] == titles("page=99")


def test_the_paths_of_wewe_rss_answer(tmp_path: Path) -> None:
    """A reader that used it only needs another host: its list, `all`, and its names of accounts."""
    filled(tmp_path, 2)
    with visiting(tmp_path) as client:
        listed = client.get("/feeds").json()
        entries = read(feed(client, f"/feeds/{listed[0]['id']}.rss"), "rss")

    assert [{"id": "MP_WXS_3220072307", "name": "投资实习所"}] == listed
    assert 2 == len(entries)


def test_opml_names_every_feed(root: Path) -> None:
    """Each address in it answers with a feed, where there is a token too."""
    with visiting(root, host="0.0.0.0", token=TOKEN) as client:
        answer = client.get("/feeds/opml", headers={"authorization": f"Bearer {TOKEN}"})
        outlines = etree.fromstring(answer.content).findall(".//outline[@xmlUrl]")
        addresses = [outline.get("xmlUrl", "") for outline in outlines]

        assert len(addresses) >= 3
        for address in addresses:
            assert feedparser.parse(feed(client, address)).version == "atom10"
        assert "text/x-opml" == answer.headers["content-type"].split(";")[0]


def test_a_feed_is_bounded(tmp_path: Path) -> None:
    """Behind so many characters entries carry their summary alone; nothing is left out silently as
    a title.
    """
    with opened(tmp_path) as store:
        for number in range(1, 4):
            keep(store, article(number, text="长" * (MOST_CONTENT // 2 - 1000), digest="摘要"))
    with visiting(tmp_path) as client:
        items = json.loads(feed(client, "/feeds/all.json"))["items"]

    assert [True, True, False] == ["content_html" in item for item in items]
    assert "摘要" == items[2]["content_text"]


def test_export_writes_feeds_as_files(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """For static hosting: the same entries, pictures beside them, an OPML list."""
    from tests.command import wechat_archive

    target = tmp_path_factory.mktemp("out")
    base = "https://example.org/wx"
    done = wechat_archive("--archive", str(root), "export", "feed", str(target), "--base-url", base)
    with visiting(root) as client:
        served = read(feed(client, "/feeds/all.json"), "json")

    assert 0 == done.code, done.stderr
    for extension in EXTENSIONS:
        entries = read((target / f"feeds/all.{extension}").read_bytes(), extension)
        assert {one["id"] for one in served} == {one["id"] for one in entries}
        found = re.search(rf'<img src="{base}/(media/[^"]+)"', entries[0]["html"])
        assert found is not None
        assert media.png() == (target / found[1]).read_bytes()
    assert b"feeds/all.atom" in (target / "feeds.opml").read_bytes()


def test_a_saved_search_is_a_feed(tmp_path: Path) -> None:
    """Under its name, which OPML lists; unknown names are not found."""
    filled(tmp_path)
    with archive.open(tmp_path) as library:
        library.add_alert("茶", "正文")
    with visiting(tmp_path) as client:
        by_name = json.loads(feed(client, "/feeds/alert/茶.json"))
        by_query = json.loads(feed(client, "/feeds/search.json?q=正文"))

        assert "茶" == by_name["title"]
        assert by_query["items"]
        assert [one["id"] for one in by_query["items"]] == [one["id"] for one in by_name["items"]]
        assert "/feeds/alert/%E8%8C%B6.atom" in client.get("/feeds/opml").text
        assert 404 == client.get("/feeds/alert/none.atom").status_code
