"""Which articles a query means, without ranking or showing them: for what is done to all of them,
and for whether one new article is among them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from archive.search.query import parse
from archive.search.searcher import Searcher


def article_ids(conn: sqlite3.Connection, query: str) -> list[int]:
    """The numbers of all articles that a query means, the newest first. Raises `BadQuery`,
    `NotIndexed`."""
    searcher = Searcher(conn)
    with searcher.read_transaction():
        return [row.article_id for row in searcher.newest(searcher.plan(parse(query)))]


def matching(conn: sqlite3.Connection, query: str, among: Iterable[int]) -> frozenset[int]:
    """Those of these articles that a query means; what it costs goes by how many are asked about,
    not by how many are held. Raises `BadQuery`, `NotIndexed`."""
    wanted = frozenset(among)
    if not wanted:
        return wanted
    searcher = Searcher(conn)
    with searcher.read_transaction():
        plan = searcher.plan(parse(query), among=wanted)
        return frozenset(row.article_id for row in searcher.newest(plan))
