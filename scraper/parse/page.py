"""Says by structure what a page is, and finds its body. Never by a word in an article.

A page is an article where its data or its DOM holds a body that shows anything; what has none is refused by what
stands in its place (``scraper.parse.status``).
"""

from __future__ import annotations

import re
from dataclasses import replace

from scraper.body import Body, Hints, clean
from scraper.errors import Unrecognised
from scraper.models import Loss
from scraper.parse import kinds, meta, status
from scraper.parse.kinds import media
from scraper.parse.source import Source


def read(source: Source) -> Body:
    """The page's body, cleaned.

    Raises ``Gone``, ``Blocked``, ``NeedsPerson`` or ``Unrecognised`` for a page without one.
    """
    if _ANYTHING.search(source.received) is None:
        raise Unrecognised("the page is empty", url=source.page.url)
    found = kinds.body(source, meta.kind(source)) if might_be_article(source) else None
    if found is None:
        raise status.refuse(source)
    hints = Hints(
        base_url=source.url,
        videos={**media.videos(source), **found.videos},
        voices={**media.voices(source), **found.voices},
        saved=source.cgi is None,
    )
    body = clean(found.html, hints=hints)
    if not (body.text.strip() or body.images or body.media):
        raise status.refuse(source)
    losses = (*found.losses, *_unpaid(source, found.html))
    if losses:
        body = replace(body, losses=(*body.losses, *losses))
    if found.role is not None:
        images = tuple(
            replace(image, role=found.role) if image.role == "body" else image
            for image in body.images
        )
        body = replace(body, images=images)
    return body


def _unpaid(source: Source, html: bytes | str) -> tuple[Loss, ...]:
    """What stands behind the preview of a paid article, where the page was fetched without having paid."""
    raw = html if isinstance(html, bytes) else html.encode("utf-8", "replace")
    return (Loss(kind="unpaid-part"),) if b"mp-pay-preview-filter" in raw else ()


def might_be_article(source: Source) -> bool:
    """Whether the page has the root of an article: its data, ``#js_article`` (since 2015) or a body's container."""
    if (source.cgi is not None and "title" in source.cgi) or source.content is not None:
        return True
    return any(source.by_id(name) is not None for name in _ROOTS) or bool(
        source.by_class("rich_media_content")
    )


_ANYTHING = re.compile(rb"\S")
_ROOTS = ("js_article", "js_share_content", "img-content", "activity-name")
