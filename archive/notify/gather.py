"""From the archive to the outbox: everything that is to be told, in one transaction with the note
that it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from archive.config import WayConfig
from archive.db.transactions import transaction
from archive.notify import conditions, outbox, searches, starred


def gather(
    conn: sqlite3.Connection,
    ways: Sequence[WayConfig],
    stars: Iterable[str],
    found: Sequence[conditions.Condition],
    now: datetime,
) -> int:
    """One digest of what matches, changed or began since the last run, for each of ``ways`` that
    wants some of it. How many messages nobody took for a month and are given up."""
    with transaction(conn):
        content = {
            "matches": searches.look(conn, now),
            "starred": starred.changed(conn, stars),
            "problems": conditions.changed(conn, found, now),
        }
        wanting = [way.name for way in ways if any(part(content, way.only).values())]
        if wanting:
            outbox.put(conn, content, wanting, now)
        return outbox.forget_old(conn, now)


def part(content: dict[str, Any], only: Sequence[str]) -> dict[str, Any]:
    """What of a message a way wants."""
    if not only:
        return content
    return {
        "matches": [match for match in content["matches"] if match["alert"] in only],
        "starred": content["starred"] if searches.STARRED in only else [],
        "problems": content["problems"] if searches.PROBLEMS in only else [],
    }
