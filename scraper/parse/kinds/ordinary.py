"""Ordinary articles (0), shared ones (11, and the shells that say 0) and whatever else has a body
of HTML.
"""

from __future__ import annotations

import re

import lxml.etree

from scraper.parse.kinds.build import Found
from scraper.parse.parsed_page import ParsedPage, html_of
from scraper.patterns import lazy

#: Other containers of a body in the order of trust: the reprint of 2018–2021, and classes that some
#: savers leave.
_CLASSES = ("rich_media_content", "share_content", "original_panel_content")


def body(parsed: ParsedPage) -> Found | None:
    """``content_noencode``, else the first container of the DOM that holds anything."""
    html = parsed.cgi.html("content_noencode") if parsed.cgi is not None else None
    if html and html.strip():
        return Found(html)
    return from_dom(parsed) or _renamed(parsed)


def _renamed(parsed: ParsedPage) -> Found | None:
    """The longest HTML under a name with ``content`` in it, where no body is found under the name
    it has had so far.
    """
    if parsed.cgi is None or "content_noencode" in parsed.cgi:
        return None
    names = [name for name in parsed.cgi.keys() if "content" in name.lower()]  # noqa: SIM118
    found = (parsed.cgi.html(name) or b"" for name in names)
    html = max((html for html in found if b"</" in html), key=len, default=None)
    return Found(html, from_dom=True) if html and holds_anything(b"<i>" + html) else None


def from_dom(parsed: ParsedPage) -> Found | None:
    """The body that stands in the page's own HTML."""
    content = parsed.content
    if content and holds_anything(content):
        return Found(content, from_dom=True)
    shared = parsed.by_id("js_share_content")
    if shared is not None and holds(shared):
        return Found(html_of(shared), from_dom=True)
    # 2012 to early 2014: the picture stands in ``#media`` beside it, the buttons in
    # ``.page-toolbar``.
    for element in parsed.by_class("page-content"):
        text = next(
            (child for child in element.iterchildren("div") if child.get("class") == "text"), None
        )
        if text is not None and holds(text):
            return Found(html_of(text), from_dom=True)
    for name in _CLASSES:
        for element in parsed.by_class(name):
            if holds(element):
                return Found(html_of(element), from_dom=True)
    return None


def holds_anything(html: bytes) -> bool:
    """Whether there is anything in some HTML that a reader could see: an element that shows
    something, or text.
    """
    return _SHOWS().search(html) is not None or _TEXT().search(_UNSEEN().sub(b"", html)) is not None


_SHOWS = lazy(rb"<(?:img|iframe|video|audio|svg|mp|qqmusic)", re.I)
_UNSEEN = lazy(
    rb"<(script|style|noscript)\b[^>]*+>(?:[^<]|<(?!/(?:script|style|noscript)))*+", re.I
)
_TEXT = lazy(rb">[^<]*?[^<>\s]")


def holds(element: lxml.etree._Element) -> bool:
    """Whether there is anything in an element that a reader could see."""
    return bool(_ANYTHING(element))


_ANYTHING = lxml.etree.XPath(
    "boolean(.//img | .//iframe | .//video | .//audio | .//svg | .//mpvoice | .//qqmusic | .//mpvideo"
    " | .//*[starts-with(name(), 'mp-')]"
    " | .//text()[normalize-space() and not(ancestor::script or ancestor::style or ancestor::noscript)])"
)
