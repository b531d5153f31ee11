"""The accounts that publish, and the albums that articles stand in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from archive.record import iso
from archive.store.media import Media
from archive.store.rows import addresses_of
from scraper.models import Account, Album, Article


class Accounts(Media):
    """Who publishes, and in which collections."""

    def _account(self, account: Account, published: datetime | None, now: datetime) -> int | None:
        """The account's row; the newest article tells how it is called now."""
        names = {
            name: value
            for name in ("name", "user_name", "alias", "signature")
            if (value := getattr(account, name)) is not None
        }
        if account.biz is None and "name" not in names:
            return None
        row = (
            self._one("SELECT * FROM accounts WHERE biz = ?", account.biz)
            if account.biz
            else self._one(
                "SELECT * FROM accounts WHERE name = ? ORDER BY biz IS NOT NULL, id LIMIT 1",
                account.name,
            )
        )
        if row is None:
            return self._insert("accounts", {"biz": account.biz, **names, "first_seen": iso(now)})
        newest = self._one(
            "SELECT max(published) AS published FROM articles WHERE account_id = ?", row["id"]
        )
        is_newest = published and newest and iso(published) >= (newest["published"] or "")
        changed = {n: v for n, v in names.items() if v != row[n] and (row[n] is None or is_newest)}
        if changed and account.biz:
            names_set = ", ".join(f"{name} = ?" for name in changed)
            self._run(f"UPDATE accounts SET {names_set} WHERE id = ?", *changed.values(), row["id"])
        return int(row["id"])

    def _note_album(self, article: Article) -> None:
        album = article.album
        if album is not None:
            held = self._one("SELECT id FROM accounts WHERE biz = ?", article.account.biz)
            self._upsert_album(album, held["id"] if held else None, None)

    def _upsert_album(self, album: Album, account_id: int | None, checked: str | None) -> None:
        self._run(
            "INSERT INTO albums (id, account_id, title, url, size, checked) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET account_id = coalesce(excluded.account_id, account_id), "
            "title = coalesce(excluded.title, title), url = coalesce(excluded.url, url), "
            "size = coalesce(excluded.size, size), checked = coalesce(excluded.checked, checked)",
            album.id,
            account_id,
            album.title,
            album.url,
            album.size,
            checked,
        )

    def keep_album(
        self, album: Album, members: Sequence[tuple[str, str | None]], now: datetime
    ) -> None:
        """Note what an album lists, in its order: ``(address, title)`` each."""
        with self._writing():
            self._upsert_album(album, None, iso(now))
            self._run("DELETE FROM album_members WHERE album_id = ?", album.id)
            for position, (text, title) in enumerate(members):
                found = addresses_of(Article(title=""), text)
                address = found[0] if found else None
                self._run(
                    "INSERT INTO album_members (album_id, position, address, article_id, title) VALUES (?, ?, ?, ?, ?)",
                    album.id,
                    position,
                    address.canonical if address else text,
                    self._held_under(address) if address else None,
                    title,
                )
