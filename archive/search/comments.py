"""Which articles have a word in their comments.

``comment_terms`` holds the tokens of each comment, as ``search_terms`` those of each article;
triggers note in ``comments_unindexed`` what was written since. So nobody who writes comments knows
of the index, and a search is exact at any moment: what the index does not decide, and what it does
not know yet, is looked up in the comments themselves. Over 100,000 comments a rare word takes 1 ms
instead of 390.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from archive.db import discussion_tables
from archive.db.search_tables import TOKENIZER
from archive.db.transactions import transaction
from archive.search.index import get_meta, set_meta
from archive.search.terms import fold, term_patterns, tokens

#: In ``search_meta``: the tokenizer that the index of comments was made with. A rebuild of the
#: articles' index leaves it out, and so makes this one anew too.
_MADE_WITH = "comments"
_BATCH = 500  # comments a transaction


def index_comments(conn: sqlite3.Connection, stopped: Callable[[], bool] = lambda: False) -> int:
    """Index every comment that waits for it; how many. ``stopped`` is asked after each batch; the
    rest waits for the next time. Under the archive's lock.
    """
    if not _is_current(conn):
        with transaction(conn):
            conn.execute("DELETE FROM comment_terms")
            conn.execute("INSERT OR IGNORE INTO comments_unindexed SELECT id FROM comments")
            set_meta(conn, _MADE_WITH, str(TOKENIZER))
    done = 0
    while not stopped() and (indexed := _index_batch(conn)):
        done += indexed
    return done


def _index_batch(conn: sqlite3.Connection) -> int:
    sql = (
        "SELECT comments.id, text FROM comments_unindexed AS waiting JOIN comments "
        "ON comments.id = waiting.comment_id ORDER BY comments.id LIMIT ?"
    )
    with transaction(conn):
        rows = conn.execute(sql, (_BATCH,)).fetchall()
        for number, text in rows:
            conn.execute("DELETE FROM comment_terms WHERE rowid = ?", (number,))
            conn.execute(
                "INSERT INTO comment_terms(rowid, terms) VALUES (?, ?)", (number, _terms(text))
            )
            conn.execute("DELETE FROM comments_unindexed WHERE comment_id = ?", (number,))
    return len(rows)


def articles_with(conn: sqlite3.Connection, words: str) -> Iterator[int]:
    """The numbers of the articles with folded ``words`` in a comment or reply, also one that is
    gone; of those with any comment for no words. A number may come more than once.
    """
    from archive.search.match import Matcher  # saving indexes comments and asks nothing
    from archive.search.plan import all_of, evenly_chosen, quoted

    if not words:
        yield from _ids(conn.execute("SELECT DISTINCT article_id FROM comments"))
        return
    found = Matcher(words).found
    if not (discussion_tables.are_indexed(conn) and _is_current(conn)):
        yield from _looked_up(conn.execute("SELECT article_id, text FROM comments"), found)
        return
    unindexed = "SELECT comment_id FROM comments_unindexed"
    yield from _looked_up(
        conn.execute(f"SELECT article_id, text FROM comments WHERE id IN ({unindexed})"), found
    )
    patterns, is_exact = term_patterns(words)
    match = all_of([quoted(pattern.token) for pattern in evenly_chosen(patterns)])
    indexed = (
        "FROM comment_terms JOIN comments ON comments.id = comment_terms.rowid "
        f"WHERE comment_terms MATCH ? AND comments.id NOT IN ({unindexed})"
    )
    if is_exact:
        yield from _ids(conn.execute(f"SELECT DISTINCT article_id {indexed}", (match,)))
    else:
        yield from _looked_up(conn.execute(f"SELECT article_id, text {indexed}", (match,)), found)


def wrongly_indexed(conn: sqlite3.Connection) -> Iterator[int]:
    """The articles of comments that the index lacks or has other words of."""
    if not (discussion_tables.are_indexed(conn) and _is_current(conn)):
        return
    sql = (
        "SELECT article_id, text, terms FROM comments LEFT JOIN comment_terms "
        "ON comment_terms.rowid = comments.id "
        "WHERE comments.id NOT IN (SELECT comment_id FROM comments_unindexed)"
    )
    wrong = {article_id for article_id, text, terms in conn.execute(sql) if _terms(text) != terms}
    yield from sorted(wrong)


def _terms(text: str) -> str:
    return " ".join(sorted(tokens(fold(text))))


def _is_current(conn: sqlite3.Connection) -> bool:
    return get_meta(conn, _MADE_WITH) == str(TOKENIZER)


def _ids(rows: sqlite3.Cursor) -> Iterator[int]:
    return (row[0] for row in rows)


def _looked_up(rows: sqlite3.Cursor, found: Callable[[str], bool]) -> Iterator[int]:
    """Of the comments, the articles of those whose text says it."""
    seen: set[int] = set()
    for article_id, text in rows:
        if article_id not in seen and found(text):
            seen.add(article_id)
            yield article_id
