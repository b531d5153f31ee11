"""What the parts of the store share: the open database, the files, and how a row of ``articles`` is changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archive import record
from archive.db import article_columns, checksums
from archive.db.article_columns import Stored
from archive.db.errors import sqlite_errors
from archive.db.files import Disk, Files
from archive.db.names import ARCHIVE_DB
from archive.db.opening import ArchiveDatabase
from archive.db.transactions import transaction
from archive.errors import NotHeld
from scraper.models import Article


class Base:
    """The open database ``db`` and the files under ``root``.

    ``versions="files"`` also writes earlier versions as Markdown files. With ``eager=False`` files that show an older
    state of the links are only noted, and written by ``settle``.
    """

    def __init__(
        self,
        db: ArchiveDatabase,
        root: Path,
        *,
        versions: str = "rows",
        eager: bool = True,
        disk: Disk | None = None,
    ) -> None:
        self.db = db
        self.root = root
        self.files = Files(root, disk)
        self._versions_as_files = versions == "files"
        self._eager = eager

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction; SQLite's troubles as the archive's."""
        with sqlite_errors(self.root / ARCHIVE_DB), transaction(self.db.conn):
            yield

    def _one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        with sqlite_errors(self.root / ARCHIVE_DB):
            row: sqlite3.Row | None = self.db.conn.execute(sql, values).fetchone()
        return row

    def _all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with sqlite_errors(self.root / ARCHIVE_DB):
            return self.db.conn.execute(sql, values).fetchall()

    def _run(self, sql: str, *values: Any) -> int:
        """Execute a writing statement inside the caller's transaction; how many rows it changed."""
        return self.db.conn.execute(sql, values).rowcount

    def _insert(self, table: str, row: dict[str, Any]) -> int:
        """Add a row inside the caller's transaction; its number."""
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        cursor = self.db.conn.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values())
        )
        return cursor.lastrowid or 0

    def _row(self, article_id: int) -> sqlite3.Row:
        row = self._one("SELECT * FROM articles WHERE id = ?", article_id)
        if row is None:
            raise NotHeld(f"the archive holds no article number {article_id}")
        return row

    def stored(self, article_id: int) -> Stored:
        """The article's facts. Raises NotHeld, Corrupt."""
        row = self._one(
            f"SELECT {article_columns.ARTICLES.select('a')} FROM articles a WHERE a.id = ?",
            article_id,
        )
        if row is None:
            raise NotHeld(f"the archive holds no article number {article_id}")
        checksums.require_head(row)
        return article_columns.ARTICLES.read(row)

    def article(self, article_id: int) -> Article:
        """The whole article as the page said it. Raises NotHeld, and Corrupt where its row changed since written."""
        row = self._row(article_id)
        checksums.require_head(row)
        checksums.require_content(row)
        return record.loads(row["record"], row["body"], row["text"])

    def _update(self, article_id: int, **values: Any) -> None:
        """Change columns of an article's row, and the hashes over them."""
        row = {**dict(self._row(article_id)), **values}
        values["head_check"] = checksums.head_checksum(row)
        if not values.keys().isdisjoint(checksums.CONTENT):
            values["content_check"] = checksums.content_checksum(row)
        names = ", ".join(f"{name} = ?" for name in values)
        self._run(f"UPDATE articles SET {names} WHERE id = ?", *values.values(), article_id)

    def _mark_stale(self, article_ids: Iterable[int]) -> None:
        """Note that these files do not show the newest state; ``settle`` writes them."""
        for article_id in article_ids:
            self._run("UPDATE articles SET stale = 1 WHERE id = ?", article_id)
