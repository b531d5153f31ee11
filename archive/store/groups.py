"""A person's own lists of accounts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from archive.db.transactions import transaction


def groups(conn: sqlite3.Connection) -> dict[str, list[str]]:
    """Name of a group → its accounts as they were named, both sorted."""
    found: dict[str, list[str]] = {}
    rows = conn.execute("SELECT name, account FROM group_accounts ORDER BY name, account")
    for name, account in rows:
        found.setdefault(name, []).append(account)
    return found


def names(conn: sqlite3.Connection) -> list[str]:
    """Every group, also one that no account but a watched source is in; sorted."""
    rows = conn.execute(
        "SELECT name FROM group_accounts UNION "
        "SELECT group_name FROM sources WHERE group_name <> '' ORDER BY 1"
    )
    return [row[0] for row in rows]


def change(
    conn: sqlite3.Connection, name: str, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> list[str]:
    """Put accounts into the group or take them out; who is in it now."""
    with transaction(conn):
        conn.executemany(
            "INSERT OR IGNORE INTO group_accounts VALUES (?, ?)",
            [(name, account) for account in add],
        )
        conn.executemany(
            "DELETE FROM group_accounts WHERE name = ? AND account = ?",
            [(name, account) for account in remove],
        )
    return groups(conn).get(name, [])


def is_known(conn: sqlite3.Connection, account: str) -> bool:
    """Whether an article of an account of this name, ``__biz``, ``gh_…`` or 微信号 is held."""
    row = conn.execute(
        "SELECT 1 FROM articles WHERE account = ?1 OR account_id IN "
        "(SELECT id FROM accounts WHERE ?1 IN (name, biz, user_name, alias)) LIMIT 1",
        (account,),
    ).fetchone()
    return row is not None
