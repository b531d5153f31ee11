"""What ``wechat-archive status`` knows, read without disturbing a command that writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.crawl.albums import gaps
from archive.crawl.cooldown import CoolDown, known_exits
from archive.crawl.frontier import stamp
from archive.db.listed import count_not_held
from archive.db.lock import holder_of
from archive.db.recording_tables import are_known
from archive.db.tallies import number, numbers
from archive.run.drift import drifts
from archive.run.items import one_item
from scraper.messages import mark
from scraper.parse import PARSER_VERSION

#: What a person can do about a kind of failure, by its class; "later" kinds need nothing.
NEXT_STEPS = {
    "deleted": mark("final: the author deleted it; nothing to do"),
    "violation": mark("final: WeChat removed it; nothing to do"),
    "complaint": mark("final: removed after a complaint; nothing to do"),
    "migrated": mark(
        "final: the account moved; a new address is followed where the page gives one"
    ),
    "account-closed": mark("final: the account is closed; nothing to do"),
    "account-blocked": mark("final: WeChat closed the account; nothing to do"),
    "expired": mark("the temporary link has expired: copy a fresh one from WeChat and `save` it"),
    "parameter-error": mark("the address is incomplete: copy it again from WeChat and `save` it"),
    "login": mark(
        "opens only when logged in: give your cookies with --cookies, then `retry login`"
    ),
    "paid": mark(
        "must be paid for: give the cookies of a session that has (--cookies), then `retry paid`"
    ),
    "blocked": mark(
        "asked for a verification: `save` its short address, or give --cookies; "
        "else `run` tries again"
    ),
    "unrecognised": mark(
        "a page nobody has seen: update the program, then `reparse`; please report it"
    ),
    "unexpected": mark(
        "a fault of this program: update it and report it; `run` tries again from the raw page"
    ),
    "hostile": mark("too large or too deep to read; the raw page is kept"),
    "refused": mark("the server has no such page: check the address"),
    "forbidden": mark("not an address the program may open; see allow_hosts in config.toml"),
    "not-an-address": mark("no WeChat article: check what was given"),
}
_LATER = mark("the next `run` tries again by itself")
_FINAL = mark("final; `retry` asks again")


def collect(
    conn: sqlite3.Connection, root: Path, now: datetime, held: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Everything ``status --json`` shows; times ISO 8601, UTC.

    What cannot be told of a list is left out, and ``problems`` says why. ``held``: what ``held_by``
    says, for a program that knows it already: it reads through all articles.
    """
    problems: list[str] = []

    def alone(name: str) -> AbstractContextManager[None]:
        return one_item(name, lambda error: problems.append(f"{name}: {error}"))

    def each(name: str, part: Callable[[], list[Any]]) -> list[Any]:
        found: list[Any] = []
        with alone(name):
            found += part()
        return found

    return {
        "archive": str(root),
        "held": held_by(conn) if held is None else held,
        "waiting": _waiting(conn, now),
        "failed": each("failed", lambda: _failed(conn)),
        "blocked": _blocked(conn, now),
        "exits": each("exits", lambda: known_exits(conn, now)),
        "drift": each(
            "drift", lambda: [one.as_dict() | {"line": one.line()} for one in drifts(conn)]
        ),
        "albums": each("albums", lambda: gaps(conn, alone)),
        "sources": _sources(conn),
        "listed": count_not_held(conn),
        "images": _images(conn),
        "media": _media(conn),
        "runs": each("runs", lambda: _runs(conn)),
        "writing": _writing(conn, root),
        "problems": problems,
    }


def next_step(error_class: str, *, is_open: bool) -> str:
    """What to do about a kind of failure."""
    return NEXT_STEPS.get(error_class) or (_LATER if is_open else _FINAL)


def held_by(conn: sqlite3.Connection) -> dict[str, Any]:
    """How many articles, accounts and versions an archive holds, and how new they are."""
    (newest,) = conn.execute("SELECT max(archived) FROM articles").fetchone()
    (accounts,) = conn.execute("SELECT count(*) FROM accounts").fetchone()
    parsers = numbers(conn, "parser")
    return {
        "articles": number(conn, "article"),
        "gone": number(conn, "gone"),
        "newest": newest,
        "older_parser": sum(n for name, n in parsers.items() if int(name) < PARSER_VERSION),
        "accounts": accounts,
        "versions": number(conn, "version"),
    }


def _waiting(conn: sqlite3.Connection, now: datetime) -> dict[str, Any]:
    (due,) = conn.execute(
        "SELECT count(*) FROM frontier WHERE open AND due <= ?", (stamp(now),)
    ).fetchone()
    (next_due,) = conn.execute("SELECT min(due) FROM frontier WHERE open").fetchone()
    return {"addresses": number(conn, "waiting"), "due": due, "next_due": next_due}


def _failed(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    counted = sorted(numbers(conn, "failed").items(), key=lambda one: (-one[1], one[0]))
    return [_failures(conn, name, count) for name, count in counted]


def _failures(conn: sqlite3.Connection, name: str, count: int) -> dict[str, Any]:
    """What failed in one way, and waits or not; the example is the last of them."""
    code, _, state = name.rpartition(" ")
    is_open = state == "open"
    which = "FROM frontier WHERE error_code = ? AND " + ("open" if is_open else "NOT open")
    example = conn.execute(f"SELECT error {which} ORDER BY id DESC LIMIT 1", (code,)).fetchone()
    due = conn.execute(f"SELECT min(due) {which}", (code,)).fetchone() if is_open else (None,)
    return {
        "class": code,
        "count": count,
        "waiting": is_open,
        "next_due": due[0],
        "example": example[0] if example else None,
        "next": next_step(code, is_open=is_open),
    }


def _blocked(conn: sqlite3.Connection, now: datetime) -> dict[str, Any] | None:
    block = CoolDown(conn).last()
    if block is None:
        return None
    return {
        "since": stamp(block.since),
        "until": stamp(block.until),
        "in_force": now < block.until,
        "reason": block.reason,
        "shown": block.shown,
        "times_in_a_row": block.level,
    }


def _sources(conn: sqlite3.Connection) -> dict[str, Any]:
    row = conn.execute(
        "SELECT count(*) AS count, count(error) AS failing, min(due) AS next_due FROM sources"
    ).fetchone()
    return dict(row)


def _images(conn: sqlite3.Connection) -> dict[str, Any]:
    return {**_states(conn, "image"), "next_due": _next_due(conn, "media_addresses")}


def _next_due(conn: sqlite3.Connection, table: str) -> str | None:
    """When the first of the files that are still to come is tried again."""
    sql = f"SELECT min(due) FROM {table} {{}} WHERE sha256 IS NULL"
    try:
        # SQLite takes the other index by itself, and reads all that are lost.
        (due,) = conn.execute(sql.format(f"INDEXED BY {table}_due")).fetchone()
    except sqlite3.OperationalError:  # somebody took the index away
        (due,) = conn.execute(sql.format("")).fetchone()
    return None if due is None else str(due)


def _states(conn: sqlite3.Connection, kind: str) -> dict[str, int]:
    found = numbers(conn, kind)
    return {state: found.get(state, 0) for state in ("held", "missing", "lost")}


def _media(conn: sqlite3.Connection) -> dict[str, Any]:
    """Sound and video. ``errors``: what went wrong, the most frequent first."""
    if not are_known(conn):
        return {"held": 0, "bytes": 0, "missing": 0, "lost": 0, "next_due": None, "errors": []}
    states, size = _states(conn, "recording"), number(conn, "recording_bytes")
    due = _next_due(conn, "recordings")
    errors = conn.execute(
        "SELECT error_class AS class, count(*) AS count, max(error) AS example FROM recordings "
        "WHERE sha256 IS NULL AND error IS NOT NULL GROUP BY error_class ORDER BY 2 DESC, 1"
    ).fetchall()
    return {
        "held": states["held"],
        "bytes": size,
        "missing": states["missing"],
        "lost": states["lost"],
        "next_due": due,
        "errors": [dict(error) for error in errors],
    }


def _runs(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = conn.execute("SELECT * FROM runs ORDER BY id DESC LIMIT 5").fetchall()
    return [{name: row[name] for name in row.keys() if name != "id"} for row in rows]  # noqa: SIM118 - a Row's keys


def _writing(conn: sqlite3.Connection, root: Path) -> dict[str, Any] | None:
    holder = holder_of(root)
    return {"pid": holder[0], "command": holder[1], "since": holder[2]} if holder else None
