"""Messages that wait until every way has them: nothing is lost by a kill, a failing way gets it
later.

A message and who is to get it are kept in the transaction that notes what it is about as told. A
way that took it is noted at once; a kill between the two sends it again, with the same id.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.crawl.frontier import stamp
from archive.db.transactions import transaction
from archive.notify.message import Message, new_id
from scraper.crawl.backoff import Rests

#: A way that fails is tried again by the next run after a minute, then more and more rarely.
_RESTS = Rests(first=60.0, longest=6 * 3600.0)
#: What no way took for so long is news to nobody.
KEPT = timedelta(days=30)
#: So many messages a way and run: one that was away for a week is not flooded.
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class WayState:
    """How a way did: when it took a message last, failures in a row since, the last of them, and
    how many messages wait for it."""

    delivered: datetime | None
    failures: int
    error: str | None
    waiting: int


def put(
    conn: sqlite3.Connection, content: dict[str, Any], ways: Sequence[str], now: datetime
) -> None:
    """Keep a message for these ways. Inside the caller's transaction."""
    cursor = conn.execute(
        "INSERT INTO alert_messages (id, made, content) VALUES (?, ?, ?)",
        (new_id(), stamp(now), json.dumps(content, ensure_ascii=False)),
    )
    conn.executemany(
        "INSERT INTO alert_deliveries (number, way, due) VALUES (?, ?, ?)",
        [(cursor.lastrowid, way, stamp(now)) for way in ways],
    )


def forget_old(conn: sqlite3.Connection, now: datetime) -> int:
    """Give up what nobody took for a month; how many. Inside the caller's transaction."""
    sql = "DELETE FROM alert_messages WHERE made < ?"
    return conn.execute(sql, (stamp(now - KEPT),)).rowcount


def due(conn: sqlite3.Connection, way: str, now: datetime) -> list[int]:
    """The numbers of the messages that a way is to get now, the oldest first; none while it
    rests."""
    rows = conn.execute(
        "SELECT number, due FROM alert_deliveries WHERE way = ? ORDER BY number LIMIT ?",
        (way, _AT_ONCE),
    ).fetchall()
    return [row["number"] for row in rows] if rows and rows[0]["due"] <= stamp(now) else []


def message(conn: sqlite3.Connection, number: int) -> Message:
    """A message that waits."""
    row = conn.execute("SELECT * FROM alert_messages WHERE number = ?", (number,)).fetchone()
    made = datetime.fromisoformat(row["made"])
    return Message(id=row["id"], made=made, content=json.loads(row["content"]))


def delivered(conn: sqlite3.Connection, number: int, way: str, now: datetime) -> None:
    """A way took it: on the disk when this returns."""
    with transaction(conn):
        conn.execute("DELETE FROM alert_deliveries WHERE number = ? AND way = ?", (number, way))
        conn.execute(
            "DELETE FROM alert_messages WHERE number = ? AND NOT EXISTS "
            "(SELECT 1 FROM alert_deliveries d WHERE d.number = alert_messages.number)",
            (number,),
        )
        _note(conn, way, delivered=stamp(now), failures=0, error=None)


def failed(
    conn: sqlite3.Connection,
    number: int,
    way: str,
    error: str,
    now: datetime,
    rng: random.Random,
) -> None:
    """A way did not take it: it rests. ``error`` without secrets."""
    with transaction(conn):
        row = conn.execute("SELECT failures FROM alert_ways WHERE name = ?", (way,)).fetchone()
        failures = row["failures"] if row else 0
        later = now + timedelta(seconds=_RESTS.after(failures, rng))
        conn.execute(
            "UPDATE alert_deliveries SET attempts = attempts + 1, due = ? "
            "WHERE number = ? AND way = ?",
            (stamp(later), number, way),
        )
        _note(conn, way, failures=failures + 1, error=error)


def _note(conn: sqlite3.Connection, way: str, **values: Any) -> None:
    sets = ", ".join(f"{name} = excluded.{name}" for name in values)
    conn.execute(
        f"INSERT INTO alert_ways (name, {', '.join(values)}) "
        f"VALUES (?, {', '.join('?' * len(values))}) ON CONFLICT (name) DO UPDATE SET {sets}",
        (way, *values.values()),
    )


def state_of(conn: sqlite3.Connection, way: str) -> WayState:
    """How a way did the last time."""
    row = conn.execute("SELECT * FROM alert_ways WHERE name = ?", (way,)).fetchone()
    (waiting,) = conn.execute(
        "SELECT count(*) FROM alert_deliveries WHERE way = ?", (way,)
    ).fetchone()
    if row is None:
        return WayState(None, 0, None, waiting)
    last = datetime.fromisoformat(row["delivered"]).astimezone(UTC) if row["delivered"] else None
    return WayState(last, row["failures"], row["error"], waiting)
