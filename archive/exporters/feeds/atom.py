"""Atom 1.0 (RFC 4287). Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from lxml import etree

from archive.exporters.feeds.model import Entry, Feed, contents, legal

_NAMESPACE = "http://www.w3.org/2005/Atom"


def write(feed: Feed) -> bytes:
    """The document."""
    default = cast("dict[str, str]", {None: _NAMESPACE})
    root = etree.Element(_named("feed"), nsmap=default)
    root.set("{http://www.w3.org/XML/1998/namespace}lang", feed.language)
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    if feed.description:
        _add(root, "subtitle", feed.description)
    _add(root, "updated", _time(feed.updated))
    _link(root, "self", feed.url, "application/atom+xml")
    _link(root, "alternate", feed.home, "text/html")
    _add(root, "generator", "wechat-archive")
    for entry, content in zip(feed.entries, contents(feed.entries), strict=True):
        _entry(root, entry, content, feed.title)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _named(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _entry(root: etree._Element, entry: Entry, content: str | None, feed_title: str) -> None:
    element = etree.SubElement(root, _named("entry"))
    _add(element, "id", entry.id)
    _add(element, "title", entry.title)
    _add(element, "updated", _time(entry.updated))
    if entry.published:
        _add(element, "published", _time(entry.published))
    # Every entry needs an author (RFC 4287, 4.1.2).
    _add(etree.SubElement(element, _named("author")), "name", entry.author or feed_title)
    _link(element, "alternate", entry.url, "text/html")
    if entry.original:
        _link(element, "via", entry.original, "text/html")
    for tag in entry.tags:
        etree.SubElement(element, _named("category"), term=legal(tag))
    if entry.summary or content is None:
        _add(element, "summary", entry.summary or entry.title)
    if content is not None:
        _add(element, "content", content).set("type", "html")


def _add(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, _named(name))
    element.text = legal(text)
    return element


def _link(parent: etree._Element, rel: str, href: str, type: str) -> None:
    etree.SubElement(parent, _named("link"), rel=rel, href=legal(href), type=type)


def _time(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
