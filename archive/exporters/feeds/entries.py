"""An article as an entry of a feed. Pure."""

from __future__ import annotations

from collections.abc import Callable

from archive.exporters.feeds.model import Entry, entry_id
from archive.exporters.tree import xhtml
from archive.store import Stored
from scraper.models import Article


def entry(
    stored: Stored, article: Article, *, url: str, picture: Callable[[str], str | None]
) -> Entry:
    """``url``: where the article is read; ``picture`` gives the absolute address of an image, or
    None.
    """
    return Entry(
        id=entry_id(stored.key),
        url=url,
        original=stored.url,
        title=stored.title or stored.digest or stored.key,
        author=stored.account or stored.author,
        published=stored.published,
        # Not `checked`: a reader would show an article as new after every look at it.
        updated=stored.changed or stored.published or stored.archived,
        summary=stored.digest,
        html=xhtml(article.body, image=picture, link=lambda url: None),
        picture=picture(article.cover) if article.cover else None,
        tags=(*stored.own_tags, *article.tags),
    )


def when(stored: Stored) -> str:
    """By what entries are ordered: publication, or when it was kept where no page says it."""
    return (stored.published or stored.archived).isoformat()
