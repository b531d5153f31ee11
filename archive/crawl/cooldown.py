"""The cool-down after WeChat asked for a pause: opened, doubled and ended, and remembered over
restarts.

The first block rests 1 h, the next 2 h, then 4 h … 24 h, until a page comes again. While it lasts
no command sends anything to mp.weixin.qq.com (unless told to); when it is over the first request is
a probe, and one captcha is enough to rest again, twice as long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from archive.crawl.frontier import stamp
from archive.db.columns import has_table
from archive.db.transactions import transaction
from archive.errors import CoolingDown
from scraper.crawl.backoff import Rests
from scraper.crawl.captcha import CaptchaPolicy
from scraper.errors import Blocked
from scraper.messages import mark
from scraper.records import dataclass
from scraper.zone import for_people

#: The exit of an archive whose settings name none.
DIRECT = "direct"
#: No jitter: what a person is told is what holds.
RESTS = Rests(first=3600.0, longest=24 * 3600.0)


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its number in a row (1: the first), since and until when (UTC), why, what the page
    showed.
    """

    level: int
    since: datetime
    until: datetime
    reason: str
    shown: str | None

    def refusal(self) -> CoolingDown:
        """What a command ends with while the block lasts."""
        return CoolingDown(
            mark(
                "WeChat asked for a pause ({shown}): nothing is fetched before {until}. "
                "Everything waiting is kept and goes on then by itself; --now tries at "
                "once, a cookies file of your own browser session (--cookies) may help.",
                shown=self.shown or self.reason,
                until=for_people(self.until),
            )
        )


class CoolDown:
    """The block that is in force at one exit, if any."""

    def __init__(self, conn: sqlite3.Connection, exit: str = DIRECT) -> None:
        self.conn = conn
        self.exit = exit

    def last(self) -> Block | None:
        """The last block, over or not, as long as no page has come since."""
        row = _row(self.conn, self.exit)
        if row is None or not row["level"]:
            return None
        since, until = datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["until"])
        return Block(row["level"], since, until, row["reason"], row["shown"])

    def in_force(self, now: datetime) -> Block | None:
        """The block that forbids a request now."""
        block = self.last()
        return block if block is not None and now < block.until else None

    def policy(self) -> CaptchaPolicy:
        """The policy for captchas, knowing what earlier runs met."""
        row = _row(self.conn, self.exit)
        if row is None:
            return CaptchaPolicy()
        return CaptchaPolicy(probing=bool(row["level"]), last_captcha_address=row["struck"])

    def blocked(self, error: Blocked, now: datetime) -> Block:
        """WeChat refused: rest, twice as long as the last time if no page came since."""
        before = self.last()
        level = before.level + 1 if before else 1
        until = now + timedelta(seconds=RESTS.after(level - 1))
        self._set(
            level=level,
            since=stamp(now),
            until=stamp(until),
            reason=error.reason,
            shown=error.shown or str(error),
            struck=None,
        )
        return Block(level, now, until, error.reason, error.shown)

    def remember(self, policy: CaptchaPolicy) -> None:
        """After a crawl that met no block: forget the last one if a page came, keep a lone captcha
        in mind.
        """
        if policy.probing:
            return
        struck = policy.last_captcha_address
        self._set(level=0, since=None, until=None, reason=None, shown=None, struck=struck)

    def _set(self, **values: Any) -> None:
        note(self.conn, self.exit, **values)


def take_over(cooldown: CoolDown, found: Mapping[str, Any]) -> None:
    """A block that another archive met at an exit which both use: ``level``, ``blocked_until``
    (aware), ``reason``, ``shown``. One that is known here already stays.
    """
    until = found["blocked_until"]
    known = cooldown.last()
    if known is not None and known.until >= until:
        return
    level = max(int(found["level"]), 1)
    note(
        cooldown.conn,
        cooldown.exit,
        level=level,
        since=stamp(until - timedelta(seconds=RESTS.after(level - 1))),
        until=stamp(until),
        reason=found["reason"] or "captcha",
        shown=found["shown"],
        struck=None,
    )


def note(conn: sqlite3.Connection, exit: str, **values: Any) -> None:
    """Note this of an exit."""
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    sets = ", ".join(f"{name} = excluded.{name}" for name in values)
    with transaction(conn):
        conn.execute(
            f"INSERT INTO exits (name, {names}) VALUES (:name, {marks}) "
            f"ON CONFLICT (name) DO UPDATE SET {sets}",
            {**values, "name": exit},
        )


def note_use(
    conn: sqlite3.Connection,
    exit: str,
    now: datetime,
    *,
    requests: int,
    failures: int,
    error: str | None,
) -> None:
    """What a command did with an exit: how many requests, how many failures in a row at its end,
    the last of them.
    """
    if not requests:
        return
    values = {"asked": stamp(now), "failures": failures, "error": error}
    if not failures:
        values["answered"] = stamp(now)
    with transaction(conn):
        note(conn, exit, **values)
        conn.execute("UPDATE exits SET requests = requests + ? WHERE name = ?", (requests, exit))


def last_asked(conn: sqlite3.Connection) -> dict[str, datetime]:
    """When the last request by each exit ended, where one went out."""
    rows = conn.execute("SELECT name, asked FROM exits WHERE asked IS NOT NULL")
    return {row["name"]: datetime.fromisoformat(row["asked"]) for row in rows}


def known_exits(conn: sqlite3.Connection, now: datetime) -> list[dict[str, Any]]:
    """Every exit that was ever used, for ``status``; times ISO 8601, UTC."""
    rows = conn.execute("SELECT * FROM exits ORDER BY name").fetchall() if _exists(conn) else []
    return [
        {
            "name": row["name"],
            "requests": row["requests"],
            "asked": row["asked"],
            "answered": row["answered"],
            "failures": row["failures"],
            "error": row["error"],
            "blocked_until": row["until"] if row["level"] and row["until"] > stamp(now) else None,
        }
        for row in rows
    ]


def _exists(conn: sqlite3.Connection) -> bool:
    """False in an archive of before there were exits, opened for reading."""
    return has_table(conn, "exits")


def _row(conn: sqlite3.Connection, exit: str) -> sqlite3.Row | None:
    if not _exists(conn):
        return None
    row: sqlite3.Row | None = conn.execute("SELECT * FROM exits WHERE name = ?", (exit,)).fetchone()
    return row
