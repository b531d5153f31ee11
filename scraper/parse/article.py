"""From page to article in three stages: what it is and its body, what it says about itself, its
links.
"""

from __future__ import annotations

import re

from scraper import urls
from scraper.models import Article, Loss, Page
from scraper.parse import bounds, language, links, meta, recognise, template
from scraper.parse.encoding import to_utf8
from scraper.parse.kinds.text import has_own_title
from scraper.parse.parsed_page import ParsedPage, text_of
from scraper.plain import decoded_line, first_words


def read(page: Page) -> Article:
    """See ``scraper.parse``."""
    parsed = ParsedPage(page, to_utf8(page.body, dict(page.headers).get("content-type")))
    body, from_dom = recognise.body(parsed)
    fields = meta.read(parsed)
    fields["title"] = _title(parsed, fields["title"], fields["kind"], body.text)
    article = Article(
        **fields,
        address=urls.permanent(page.url) if urls.HOST in page.url else page.url,
        body=body.html,
        text=body.text,
        images=body.images,
        media=body.media,
        links=links.collect(
            parsed, body, fields["kind"], fields["album"], fields["reprint"], fields["source_url"]
        ),
        language=language.of(body.text or fields["title"]),
        losses=body.losses
        + _cut_off(parsed)
        + template.missing(parsed, fields, body_from_dom=from_dom),
    )
    return bounds.within(article)


def _cut_off(parsed: ParsedPage) -> tuple[Loss, ...]:
    """A whole page ends in ``</html>``, as all 834 that were looked at do; the network door refuses
    one that does not.

    What comes from a file may be all there is left, so it is read, and told.
    """
    page = parsed.received
    end = page.rfind(_USUAL_END)
    while page.endswith(_TRAP, 0, max(0, end)):
        end = page.rfind(_USUAL_END, 0, end)
    if end >= 0:
        return ()
    if _BEGINS.search(page, 0, 65_536) is None or _ENDS.search(page):
        return ()
    return (Loss(kind="cut-off"),)


_USUAL_END = b"</html>"
_BEGINS = re.compile(rb"<html[\s>]", re.I)
_ENDS = re.compile(rb"(?<!<html>)</html\s*>", re.I)
#: How ``<!--headTrap<body></body><head></head><html></html>-->`` ends, which pages of 2015–2018 begin
#: or end with: the end of no page.
_TRAP = b"<html>"


def _title(parsed: ParsedPage, given: str, kind: int, text: str) -> str:
    """The article's own title; where it has none, the words it begins with.

    A text message (kind 10) without a title of its own has its whole text in that place.
    """
    if given and not (kind == 10 and parsed.cgi is not None and not has_own_title(parsed)):
        return given
    if parsed.cgi is None and parsed.tree is not None:
        for place in (".//h1", ".//title"):  # copies that other programs have rewritten
            shown = decoded_line(text_of(parsed.tree.find(place)))
            if shown and shown not in ("微信公众平台", "Weixin Official Accounts Platform"):
                return shown
    return first_words(text) or given
