"""Exits as rows: when the next request through one may go out, and who sends it.

Whoever wants to ask takes the row's lease first, one at a time whatever the number of workers, and
gives it back with the moment before which nobody may ask again. All moments are the database's, so
that no worker's clock matters. A lease that was not given back (killed, cut off) ends by itself;
its holder has broken off its request before that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive.errors import QueueTrouble
from scraper.messages import mark

if TYPE_CHECKING:
    from datetime import datetime

    from archive.fleet.database import Queue

#: Seconds that a lease lasts unless it is renewed, and how often it is renewed.
LEASE = 6.0
RENEW = 1.5
#: After a captcha nothing goes out until an archive has judged it, but not for ever: the archive
#: may be gone. As long as a first block.
HOLD = 3600.0
#: Without a heartbeat for so long a worker counts as dead; it gives one every ``HEARTBEAT``.
STALLED = 20.0
HEARTBEAT = 5.0

#: greatest() passes NULLs over.
_WAIT = """greatest(
    next_at, lease_until + make_interval(secs => pace), held_until, blocked_until
)"""
_TAKE = f"""
WITH seen AS (SELECT * FROM fleet_exits WHERE name = %(exit)s FOR UPDATE),
judged AS (SELECT name, pace, held_until, blocked_until, {_WAIT} - clock_timestamp() AS wait FROM seen),
taken AS (
    UPDATE fleet_exits e SET lease_worker = %(worker)s,
        lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM judged WHERE e.name = judged.name AND judged.wait <= interval '0'
    RETURNING e.name
)
SELECT pace, extract(epoch FROM wait)::float8 AS wait, EXISTS (SELECT FROM taken) AS taken,
    greatest(held_until, blocked_until) > clock_timestamp() AS resting
FROM judged
"""
_RENEW = """
UPDATE fleet_exits SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE name = %(exit)s AND lease_worker = %(worker)s AND lease_until > clock_timestamp()
RETURNING name
"""
#: The next request waits from the end of this one, which was ``ago`` seconds ago.
_END = """
UPDATE fleet_exits SET
    lease_worker = nullif(lease_worker, %(worker)s),
    lease_until = CASE WHEN lease_worker = %(worker)s THEN NULL ELSE lease_until END,
    next_at = greatest(
        next_at, clock_timestamp() + make_interval(secs => pace * (1 + %(jitter)s) - %(ago)s)),
    asked = clock_timestamp() - make_interval(secs => %(ago)s),
    requests = requests + %(requests)s,
    held_until = CASE WHEN %(captcha)s THEN clock_timestamp() + make_interval(secs => %(hold)s)
        ELSE held_until END
WHERE name = %(exit)s
"""
_GIVE_BACK = """
UPDATE fleet_exits SET lease_worker = NULL, lease_until = NULL
WHERE name = %(exit)s AND lease_worker = %(worker)s
"""
#: Whoever registers last says how fast and with what.
_REGISTER = """
INSERT INTO fleet_exits (name, pace, has_cookies) VALUES (%(exit)s, %(pace)s, %(cookies)s)
ON CONFLICT (name) DO UPDATE
    SET pace = coalesce(%(given)s, fleet_exits.pace), has_cookies = excluded.has_cookies
"""
_KNOWN = """
SELECT e.*,
    (lease_until > clock_timestamp()) IS TRUE AS asking,
    CASE WHEN held_until > clock_timestamp() THEN held_until END AS held,
    CASE WHEN blocked_until > clock_timestamp() THEN blocked_until END AS blocked,
    (SELECT count(*) FROM fleet_workers w JOIN procrastinate_workers p USING (id)
     WHERE w.exit = e.name AND p.last_heartbeat > clock_timestamp() - make_interval(secs => %(stalled)s)
    ) AS workers
FROM fleet_exits e ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """``is_taken``: the lease is ours; else the seconds to wait for it, and whether WeChat asked
    for them."""

    is_taken: bool
    wait: float
    is_resting: bool


async def register(queue: Queue, exit: str, *, pace: float | None, cookies: bool) -> None:
    """The exit's row. ``pace``: seconds, where the person has said so."""
    await queue.rows(
        _REGISTER, exit=exit, pace=3.0 if pace is None else pace, given=pace, cookies=cookies
    )


async def take(queue: Queue, exit: str, worker: int) -> Turn:
    """The exit's lease, if nobody has it and its time has come."""
    rows = await queue.rows(_TAKE, exit=exit, worker=worker, lease=LEASE)
    if not rows:
        raise QueueTrouble(mark("the exit {name} was taken out of the queue", name=exit))
    row = rows[0]
    return Turn(row["taken"], max(row["wait"], 0.0), bool(row["resting"]))


async def renew(queue: Queue, exit: str, worker: int) -> bool:
    """Keep the lease; False: it is lost."""
    return bool(await queue.rows(_RENEW, exit=exit, worker=worker, lease=LEASE))


async def give_back(queue: Queue, exit: str, worker: int) -> None:
    """The lease, without having asked for anything."""
    await queue.rows(_GIVE_BACK, exit=exit, worker=worker)


def ended(
    exit: str, worker: int, *, ago: float, jitter: float, requests: int, captcha: bool
) -> tuple[str, dict[str, Any]]:
    """The statement that ends a turn, to be executed in the transaction that writes the answer."""
    values = {
        "exit": exit,
        "worker": worker,
        "ago": ago,
        "jitter": jitter,
        "requests": requests,
        "captcha": captcha,
        "hold": HOLD,
    }
    return _END, values


async def known(queue: Queue) -> list[dict[str, Any]]:
    """Every exit, with the number of its ``workers`` that are at work, and ``held`` and ``blocked``
    until when, where that is to come.
    """
    return await queue.rows(_KNOWN, stalled=STALLED)


async def block(
    queue: Queue, exit: str, *, level: int, until: datetime, reason: str, shown: str | None
) -> None:
    """An archive has judged: no request before ``until``."""
    await queue.rows(
        "UPDATE fleet_exits SET level = %(level)s, blocked_until = %(until)s, reason = %(reason)s, "
        "shown = %(shown)s, held_until = NULL WHERE name = %(exit)s",
        exit=exit,
        level=level,
        until=until,
        reason=reason,
        shown=shown,
    )


async def unblock(queue: Queue, exit: str) -> None:
    """A page came, or a person wants to try."""
    await queue.rows(
        "UPDATE fleet_exits SET level = 0, blocked_until = NULL, reason = NULL, shown = NULL, "
        "held_until = NULL WHERE name = %(exit)s",
        exit=exit,
    )


async def release(queue: Queue, exit: str) -> None:
    """A captcha was judged to be about its address alone."""
    await queue.rows("UPDATE fleet_exits SET held_until = NULL WHERE name = %(exit)s", exit=exit)
