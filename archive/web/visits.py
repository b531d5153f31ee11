"""What a reader has seen: kept in a cookie of the browser, so two readers do not mix."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.responses import Response

from scraper.clock import utc_now

COOKIE = "visit"
#: Seconds without a look at the list after which the next one is another visit.
PAUSE = 1800
_AGE = 365 * 86400
_FORM = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Visit:
    """``seen``: the highest article number at the end of the last visit; ``newest``: the highest
    now; ``at``: seconds since 1970."""

    seen: int
    newest: int
    at: int


def of(cookie: str | None, newest: int, now: float | None = None) -> Visit:
    """The visit that goes on or begins now. A first visitor has seen all there is."""
    at = int(utc_now().timestamp() if now is None else now)
    found = _FORM.fullmatch(cookie or "")
    if found is None:
        return Visit(newest, newest, at)
    seen, last, then = (int(part) for part in found.groups())
    if not 0 <= at - then <= PAUSE:
        seen = last
    return Visit(min(seen, newest), newest, at)


def remember(response: Response, visit: Visit) -> None:
    """Keep it in the browser."""
    value = f"{visit.seen}.{visit.newest}.{visit.at}"
    response.set_cookie(COOKIE, value, max_age=_AGE, httponly=True, samesite="lax")
