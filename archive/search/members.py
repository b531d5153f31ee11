"""Which articles a field names that other tables answer: one row a field (`fields`,
`nodes.Members`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from archive.db import discussion_tables
from archive.db.albums import articles_of
from archive.search import comments
from archive.search.terms import fold


def _in_album(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
    """By a part of the album's title or its whole id: what its list shows, and what says of itself
    that it stands there."""
    for album_id, title, url in conn.execute("SELECT id, title, url FROM albums").fetchall():
        if wanted == album_id or wanted in fold(title or ""):
            yield from articles_of(conn, album_id, url)


def _tagged(table: str) -> Callable[[sqlite3.Connection, str], Iterator[int]]:
    """Those with the whole tag, however its letters are written."""

    def found(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
        tags = [row[0] for row in conn.execute(f"SELECT DISTINCT tag FROM {table}")]
        for tag in tags:
            if fold(tag) == wanted:
                rows = conn.execute(f"SELECT article_id FROM {table} WHERE tag = ?", (tag,))
                yield from (row[0] for row in rows)

    return found


def _in_comments(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
    """By what stands in a comment or reply; any of them for no words."""
    if discussion_tables.exist(conn):
        yield from comments.articles_with(conn, wanted.partition(" ")[2])


def _noted(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
    """By a part of the note."""
    rows = conn.execute("SELECT article_id, note FROM own_marks WHERE note IS NOT NULL")
    yield from (row[0] for row in rows if wanted in fold(row[1]))


def _in_group(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
    """What its sources brought, and everything of its accounts."""
    for source_id, name in conn.execute("SELECT id, group_name FROM sources").fetchall():
        if name and fold(name) == wanted:
            rows = conn.execute(
                "SELECT a.article_id FROM frontier f JOIN addresses a ON a.address = f.address "
                "WHERE f.source_id IN (SELECT id FROM sources WHERE ? IN (id, parent_id))",
                (source_id,),
            )
            yield from (row[0] for row in rows)
    for name, account in conn.execute("SELECT name, account FROM group_accounts").fetchall():
        if fold(name) == wanted:
            rows = conn.execute(
                "SELECT id FROM articles WHERE account_id IN (SELECT id FROM accounts "
                "WHERE ?1 IN (name, biz, user_name, alias)) OR account = ?1",
                (account,),
            )
            yield from (row[0] for row in rows)


_IS = {
    "starred": "SELECT article_id FROM own_marks WHERE starred IS NOT NULL",
    "read": "SELECT article_id FROM own_marks WHERE read IS NOT NULL",
    "noted": "SELECT article_id FROM own_marks WHERE note IS NOT NULL",
    "tagged": "SELECT DISTINCT article_id FROM own_tags",
    "edited": "SELECT article_id FROM own_texts",
}


def _is(conn: sqlite3.Connection, wanted: str) -> Iterator[int]:
    yield from (row[0] for row in conn.execute(_IS[wanted]))


#: Field → the ids of the articles with a folded value. What is looked through are names and notes,
#: not texts.
MEMBERS: dict[str, Callable[[sqlite3.Connection, str], Iterable[int]]] = {
    "album": _in_album,
    "tag": _tagged("own_tags"),
    "topic": _tagged("tags"),
    "group": _in_group,
    "note": _noted,
    "is": _is,
    "in": _in_comments,
}
