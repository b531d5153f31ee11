"""What links to what: the table ``links``, whose targets follow what is kept."""

from __future__ import annotations

from typing import Any

from archive.store.articles import Articles
from archive.store.sql import Sql
from archive.store.types import Backlink, Edge
from scraper.models import Identity


class Links:
    """The links of kept articles, with where they lead as far as that is kept."""

    def __init__(self, sql: Sql, articles: Articles) -> None:
        self._sql = sql
        self._articles = articles

    def of(self, article_id: int) -> list[Edge]:
        """What the article links to, in the page's order, with what is kept of it."""
        rows = self._sql.all(
            "SELECT l.url, l.address, l.relation, l.text, l.target_id, a.key, a.path, a.title FROM links l "
            "LEFT JOIN articles a ON a.id = l.target_id WHERE l.article_id = ? ORDER BY l.position",
            article_id,
        )
        return [Edge(*row) for row in rows]

    def to(self, article_id: int) -> list[Backlink]:
        """Kept articles that link to this one, newest first, each relation once."""
        rows = self._sql.all(
            "SELECT a.id, a.key, a.path, a.title, l.relation, min(l.text) FROM links l "
            "JOIN articles a ON a.id = l.article_id WHERE l.target_id = ? AND a.id != ? "
            "GROUP BY a.id, l.relation ORDER BY a.published DESC, a.id, l.relation",
            article_id,
            article_id,
        )
        return [Backlink(*row) for row in rows]

    def resolve(self, article_id: int) -> None:
        """Where the article's own links lead, as far as it is kept."""
        self._sql.run(
            "UPDATE links SET target_id = coalesce("
            "(SELECT a.id FROM articles a WHERE a.biz = links.biz AND a.mid = links.mid AND a.idx = links.idx), "
            "(SELECT d.article_id FROM addresses d WHERE d.address = links.address)) WHERE article_id = ?",
            article_id,
        )

    def relink_address(self, address: str, article_id: int) -> None:
        """Links and album entries with this canonical address lead to the article from now on."""
        self._relink("address = ?", (address,), article_id)
        self._sql.run(
            "UPDATE album_members SET article_id = ? WHERE address = ?", article_id, address
        )

    def relink_identity(self, identity: Identity, article_id: int) -> None:
        """The same for links of this identity, which may have waited for the article."""
        values = (identity.biz, identity.mid, identity.idx)
        self._relink("biz = ? AND mid = ? AND idx = ?", values, article_id)

    def relink_target(self, old: int, new: int) -> None:
        """What led to one article leads to another one."""
        pointing = self._sql.all("SELECT DISTINCT article_id FROM links WHERE target_id = ?", old)
        self._sql.run("UPDATE links SET target_id = ? WHERE target_id = ?", new, old)
        self._articles.mark_stale(row["article_id"] for row in pointing)

    def _relink(self, where: str, values: tuple[Any, ...], article_id: int) -> None:
        """Links with ``where`` lead to this article; the files that show them as far away become
        stale.
        """
        changed = self._sql.all(
            f"UPDATE links SET target_id = ? WHERE {where} AND target_id IS NOT ? "
            "RETURNING article_id, relation",
            article_id,
            *values,
            article_id,
        )
        self._articles.mark_stale({row[0] for row in changed if row["relation"] == "text"})
