"""Lists in the forms that people keep them in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scraper import feeds
from scraper.errors import Unrecognised
from tests.crawl.fakes import at, long, short

ESCAPED = long(2).replace("&", "&amp;")

RSS = f"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>每周精选</title>
<item><title>一</title><link>{short(1)}</link></item>
<item><title>二</title><guid isPermaLink="true">{ESCAPED}</guid></item>
<item><title>三</title><link>https://feed.example/3</link>
<description>原文 &lt;a href="{short(3)}"&gt;这里&lt;/a&gt;</description></item>
<item><title>别处</title><link>https://example.com/4</link></item></channel></rss>"""

ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>每周精选</title>
<entry><title>一</title><link rel="alternate" href="{short(1)}"/></entry>
<entry><title>二</title><link href="{ESCAPED}"/></entry>
<entry><title>三</title><id>x</id><content type="html">&lt;a href="{short(3)}"&gt;</content></entry></feed>"""

JSON_FEED = f"""{{"version": "https://jsonfeed.org/version/1.1", "title": "每周精选", "items": [
{{"id": "1", "url": "{short(1)}"}}, {{"id": "2", "external_url": "{long(2)}"}},
{{"id": "3", "content_html": "<a href='{short(3)}'>"}}, 7, {{"id": null}}]}}"""


@pytest.mark.parametrize(
    "source", [RSS, ATOM, JSON_FEED, JSON_FEED.replace("https://jsonfeed.org/version/1.1", "x")]
)
def test_feeds_give_the_articles_that_they_name(source: str) -> None:
    """RSS, Atom and JSON Feed: entries' own links first, else what stands in their text."""
    listing = feeds.read(source.encode())

    assert (listing.format, listing.title) == ("feed", "每周精选")
    assert [address.canonical for address in listing.addresses] == [
        at(short(1)),
        at(long(2)),
        at(short(3)),
    ]


def test_opml_gives_feeds_and_addresses() -> None:
    """Feeds with their absolute addresses, each once; what is no http(s) address is left out."""
    listing = feeds.read(
        f"""<?xml version="1.0"?><opml version="2.0"><head><title>订阅</title></head><body><outline text="组">
        <outline type="rss" xmlUrl="https://a.example/feed?x=1&amp;y=2" htmlUrl="{short(1)}"/>
        <outline type="rss" xmlUrl="/relative"/><outline xmlUrl="https://a.example/feed?x=1&amp;y=2"/>
        <outline xmlUrl="file:///etc/passwd"/></outline></body></opml>""".encode(),
        base="https://b.example/list.opml",
    )

    assert listing.feeds == ("https://a.example/feed?x=1&y=2", "https://b.example/relative")
    assert [address.canonical for address in listing.addresses] == [at(short(1))]


def test_bookmarks_give_the_articles_among_them() -> None:
    """A browser's export; other bookmarks are passed over."""
    listing = feeds.read(
        f"""<!DOCTYPE NETSCAPE-Bookmark-file-1><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
        <DL><p><DT><A HREF="{short(1)}" ADD_DATE="1">一</A><DT><A HREF="https://example.com">别处</A>
        <DT><A HREF="{ESCAPED}">二</A></DL>""".encode()
    )

    assert (listing.format, [a.canonical for a in listing.addresses]) == (
        "bookmarks",
        [at(short(1)), at(long(2))],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_plain_lists_in_any_encoding(encoding: str, newline: str) -> None:
    """Blank lines, comments, BOM, CRLF and words around an address are fine; other lines are named
    by number.
    """
    lines = ["# 收藏", "", f"看这篇「{short(1)}」", f"{long(2)} {short(1)}", "没有地址", ""]

    listing = feeds.read(newline.join(lines).encode(encoding))

    assert [address.canonical for address in listing.addresses] == [at(short(1)), at(long(2))]
    assert listing.rejected == ((5, "没有地址"),)


def test_a_broken_feed_is_an_error() -> None:
    """JSON that claims to be a feed and is cut short is not taken for an empty one."""
    with pytest.raises(Unrecognised):
        feeds.read(b'{"version": "https://jsonfeed.org/version/1.1", "items": [')


def test_a_feed_cannot_make_the_program_open_anything(tmp_path: object) -> None:
    """Entities and inclusions in a feed are not followed."""
    listing = feeds.read(
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b"<rss version='2.0'><channel><title>&x;</title><item><link>&x;</link></item></channel></rss>"
    )

    assert listing.addresses == ()


@given(st.binary(max_size=400))
@example(b"<![\x00")
def test_any_bytes_end_in_a_list_or_an_error_of_ours(body: bytes) -> None:
    """Nothing else is raised, whatever a file holds."""
    for start in (b"", b"<rss>", b"<opml>", b'{"items": ['):
        try:
            feeds.read(start + body)
        except Unrecognised:
            continue
