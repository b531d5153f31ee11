"""What is so or is not: told when it begins and when it ends, not at every run between."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from archive.crawl.frontier import stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``kind`` is blocked, login, source, drift or disk; ``subject`` which exit, source or field;
    ``name`` what people know it by; ``facts`` what a message says besides (JSON values)."""

    kind: str
    subject: str
    name: str
    holds: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


def changed(
    conn: sqlite3.Connection, conditions: Sequence[Condition], now: datetime
) -> list[dict[str, Any]]:
    """Those that began or ended since the last run, as they stand in a message, and note so.
    Inside the transaction that keeps what is found.

    What is not among ``conditions`` any more (a source that was taken out) is forgotten silently.
    """
    rows = conn.execute("SELECT kind, subject FROM alert_conditions").fetchall()
    told = {(row["kind"], row["subject"]) for row in rows}
    found = []
    for one in conditions:
        place = (one.kind, one.subject)
        if one.holds == (place in told):
            continue
        if one.holds:
            conn.execute(
                "INSERT INTO alert_conditions (kind, subject, since) VALUES (?, ?, ?)",
                (*place, stamp(now)),
            )
        found.append(_as_problem(one))
    holding = {(one.kind, one.subject) for one in conditions if one.holds}
    conn.executemany(
        "DELETE FROM alert_conditions WHERE kind = ? AND subject = ?", sorted(told - holding)
    )
    return found


def told(conn: sqlite3.Connection, kind: str, subject: str) -> bool:
    """Whether it was so when it was last looked at."""
    sql = "SELECT 1 FROM alert_conditions WHERE kind = ? AND subject = ?"
    return conn.execute(sql, (kind, subject)).fetchone() is not None


def told_of(conn: sqlite3.Connection, kind: str) -> frozenset[str]:
    """The subjects of a kind that were so when they were last looked at."""
    rows = conn.execute("SELECT subject FROM alert_conditions WHERE kind = ?", (kind,))
    return frozenset(row["subject"] for row in rows)


def _as_problem(one: Condition) -> dict[str, Any]:
    state = "begins" if one.holds else "ends"
    return {
        "kind": one.kind,
        "subject": one.subject,
        "name": one.name,
        "state": state,
        "facts": dict(one.facts),
    }
