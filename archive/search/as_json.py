"""What a search finds, as ``--json`` and the API give it: times ISO 8601 in UTC, a date
where no time is known. Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from scraper.zone import iso_in_utc

if TYPE_CHECKING:
    from archive.search.api import Hit


def hit_as_dict(hit: Hit) -> dict[str, Any]:
    """A hit; marks are ``[start, end)`` in characters."""
    return {
        "key": hit.key,
        "title": hit.title,
        "account": hit.account,
        "account_now": hit.account_now,
        "author": hit.author,
        "published": _iso(hit.published, date_only=hit.date_only),
        "path": hit.path,
        "url": hit.url,
        "score": hit.score,
        "snippet": {
            "text": hit.snippet.text,
            "marks": [list(mark) for mark in hit.snippet.marks],
            "before": hit.snippet.before,
            "after": hit.snippet.after,
        },
        "title_marks": [list(mark) for mark in hit.title_marks],
        "gone": hit.gone,
        "folded": list(hit.folded),
    }


def _iso(moment: datetime | None, *, date_only: bool) -> str | None:
    return None if moment is None else iso_in_utc(moment, date_only=date_only)
