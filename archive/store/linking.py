"""What links to what, by account, and how an account went over the months. Reads only."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass

_MOST = 24


@dataclass(frozen=True, slots=True)
class Linked:
    """Another account, and how many links there are between the two in one direction."""

    address: str
    name: str
    links: int


@dataclass(frozen=True, slots=True)
class AccountLinks:
    """``incoming``: accounts whose held articles link here; ``outgoing``: those that this one links
    to.
    """

    incoming: tuple[Linked, ...]
    outgoing: tuple[Linked, ...]


def between_accounts(conn: sqlite3.Connection, account_id: int) -> AccountLinks:
    """Links between held articles of this account and of others, the most first."""
    return AccountLinks(
        incoming=_linked(conn, account_id, "target_id", "article_id"),
        outgoing=_linked(conn, account_id, "article_id", "target_id"),
    )


def _linked(conn: sqlite3.Connection, account_id: int, mine: str, other: str) -> tuple[Linked, ...]:
    rows = conn.execute(
        "SELECT c.id, c.biz, c.name, n.links FROM (SELECT o.account_id AS account_id, count(*) AS links "
        f"FROM articles a JOIN links l ON l.{mine} = a.id JOIN articles o ON o.id = l.{other} "
        "WHERE a.account_id = ? AND o.account_id IS NOT NULL AND o.account_id != a.account_id "
        "GROUP BY o.account_id ORDER BY links DESC LIMIT ?) n "
        "JOIN accounts c ON c.id = n.account_id ORDER BY n.links DESC, c.id",
        (account_id, _MOST),
    ).fetchall()
    return tuple(
        Linked(
            row["biz"] or row["name"] or str(row["id"]), row["name"] or row["biz"] or "?", row[3]
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Month:
    """A month in China, ``2024-05``: articles published, edits and deletions that were noticed."""

    month: str
    published: int = 0
    edited: int = 0
    gone: int = 0


def months(conn: sqlite3.Connection, account_id: int) -> list[Month]:
    """The months in which something happened, in order."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for name, sql in (
        ("published", "SELECT published AS at FROM articles WHERE account_id = ?"),
        ("gone", "SELECT gone AS at FROM articles WHERE account_id = ?"),
        (
            # a version ended when the next one was seen
            "edited",
            "SELECT coalesce(n.seen, a.changed) AS at FROM versions v JOIN articles a ON a.id = v.article_id "
            "LEFT JOIN versions n ON n.article_id = v.article_id AND n.number = v.number + 1 "
            "WHERE a.account_id = ?",
        ),
    ):
        rows = conn.execute(
            f"SELECT strftime('%Y-%m', at, '+8 hours') AS month, count(*) FROM ({sql}) "
            "WHERE at IS NOT NULL GROUP BY month",
            (account_id,),
        )
        for month, count in rows.fetchall():
            if month is not None:
                counts[month][name] = count
    return [Month(month, **counts[month]) for month in sorted(counts)]
