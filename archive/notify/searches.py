"""Saved searches: a name and a query, and which of the articles that came in since match."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archive.crawl.frontier import stamp
from archive.db.columns import has_table
from archive.db.transactions import transaction
from archive.errors import ArchiveError, BadInput, Corrupt, NotHeld
from archive.json_fields import AsDict, json_field
from scraper.messages import mark

if TYPE_CHECKING:
    from archive.search.rows import Row
    from archive.search.searcher import Searcher

#: Letters of any script: a name stands in a feed's address and in messages.
_NAME = re.compile(r"\w[\w.-]{0,39}")
#: Names that ``only`` of a way means otherwise.
STARRED, PROBLEMS = "starred", "problems"
#: Articles of one match that a message names; how many there are is always told.
MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch(AsDict):
    """One saved search. ``seen``: the last change it has looked at; ``matched``: articles it told
    of, ``last``: when (UTC); ``error``: why it could not be looked for the last time."""

    name: str
    query: str
    added: datetime = json_field(timespec="seconds")
    seen: int = json_field(hidden=True)
    matched: int
    last: datetime | None = json_field(timespec="seconds")
    error: str | None


def add(conn: sqlite3.Connection, name: str, query: str, now: datetime) -> bool:
    """Save a search; what is kept or changed from now on is looked at. False: there was one of that
    name, which asks for this now.

    Raises BadInput for a name that cannot be one, BadQuery for a query that means nothing.
    """
    from archive.search.query import parse

    if not _NAME.fullmatch(name) or name in (STARRED, PROBLEMS):
        raise BadInput(
            mark(
                "'{name}' cannot name an alert: 1 to 40 letters, digits, _ . - in any script, "
                "and neither {starred} nor {problems}",
                name=name,
                starred=STARRED,
                problems=PROBLEMS,
            )
        )
    parse(query)
    with transaction(conn):
        replaced = conn.execute(
            "UPDATE alerts SET query = ?, error = NULL WHERE name = ?", (query, name)
        )
        if replaced.rowcount:
            return False
        (newest,) = conn.execute("SELECT coalesce(max(id), 0) FROM article_changes").fetchone()
        (counted,) = conn.execute(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'article_changes'"
        ).fetchone()
        conn.execute(
            "INSERT INTO alerts (name, query, added, seen) VALUES (?, ?, ?, ?)",
            (name, query, stamp(now), max(newest, counted)),
        )
    return True


def remove(conn: sqlite3.Connection, name: str) -> None:
    """Look for it no longer. Raises NotHeld."""
    get(conn, name)
    with transaction(conn):
        conn.execute("DELETE FROM alerts WHERE name = ?", (name,))


def get(conn: sqlite3.Connection, name: str) -> SavedSearch:
    """By its name. Raises NotHeld."""
    for one in saved(conn):
        if one.name == name:
            return one
    raise NotHeld(
        mark("no alert is called {name}: `wechat-archive alert list` shows them all", name=name)
    )


def saved(conn: sqlite3.Connection) -> list[SavedSearch]:
    """All of them by name; none in an archive of before there were any, opened for reading."""
    if not exist(conn):
        return []
    return [
        SavedSearch(
            name=row["name"],
            query=row["query"],
            added=datetime.fromisoformat(row["added"]),
            seen=row["seen"],
            matched=row["matched"],
            last=datetime.fromisoformat(row["last"]) if row["last"] else None,
            error=row["error"],
        )
        for row in conn.execute("SELECT * FROM alerts ORDER BY name")
    ]


def exist(conn: sqlite3.Connection) -> bool:
    """Whether the archive has the tables of alerts."""
    return has_table(conn, "alert_ways")


# --- what matches -----------------------------------------------------------------------------


def look(conn: sqlite3.Connection, now: datetime) -> list[dict[str, Any]]:
    """What came in since each saved search looked last and matches, and note that it has looked.
    Inside the transaction that keeps what is found.

    One that cannot be looked for is left where it was, with the reason; the others go on.
    """
    found = []
    searcher = None
    for one in saved(conn):
        changes, newest = _changes(conn, one.seen)
        if not changes:
            continue
        if searcher is None:
            from archive.search.searcher import Searcher

            searcher = Searcher(conn)
        try:
            matches = list(matching(searcher, one.query, changes))
        except ArchiveError as error:
            conn.execute("UPDATE alerts SET error = ? WHERE name = ?", (str(error), one.name))
            continue
        last = stamp(now) if matches else None
        conn.execute(
            "UPDATE alerts SET seen = ?, matched = matched + ?, last = coalesce(?, last), "
            "error = NULL WHERE name = ?",
            (newest, len(matches), last, one.name),
        )
        if matches:
            found.append(as_match(one, matches, changes))
    _forget_changes(conn)
    return found


def _changes(conn: sqlite3.Connection, seen: int) -> tuple[dict[int, str], int]:
    """Article → how it changed after ``seen``, and the last of these changes."""
    rows = conn.execute(
        "SELECT id, article_id, change FROM article_changes WHERE id > ? ORDER BY id", (seen,)
    ).fetchall()
    changes: dict[int, str] = {}
    for row in rows:
        changes.setdefault(row["article_id"], row["change"])  # new and then changed: new
    return changes, rows[-1]["id"] if rows else seen


def _forget_changes(conn: sqlite3.Connection) -> None:
    """What every saved search has looked at."""
    conn.execute(
        "DELETE FROM article_changes "
        "WHERE id <= (SELECT coalesce(min(seen), 9223372036854775807) FROM alerts)"
    )


def matching(
    searcher: Searcher, query: str, among: Iterable[int] | None, *, most: int | None = None
) -> Iterator[Row]:
    """Of these articles (None: of all) those that match, the newest first, at most ``most``; a row
    that is not what was written is left out, which `verify` tells. Raises BadQuery, NotIndexed."""
    from archive.search.matching import rows

    with closing(rows(searcher, query, among)) as found:
        for row in islice(found, most):
            try:
                searcher.rows.require_intact(row)
            except Corrupt:
                continue
            yield row


def as_match(
    one: SavedSearch, rows: Sequence[Row], changes: Mapping[int, str] = MappingProxyType({})
) -> dict[str, Any]:
    """A match as it stands in a message; what has not changed is new to who reads it."""
    return {
        "alert": one.name,
        "query": one.query,
        "count": len(rows),
        "articles": [_facts(row, changes.get(row.article_id, "new")) for row in rows[:MOST]],
    }


def _facts(row: Row, change: str) -> dict[str, Any]:
    published = None if row.published is None else datetime.fromtimestamp(row.published, UTC)
    return {
        "key": row.key,
        "change": change,
        "title": row.title,
        "account": row.account,
        "url": row.url,
        "published": published.isoformat(timespec="seconds") if published else None,
    }
