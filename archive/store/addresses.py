"""Under which addresses an article was seen: the table ``addresses``."""

from __future__ import annotations

from datetime import datetime

from archive.record import iso
from archive.store.articles import Articles
from archive.store.links import Links
from archive.store.rows import address_of
from archive.store.sql import Sql
from scraper.urls import Address


class Addresses:
    """Every address of every article, by its canonical form."""

    def __init__(self, sql: Sql, articles: Articles, links: Links) -> None:
        self._sql = sql
        self._articles = articles
        self._links = links

    def canonical_of(self, article_id: int) -> list[str]:
        """Every address it was seen under, in canonical form, oldest first."""
        rows = self._sql.all(
            "SELECT address FROM addresses WHERE article_id = ? ORDER BY first_seen, rowid",
            article_id,
        )
        return [row["address"] for row in rows]

    def of(self, article_id: int) -> list[str]:
        """Every address it was seen under, in a form that can be asked for, oldest first."""
        rows = self._sql.all(
            "SELECT fetch FROM addresses WHERE article_id = ? ORDER BY first_seen, address",
            article_id,
        )
        return [row["fetch"] for row in rows]

    def held_under(self, address: Address) -> int | None:
        """The article kept under this address, or with the identity that the address carries."""
        if address.identity is not None:
            article_id = self._articles.by_identity(address.identity)
            if article_id is not None:
                return article_id
        return self.held_as(address.canonical)

    def held_as(self, canonical: str) -> int | None:
        """The article kept under this canonical address."""
        row = self._sql.one("SELECT article_id FROM addresses WHERE address = ?", canonical)
        return int(row["article_id"]) if row else None

    def remember(self, address: str, article_id: int, now: datetime) -> bool:
        """Note one more address of an article; whether it was new. One that is no address of an
        article is left out.

        The address of another article (a temporary one that WeChat gave out again) goes over to
        this one.
        """
        parsed = address_of(address)
        if parsed is None or parsed.form == "album":
            return False
        if self.held_as(parsed.canonical) == article_id:
            return False  # as nearly always, and nothing to begin a transaction for
        with self._sql.transaction():
            return self.note(parsed, article_id, now)

    def note(self, address: Address, article_id: int, now: datetime) -> bool:
        """The same for a parsed address, inside the caller's transaction."""
        if self.held_as(address.canonical) == article_id:
            return False
        self.take(address, article_id, now)
        return True

    def take(self, address: Address, article_id: int, now: datetime) -> None:
        """The same for one that is not the article's yet."""
        self._sql.run(
            "INSERT OR REPLACE INTO addresses (address, article_id, form, fetch, first_seen) VALUES (?, ?, ?, ?, ?)",
            address.canonical,
            article_id,
            address.form,
            address.fetch,
            iso(now),
        )
        self._links.relink_address(address.canonical, article_id)
