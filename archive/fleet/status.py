"""What ``fleet status`` knows: exits, workers, and what lies in the queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from archive.fleet import exits
from archive.fleet.database import Queue

_WORKERS = """
SELECT w.exit, w.host, w.version, w.started, w.requests, p.last_heartbeat AS seen,
    p.last_heartbeat > clock_timestamp() - make_interval(secs => %(stalled)s) AS at_work
FROM fleet_workers w JOIN procrastinate_workers p USING (id) ORDER BY w.exit, w.host, w.id
"""
_REQUESTS = """
SELECT
    count(*) FILTER (WHERE answer IS NULL AND status IS DISTINCT FROM 'doing') AS waiting,
    count(*) FILTER (WHERE answer IS NULL AND status = 'doing') AS in_flight,
    count(*) FILTER (WHERE answer IS NOT NULL) AS answered,
    coalesce(sum(octet_length(body)), 0)::bigint AS bytes,
    count(DISTINCT archive) AS archives
FROM fleet_requests r LEFT JOIN procrastinate_jobs j ON j.id = r.job
"""


async def collect(queue: Queue) -> dict[str, Any]:
    """Everything ``fleet status --json`` shows; times ISO 8601, UTC."""
    (requests,) = await queue.rows(_REQUESTS)
    return {
        "exits": [_exit(row) for row in await exits.known(queue)],
        "workers": [
            {**row, "started": _time(row["started"]), "seen": _time(row["seen"])}
            for row in await queue.rows(_WORKERS, stalled=exits.STALLED)
        ],
        "requests": requests,
    }


def _exit(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "interval": row["pace"],
        "workers": row["workers"],
        "cookies": row["has_cookies"],
        "requests": row["requests"],
        "asked": _time(row["asked"]),
        "asking": row["asking"],
        "held_until": _time(row["held"]),
        "blocked_until": _time(row["blocked"]),
        "reason": row["reason"],
        "shown": row["shown"],
    }


def _time(moment: datetime | None) -> str | None:
    from datetime import UTC

    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
