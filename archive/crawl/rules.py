"""What a watched source's rules say of an article before it is fetched."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from archive.crawl.sources import SourceRules
from scraper import urls


def is_ruled_out(
    conn: sqlite3.Connection,
    rules: SourceRules,
    url: str,
    *,
    title: str | None = None,
    digest: str | None = None,
    published: datetime | None = None,
) -> bool:
    """Whether what a list says of the article decides already that it is not wanted; where only its
    page can tell, it is fetched and asked then. ``published`` is aware."""
    if not (rules.include or rules.exclude):
        return False
    from archive.search.announced import Announced, decided
    from archive.search.query import parse

    announced = Announced(
        title=title, digest=digest, published=published, account_names=_account_names(conn, url)
    )
    if rules.exclude and decided(parse(rules.exclude), announced) is True:
        return True
    return bool(rules.include) and decided(parse(rules.include or ""), announced) is False


def _account_names(conn: sqlite3.Connection, url: str) -> tuple[str, ...]:
    """Of the account that the address names (``__biz``), once an article of it was kept."""
    biz = urls.account_of(url)
    row = conn.execute(
        "SELECT name, user_name, alias FROM accounts WHERE biz = ? AND name IS NOT NULL", (biz,)
    ).fetchone()
    return tuple(name for name in row if name) if row else ()
