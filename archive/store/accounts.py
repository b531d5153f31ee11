"""The accounts that publish, and the albums that articles stand in."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from archive.record import iso
from archive.store.sql import Sql
from scraper.models import Account, Article


class Accounts:
    """The tables ``accounts`` and ``albums``, as far as articles name them."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def number_of(self, account: Account, published: datetime | None, now: datetime) -> int | None:
        """The account's row; the newest article tells how it is called now."""
        names = {
            name: value
            for name in ("name", "user_name", "alias", "signature")
            if (value := getattr(account, name)) is not None
        }
        if account.biz is None and "name" not in names:
            return None
        row = self._row_of(account)
        if row is None:
            return self._sql.insert(
                "accounts", {"biz": account.biz, **names, "first_seen": iso(now)}
            )
        if account.biz:
            self._rename(row, names, published)
        return int(row["id"])

    def _row_of(self, account: Account) -> sqlite3.Row | None:
        """By its number, else by its name, an account without a number before others."""
        if account.biz:
            return self._sql.one("SELECT * FROM accounts WHERE biz = ?", account.biz)
        return self._sql.one(
            "SELECT * FROM accounts WHERE name = ? ORDER BY biz IS NOT NULL, id LIMIT 1",
            account.name,
        )

    def _rename(
        self, row: sqlite3.Row, names: Mapping[str, str], published: datetime | None
    ) -> None:
        """Names as the newest article has them; an older one fills in what nobody said."""
        differing = {name: value for name, value in names.items() if value != row[name]}
        if not differing:
            return
        is_newest = self._is_newest(row, published)
        changed = {n: v for n, v in differing.items() if row[n] is None or is_newest}
        if changed:
            self._sql.update("accounts", row["id"], changed)

    def _is_newest(self, row: sqlite3.Row, published: datetime | None) -> bool:
        """Whether no article of the account was published later."""
        newest = self._sql.one(
            "SELECT max(published) AS published FROM articles WHERE account_id = ?", row["id"]
        )
        return bool(published and newest and iso(published) >= (newest["published"] or ""))

    def note_album(self, article: Article) -> None:
        """The album that the article says it stands in."""
        album = article.album
        if album is None:
            return
        held = self._sql.one("SELECT id FROM accounts WHERE biz = ?", article.account.biz)
        self._sql.run(
            "INSERT INTO albums (id, account_id, title, url, size) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET account_id = coalesce(excluded.account_id, account_id), "
            "title = coalesce(excluded.title, title), url = coalesce(excluded.url, url), "
            "size = coalesce(excluded.size, size)",
            album.id,
            held["id"] if held else None,
            album.title,
            album.url,
            album.size,
        )
