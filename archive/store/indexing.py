"""Telling the search index about articles, inside the store's own transaction."""

from __future__ import annotations

import sqlite3


def index_article(conn: sqlite3.Connection, article_id: int) -> None:
    """Put the article, as its rows say now, into the index in place of what stood there."""
    from archive.search.documents import documents
    from archive.search.index import Index

    for document in documents(conn, [article_id]):
        Index(conn).put(document)


def unindex_article(conn: sqlite3.Connection, article_id: int) -> None:
    """Take the article's words out of the index; its row is still there."""
    from archive.search.index import Index

    Index(conn).remove(article_id)
