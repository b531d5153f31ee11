"""Ordinary articles (0), shared ones (11, and the shells that say 0) and whatever else has a body of HTML."""

from __future__ import annotations

import lxml.etree

from scraper.kinds.build import Found
from scraper.source import Source, html_of

#: Containers of a body in the order of trust. ``js_share_content`` is the reprint of 2018–2021; the class without an
#: id is what some savers leave.
_IDS = ("js_content", "js_share_content")
_CLASSES = ("rich_media_content", "share_content", "original_panel_content")


def body(source: Source) -> Found | None:
    """``content_noencode``, else the first container of the DOM that holds anything."""
    html = source.cgi.html("content_noencode") if source.cgi is not None else None
    if html and html.strip():
        return Found(html)
    return from_dom(source)


def from_dom(source: Source) -> Found | None:
    """The body that stands in the page's own HTML."""
    for name in _IDS:
        element = source.by_id(name)
        if element is not None and holds(element):
            return Found(html_of(element))
    for name in _CLASSES:
        for element in source.by_class(name):
            if holds(element):
                return Found(html_of(element))
    return None


def holds(element: lxml.etree._Element) -> bool:
    """Whether there is anything in an element that a reader could see."""
    return bool(_ANYTHING(element))


_ANYTHING = lxml.etree.XPath(
    "boolean(.//img | .//iframe | .//video | .//audio | .//svg | .//mpvoice | .//qqmusic | .//mpvideo"
    " | .//*[starts-with(name(), 'mp-')]"
    " | .//text()[normalize-space() and not(ancestor::script or ancestor::style or ancestor::noscript)])"
)
