"""Whose words a quote holds: what WeChat's script draws under it from its attributes.

``blockquote.js_blockquote_wrap``, seen on pages of 2019–2026: ``data-type="1"`` quotes an article
(``data-url``, ``data-source-title``, ``data-author-name``), ``data-type="2"`` anything else, under
words that the author typed.
"""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes
from scraper.models import Media

#: What the line says of itself.
ABOUT = "引文出处"


def read(card: Attributes) -> Media | None:
    """The source that a quote's attributes name; ``None`` for none."""
    if not (
        card.text("sourcetitle")
        or card.tag.startswith("mp-")
        or "js_blockquote" in (card.element.get("class") or "")
    ):
        return None  # a plain quote, whose attributes are its editor's own
    title = card.text("sourcetitle", "title")
    author = card.text("authorname", "nickname", "sourcename")
    if not title and not author:
        return None
    return Media(
        type="card",
        title=title or author,
        author=author if title else None,
        url=card.url("url"),
        extra=(("element", card.tag), ("about", ABOUT)),
    )
