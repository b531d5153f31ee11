"""The table ``runs``: what each command that writes did."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from archive.crawl.frontier import stamp
from archive.db.transactions import unsynced_transaction
from archive.run.report import RunReport
from scraper.records import dataclass

#: An hourly run makes 9,000 rows a year; older ones say nothing that anybody asks.
_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Run:
    """What a command that wrote did; times are aware, UTC. Without an end it was killed, or still
    runs.
    """

    command: str
    started: datetime
    ended: datetime | None
    exit_code: int | None
    saved: int
    failed: int
    requests: int
    summary: str | None


def last(conn: sqlite3.Connection, limit: int) -> list[Run]:
    """The last runs, the newest first."""
    rows = conn.execute("SELECT * FROM runs ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
    return [
        Run(
            command=row["command"],
            started=datetime.fromisoformat(row["started"]),
            ended=datetime.fromisoformat(row["ended"]) if row["ended"] else None,
            exit_code=row["exit_code"],
            saved=row["saved"] or 0,
            failed=row["failed"] or 0,
            requests=row["requests"] or 0,
            summary=row["summary"],
        )
        for row in rows
    ]


def begin(conn: sqlite3.Connection, command: str, now: datetime) -> int:
    """A command begins; the number of its row. A row without an end was killed."""
    with unsynced_transaction(conn):
        cursor = conn.execute(
            "INSERT INTO runs (command, started) VALUES (?, ?)", (command, stamp(now))
        )
        conn.execute("DELETE FROM runs WHERE id <= ?", ((cursor.lastrowid or 0) - _KEPT,))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def end(conn: sqlite3.Connection, run_id: int, report: RunReport, now: datetime) -> None:
    """A command ended as its report says."""
    with unsynced_transaction(conn):
        conn.execute(
            "UPDATE runs SET ended = ?, exit_code = ?, reason = ?, requests = ?, saved = ?, unchanged = ?, "
            "followed = ?, failed = ?, waiting = ?, summary = ? WHERE id = ?",
            (
                stamp(now),
                report.exit_code,
                report.reason.value if report.reason else None,
                report.requests,
                report.saved,
                report.unchanged,
                report.followed,
                report.failed,
                report.waiting,
                report.line(),
                run_id,
            ),
        )
