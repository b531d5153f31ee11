"""The store as everybody uses it, put together from its parts (one file a domain)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from archive import checks, record
from archive.errors import NotHeld
from archive.store.keeping import Keeping
from archive.store.types import Backlink, Edge, Version, time
from scraper.models import Article


class Store(Keeping):
    """Articles in and out. One writer at a time (see ``archive.lock``); opening one writes nothing.

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

    def versions(self, article_id: int) -> list[Version]:
        """Every distinct content, oldest first; the last is the one the file shows."""
        rows = self._all("SELECT * FROM versions WHERE article_id = ? ORDER BY number", article_id)
        current = self._row(article_id)
        return [*(_version(row) for row in rows), _version(current, current["version"])]

    def version(self, article_id: int, number: int) -> Article:
        """The article as it was. Raises NotHeld, Corrupt."""
        row = self._one("SELECT * FROM versions WHERE article_id = ? AND number = ?", article_id, number)
        if row is None:
            current = self._row(article_id)
            if current["version"] != number:
                raise NotHeld(f"{current['key']} has versions 1 to {current['version']}, not {number}")
            return self.article(article_id)
        checks.require_content(row)
        return record.loads(row["record"], row["body"], row["text"])

    def each_article(self) -> Iterator[tuple[int, Article]]:
        """Every article with its whole content, oldest number first, one at a time. Raises Corrupt."""
        for row in self._all("SELECT id FROM articles ORDER BY id"):
            yield row["id"], self.article(row["id"])


def _version(row: sqlite3.Row, number: int | None = None) -> Version:
    values = json.loads(row["record"])
    seen = row["seen"] if number is None else row["changed"] or row["archived"]
    found = time(seen)
    assert found is not None
    return Version(
        number=row["number"] if number is None else number,
        seen=found,
        title=row["title"],
        content_hash=row["content_hash"],
        changes=json.loads(row["changes"] or "{}"),
        edits=tuple(values.get("edits", ())),
        title_modified=bool(values.get("title_modified")),
        snapshot_id=row["snapshot_id"],
        parser_version=row["parser_version"],
        path=row["path"],
        current=number is not None,
    )
