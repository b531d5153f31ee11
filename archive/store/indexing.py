"""Telling the search index about articles, inside the store's own transaction."""

from __future__ import annotations

import sqlite3

from scraper.models import Article

_SORTS = {"video": "video", "channels": "video", "live": "video", "audio": "audio", "music": "audio"}


def index_article(conn: sqlite3.Connection, article_id: int, article: Article, *, gone: bool) -> None:
    """Put the article's words into the index, in place of what stood there."""
    try:
        from archive.search.index import Document, Index
    except ImportError:  # until it lands
        return
    Index(conn).put(
        Document(
            article_id=article_id,
            published=article.published,
            title=article.title,
            text=article.text,
            author=article.author,
            account=article.account.name,
            digest=article.digest,
            kind_name=article.kind_name,
            place=article.place,
            gone=gone,
            has=has(article),
        )
    )


def unindex_article(conn: sqlite3.Connection, article_id: int) -> None:
    """Take the article's words out of the index."""
    try:
        from archive.search.index import Index
    except ImportError:  # until it lands
        return
    Index(conn).remove(article_id)


def has(article: Article) -> frozenset[str]:
    """What ``has:`` can ask for: ``image``, ``video``, ``audio``, ``code``."""
    found = {_SORTS.get(media.sort, "") for media in article.media} - {""}
    if any(image.role != "cover" for image in article.images):
        found.add("image")
    if "<pre" in article.body:
        found.add("code")
    return frozenset(found)
