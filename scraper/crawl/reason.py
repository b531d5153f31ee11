"""Pure. Why a crawl ended."""

from __future__ import annotations

import enum


class Reason(enum.Enum):
    """Why a crawl ended."""

    DONE = "done"
    REQUESTS = "max-requests"
    DURATION = "max-duration"
    LIMIT = "limit"
    BLOCKED = "blocked"
    LIMITED = "rate-limited"
    OUTAGE = "outage"
    NO_WORKERS = "no-workers"
