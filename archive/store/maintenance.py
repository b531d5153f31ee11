"""The door for those who mend or rebuild an archive: ``verify --repair`` and ``import``.

Nothing here looks at a checksum first; whoever comes in by it knows what is wrong.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from archive import record
from archive.db import checksums
from archive.document.paths import title_key
from archive.record import iso
from archive.store.decide import content_hash
from archive.store.derived import Derived
from archive.store.tables import Tables
from scraper.models import Article


class Maintenance:
    """Changes that no page asked for. Each is one transaction, or a part of the caller's."""

    def __init__(self, tables: Tables, derived: Derived) -> None:
        self._tables = tables
        self._derived = derived

    def update_article(self, article_id: int, **columns: Any) -> None:
        """Set columns of an article's row, with new checksums."""
        with self._tables.sql.transaction():
            self._tables.articles.update(article_id, **columns)

    def replace_content(self, article_id: int, article: Article, now: datetime) -> None:
        """The same article once more, from a source that is sound: its long columns and all that
        follows from them."""
        with self._tables.sql.transaction():
            held = self._tables.articles.row(article_id)
            row = self._tables.articles.change(held, **content_columns(article))
            self._derived.write(article, row, now)

    def derive_again(self, article_id: int, now: datetime) -> None:
        """Links, images, tags, search terms and the file, from the article's record.
        Raises Corrupt."""
        with self._tables.sql.transaction():
            article = self._tables.articles.article(article_id)
            self._derived.write(article, self._tables.articles.row(article_id), now)

    def replace_version(self, version: sqlite3.Row, article: Article) -> None:
        """An earlier content, from a source that is sound, into its row of ``versions``."""
        values = {
            **content_columns(article),
            "title": article.title,
            "content_hash": content_hash(article),
        }
        values["content_check"] = checksums.content_checksum(values)
        with self._tables.sql.transaction():
            self._tables.sql.update("versions", version["id"], values)

    def write_version_file(self, version: sqlite3.Row, path: str) -> str | None:
        """The file of an earlier content once more; where it went, if a person changed the one
        there.
        """
        text = self._tables.versions.render(version)
        return self._tables.markdown.write(path, text, None)

    def replace_address(self, address: str, right: str | None) -> None:
        """A damaged row of ``addresses`` under its right address; None: forgotten."""
        sql = self._tables.sql
        with sql.transaction():
            row = sql.one("SELECT * FROM addresses WHERE address = ?", address)
            sql.run("DELETE FROM addresses WHERE address = ?", address)
            if row is not None and right is not None:
                sql.run(
                    "INSERT OR IGNORE INTO addresses (address, article_id, form, fetch, first_seen) "
                    "VALUES (?, ?, ?, ?, ?)",
                    right,
                    *(row[name] for name in ("article_id", "form", "fetch", "first_seen")),
                )

    def forget_media(self, digest: str, path: str | None, now: datetime) -> None:
        """Damaged bytes: fetched again by the next run; articles show the far address meanwhile."""
        self._tables.media.forget(digest, path, now)

    def restore_version(
        self,
        article_id: int,
        number: int,
        article: Article,
        seen: datetime,
        parser_version: int,
        path: str | None,
    ) -> bool:
        """Put an earlier content back that a file still holds; see ``Versions.restore``."""
        return self._tables.versions.restore(
            article_id, number, article, seen, parser_version, path
        )

    def forget_pages(self, article_id: int) -> None:
        """The raw pages that the article's contents were made of are gone."""
        with self._tables.sql.transaction():
            self._tables.articles.update(article_id, snapshot_id=None)
            self._tables.sql.run(
                "UPDATE versions SET snapshot_id = NULL WHERE article_id = ?", article_id
            )

    def expect_address(self, article_id: int) -> None:
        """A page of the same title and words will be this article, which came without its
        address.
        """
        with self._tables.sql.transaction():
            key = title_key(self._tables.articles.row(article_id)["title"])
            if self._tables.finder.by_key(key) is None:
                self._tables.articles.note_former_key(key, article_id)

    def set_changed(self, article_id: int, changed: datetime) -> None:
        """When the content was first seen, as the article's own file says; the file is stale
        then.
        """
        with self._tables.sql.transaction():
            self._tables.articles.update(article_id, changed=iso(changed))
            self._tables.articles.mark_stale([article_id])


def content_columns(article: Article) -> dict[str, str]:
    """The long columns of an article's row."""
    return {"record": record.dumps(article), "body": article.body, "text": article.text}
