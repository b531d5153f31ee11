"""From whatever names an article to the article: key, address, path."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.db import article_columns, checksums
from archive.db.albums import articles_of
from archive.db.article_columns import Stored
from archive.db.errors import sqlite_errors
from archive.db.names import ARCHIVE_DB
from archive.errors import NotHeld
from archive.record import iso
from archive.store.base import Base
from archive.store.rows import address_of
from scraper import urls
from scraper.models import Article, Identity
from scraper.urls import Address

_KEY = re.compile(r"[0-9a-z]{6,26}")
_FORM_OTHER = "other"


class Finding(Base):
    """Looking articles up, and remembering under which addresses they are known."""

    def find(self, name: str) -> Stored | None:
        """The article that ``name`` stands for: a key, the first six or more characters of one, an address in any
        form, or its file's path. Raises NotHeld where the start of a key stands for several, Corrupt for a damaged
        row."""
        name = name.strip()
        article_id = self._by_key(name) or self._by_address(name) or self._by_path(name)
        return self.stored(article_id) if article_id is not None else None

    def get(self, name: str) -> Stored:
        """The same. Raises NotHeld where there is none."""
        found = self.find(name)
        if found is None:
            raise NotHeld(
                f"the archive holds nothing under {name}: `wechat-archive list` shows what it holds"
            )
        return found

    def _by_key(self, name: str) -> int | None:
        if not _KEY.fullmatch(name):
            return None
        rows = self._all(
            "SELECT id AS article_id, key FROM articles WHERE key = ? "
            "UNION SELECT article_id, key FROM former_keys WHERE key = ?",
            name,
            name,
        ) or self._all(
            "SELECT id AS article_id, key FROM articles WHERE key BETWEEN ? AND ? "
            "UNION SELECT article_id, key FROM former_keys WHERE key BETWEEN ? AND ? LIMIT 3",
            *(name, f"{name}~") * 2,
        )
        if len({row["article_id"] for row in rows}) > 1:
            several = ", ".join(row["key"] for row in rows)
            raise NotHeld(f"{name} is the start of several keys ({several}, …): give more of it")
        return int(rows[0]["article_id"]) if rows else None

    def _by_address(self, name: str) -> int | None:
        for address in urls.find(name):
            article_id = self._held_under(address)
            if article_id is not None:
                return article_id
        return self._held_as(name)

    def _held_under(self, address: Address) -> int | None:
        """The article kept under this address, or with the identity that the address carries."""
        if address.identity is not None:
            article_id = self._held_identity(address.identity)
            if article_id is not None:
                return article_id
        return self._held_as(address.canonical)

    def _held_as(self, canonical: str) -> int | None:
        row = self._one("SELECT article_id FROM addresses WHERE address = ?", canonical)
        return int(row["article_id"]) if row else None

    def _held_identity(self, identity: Identity) -> int | None:
        row = self._one(
            "SELECT id FROM articles WHERE biz = ? AND mid = ? AND idx = ?",
            identity.biz,
            identity.mid,
            identity.idx,
        )
        return int(row["id"]) if row else None

    def _by_path(self, name: str) -> int | None:
        if not name.endswith(".md"):
            return None
        place = Path(name)
        paths = [name.removeprefix("./")]
        for start in (place, Path.cwd() / place):
            try:
                paths.append(start.resolve().relative_to(self.root.resolve()).as_posix())
            except ValueError:
                continue
        for path in paths:
            row = self._one("SELECT id FROM articles WHERE path = ?", path)
            if row:
                return int(row["id"])
        return None

    def remember(self, address: str, article_id: int, now: datetime) -> bool:
        """Note one more address of an article; whether it was new. One that is no address of an article is left out.

        The address of another article (a temporary one that WeChat gave out again) goes over to this one.
        """
        parsed = address_of(address)
        if parsed is None or parsed.form == "album":
            return False
        with self._writing():
            return self._remember(parsed, article_id, now)

    def _remember(self, address: Address, article_id: int, now: datetime) -> bool:
        held = self._held_as(address.canonical)
        if held == article_id:
            return False
        self._run(
            "INSERT OR REPLACE INTO addresses (address, article_id, form, fetch, first_seen) VALUES (?, ?, ?, ?, ?)",
            address.canonical,
            article_id,
            address.form,
            address.fetch,
            iso(now),
        )
        self._arrived_at("address = ?", (address.canonical,), article_id)
        return True

    def addresses(self, article_id: int) -> list[str]:
        """Every address it was seen under, in a form that can be asked for, oldest first."""
        rows = self._all(
            "SELECT fetch FROM addresses WHERE article_id = ? ORDER BY first_seen, address",
            article_id,
        )
        return [row["fetch"] for row in rows]

    def _arrived_at(self, where: str, values: tuple[Any, ...], article_id: int) -> None:
        """Links with ``where`` lead to this article; the files that show them as far away become stale."""
        waiting = f"{where} AND target_id IS NOT ?"
        rows = self._all(
            f"SELECT DISTINCT article_id FROM links WHERE relation = 'text' AND {waiting}",
            *values,
            article_id,
        )
        if self._run(
            f"UPDATE links SET target_id = ? WHERE {waiting}", article_id, *values, article_id
        ):
            self._mark_stale(row["article_id"] for row in rows)
        if where == "address = ?":
            self._run(
                "UPDATE album_members SET article_id = ? WHERE address = ?", article_id, *values
            )

    def articles(
        self,
        *,
        account: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
        tag: str | None = None,
        album: str | None = None,
        title: str | None = None,
        gone: bool | None = None,
        edited: bool = False,
        parser_before: int | None = None,
        newest_first: bool = True,
        limit: int | None = None,
    ) -> Iterator[Stored]:
        """The articles that match everything given, one at a time, by publication.

        ``account`` is a part of the name that the article's page shows or that the account has now, or its ``__biz``,
        ``gh_…`` or 微信号; ``since`` and ``until`` aware times (from, and before); ``kind`` a word of ``KIND_NAMES``;
        ``album`` an id or title, of what its list shows and what names it; ``title`` a part of the title; ``gone``:
        only those that are gone, or that are not. Memory stays flat however many there are. Raises Corrupt at a damaged
        row.
        """
        where, values = _filters(
            {
                "(a.biz = ? OR instr(lower(a.account), lower(?)) OR a.account_id IN "
                "(SELECT id FROM accounts WHERE user_name = ? OR alias = ? "
                "OR instr(lower(name), lower(?))))": account,
                "a.published >= ?": iso(since) if since else None,
                "a.published < ?": iso(until) if until else None,
                "a.kind_name = ?": kind,
                "a.id IN (SELECT article_id FROM tags WHERE tag = ?)": tag,
                "a.id IN (SELECT value FROM json_each(?))": self._in_album(album),
                "instr(lower(a.title), lower(?))": title,
                "a.parser_version < ?": parser_before,
            }
        )
        where += [] if gone is None else ["a.gone IS NOT NULL" if gone else "a.gone IS NULL"]
        where += ["a.edited IS NOT NULL"] if edited else []
        order = "DESC" if newest_first else "ASC"
        sql = (
            f"SELECT {article_columns.ARTICLES.select('a')} FROM articles a "
            f"{'WHERE ' + ' AND '.join(where) if where else ''} "
            f"ORDER BY a.published {order}, a.id {order} LIMIT ?"
        )
        with sqlite_errors(self.root / ARCHIVE_DB):
            cursor: sqlite3.Cursor = self.db.conn.execute(
                sql, (*values, -1 if limit is None else limit)
            )
            for row in cursor:
                checksums.require_head(row)
                yield article_columns.ARTICLES.read(row)

    def _in_album(self, album: str | None) -> str | None:
        """The ids of the articles in the albums with that id or title, as JSON."""
        if album is None:
            return None
        rows = self._all("SELECT id, url FROM albums WHERE ? IN (id, title)", album)
        found = [articles_of(self.db.conn, row["id"], row["url"]) for row in rows]
        return json.dumps(sorted(set().union(*found)))

    def count(self) -> int:
        """How many articles the archive holds."""
        row = self._one("SELECT count(*) AS n FROM articles")
        return int(row["n"]) if row else 0


def _filters(given: dict[str, Any]) -> tuple[list[str], list[Any]]:
    where, values = [], []
    for condition, value in given.items():
        if value is not None:
            where.append(condition)
            values.extend([value] * condition.count("?"))
    return where, values


def identified(article: Article, identity: Identity | None) -> Article:
    """The article with an identity that its page did not say but its address did."""
    if (
        identity is None
        or article.identity is not None
        or article.account.biz not in (None, identity.biz)
    ):
        return article
    return replace(
        article,
        account=replace(article.account, biz=identity.biz),
        mid=identity.mid,
        idx=identity.idx,
    )
