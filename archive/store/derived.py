"""What follows from an article's row: its parts, links, search terms and file."""

from __future__ import annotations

from datetime import datetime

from archive.db.checksums import Row
from archive.record import iso
from archive.store.indexing import index_article
from archive.store.markdown_files import sha256
from archive.store.rows import PARTS
from archive.store.tables import Tables
from scraper.models import Article


class Derived:
    """Everything that is made again whenever an article changes."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def write(self, article: Article, row: Row, now: datetime, *, new: bool = False) -> str | None:
        """Parts, links, search terms, and last the file, inside the caller's transaction; where the
        file went instead, if a person had changed it. ``row``: the article's, as it stands;
        ``new``: it has just been added."""
        article_id = int(row["id"])
        self.write_parts(article, article_id, new=new)
        self._tables.links.resolve(article_id)
        self._tables.accounts.note_album(article)
        index_article(self._tables.sql.conn, article_id)
        if not new:
            if self._tables.markdown.is_deleted(article_id):
                return None
            self._tables.markdown.bring_back(row)
        text = self._tables.markdown.render_article(article, row)
        beside = self._tables.markdown.write(row["path"], text, row["markdown_hash"])
        if beside is None:
            self._tables.articles.change(row, markdown_hash=sha256(text), edited=None, stale=0)
        else:
            known = row["markdown_hash"] or sha256(text)
            self._tables.articles.change(row, edited=iso(now), markdown_hash=known, stale=0)
        return beside

    def write_parts(self, article: Article, article_id: int, *, new: bool = False) -> None:
        """Its links, images, cards, losses and tags."""
        for table, rows_of in PARTS.items():
            if not new:
                self._tables.sql.run(f"DELETE FROM {table} WHERE article_id = ?", article_id)
            parts = [{"article_id": article_id, **part} for part in rows_of(article)]
            self._tables.sql.insert_all(table, parts)
