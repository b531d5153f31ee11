"""Which articles a query means, without ranking or showing them: for what is done to all of them,
and for whether one new article is among them."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable

from archive.search.query import parse
from archive.search.rows import Row
from archive.search.searcher import Searcher


def rows(
    searcher: Searcher, query: str, among: Iterable[int] | None = None
) -> Generator[Row, None, None]:
    """Of these articles (None: of all) those that the query means, the newest first, all out of one
    moment of the database; what it costs goes by how many are asked about, not by how many are
    held. Raises BadQuery, NotIndexed."""
    with searcher.read_transaction():
        wanted = None if among is None else frozenset(among)
        yield from searcher.newest(searcher.plan(parse(query), among=wanted))


def article_ids(conn: sqlite3.Connection, query: str) -> list[int]:
    """The numbers of all articles that a query means, the newest first. Raises BadQuery,
    NotIndexed."""
    return [row.article_id for row in rows(Searcher(conn), query)]


def matching(conn: sqlite3.Connection, query: str, among: Iterable[int]) -> frozenset[int]:
    """Those of these articles that a query means. Raises BadQuery, NotIndexed."""
    wanted = frozenset(among)
    if not wanted:
        return wanted
    return frozenset(row.article_id for row in rows(Searcher(conn), query, wanted))
