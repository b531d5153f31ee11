"""Which articles a field names that other tables answer: one row a field (`fields`,
`nodes.Members`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from archive.db import discussion_tables
from archive.db.albums import articles_of
from archive.search.match import Matcher
from archive.search.terms import fold


def _in_album(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
    """By a part of the album's title or its whole id: what its list shows, and what says of itself
    that it stands there."""
    for album_id, title, url in conn.execute("SELECT id, title, url FROM albums").fetchall():
        if wanted == album_id or wanted in fold(title or ""):
            yield from articles_of(conn, album_id, url)


def _tagged(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
    tags = [row[0] for row in conn.execute("SELECT DISTINCT tag FROM tags")]
    for tag in tags:
        if fold(tag) == wanted:
            yield from (
                row[0] for row in conn.execute("SELECT article_id FROM tags WHERE tag = ?", (tag,))
            )


def _in_comments(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
    """By what stands in a comment or reply, also one that is gone; any of them for no words."""
    if not discussion_tables.exist(conn):
        return
    words = wanted.partition(" ")[2]
    found = Matcher(words).found if words else lambda text: True
    seen: set[int] = set()
    for article_id, text in conn.execute("SELECT article_id, text FROM comments"):
        if article_id not in seen and found(text):
            seen.add(article_id)
            yield article_id


#: Field → the ids of the articles with a folded value. What is looked through are names, not texts.
MEMBERS: dict[str, Callable[[sqlite3.Connection, str], Iterable[int]]] = {
    "album": _in_album,
    "tag": _tagged,
    "in": _in_comments,
}
