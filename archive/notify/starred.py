"""Starred articles: told when their author changes or deletes one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any


def starred_keys(conn: sqlite3.Connection) -> frozenset[str]:
    """The keys of the starred articles."""
    rows = conn.execute(
        "SELECT a.key FROM own_marks m JOIN articles a ON a.id = m.article_id "
        "WHERE m.starred IS NOT NULL"
    )
    return frozenset(row[0] for row in rows)


def changed(conn: sqlite3.Connection, keys: Iterable[str]) -> list[dict[str, Any]]:
    """What happened to these articles since the last run, as it stands in a message, and note so.
    Inside the transaction that keeps what is found.

    One that has just been starred is noted as it is, and nothing is told.
    """
    listed = json.dumps(sorted(keys))
    known = {
        row["key"]: (row["version"], row["gone"])
        for row in conn.execute("SELECT key, version, gone FROM alert_starred")
    }
    found = []
    for row in conn.execute(
        "SELECT key, version, gone, title, account, url, published, gone_shown FROM articles "
        "WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key",
        (listed,),
    ).fetchall():
        before, state = known.get(row["key"]), (row["version"], row["gone"])
        if before == state:
            continue
        conn.execute(
            "INSERT INTO alert_starred (key, version, gone) VALUES (?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET version = excluded.version, gone = excluded.gone",
            (row["key"], *state),
        )
        if before is not None:
            found += [_as_change(row, change) for change in _differs(before, state)]
    conn.execute(
        "DELETE FROM alert_starred WHERE key NOT IN (SELECT value FROM json_each(?))", (listed,)
    )
    return found


State = tuple[int, str | None]


def _differs(before: State, now: State) -> list[str]:
    changes = ["modified"] if now[0] > before[0] else []
    if (before[1] is None) != (now[1] is None):
        changes.append("gone" if before[1] is None else "back")
    return changes


def _as_change(row: sqlite3.Row, change: str) -> dict[str, Any]:
    names = ("key", "title", "account", "url", "published")
    shown = row["gone_shown"] if change == "gone" else None
    return {"change": change, **{name: row[name] for name in names}, "shown": shown}
