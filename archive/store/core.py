"""The store as everybody uses it, put together from its parts (one file a domain)."""

from __future__ import annotations

from collections.abc import Iterator

from archive.store.keeping import Keeping
from archive.store.types import Backlink, Edge
from scraper.models import Article


class Store(Keeping):
    """Articles in and out. One writer at a time (see ``archive.db.lock``); opening one writes nothing.

    Each method that writes is one transaction; inside a transaction of the caller it takes part in that. The file of
    an article is on disk before its row is committed, so no row ever names a missing or half-written file.
    """

    def edges(self, article_id: int) -> list[Edge]:
        """What the article links to, in the page's order, with what is kept of it."""
        rows = self._all(
            "SELECT l.url, l.address, l.relation, l.text, l.target_id, a.key, a.path, a.title FROM links l "
            "LEFT JOIN articles a ON a.id = l.target_id WHERE l.article_id = ? ORDER BY l.position",
            article_id,
        )
        return [Edge(*row) for row in rows]

    def backlinks(self, article_id: int) -> list[Backlink]:
        """Kept articles that link to this one, newest first, each relation once."""
        rows = self._all(
            "SELECT a.id, a.key, a.path, a.title, l.relation, min(l.text) FROM links l "
            "JOIN articles a ON a.id = l.article_id WHERE l.target_id = ? AND a.id != ? "
            "GROUP BY a.id, l.relation ORDER BY a.published DESC, a.id, l.relation",
            article_id,
            article_id,
        )
        return [Backlink(*row) for row in rows]

    def each_article(self) -> Iterator[tuple[int, Article]]:
        """Every article with its whole content, oldest number first, one at a time. Raises Corrupt."""
        for row in self._all("SELECT id FROM articles ORDER BY id"):
            yield row["id"], self.article(row["id"])
