"""OPML 2.0: a list of feeds that a reader takes in at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from archive.exporters.feeds.model import legal


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed: its title, its own address, and the page that shows the same."""

    title: str
    url: str
    home: str


def write(title: str, groups: Mapping[str, Sequence[Outline]]) -> bytes:
    """The document, a folder a group; feeds of the group ``""`` stand outside of any."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = legal(title)
    body = etree.SubElement(root, "body")
    for name, feeds in groups.items():
        parent = etree.SubElement(body, "outline", text=legal(name)) if name else body
        for feed in feeds:
            etree.SubElement(
                parent,
                "outline",
                type="rss",
                text=legal(feed.title),
                title=legal(feed.title),
                xmlUrl=legal(feed.url),
                htmlUrl=legal(feed.home),
            )
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
