"""Which articles are looked at again: authors edit and delete, mostly soon after they published."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from archive.config import seconds
from archive.crawl.frontier import stamp
from archive.errors import BadConfig
from archive.run.context import RunContext
from archive.run.items import one_item
from archive.run.session import ArchiveSession
from scraper import urls
from scraper.crawl.protocols import Candidate
from scraper.errors import NotAnAddress
from scraper.messages import mark

#: A run looks at no more than this many, so that an old archive does not fill every run with its
#: past.
MOST = 25
_DAY = 86400.0
#: Half its age at the last look, but at least a day and at most 90: 12 looks in an article's first
#: year, then 4.
_GENTLE = "min(90.0, max(1.0, (julianday(checked) - julianday(coalesce(published, checked))) / 2))"


def add(ctx: RunContext) -> None:
    """Put the articles whose time has come into the queue. Raises BadConfig."""
    now = ctx.clock.now()
    for article_id in due(ctx.session, now):
        name = f"article {article_id}"
        with one_item(name, partial(ctx.add_failure, name)):
            _enqueue(ctx.session, article_id, now)


def due(session: ArchiveSession, now: datetime, *, most: int = MOST) -> list[int]:
    """The articles whose time has come, at most so many, the longest unseen first. Raises
    BadConfig.
    """
    period = _period(session.config.recheck)
    if period == 0:
        return []
    wait = _GENTLE if period is None else str(period / _DAY)
    rows = session.frontier.conn.execute(
        "SELECT id FROM articles INDEXED BY articles_checked WHERE gone IS NULL "
        f"AND julianday(:now) - julianday(checked) >= {wait} ORDER BY checked LIMIT :most",
        {"now": stamp(now), "most": most},
    ).fetchall()
    return [row["id"] for row in rows]


def _period(recheck: str) -> float | None:
    """Seconds between two looks; None: by age; 0: never."""
    if recheck == "auto":
        return None
    if recheck == "off":
        return 0
    try:
        return seconds(recheck)
    except ValueError as error:
        raise BadConfig(
            mark("recheck = {recheck!r}: auto, off, or a duration such as 30d", recheck=recheck)
        ) from error


def _enqueue(session: ArchiveSession, article_id: int, now: datetime) -> None:
    row = session.frontier.conn.execute(
        "SELECT fetch FROM addresses WHERE article_id = ? "
        "ORDER BY form != 'short', form = 'temporary', first_seen LIMIT 1",
        (article_id,),
    ).fetchone()
    if row is None:
        return
    try:
        address = urls.parse(row["fetch"])
    except NotAnAddress:
        return
    session.frontier.enqueue(Candidate(address=address, why="recheck", refresh=True), now)
