"""RSS 2.0 with full content (content:encoded) and the account as dc:creator. Pure."""

from __future__ import annotations

from datetime import UTC
from email.utils import format_datetime

from lxml import etree

from archive.exporters.feeds.model import Entry, Feed, contents, legal

_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_DC = "http://purl.org/dc/elements/1.1/"
_ATOM = "http://www.w3.org/2005/Atom"


def write(feed: Feed) -> bytes:
    """The document."""
    root = etree.Element(
        "rss", version="2.0", nsmap={"content": _CONTENT, "dc": _DC, "atom": _ATOM}
    )
    channel = etree.SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home)
    _add(channel, "description", feed.description or feed.title)
    _add(channel, "language", feed.language.lower())
    _add(channel, "lastBuildDate", format_datetime(feed.updated.astimezone(UTC)))
    _add(channel, "generator", "wechat-archive")
    own = etree.SubElement(channel, f"{{{_ATOM}}}link", rel="self", href=legal(feed.url))
    own.set("type", "application/rss+xml")
    for entry, content in zip(feed.entries, contents(feed.entries), strict=True):
        _item(channel, entry, content)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _item(channel: etree._Element, entry: Entry, content: str | None) -> None:
    item = etree.SubElement(channel, "item")
    _add(item, "title", entry.title)
    _add(item, "link", entry.url)
    _add(item, "guid", entry.id).set("isPermaLink", "false")
    _add(item, "pubDate", format_datetime((entry.published or entry.updated).astimezone(UTC)))
    if entry.author:
        _add(item, f"{{{_DC}}}creator", entry.author)
    for tag in entry.tags:
        _add(item, "category", tag)
    _add(item, "description", entry.summary or entry.title)
    if content is not None:
        _add(item, f"{{{_CONTENT}}}encoded", content)


def _add(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    element.text = legal(text)
    return element
