"""Says by structure what a page is, and finds its body. Never by a word in an article.

A page is an article where its data or its DOM holds a body that shows anything; what has none is
refused by what stands in its place (``scraper.parse.status``).
"""

from __future__ import annotations

import re
from dataclasses import replace

from scraper.body import Body, Hints, clean
from scraper.body.tree import Parsed
from scraper.errors import ScrapeError, Unrecognised
from scraper.messages import mark
from scraper.parse import kinds, meta
from scraper.parse.kinds import media
from scraper.parse.kinds.build import Found
from scraper.parse.parsed_page import ParsedPage


def body(parsed: ParsedPage) -> tuple[Body, bool]:
    """The page's body, cleaned, and whether it came from the DOM.

    Raises ``Gone``, ``Blocked``, ``NeedsPerson`` or ``Unrecognised`` for a page without one.
    """
    if _ANYTHING.search(parsed.received) is None:
        raise Unrecognised(mark("the page is empty"), url=parsed.page.url)
    found = kinds.body(parsed, meta.kind(parsed)) if might_be_article(parsed) else None
    if found is None:
        raise _refusal(parsed)
    hints = Hints(
        base_url=parsed.url,
        videos={**media.videos(parsed), **found.videos},
        voices={**media.voices(parsed), **found.voices},
        saved=parsed.cgi is None,
    )
    cleaned = clean(_source(parsed, found), hints=hints)
    if not (cleaned.text.strip() or cleaned.images or cleaned.media):
        raise _refusal(parsed)
    if found.losses:
        cleaned = replace(cleaned, losses=(*cleaned.losses, *found.losses))
    if found.role is not None:
        images = tuple(
            replace(image, role=found.role) if image.role == "body" else image
            for image in cleaned.images
        )
        cleaned = replace(cleaned, images=images)
    return cleaned, found.from_dom


def _source(parsed: ParsedPage, found: Found) -> bytes | str | Parsed:
    """The body as it is found, or as the tree that the page asks for ids later on."""
    # `from_dom` first: nobody else looks for #js_content in the 3 MB of a page of today.
    own = found.from_dom and found.html is parsed.content
    return parsed.content_tree if own else found.html


def _refusal(parsed: ParsedPage) -> ScrapeError:
    # Inside: its sixty patterns take 8 ms, and only what is no article needs them.
    from scraper.parse import status

    return status.refuse(parsed)


def might_be_article(parsed: ParsedPage) -> bool:
    """Whether the page has the root of an article: its data, ``#js_article`` (since 2015) or a
    body's container.
    """
    if (parsed.cgi is not None and not _TITLES.isdisjoint(parsed.cgi.keys())) or (
        parsed.content is not None
    ):
        return True
    return any(parsed.by_id(name) is not None for name in _ROOTS) or bool(
        parsed.by_class("rich_media_content")
    )


#: What the data of an article has at least one of.
_TITLES = frozenset(("title", "nick_name", "content_noencode"))
_ANYTHING = re.compile(rb"\S")
_ROOTS = ("js_article", "js_share_content", "img-content", "activity-name")
