"""The cool-down after WeChat asked for a pause: opened, doubled and ended, and remembered over restarts.

The first block rests 1 h, the next 2 h, then 4 h … 24 h, until a page comes again. While it lasts no command sends
anything to mp.weixin.qq.com (unless told to); when it is over the first request is a probe, and one captcha is enough
to rest again, twice as long.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.crawl.frontier import stamp
from archive.db.transactions import transaction
from archive.errors import CoolingDown
from scraper.crawl.backoff import Rests
from scraper.crawl.captcha import CaptchaPolicy
from scraper.errors import Blocked
from scraper.zone import for_people

#: No jitter: what a person is told is what holds.
RESTS = Rests(first=3600.0, longest=24 * 3600.0)


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its number in a row (1: the first), since and until when (UTC), why, what the page showed."""

    level: int
    since: datetime
    until: datetime
    reason: str
    shown: str | None

    def refusal(self) -> CoolingDown:
        """What a command ends with while the block lasts."""
        return CoolingDown(
            f"WeChat asked for a pause ({self.shown or self.reason}): nothing is fetched before "
            f"{for_people(self.until)}. Everything waiting is kept and goes on then by itself; "
            "--now tries at once, a cookies file of your own browser session (--cookies) may help."
        )


class CoolDown:
    """The block that is in force in one archive, if any."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn

    def last(self) -> Block | None:
        """The last block, over or not, as long as no page has come since."""
        row = self.conn.execute("SELECT * FROM cooldown WHERE level > 0").fetchone()
        if row is None:
            return None
        since, until = datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["until"])
        return Block(row["level"], since, until, row["reason"], row["shown"])

    def in_force(self, now: datetime) -> Block | None:
        """The block that forbids a request now."""
        block = self.last()
        return block if block is not None and now < block.until else None

    def policy(self) -> CaptchaPolicy:
        """The policy for captchas, knowing what earlier runs met."""
        row = self.conn.execute("SELECT level, struck FROM cooldown").fetchone()
        return CaptchaPolicy(
            probing=bool(row and row["level"]), last_captcha_address=row["struck"] if row else None
        )

    def blocked(self, error: Blocked, now: datetime) -> Block:
        """WeChat refused: rest, twice as long as the last time if no page came since."""
        before = self.last()
        level = before.level + 1 if before else 1
        until = now + timedelta(seconds=RESTS.after(level - 1))
        with transaction(self.conn):
            self.conn.execute(
                "INSERT OR REPLACE INTO cooldown (id, level, since, until, reason, shown, struck) "
                "VALUES (1, ?, ?, ?, ?, ?, NULL)",
                (level, stamp(now), stamp(until), error.reason, error.shown or str(error)),
            )
        return Block(level, now, until, error.reason, error.shown)

    def remember(self, policy: CaptchaPolicy) -> None:
        """After a crawl that met no block: forget the last one if a page came, keep a lone captcha in mind."""
        if policy.probing:
            return
        with transaction(self.conn):
            self.conn.execute("DELETE FROM cooldown")
            if policy.last_captcha_address is not None:
                self.conn.execute(
                    "INSERT INTO cooldown (id, level, struck) VALUES (1, 0, ?)",
                    (policy.last_captcha_address,),
                )
