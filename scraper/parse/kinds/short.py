"""Kind 17 (short posts) and kinds that nobody has seen: HTML if there is HTML, else pictures and
text.

No real page of kind 17 was seen; other programs read ``short_content`` or what kinds 8 and 10 have.
"""

from __future__ import annotations

import re

from scraper.parse.kinds import ordinary, picture
from scraper.parse.kinds.build import Found, message
from scraper.parse.parsed_page import ParsedPage
from scraper.patterns import lazy

_HTML = lazy(
    rb"<(?:p|section|div|img|span|h[1-6]|ul|ol|table|blockquote|iframe|mp-|mpvoice|qqmusic)[\s/>-]",
    re.I,
)


def body(parsed: ParsedPage) -> Found | None:
    """Whatever the page's data holds, in this order: HTML, pictures with text, text, the DOM."""
    if parsed.cgi is None:
        return ordinary.from_dom(parsed) or picture.body(parsed)
    for key in ("content_noencode", "short_content"):
        html = parsed.cgi.html(key)
        if html and _HTML().search(html):
            return Found(html)
    found = picture.body(parsed)
    if found is not None:
        return found
    text = parsed.data("short_content")
    return Found(message(text)) if isinstance(text, str) and text.strip() else None
