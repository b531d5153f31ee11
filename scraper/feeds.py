"""Lists of addresses in the forms that people keep them in. Pure: bytes in, addresses out.

RSS and Atom (feedparser, fed with bytes only: given a text it would open files and addresses by
itself), JSON Feed, OPML, a browser's bookmark file, a saved list with one address a line. What a
list holds besides articles and albums of mp.weixin.qq.com is passed over.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from typing import Any, Literal
from urllib.parse import urljoin

from scraper import urls, urls_pasted
from scraper.errors import Unrecognised
from scraper.messages import mark
from scraper.records import dataclass

Format = Literal["feed", "opml", "bookmarks", "list"]

_HEAD = 4096
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a feed says of an article besides its address: texts without markup, ``published``
    aware."""

    title: str | None = None
    digest: str | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list holds: ``addresses`` of articles and albums in its order, each once; ``feeds``
    that an OPML names (absolute http(s) addresses); ``rejected`` the lines of a plain list that
    hold no address, with their numbers; ``entries`` what a feed says of an article, by its
    canonical address, where an entry of it is of that article alone."""

    format: Format
    title: str | None = None
    addresses: tuple[urls.Address, ...] = ()
    feeds: tuple[str, ...] = ()
    rejected: tuple[tuple[int, str], ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)


def read(body: bytes, *, base: str | None = None) -> Listing:
    """Read a list in any of the forms, told apart by what stands in it, not by a name or a header.

    Raises Unrecognised for a file that claims to be a feed or OPML and cannot be read as one.
    """
    head = decode(body[:_HEAD]).lstrip()
    low = head.lower()
    if low.startswith("{") and "jsonfeed" in low:
        return _json_feed(body)
    if re.search(r"<opml[\s>]", low):
        return _opml(body, base)
    if re.search(r"<(?:rss|feed|rdf:rdf)[\s>]", low):
        return _feed(body)
    if "netscape-bookmark-file" in low:
        return _bookmarks(body)
    if low.startswith("{") and _looks_like_json_feed(body):
        return _json_feed(body)
    return plain(decode(body))


def plain(text: str) -> Listing:
    """One or several addresses a line, in any form and inside other words; blank lines and ``#``
    comments are fine.
    """
    found: dict[str, urls.Address] = {}
    rejected: list[tuple[int, str]] = []
    # As a whole first: mail programs break an address over two lines.
    for number, line in enumerate(urls_pasted.plain(text).splitlines(), start=1):
        line = line.strip().lstrip("\ufeff")
        if not line or line.startswith("#"):
            continue
        addresses = urls.find(line)
        if not addresses:
            rejected.append((number, line))
        for address in addresses:
            found.setdefault(address.canonical, address)
    return Listing(format="list", addresses=tuple(found.values()), rejected=tuple(rejected))


def decode(body: bytes) -> str:
    """Text in whatever encoding a list is saved in: by its BOM, else UTF-8, else GB18030 (Windows
    in China).
    """
    if body.startswith(codecs.BOM_UTF8):
        return body.decode("utf-8-sig", "replace")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end >= len(body) - 3 and error.reason == "unexpected end of data":
            return body.decode("utf-8", "ignore")  # only the head was given
        return body.decode("gb18030", "replace")


def _addresses(texts: Iterable[str | None]) -> tuple[urls.Address, ...]:
    found: dict[str, urls.Address] = {}
    for text in texts:
        for address in urls.find(text or ""):
            found.setdefault(address.canonical, address)
    return tuple(found.values())


def _feed(body: bytes) -> Listing:
    import feedparser

    # A stream, never a string: feedparser opens what looks like an address or a path.
    parsed: Any = feedparser.parse(
        io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False
    )
    if parsed.bozo and not parsed.entries and not parsed.version:
        said = _bounded(str(parsed.get("bozo_exception")))
        raise Unrecognised(mark("this feed cannot be read: {said}", said=said))
    found: dict[str, urls.Address] = {}
    entries: dict[str, Entry] = {}
    for entry in parsed.entries:
        own = [
            entry.get("link"),
            entry.get("id"),
            *(link.get("href") for link in entry.get("links", [])),
        ]
        texts = [entry.get("summary"), *(c.get("value") for c in entry.get("content", []))]
        addresses = _addresses_of(own, texts, found)
        _note(entries, addresses, entry.get("title"), entry.get("summary"), _moment(entry))
    return Listing(
        format="feed",
        title=_title(parsed.feed.get("title")),
        addresses=tuple(found.values()),
        entries=entries,
    )


def _addresses_of(
    own: Iterable[str | None], texts: Iterable[str | None], found: dict[str, urls.Address]
) -> tuple[urls.Address, ...]:
    """The addresses of an entry's own links; ``found`` gains them, or where there are none those of
    its text: feeds of feeds wrap the address."""
    addresses = _addresses(own)
    for address in addresses or _addresses(texts):
        found.setdefault(address.canonical, address)
    return addresses


def _note(
    entries: dict[str, Entry],
    addresses: tuple[urls.Address, ...],
    title: object,
    digest: object,
    published: datetime | None,
) -> None:
    """What an entry says, of the one article that it links to."""
    if len(addresses) == 1:
        entry = Entry(title=_words(title), digest=_words(digest), published=published)
        entries.setdefault(addresses[0].canonical, entry)


def _words(value: object) -> str | None:
    """Text without markup; None for what has some, as a whole article in a summary."""
    if not isinstance(value, str) or "<" in value:
        return None
    return _bounded(unescape(value)) or None


def _moment(entry: Any) -> datetime | None:
    """When it was published; feedparser gives UTC."""
    parsed = entry.get("published_parsed")
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _iso(value: object) -> datetime | None:
    """A time of a JSON Feed (RFC 3339)."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _looks_like_json_feed(body: bytes) -> bool:
    try:
        data = json.loads(decode(body))
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and isinstance(data.get("items"), list)


def _json_feed(body: bytes) -> Listing:
    try:
        data = json.loads(decode(body))
        items = data["items"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unrecognised(mark("this JSON Feed cannot be read: {error}", error=error)) from error
    found: dict[str, urls.Address] = {}
    entries: dict[str, Entry] = {}
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            own = [_text(item.get(name)) for name in ("url", "external_url", "id")]
            texts = [_text(item.get("content_html")), _text(item.get("content_text"))]
            addresses = _addresses_of(own, texts, found)
            when = _iso(item.get("date_published"))
            _note(entries, addresses, item.get("title"), item.get("summary"), when)
    return Listing(
        format="feed",
        title=_title(data.get("title")),
        addresses=tuple(found.values()),
        entries=entries,
    )


def _title(value: object) -> str | None:
    """A title as it may be kept: text that encodes, on one line, not longer than anybody reads."""
    return _bounded(value) or None if isinstance(value, str) else None


def _bounded(text: str) -> str:
    encodable = text[: 4 * _LONGEST_TITLE].encode("utf-8", "replace").decode("utf-8")
    return " ".join(encodable.replace("\0", " ").split())[:_LONGEST_TITLE]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


class _Outlines(HTMLParser):
    """OPML by a forgiving reader: exported files are often not well-formed, and entities must not
    be expanded.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: str | None = None
        self.feeds: list[str] = []
        self.links: list[str | None] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "outline":
            given = dict(attrs)
            if feed := given.get("xmlurl"):
                self.feeds.append(feed.strip())
            self.links += [given.get("url"), given.get("htmlurl")]

    def handle_data(self, data: str) -> None:
        if self._in_title and data.strip():
            self.title, self._in_title = data.strip(), False


def _without_sections(body: bytes) -> str:
    """``html.parser`` ends with an AssertionError at a damaged ``<![…]>`` (Python 3.11.7: ``<![``
    and a NUL).
    """
    return decode(body).replace("<![", "&lt;![")


def _opml(body: bytes, base: str | None) -> Listing:
    reader = _Outlines()
    reader.feed(_without_sections(body))
    feeds = (urljoin(base, feed) if base else feed for feed in reader.feeds)
    wanted = dict.fromkeys(
        feed for feed in feeds if feed.lower().startswith(("http://", "https://"))
    )
    return Listing(
        format="opml",
        title=_title(reader.title),
        addresses=_addresses(reader.links),
        feeds=tuple(wanted),
    )


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs).get("href"))


def _bookmarks(body: bytes) -> Listing:
    reader = _Anchors()
    reader.feed(_without_sections(body))
    return Listing(format="bookmarks", addresses=_addresses(reader.links))
