"""Earlier contents of an article, each kept as it was."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from archive import record
from archive.db import checksums
from archive.db.files import Files
from archive.errors import NotHeld
from archive.store.articles import Articles
from archive.store.decide import content_hash
from archive.store.markdown_files import MarkdownFiles
from archive.store.sql import Sql
from archive.store.types import Version, no_version, time
from scraper.messages import mark
from scraper.models import Article


class Versions:
    """Every distinct content; the newest stands in the article's own row.

    ``as_files``: earlier ones are also written as Markdown files.
    """

    def __init__(
        self,
        sql: Sql,
        files: Files,
        articles: Articles,
        markdown: MarkdownFiles,
        *,
        as_files: bool,
    ) -> None:
        self._sql = sql
        self._files = files
        self._articles = articles
        self._markdown = markdown
        self._as_files = as_files

    def of(self, article_id: int) -> list[Version]:
        """Every distinct content, oldest first; the last is the one the file shows."""
        rows = self._sql.all(
            "SELECT * FROM versions WHERE article_id = ? ORDER BY number", article_id
        )
        current = self._articles.row(article_id)
        return [*(_version(row) for row in rows), _version(current, current["version"])]

    def get(self, article_id: int, number: int) -> Article:
        """The article as it was. Raises NotHeld, Corrupt."""
        row = self._sql.one(
            "SELECT * FROM versions WHERE article_id = ? AND number = ?", article_id, number
        )
        if row is None:
            current = self._articles.row(article_id)
            if current["version"] != number:
                raise no_version(current["key"], str(number), current["version"])
            return self._articles.article(article_id)
        checksums.require_content(row)
        return record.loads(row["record"], row["body"], row["text"])

    def remake(self, article_id: int, number: int, article: Article, parser_version: int) -> None:
        """An earlier content as another parser reads the same raw page (``reparse``); its file too,
        where it has one.

        Raises NotHeld.
        """
        row = self._sql.one(
            "SELECT * FROM versions WHERE article_id = ? AND number = ?", article_id, number
        )
        if row is None:
            raise NotHeld(
                mark(
                    "article number {article_id} has no earlier version {number}",
                    article_id=article_id,
                    number=number,
                )
            )
        values = {
            "title": article.title,
            "record": record.dumps(article),
            "body": article.body,
            "text": article.text,
            "content_hash": content_hash(article),
            "parser_version": parser_version,
        }
        values["content_check"] = checksums.content_checksum(values)
        with self._sql.transaction():
            if row["path"] is not None:
                self._markdown.write(row["path"], self.render({**dict(row), **values}), None)
            self._sql.run(
                "UPDATE versions SET title = ?, record = ?, body = ?, text = ?, content_hash = ?, parser_version = ?, "
                "content_check = ? WHERE id = ?",
                *values.values(),
                row["id"],
            )

    def restore(
        self,
        article_id: int,
        number: int,
        article: Article,
        seen: datetime,
        parser_version: int,
        path: str | None,
    ) -> bool:
        """Put an earlier content back that a file still holds, after the loss of the database;
        ``seen`` is aware, ``path`` of that file. False where that version is there already."""
        if self._sql.one(
            "SELECT 1 FROM versions WHERE article_id = ? AND number = ?", article_id, number
        ):
            return False
        article = record.storable(article)
        values = {"record": record.dumps(article), "body": article.body, "text": article.text}
        row = {
            "article_id": article_id,
            "number": number,
            "seen": record.iso(seen),
            "content_hash": content_hash(article),
            "title": article.title,
            **values,
            "parser_version": parser_version,
            "path": path,
            "content_check": checksums.content_checksum(values),
        }
        with self._sql.transaction():
            self._sql.insert("versions", row)
            self._articles.update(
                article_id, version=max(self._articles.row(article_id)["version"], number + 1)
            )
        return True

    def archive_version(self, row: sqlite3.Row, number: int, article_id: int) -> None:
        """The content of ``row`` as an earlier version of the article."""
        checksums.require_content(row)
        path = None
        if self._as_files and article_id == row["id"]:
            path = f"{row['path'].removesuffix('.md')}.v{number}.md"
            if not self._files.exists(path):
                self._files.write(path, self._markdown.render_row(row, path).encode())
        columns = (
            "content_hash",
            "title",
            "record",
            "body",
            "text",
            "parser_version",
            "snapshot_id",
            "changes",
        )
        self._sql.insert(
            "versions",
            {
                "article_id": article_id,
                "number": number,
                "seen": row["changed"] or row["archived"],
                **{name: row[name] for name in columns},
                "path": path,
                "content_check": row["content_check"],
            },
        )

    def renumber(self, article_id: int) -> None:
        """Number the earlier contents by when they were seen."""
        rows = self._sql.all(
            "SELECT id FROM versions WHERE article_id = ? ORDER BY seen, number", article_id
        )
        for offset in (3000000, 1):  # twice, since numbers may not meet on the way
            for at, row in enumerate(rows):
                self._sql.run("UPDATE versions SET number = ? WHERE id = ?", offset + at, row["id"])
        self._articles.update(article_id, version=len(rows) + 1)

    def render(self, row: checksums.Row) -> str:
        """The file of an earlier version, from its row of ``versions``."""
        article = self._articles.row(row["article_id"])
        values = {**dict(article), **{name: row[name] for name in checksums.CONTENT}, "gone": None}
        values["changed"] = row["seen"] if row["number"] > 1 else None
        return self._markdown.render_row(values, row["path"])


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
