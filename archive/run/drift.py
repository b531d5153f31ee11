"""Template drift: what the newest pages no longer give, counted, so that one line tells of it.

WeChat changes its template without notice; the parser then notes a loss of the kind
``template:FIELD`` on each article (``scraper.parse.template``). One such article means little. Many
of the newest mean that the program has to be updated.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from archive.json_fields import AsDict, json_field
from scraper.messages import mark
from scraper.records import dataclass

#: ``scraper.parse.template.PREFIX``, without what that brings along (lxml): `status` is to start
#: quickly.
PREFIX = "template:"
#: The newest articles that are looked at, by when they were last looked at themselves: enough for
#: weeks of a busy archive, and little to read.
_NEWEST = 500
#: Fewer than this are odd pages.
_FEWEST = 3
#: When none of so many lacks a field, pages give it again.
_CALM = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(AsDict):
    """``pages`` of the ``of`` articles fetched since ``since`` (UTC) give no ``field`` any more."""

    field: str
    since: datetime = json_field(timespec="seconds")
    pages: int
    of: int

    def line(self) -> str:
        """For a person."""
        known = {"data": mark("their data"), "body": mark("their whole text")}
        what = known.get(self.field, self.field)
        return mark(
            "since {day} pages give no {what} ({pages} of {of}): "
            "WeChat may have changed its template; update the program, then `reparse`",
            day=f"{self.since.astimezone():%Y-%m-%d}",
            what=what,
            pages=self.pages,
            of=self.of,
        )


def drifts(conn: sqlite3.Connection) -> list[Drift]:
    """What the newest articles no longer give, by field."""
    rows = conn.execute(
        "SELECT a.id, a.checked, l.kind FROM (SELECT id, checked FROM articles "
        "WHERE gone IS NULL ORDER BY checked DESC LIMIT ?) a "
        "LEFT JOIN losses l ON l.article_id = a.id AND l.kind >= ? AND l.kind < ? "
        "ORDER BY a.checked DESC",
        (_NEWEST, PREFIX, PREFIX + "\uffff"),
    ).fetchall()
    checked = {row["id"]: datetime.fromisoformat(row["checked"]) for row in rows}
    lacking: dict[str, set[int]] = {}
    for row in rows:
        if row["kind"] is not None:
            lacking.setdefault(row["kind"].removeprefix(PREFIX), set()).add(row["id"])
    found = (
        drift_of(field, ((when, number in ids) for number, when in checked.items()))
        for field, ids in sorted(lacking.items())
    )
    return [drift for drift in found if drift is not None]


def newest_lack(conn: sqlite3.Connection) -> frozenset[str]:
    """The fields that any of the newest few articles lacks."""
    rows = conn.execute(
        "SELECT DISTINCT l.kind FROM (SELECT id FROM articles WHERE gone IS NULL "
        "ORDER BY checked DESC LIMIT ?) a JOIN losses l ON l.article_id = a.id "
        "WHERE l.kind >= ? AND l.kind < ?",
        (_CALM, PREFIX, PREFIX + "\uffff"),
    )
    return frozenset(row["kind"].removeprefix(PREFIX) for row in rows)


def drift_of(field: str, newest: Iterable[tuple[datetime, bool]]) -> Drift | None:
    """Since when most articles lack ``field``; None where they are too few.

    ``newest`` says of each article when it was looked at and whether it lacks it, the newest first.
    Of all beginnings the one is taken that has the most articles more with the loss than without
    it: odd pages of long ago do not stretch it.
    """
    found, pages, most = None, 0, 0
    for of, (when, lacks) in enumerate(newest, 1):
        pages += lacks
        surplus = pages - (of - pages)
        if lacks and pages >= _FEWEST and surplus >= max(most, 1):
            found, most = Drift(field=field, since=when, pages=pages, of=of), surplus
    return found
