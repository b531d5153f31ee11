"""Which article a page is; and two records that turn out to be one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from archive.document.paths import key_of, title_key
from archive.store.decide import same_words
from archive.store.indexing import index_article, unindex_article
from archive.store.tables import Tables
from scraper.models import Article
from scraper.urls import Address


def _has_no_identity(row: sqlite3.Row) -> bool:
    return row["biz"] is None or row["mid"] is None


class Merging:
    """One record for each article, whatever its pages and addresses say of it."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def row_of(self, article: Article, addresses: Sequence[Address]) -> sqlite3.Row | None:
        """The row that this page belongs to, if any: by identity, by address, by provisional
        key.
        """
        identity = article.identity
        held = self._tables.articles.by_identity(identity) if identity else None
        by_address = (self._tables.addresses.held_as(one.canonical) for one in addresses)
        candidates = [held, *by_address]
        if identity is None:
            candidates.append(self._tables.finder.by_key(key_of(article)))
        if not any(candidates):
            candidates.append(self._without_address(article))
        for article_id in candidates:
            if article_id is not None:
                row = self._tables.articles.row(article_id)
                # An address may have been given to another article since; the identity may not.
                if identity is None or article_id == held or _has_no_identity(row):
                    return row
        return None

    def _without_address(self, article: Article) -> int | None:
        """An article that came as a file without its address, and that says the same under the same
        title.
        """
        found = self._tables.finder.by_whole_key(title_key(article.title))
        if found is None:
            return None
        row = self._tables.articles.row(found)
        is_same = row["url"] is None and same_words(row["text"], article.text)
        return found if is_same else None

    def merge_identity(
        self, row: sqlite3.Row, article: Article, addresses: Sequence[Address], now: datetime
    ) -> bool:
        """An identity that has become known: for this row (then True), and for rows that turn out
        to be the same article."""
        identity = article.identity
        if identity is None:
            return False
        learned = row["biz"] is None or row["mid"] is None or row["idx"] is None
        if learned:
            key = self._tables.articles.free_key(article)
            self._tables.articles.update(
                row["id"], biz=identity.biz, mid=identity.mid, idx=identity.idx, key=key
            )
            index_article(self._tables.sql.conn, row["id"])
            self._tables.articles.note_former_key(row["key"], row["id"])
            self._tables.links.relink_identity(identity, row["id"])
        for address in addresses:
            other = self._tables.addresses.held_as(address.canonical)
            if (
                other is not None
                and other != row["id"]
                and self._tables.articles.row(other)["mid"] is None
            ):
                self._merge(other, row["id"], now)
        return learned

    def _merge(self, other: int, into: int, now: datetime) -> None:
        """Two rows are one article: versions, addresses, links and the old key go over; the other
        file goes.
        """
        old, kept = self._tables.articles.row(other), self._tables.articles.row(into)
        hashes = {
            row["content_hash"]
            for row in self._tables.sql.all(
                "SELECT content_hash FROM versions WHERE article_id = ?", into
            )
        }
        hashes.add(kept["content_hash"])
        for table in ("addresses", "former_keys", "album_members"):
            self._tables.sql.run(
                f"UPDATE {table} SET article_id = ? WHERE article_id = ?", into, other
            )
        for table in ("counts", "comments", "discussions"):  # those that both have stay as they are
            self._tables.sql.run(
                f"UPDATE OR IGNORE {table} SET article_id = ? WHERE article_id = ?", into, other
            )
        self._tables.links.relink_target(other, into)
        for version in self._tables.sql.all("SELECT * FROM versions WHERE article_id = ?", other):
            if version["content_hash"] not in hashes:
                # Above every other number until they are put in order by when they were seen.
                self._tables.sql.run(
                    "UPDATE versions SET article_id = ?, number = number + 1000000 WHERE id = ?",
                    into,
                    version["id"],
                )
        if old["content_hash"] not in hashes:
            self._tables.versions.archive_version(old, 2000000, into)
        self._tables.marks.merge(other, into, now)
        self._tables.sql.run(
            "INSERT INTO own_text_versions (article_id, noticed, markdown) "
            "SELECT ?, noticed, markdown FROM own_text_versions WHERE article_id = ? "
            "UNION ALL SELECT ?, noticed, markdown FROM own_texts WHERE article_id = ?",
            *(into, other) * 2,
        )
        unindex_article(self._tables.sql.conn, other)
        self._tables.sql.run("DELETE FROM articles WHERE id = ?", other)
        self._tables.articles.note_former_key(old["key"], into)
        self._tables.versions.renumber(into)
        self._tables.articles.update(into, archived=min(old["archived"], kept["archived"]))
        self._tables.articles.mark_stale([into])
        self._tables.markdown.schedule_delete(old["path"])
