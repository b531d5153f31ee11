"""From a parsed page to rows and a file: new, changed, unchanged, gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from archive import checks, decide, record
from archive.names import KEY_LENGTH, key_of, path_of
from archive.record import iso
from archive.store.finding import identified
from archive.store.indexing import index_article, unindex_article
from archive.store.media import Media
from archive.store.rows import PARTS, addresses_of, article_row, identity_of
from archive.store.types import Kept
from archive.store.writing import sha256
from scraper.errors import Gone, Unrecognised
from scraper.models import Account, Album, Article
from scraper.urls import Address


class Keeping(Media):
    """Articles coming in."""

    def keep(
        self,
        article: Article,
        *,
        address: str,
        now: datetime,
        snapshot_id: int | None = None,
        parser_version: int | None = None,
        refresh: bool = False,
        again: bool = False,
        key: str | None = None,
        path: str | None = None,
    ) -> Kept:
        """Keep what a page said, and remember that it was seen under ``address``.

        New: a file and rows. Changed by its author: the file shows the new content, the old one becomes a version.
        Unchanged: not a byte is written, except that ``refresh`` notes when it was looked at. ``again`` says that the
        same page was read by another parser (``reparse``): what differs is taken over without a new version.
        ``parser_version`` is this program's own unless given; ``now`` is aware. ``key`` and ``path`` are those that an
        archive rebuilt from its files gave a new article before; used where they are free.

        Raises Unrecognised for a page without any content, which can never replace one, DiskTrouble and CannotCreate
        where nothing could be written; the archive is then as it was.
        """
        article = record.storable(article)
        if decide.is_hollow(article):
            raise Unrecognised(f"{address} has a title but no text and no pictures: not kept", url=address)
        addresses = addresses_of(article, address)
        article = identified(article, identity_of(article, addresses))
        made_by = parser_version if parser_version is not None else current_parser()
        with self._writing():
            row = self._held(article, addresses)
            if row is None:
                kept = self._add(article, now, snapshot_id, made_by, key, path)
            else:
                self._adopt(row, article, addresses)
                row = self._row(row["id"])
                kept = self._compare(row, article, now, snapshot_id, made_by, refresh, again)
            for known in addresses:
                self._remember(known, kept.article_id, now)
        if self._eager:
            self.settle()
        return kept

    # --- which article it is ------------------------------------------------------------------------------------------

    def _held(self, article: Article, addresses: Sequence[Address]) -> sqlite3.Row | None:
        """The row that this page belongs to, if any: by identity, by address, by provisional key."""
        identity = article.identity
        held = self._held_identity(identity) if identity else None
        candidates = [held, *(self._held_as(address.canonical) for address in addresses)]
        if identity is None:
            candidates.append(self._by_key(key_of(article)))
        for article_id in candidates:
            if article_id is not None:
                row = self._row(article_id)
                # An address may have been given to another article since; the identity may not.
                if article_id == held or identity is None or row["biz"] is None or row["mid"] is None:
                    return row
        return None

    def _adopt(self, row: sqlite3.Row, article: Article, addresses: Sequence[Address]) -> None:
        """An identity that has become known: for this row, and for rows that turn out to be the same article."""
        identity = article.identity
        if identity is None:
            return
        if row["biz"] is None or row["mid"] is None or row["idx"] is None:
            key = self._free_key(article)
            self._update(row["id"], biz=identity.biz, mid=identity.mid, idx=identity.idx, key=key)
            self._run("INSERT OR REPLACE INTO former_keys (key, article_id) VALUES (?, ?)", row["key"], row["id"])
            self._arrived(article, row["id"])
        for address in addresses:
            other = self._held_as(address.canonical)
            if other is not None and other != row["id"] and self._row(other)["mid"] is None:
                self._merge(other, row["id"])

    def _merge(self, other: int, into: int) -> None:
        """Two rows are one article: versions, addresses, links and the old key go over; the other file goes."""
        old, kept = self._row(other), self._row(into)
        hashes = {
            row["content_hash"] for row in self._all("SELECT content_hash FROM versions WHERE article_id = ?", into)
        }
        hashes.add(kept["content_hash"])
        for table in ("addresses", "former_keys", "album_members"):
            self._run(f"UPDATE {table} SET article_id = ? WHERE article_id = ?", into, other)
        pointing = self._all("SELECT DISTINCT article_id FROM links WHERE target_id = ?", other)
        self._run("UPDATE links SET target_id = ? WHERE target_id = ?", into, other)
        self._mark_stale(row["article_id"] for row in pointing)
        for version in self._all("SELECT * FROM versions WHERE article_id = ?", other):
            if version["content_hash"] not in hashes:
                # Above every other number until they are put in order by when they were seen.
                self._run(
                    "UPDATE versions SET article_id = ?, number = number + 1000000 WHERE id = ?", into, version["id"]
                )
        if old["content_hash"] not in hashes:
            self._bury(old, 2000000, into)
        unindex_article(self.db.conn, other)
        self._run("DELETE FROM articles WHERE id = ?", other)
        self._run("INSERT OR REPLACE INTO former_keys (key, article_id) VALUES (?, ?)", old["key"], into)
        self._renumber(into)
        self._update(into, archived=min(old["archived"], kept["archived"]))
        self._mark_stale([into])
        self._doom(old["path"])

    def _renumber(self, article_id: int) -> None:
        rows = self._all("SELECT id FROM versions WHERE article_id = ? ORDER BY seen, number", article_id)
        for offset in (3000000, 1):  # twice, since numbers may not meet on the way
            for at, row in enumerate(rows):
                self._run("UPDATE versions SET number = ? WHERE id = ?", offset + at, row["id"])
        self._update(article_id, version=len(rows) + 1)

    def _free_key(self, article: Article) -> str:
        """The article's key, longer where another article has the short one (1 in 10^15)."""
        for length in range(KEY_LENGTH, 27):
            key = key_of(article, length)
            if not self._one(
                "SELECT 1 FROM articles WHERE key = ? UNION SELECT 1 FROM former_keys WHERE key = ?", key, key
            ):
                return key
        raise AssertionError("two articles with one identity")  # pragma: no cover - UNIQUE forbids it

    # --- what is done about it ----------------------------------------------------------------------------------------

    def _add(
        self,
        article: Article,
        now: datetime,
        snapshot_id: int | None,
        made_by: int,
        key: str | None = None,
        path: str | None = None,
    ) -> Kept:
        if key is None or self._by_key(key) is not None:
            key = self._free_key(article)
        if path is None or self._one("SELECT 1 FROM articles WHERE path = ?", path):
            path = path_of(article, key)
        row: dict[str, Any] = {
            **article_row(article, made_by),
            "key": key,
            "path": path,
            "account_id": self._account(article.account, article.published, now),
            "markdown_hash": "",
            "snapshot_id": snapshot_id,
            "archived": iso(now),
            "checked": iso(now),
            "version": 1,
            "head_check": "",
            "content_check": "",
        }
        self.db.table("articles").insert(row)
        article_id = int(self.db.conn.execute("SELECT last_insert_rowid()").fetchone()[0])
        self._update(article_id, **{name: row[name] for name in checks.CONTENT})
        self._arrived(article, article_id)
        beside = self._derive(article, article_id, now)
        return Kept(article_id, key, str(row["path"]), "new", beside)

    def _compare(
        self,
        row: sqlite3.Row,
        article: Article,
        now: datetime,
        snapshot_id: int | None,
        made_by: int,
        refresh: bool,
        again: bool,
    ) -> Kept:
        article_id = int(row["id"])
        fresh = article_row(article, made_by)
        came_back = row["gone"] is not None and not again
        back = {"gone": None, "gone_reason": None, "gone_shown": None} if came_back else {}
        change = self._change(row, article, fresh, again)
        if change == "unchanged":
            notes = {**back, **({"checked": iso(now)} if refresh or came_back else {})}
            if notes:
                self._update(article_id, **notes)
            beside = None
            if back:
                index_article(self.db.conn, article_id)
            if back or not self.files.exists(row["path"]):
                beside = self._rerender(article_id, now)
            return Kept(article_id, row["key"], row["path"], change, beside)
        values: dict[str, Any] = {**fresh, **back, "account_id": self._account(article.account, article.published, now)}
        if snapshot_id is not None:
            values["snapshot_id"] = snapshot_id
        if change == "modified":
            self._bury(row, row["version"], article_id)
            differs = decide.differences(self._article_of(row), article)
            values.update(
                checked=iso(now),
                changed=iso(now),
                version=row["version"] + 1,
                changes=json.dumps(differs, ensure_ascii=False),
            )
        elif refresh:
            values["checked"] = iso(now)
        self._update(article_id, **values)
        beside = self._derive(article, article_id, now)
        return Kept(article_id, row["key"], row["path"], change, beside)

    def _change(self, row: sqlite3.Row, article: Article, fresh: dict[str, Any], again: bool) -> decide.Change:
        same = all(fresh[name] == row[name] for name in ("record", "body", "text", "parser_version"))
        if again:
            return "unchanged" if same else "reparsed"
        if fresh["content_hash"] == row["content_hash"]:
            return "unchanged"
        # The same words, seen by a newer parser: not the author's doing.
        newer_parser = fresh["parser_version"] != row["parser_version"]
        if newer_parser and decide.words_hash(self._article_of(row)) == decide.words_hash(article):
            return "reparsed"
        return "modified"

    def _article_of(self, row: sqlite3.Row) -> Article:
        checks.require_content(row)
        return record.loads(row["record"], row["body"], row["text"])

    def _bury(self, row: sqlite3.Row, number: int, article_id: int) -> None:
        """The content of ``row`` as an earlier version of the article."""
        checks.require_content(row)
        path = None
        if self._versions_as_files and article_id == row["id"]:
            path = f"{row['path'].removesuffix('.md')}.v{number}.md"
            if not self.files.exists(path):
                self.files.write(path, self._markdown(row, path).encode())
        columns = ("content_hash", "title", "record", "body", "text", "parser_version", "snapshot_id", "changes")
        self.db.table("versions").insert(
            {
                "article_id": article_id,
                "number": number,
                "seen": row["changed"] or row["archived"],
                **{name: row[name] for name in columns},
                "path": path,
                "content_check": row["content_check"],
            }
        )

    def _derive(self, article: Article, article_id: int, now: datetime) -> str | None:
        """Everything that follows from the article's row: parts, links, search terms, and last its file."""
        for table, rows_of in PARTS.items():
            self._run(f"DELETE FROM {table} WHERE article_id = ?", article_id)
            rows = [{"article_id": article_id, **row} for row in rows_of(article)]
            if rows:
                self.db.table(table).insert_all(rows)
        self._resolve(article_id)
        self._note_album(article)
        index_article(self.db.conn, article_id)
        row = self._row(article_id)
        text = self._markdown(row)
        beside = self._put(row["path"], text, row["markdown_hash"])
        if beside is None:
            self._update(article_id, markdown_hash=sha256(text), edited=None)
        else:
            self._update(article_id, edited=iso(now), markdown_hash=row["markdown_hash"] or sha256(text))
        self._run("UPDATE articles SET stale = 0 WHERE id = ?", article_id)
        return beside

    def _resolve(self, article_id: int) -> None:
        """Where the article's own links lead, as far as it is kept."""
        self._run(
            "UPDATE links SET target_id = coalesce("
            "(SELECT a.id FROM articles a WHERE a.biz = links.biz AND a.mid = links.mid AND a.idx = links.idx), "
            "(SELECT d.article_id FROM addresses d WHERE d.address = links.address)) WHERE article_id = ?",
            article_id,
        )

    def _arrived(self, article: Article, article_id: int) -> None:
        """Links of older articles that have waited for this one."""
        identity = article.identity
        if identity is not None:
            where = "biz = ? AND mid = ? AND idx = ?"
            self._arrived_at(where, (identity.biz, identity.mid, identity.idx), article_id)

    def _markdown_of_version(self, row: sqlite3.Row) -> str:
        """The file of an earlier version, from its row of ``versions``."""
        article = self._row(row["article_id"])
        values = {**dict(article), **{name: row[name] for name in checks.CONTENT}, "gone": None}
        values["changed"] = row["seen"] if row["number"] > 1 else None
        return self._markdown(values, row["path"])

    # --- accounts and albums ------------------------------------------------------------------------------------------

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
            else self._one("SELECT * FROM accounts WHERE name = ? ORDER BY biz IS NOT NULL, id LIMIT 1", account.name)
        )
        if row is None:
            self.db.table("accounts").insert({"biz": account.biz, **names, "first_seen": iso(now)})
            return int(self.db.conn.execute("SELECT last_insert_rowid()").fetchone()[0])
        newest = self._one("SELECT max(published) AS published FROM articles WHERE account_id = ?", row["id"])
        is_newest = published and newest and iso(published) >= (newest["published"] or "")
        changed = {n: v for n, v in names.items() if v != row[n] and (row[n] is None or is_newest)}
        if changed and account.biz:
            self.db.table("accounts").update(row["id"], changed)
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

    def keep_album(self, album: Album, members: Sequence[tuple[str, str | None]], now: datetime) -> None:
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

    # --- tombstones ---------------------------------------------------------------------------------------------------

    def gone(self, address: str, error: Gone, now: datetime) -> str | None:
        """Note that an article is not there any more; its key, or None where the archive does not hold it.

        The kept content stays as it is; the file's front matter gains the date and the reason. Said again, nothing
        is written.
        """
        found = self.find(address)
        if found is None:
            return None
        if found.gone is None:
            with self._writing():
                self._update(
                    found.article_id, gone=iso(now), checked=iso(now), gone_reason=error.reason, gone_shown=error.shown
                )
                index_article(self.db.conn, found.article_id)
                self._rerender(found.article_id, now)
        return found.key

    def checked(self, article_id: int, now: datetime) -> None:
        """Note that the article was looked at and is as it was."""
        with self._writing():
            self._update(article_id, checked=iso(now))

    def forget(self, article_id: int) -> None:
        """Remove an article: rows, search terms and its file (not one that a person changed); its images stay."""
        with self._writing():
            row = self._row(article_id)
            pointing = self._all("SELECT DISTINCT article_id FROM links WHERE target_id = ?", article_id)
            self._mark_stale(r["article_id"] for r in pointing)
            unindex_article(self.db.conn, article_id)
            self._run("DELETE FROM articles WHERE id = ?", article_id)
            self._doom(row["path"])
        self.settle()


def current_parser() -> int:
    """The version of this program's parser, which each article notes."""
    import scraper

    return scraper.PARSER_VERSION
