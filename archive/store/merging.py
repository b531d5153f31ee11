"""Which article a page is; and two records that turn out to be one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from archive.document.paths import KEY_LENGTH, key_of
from archive.store.indexing import index_article, unindex_article
from archive.store.versions import Versions
from scraper.models import Article
from scraper.urls import Address


class Merging(Versions):
    """One record for each article, whatever its pages and addresses say of it."""

    def _held(self, article: Article, addresses: Sequence[Address]) -> sqlite3.Row | None:
        """The row that this page belongs to, if any: by identity, by address, by provisional key."""
        identity = article.identity
        held = self._held_identity(identity) if identity else None
        candidates = [held, *(self._held_as(address.canonical) for address in addresses)]
        if identity is None:
            candidates.append(self._by_key(key_of(article)))
        for article_id in candidates:
            if article_id is not None:
                row = self._row(article_id)
                # An address may have been given to another article since; the identity may not.
                if (
                    article_id == held
                    or identity is None
                    or row["biz"] is None
                    or row["mid"] is None
                ):
                    return row
        return None

    def _adopt(self, row: sqlite3.Row, article: Article, addresses: Sequence[Address]) -> bool:
        """An identity that has become known: for this row (then True), and for rows that turn out to be the same
        article."""
        identity = article.identity
        if identity is None:
            return False
        learned = row["biz"] is None or row["mid"] is None or row["idx"] is None
        if learned:
            key = self._free_key(article)
            self._update(row["id"], biz=identity.biz, mid=identity.mid, idx=identity.idx, key=key)
            index_article(self.db.conn, row["id"])
            self._run(
                "INSERT OR REPLACE INTO former_keys (key, article_id) VALUES (?, ?)",
                row["key"],
                row["id"],
            )
            self._arrived(article, row["id"])
        for address in addresses:
            other = self._held_as(address.canonical)
            if other is not None and other != row["id"] and self._row(other)["mid"] is None:
                self._merge(other, row["id"])
        return learned

    def _merge(self, other: int, into: int) -> None:
        """Two rows are one article: versions, addresses, links and the old key go over; the other file goes."""
        old, kept = self._row(other), self._row(into)
        hashes = {
            row["content_hash"]
            for row in self._all("SELECT content_hash FROM versions WHERE article_id = ?", into)
        }
        hashes.add(kept["content_hash"])
        for table in ("addresses", "former_keys", "album_members"):
            self._run(f"UPDATE {table} SET article_id = ? WHERE article_id = ?", into, other)
        pointing = self._all("SELECT DISTINCT article_id FROM links WHERE target_id = ?", other)
        self._run("UPDATE links SET target_id = ? WHERE target_id = ?", into, other)
        self._mark_stale(row["article_id"] for row in pointing)
        for version in self._all("SELECT * FROM versions WHERE article_id = ?", other):
            if version["content_hash"] not in hashes:
                # Above every other number until they are put in order by when they were seen.
                self._run(
                    "UPDATE versions SET article_id = ?, number = number + 1000000 WHERE id = ?",
                    into,
                    version["id"],
                )
        if old["content_hash"] not in hashes:
            self._bury(old, 2000000, into)
        unindex_article(self.db.conn, other)
        self._run("DELETE FROM articles WHERE id = ?", other)
        self._run(
            "INSERT OR REPLACE INTO former_keys (key, article_id) VALUES (?, ?)", old["key"], into
        )
        self._renumber(into)
        self._update(into, archived=min(old["archived"], kept["archived"]))
        self._mark_stale([into])
        self._doom(old["path"])

    def _renumber(self, article_id: int) -> None:
        rows = self._all(
            "SELECT id FROM versions WHERE article_id = ? ORDER BY seen, number", article_id
        )
        for offset in (3000000, 1):  # twice, since numbers may not meet on the way
            for at, row in enumerate(rows):
                self._run("UPDATE versions SET number = ? WHERE id = ?", offset + at, row["id"])
        self._update(article_id, version=len(rows) + 1)

    def _free_key(self, article: Article) -> str:
        """The article's key, longer where another article has the short one (1 in 10^15)."""
        for length in range(KEY_LENGTH, 27):
            key = key_of(article, length)
            if not self._one(
                "SELECT 1 FROM articles WHERE key = ? UNION SELECT 1 FROM former_keys WHERE key = ?",
                key,
                key,
            ):
                return key
        raise AssertionError(
            "two articles with one identity"
        )  # pragma: no cover - UNIQUE forbids it

    def _arrived(self, article: Article, article_id: int) -> None:
        """Links of older articles that have waited for this one."""
        identity = article.identity
        if identity is not None:
            where = "biz = ? AND mid = ? AND idx = ?"
            self._arrived_at(where, (identity.biz, identity.mid, identity.idx), article_id)
