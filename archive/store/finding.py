"""From whatever names an article to the article: key, address, path."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

from archive.db.article_columns import Stored
from archive.errors import NotHeld
from archive.store.addresses import Addresses
from archive.store.articles import Articles
from archive.store.sql import Sql
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.messages import mark
from scraper.models import Article, Identity

_KEY = re.compile(r"[0-9a-z]{6,26}")
_SHORT_KEY = re.compile(r"[0-9a-z]{1,5}")


class Finder:
    """Looking articles up by a name that a person or a program has for them."""

    def __init__(self, sql: Sql, root: Path, articles: Articles, addresses: Addresses) -> None:
        self._sql = sql
        self._root = root
        self._articles = articles
        self._addresses = addresses

    def find(self, name: str) -> Stored | None:
        """The article that ``name`` stands for: a key, the first six or more characters of one, an
        address in any form, or its file's path. Raises NotHeld where the start of a key stands for
        several, Corrupt for a damaged row."""
        name = name.strip()
        article_id = self.by_key(name) or self._by_address(name) or self._by_path(name)
        return self._articles.stored(article_id) if article_id is not None else None

    def held(self, address: str) -> Stored | None:
        """The same for the canonical address of an article, which is no other kind of name."""
        try:
            article_id = self._addresses.held_under(urls.parse(address))
        except NotAnAddress:  # from a version that read addresses otherwise
            return self.find(address)
        return self._articles.stored(article_id) if article_id is not None else None

    def get(self, name: str) -> Stored:
        """What ``find`` finds. Raises NotHeld where there is none."""
        found = self.find(name)
        if found is None and _SHORT_KEY.fullmatch(name.strip()):
            raise NotHeld(
                mark(
                    "{name} is too short for the start of a key: give six characters or more",
                    name=name,
                )
            )
        if found is None:
            raise NotHeld(
                mark(
                    "the archive holds nothing under {name}: `wechat-archive list` shows what "
                    "it holds",
                    name=name,
                )
            )
        return found

    def by_key(self, name: str) -> int | None:
        """The article with this key, now or before, or the only one whose key begins so."""
        if not _KEY.fullmatch(name):
            return None
        rows = self._with_key(name) or self._sql.all(
            "SELECT id AS article_id, key FROM articles WHERE key BETWEEN ? AND ? "
            "UNION SELECT article_id, key FROM former_keys WHERE key BETWEEN ? AND ? LIMIT 3",
            *(name, f"{name}~") * 2,
        )
        if len({row["article_id"] for row in rows}) > 1:
            several = ", ".join(row["key"] for row in rows)
            raise NotHeld(
                mark(
                    "{name} is the start of several keys ({several}, …): give more of it",
                    name=name,
                    several=several,
                )
            )
        return int(rows[0]["article_id"]) if rows else None

    def by_whole_key(self, key: str) -> int | None:
        """The article with exactly this key, now or before."""
        rows = self._with_key(key)
        return int(rows[0]["article_id"]) if rows else None

    def _with_key(self, key: str) -> list[sqlite3.Row]:
        return self._sql.all(
            "SELECT id AS article_id, key FROM articles WHERE key = ? "
            "UNION ALL SELECT article_id, key FROM former_keys WHERE key = ?",
            key,
            key,
        )

    def _by_address(self, name: str) -> int | None:
        for address in urls.find(name):
            article_id = self._addresses.held_under(address)
            if article_id is not None:
                return article_id
        return self._addresses.held_as(name)

    def _by_path(self, name: str) -> int | None:
        if not name.endswith(".md"):
            return None
        place = Path(name)
        paths = [name.removeprefix("./")]
        for start in (place, Path.cwd() / place):
            try:
                paths.append(start.resolve().relative_to(self._root.resolve()).as_posix())
            except ValueError:
                continue
        for path in paths:
            row = self._sql.one("SELECT id FROM articles WHERE path = ?", path)
            if row:
                return int(row["id"])
        return None


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


def may_be_same(page: Identity | None, row: Identity | None) -> bool:
    """Whether a raw page may be of the article whose row names its number: a new snapshots.db gave
    the numbers of a lost one again once."""
    return page is None or row is None or page == row
