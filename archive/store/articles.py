"""The rows of ``articles``: read with their checksums looked at, written with new ones."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from archive import record
from archive.db import article_columns, checksums
from archive.db.albums import articles_of
from archive.db.article_columns import Stored
from archive.db.tallies import number
from archive.document.paths import KEY_LENGTH, key_of
from archive.errors import NotHeld
from archive.record import iso
from archive.store.sql import Sql
from scraper.messages import mark
from scraper.models import Article, Identity

#: A row of ``articles``, every column by its name.
Row = dict[str, Any]


class Articles:
    """The table ``articles``, and the keys that an article had before (``former_keys``)."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def row(self, article_id: int) -> sqlite3.Row:
        """The row as it stands, unchecked. Raises NotHeld."""
        row = self._sql.one("SELECT * FROM articles WHERE id = ?", article_id)
        if row is None:
            raise NotHeld(
                mark("the archive holds no article number {article_id}", article_id=article_id)
            )
        return row

    def sound_row(self, article_id: int) -> sqlite3.Row:
        """The row. Raises NotHeld, and Corrupt where it changed since written."""
        row = self.row(article_id)
        checksums.require_head(row)
        checksums.require_content(row)
        return row

    def stored(self, article_id: int) -> Stored:
        """The article's facts. Raises NotHeld, Corrupt."""
        row = self._sql.one(
            f"SELECT {article_columns.ARTICLES.select('a')} FROM articles a WHERE a.id = ?",
            article_id,
        )
        if row is None:
            raise NotHeld(
                mark("the archive holds no article number {article_id}", article_id=article_id)
            )
        checksums.require_head(row)
        return article_columns.ARTICLES.read(row)

    def article(self, article_id: int) -> Article:
        """The whole article as the page said it. Raises NotHeld, Corrupt."""
        row = self.sound_row(article_id)
        return record.loads(row["record"], row["body"], row["text"])

    def insert(self, said: dict[str, Any]) -> Row:
        """A new row with its number and checksums, as it stands then; what is not ``said`` is the
        column's default. Inside the caller's transaction."""
        found = self._sql.one("SELECT coalesce(max(id), 0) + 1 FROM articles")
        assert found is not None
        row = {**article_columns.ARTICLES.unsaid, **said, "id": int(found[0])}
        row["head_check"] = checksums.head_checksum(row)
        row["content_check"] = checksums.content_checksum(row)
        self._sql.insert("articles", row)
        return row

    def update(self, article_id: int, **values: Any) -> None:
        """Change columns of an article's row, and the checksums over them. Inside the caller's
        transaction.
        """
        self.change(self.row(article_id), **values)

    def change(self, row: checksums.Row, **values: Any) -> Row:
        """The same for a row that is at hand as it stands; it is given back as it stands then."""
        changed = {**dict(row), **values}
        values["head_check"] = checksums.head_checksum(changed)
        if not values.keys().isdisjoint(checksums.CONTENT):
            values["content_check"] = checksums.content_checksum(changed)
        self._sql.update("articles", changed["id"], values)
        return {**changed, **values}

    def note_change(self, article_id: int, change: Literal["new", "modified"]) -> None:
        """For saved searches, until each has looked at it; nothing where nobody has saved one.
        Inside the caller's transaction."""
        self._sql.run(
            "INSERT INTO article_changes (article_id, change) "
            "SELECT ?, ? WHERE EXISTS (SELECT 1 FROM alerts)",
            article_id,
            change,
        )

    def mark_stale(self, article_ids: Iterable[int]) -> None:
        """Note that these files do not show the newest state; ``write_stale_files`` writes them."""
        for article_id in article_ids:
            self._sql.run("UPDATE articles SET stale = 1 WHERE id = ?", article_id)

    def mark_fresh(self, article_id: int) -> None:
        """The file shows the newest state."""
        self._sql.run("UPDATE articles SET stale = 0 WHERE id = ?", article_id)

    def by_identity(self, identity: Identity) -> int | None:
        """The number of the article with this identity, if any."""
        row = self._sql.one(
            "SELECT id FROM articles WHERE biz = ? AND mid = ? AND idx = ?",
            identity.biz,
            identity.mid,
            identity.idx,
        )
        return int(row["id"]) if row else None

    def free_key(self, article: Article) -> str:
        """The article's key, longer where another article has the short one (1 in 10^15)."""
        for length in range(KEY_LENGTH, 27):
            key = key_of(article, length)
            if not self._sql.one(
                "SELECT 1 FROM articles WHERE key = ? "
                "UNION ALL SELECT 1 FROM former_keys WHERE key = ?",
                key,
                key,
            ):
                return key
        raise AssertionError(
            "two articles with one identity"
        )  # pragma: no cover - UNIQUE forbids it

    def note_former_key(self, key: str, article_id: int) -> None:
        """The article is also found under this key from now on."""
        self._sql.run(
            "INSERT OR REPLACE INTO former_keys (key, article_id) VALUES (?, ?)", key, article_id
        )

    def is_path_taken(self, path: str) -> bool:
        """Whether an article's file stands there."""
        return self._sql.one("SELECT 1 FROM articles WHERE path = ?", path) is not None

    def matching(
        self,
        *,
        account: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
        tag: str | None = None,
        topic: str | None = None,
        starred: bool | None = None,
        read: bool | None = None,
        note: str | None = None,
        missing: bool = False,
        album: str | None = None,
        title: str | None = None,
        gone: bool | None = None,
        parser_before: int | None = None,
        sort: str = "published",
        newest_first: bool = True,
        offset: int = 0,
        limit: int | None = None,
    ) -> Iterator[Stored]:
        """The articles that match everything given, one at a time, by ``sort``: ``published``,
        ``archived`` or ``starred`` (the newest first), ``title`` or ``account`` (in the order of their signs);
        without ``newest_first`` that is turned round; ``offset`` leaves out the first.

        ``account`` is a part of the name that the article's page shows or that the account has now,
        or its ``__biz``, ``gh_…`` or 微信号; ``since`` and ``until`` aware times (from, and
        before); ``kind`` a word of ``KIND_NAMES``; ``album`` an id or title, of what its list shows
        and what names it; ``title`` a part of the title; ``gone``: only those that are gone, or
        that are not. ``tag`` is a person's own, ``topic`` one of WeChat's, ``note`` a part of a
        person's note; ``starred`` and ``read``: only those, or only the others; ``missing``:
        only those whose file a person deleted. Memory stays flat however many there are. Raises
        Corrupt at a damaged row.
        """
        where, values = _filters(
            {
                "(a.biz = ? OR instr(lower(a.account), lower(?)) OR a.account_id IN "
                "(SELECT id FROM accounts WHERE user_name = ? OR alias = ? "
                "OR instr(lower(name), lower(?))))": account,
                "a.published >= ?": iso(since) if since else None,
                "a.published < ?": iso(until) if until else None,
                "a.kind_name = ?": kind,
                "a.id IN (SELECT article_id FROM own_tags WHERE tag = ?)": tag,
                "a.id IN (SELECT article_id FROM tags WHERE tag = ?)": topic,
                "a.id IN (SELECT article_id FROM own_marks WHERE instr(lower(note), lower(?)))": note,
                "a.id IN (SELECT value FROM json_each(?))": self._in_album(album),
                "instr(lower(a.title), lower(?))": title,
                "a.parser_version < ?": parser_before,
            }
        )
        where += [] if gone is None else ["a.gone IS NOT NULL" if gone else "a.gone IS NULL"]
        where += [*_marked("starred", starred), *_marked("read", read)]
        where += ["a.id IN (SELECT article_id FROM missing_files)"] * missing
        order = "DESC" if (sort in _TIMES) == newest_first else "ASC"
        sql = (
            f"SELECT {article_columns.ARTICLES.select('a')} FROM articles a "
            f"{'WHERE ' + ' AND '.join(where) if where else ''} "
            f"ORDER BY {_SORTED[sort]} {order}, a.id {order} LIMIT ? OFFSET ?"
        )
        for row in self._sql.each(sql, *values, -1 if limit is None else limit, offset):
            checksums.require_head(row)
            yield article_columns.ARTICLES.read(row)

    def _in_album(self, album: str | None) -> str | None:
        """The ids of the articles in the albums with that id or title, as JSON."""
        if album is None:
            return None
        rows = self._sql.all("SELECT id, url FROM albums WHERE ? IN (id, title)", album)
        found = [articles_of(self._sql.conn, row["id"], row["url"]) for row in rows]
        return json.dumps(sorted(set().union(*found)))

    def count(self) -> int:
        """How many articles the archive holds."""
        return number(self._sql.conn, "article")


def _marked(name: str, wanted: bool | None) -> list[str]:
    """The condition that a person's mark is set, or is not."""
    if wanted is None:
        return []
    if wanted:  # beginning with the marks, which are fewer than the articles
        return [f"a.id IN (SELECT article_id FROM own_marks WHERE {name} IS NOT NULL)"]
    mark = f"(SELECT 1 FROM own_marks m WHERE m.article_id = a.id AND m.{name} IS NOT NULL)"
    return [f"NOT EXISTS {mark}"]


#: What `list --sort` may say → its column.
_SORTED = {
    **{name: f"a.{name}" for name in ("published", "archived", "title", "account")},
    "starred": "(SELECT m.starred FROM own_marks m WHERE m.article_id = a.id)",
}
_TIMES = frozenset({"published", "archived", "starred"})


def _filters(given: dict[str, Any]) -> tuple[list[str], list[Any]]:
    where, values = [], []
    for condition, value in given.items():
        if value is not None:
            where.append(condition)
            values.extend([value] * condition.count("?"))
    return where, values
