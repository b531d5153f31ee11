"""Why nothing was found: filters that no article held matches, whatever stands beside them. A name
that was mistyped is told so, and where the names are listed.
"""

from __future__ import annotations

import sqlite3

from archive.search.query import named
from archive.search.searcher import Searcher
from scraper.messages import mark

#: Filter → the command that lists its values.
_LISTED = {
    "account": "accounts",
    "album": "albums",
    "tag": "tags",
    "topic": "tags",
    "group": "group",
}


def unmatched(conn: sqlite3.Connection, query: str) -> list[str]:
    """A sentence for each ``field:value`` of a query that alone means no article. Raises BadQuery,
    NotIndexed."""
    searcher = Searcher(conn)
    with searcher.read_transaction():
        return [
            no_article(field, value)
            for field, value, node in named(query)
            if next(searcher.newest(searcher.plan(node)), None) is None
        ]


def no_article(field: str, value: str) -> str:
    """That no article has this value."""
    if field in _LISTED:
        return mark(
            "no article matches {filter}: `wechat-archive {command}` lists what there is",
            filter=f"{field}:{value}",
            command=_LISTED[field],
        )
    return mark("no article matches {filter}", filter=f"{field}:{value}")
