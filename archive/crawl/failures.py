"""Failed addresses as a person handles them: what failed and why, try again, forget."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime

from archive.crawl.frontier import Failure, failure_of, stamp
from archive.db.transactions import transaction

_OPEN_AGAIN = (
    "state = 'waiting', open = 1, due = :now, updated = :now, tries = 0, again = 0, attempts = 0"
)
_OF_A_KIND = "(error_code = :kind OR error_class = :kind OR state = :kind)"


def failures(conn: sqlite3.Connection) -> Iterator[Failure]:
    """Every address that waits after a failure or ended in one, the longest-known first."""
    rows = conn.execute("SELECT * FROM frontier WHERE error_code IS NOT NULL ORDER BY id")
    for row in rows:
        yield failure_of(row)


def retry_kind(conn: sqlite3.Connection, kind: str, now: datetime) -> int:
    """Open the failed addresses of a code, class or state again, due now; how many there are."""
    with transaction(conn):
        return conn.execute(
            f"UPDATE frontier SET {_OPEN_AGAIN} WHERE error_code IS NOT NULL AND {_OF_A_KIND}",
            {"now": stamp(now), "kind": kind},
        ).rowcount


def retry_addresses(conn: sqlite3.Connection, addresses: Iterable[str], now: datetime) -> int:
    """Open these canonical addresses again, due now and fetched anew; how many were known."""
    with transaction(conn):
        return sum(
            conn.execute(
                f"UPDATE frontier SET {_OPEN_AGAIN}, refresh = 1 WHERE address = :address",
                {"now": stamp(now), "address": address},
            ).rowcount
            for address in addresses
        )


def retry_all(conn: sqlite3.Connection, now: datetime) -> int:
    """Open every failed address again, but for what is gone for good; how many there are."""
    with transaction(conn):
        return conn.execute(
            f"UPDATE frontier SET {_OPEN_AGAIN} WHERE error_code IS NOT NULL AND state != 'gone'",
            {"now": stamp(now)},
        ).rowcount


def forget_kind(conn: sqlite3.Connection, kind: str) -> int:
    """Take the addresses of a code, class or state out of the queue; how many there were."""
    with transaction(conn):
        return conn.execute(
            f"DELETE FROM frontier WHERE {_OF_A_KIND} AND (open OR error_code IS NOT NULL)",
            {"kind": kind},
        ).rowcount


def forget_addresses(conn: sqlite3.Connection, addresses: Iterable[str]) -> int:
    """Take these canonical addresses out of the queue; how many were there."""
    with transaction(conn):
        return sum(
            conn.execute("DELETE FROM frontier WHERE address = ?", (address,)).rowcount
            for address in addresses
        )
