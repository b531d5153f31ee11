"""Articles that a list named: a source of addresses, kept with titles and dates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from archive.db.listed import not_held
from archive.document.bounds import encodable
from archive.record import iso
from archive.store.sql import Sql
from scraper import urls
from scraper.traffic.models import Listed


class ListedArticles:
    """The table ``listed_articles``."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def note(self, listed: Iterable[Listed], seen: datetime) -> None:
        """Keep what a list says of its articles; one transaction."""
        with self._sql.transaction():
            for one in listed:
                self._note(one, iso(seen))

    def _note(self, one: Listed, seen: str) -> None:
        address = urls.parse(one.address)
        self._sql.run(
            "INSERT INTO listed_articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (address) DO UPDATE SET fetch = excluded.fetch, "
            "title = coalesce(excluded.title, title), digest = coalesce(excluded.digest, digest), "
            "author = coalesce(excluded.author, author), "
            "published = coalesce(published, excluded.published), "
            "first_seen = min(first_seen, excluded.first_seen), "
            "last_seen = max(last_seen, excluded.last_seen)",
            address.canonical,
            address.fetch,
            address.biz,
            *(encodable(text) if text else None for text in (one.title, one.digest, one.author)),
            iso(one.published) if one.published else None,
            seen,
            seen,
        )

    def missing(self) -> list[dict[str, Any]]:
        """Those that are neither held nor were removed, the newest first."""
        return not_held(self._sql.conn)
