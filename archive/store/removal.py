"""Removing articles: everything of them goes, may be brought back for a time, and comes back by
nothing else.

Their rows go into ``removed`` as JSON, from whatever table has a foreign key on ``articles`` with ON
DELETE CASCADE, so that a table of tomorrow is no exception. Their files go into ``.trash`` after the
rows are committed: a kill in between leaves files that no row names, which the next command moves.
"""

from __future__ import annotations

import json
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from archive.db.article_columns import Stored
from archive.db.files import Files
from archive.db.names import TRASH
from archive.errors import BadInput, NotHeld
from archive.json_fields import AsDict, json_field
from archive.record import iso
from archive.store.indexing import index_article, unindex_article
from archive.store.tables import Tables
from scraper import urls
from scraper.messages import mark
from scraper.records import dataclass
from scraper.zone import for_people

#: How long what was removed may be brought back.
KEPT = timedelta(days=30)
_Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Tombstone(AsDict):
    """An article that a person removed. ``until``: when it is gone for good; None: it is."""

    key: str
    title: str
    account: str | None
    removed: datetime = json_field(timespec="seconds")
    until: datetime | None = json_field(timespec="seconds")


class Removal:
    """Taking articles out, and bringing them back. Each is one transaction and then its files."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._sql = tables.sql
        self._files: Files = tables.files

    # --- out ---

    def remove(self, held: Stored, now: datetime) -> Tombstone:
        """Take the article out with its file, versions, marks and the media that no other shows.

        Raises DiskTrouble, CannotCreate; what was not moved yet the next command moves.
        """
        with self._sql.transaction():
            row = self._tables.articles.row(held.article_id)
            media = self._media_of(held.article_id)
            rows = self._rows_of(held.article_id)
            paths = self._paths_of(row, rows, media)
            for table, found in self._media_rows(media).items():
                rows[table] = found
            self._note(row, rows, now)
            for path in paths:
                self._sql.run("INSERT OR IGNORE INTO removed_files VALUES (?, ?)", held.key, path)
            self._take_out(held, row, rows, media)
        self._move_files()
        return self._tombstone(self._row_of(held.key))

    def finish(self) -> None:
        """Move the files of what was removed into ``.trash``; after a kill, what was left over. An
        ``undo`` that was killed after its rows leaves empty folders there: they go too."""
        self._move_files()
        removed = {row["key"] for row in self._sql.all("SELECT key FROM removed")}
        self._files.remove_empty_folders(TRASH, but=removed)

    def _move_files(self) -> None:
        for row in self._sql.all("SELECT key, path FROM removed_files"):
            if self._files.exists(row["path"]) and not self._is_named(row["path"]):
                self._files.move(row["path"], f"{TRASH}/{row['key']}/{row['path']}")

    def _is_named(self, path: str) -> bool:
        return (
            self._sql.one(
                "SELECT 1 FROM articles WHERE path = ? UNION ALL SELECT 1 FROM versions WHERE path = ? "
                "UNION ALL SELECT 1 FROM media WHERE path = ?",
                path,
                path,
                path,
            )
            is not None
        )

    def _take_out(self, held: Stored, row: sqlite3.Row, rows: _Rows, media: frozenset[str]) -> None:
        pointing = self._sql.all(
            "SELECT DISTINCT article_id FROM links WHERE target_id = ?", held.article_id
        )
        self._tables.articles.mark_stale(one["article_id"] for one in pointing)
        unindex_article(self._sql.conn, held.article_id)
        for address in rows.get("addresses", ()):
            self._sql.run("DELETE FROM frontier WHERE address = ?", address["address"])
        self._sql.run("DELETE FROM articles WHERE id = ?", held.article_id)
        for digest in media:
            self._sql.run("DELETE FROM media_addresses WHERE sha256 = ?", digest)
            self._sql.run("DELETE FROM recordings WHERE sha256 = ?", digest)
            self._sql.run("DELETE FROM media WHERE sha256 = ?", digest)

    def _note(self, row: sqlite3.Row, rows: _Rows, now: datetime) -> None:
        self._sql.run("DELETE FROM removed WHERE key = ?", row["key"])
        self._sql.insert(
            "removed",
            {
                **{name: row[name] for name in ("key", "title", "account", "biz", "mid", "idx")},
                "removed": iso(now),
                "content": json.dumps(rows, ensure_ascii=False, default=_as_json),
            },
        )
        for address in rows.get("addresses", ()):
            self._sql.run(
                "INSERT OR REPLACE INTO removed_addresses VALUES (?, ?)",
                address["address"],
                row["key"],
            )

    def _rows_of(self, article_id: int) -> _Rows:
        """The article's rows of every table that goes with it, those that others need first."""
        found: _Rows = {"articles": self._select("articles", "id", [article_id])}
        waiting = ["articles"]
        while waiting:
            parent = waiting.pop(0)
            for table, column, target in cascades(self._sql.conn, parent):
                ids = [row[target] for row in found[parent]]
                rows = self._select(table, column, ids)
                fresh = [row for row in rows if row not in found.get(table, ())]
                if fresh:
                    found.setdefault(table, []).extend(fresh)
                    waiting.append(table)
        return found

    def _select(self, table: str, column: str, values: Iterable[Any]) -> list[dict[str, Any]]:
        rows = self._sql.all(
            f'SELECT * FROM "{table}" WHERE "{column}" IN (SELECT value FROM json_each(?))',
            json.dumps(list(values)),
        )
        return [dict(row) for row in rows]

    def _media_of(self, article_id: int) -> frozenset[str]:
        """The files of ``media`` (SHA-256) that no other article shows or plays."""
        rows = self._sql.all(
            "SELECT m.sha256 FROM images i JOIN media_addresses m ON m.url = i.url "
            "WHERE i.article_id = :id AND m.sha256 IS NOT NULL "
            "UNION SELECT m.sha256 FROM embeds e JOIN media_addresses m ON m.url = e.cover "
            "WHERE e.article_id = :id AND m.sha256 IS NOT NULL "
            "UNION SELECT m.sha256 FROM articles a JOIN media_addresses m ON m.url = a.cover "
            "WHERE a.id = :id AND m.sha256 IS NOT NULL "
            "UNION SELECT r.sha256 FROM article_recordings p JOIN recordings r "
            "ON r.address = p.address WHERE p.article_id = :id AND r.sha256 IS NOT NULL".replace(
                ":id", str(int(article_id))
            )
        )
        digests = {row["sha256"] for row in rows}
        users = self._tables.media.articles_using(digests) if digests else {}
        return frozenset(digest for digest in digests if users[digest] <= {article_id})

    def _media_rows(self, media: frozenset[str]) -> _Rows:
        found = {
            table: self._select(table, "sha256", media)
            for table in ("media", "media_addresses", "recordings")
        }
        return {table: rows for table, rows in found.items() if rows}

    def _paths_of(self, row: sqlite3.Row, rows: _Rows, media: frozenset[str]) -> list[str]:
        versions = [one["path"] for one in rows.get("versions", ()) if one["path"]]
        files = [one["path"] for one in self._select("media", "sha256", media)]
        beside = f"{row['path'].removesuffix('.md')}.new.md"
        return [row["path"], beside, *versions, *files]

    # --- back ---

    def undo(self, name: str, now: datetime) -> Stored:
        """Bring a removed article back as it was. Raises NotHeld, BadInput where it is gone for
        good, DiskTrouble."""
        row = self._row_of(name)
        if row["content"] is None:
            raise BadInput(
                mark(
                    "{key} was removed on {day}, longer ago than it can be brought back: "
                    "`wechat-archive save --again ADDRESS` fetches it anew",
                    key=row["key"],
                    day=for_people(datetime.fromisoformat(row["removed"])),
                )
            )
        rows: _Rows = json.loads(row["content"], object_hook=_from_json)
        paths = self._sql.all("SELECT path FROM removed_files WHERE key = ?", row["key"])
        for path in [one["path"] for one in paths]:
            kept = f"{TRASH}/{row['key']}/{path}"
            if self._files.exists(kept) and not self._files.exists(path):
                self._files.move(kept, path)
        with self._sql.transaction():
            article_id = self._put_back(rows)
            self._sql.run("DELETE FROM removed WHERE key = ?", row["key"])
            self._link_again(article_id)
            index_article(self._sql.conn, article_id)
            self._tables.articles.mark_stale([article_id])
        self._files.remove_folder(f"{TRASH}/{row['key']}")
        return self._tables.articles.stored(article_id)

    def _put_back(self, rows: _Rows) -> int:
        """Each row under its number of before, or another where that is taken; those that name it
        follow."""
        numbers: dict[str, dict[Any, Any]] = {}
        for table in _in_order(rows):
            links = {column: parent for parent, column in parents(self._sql.conn, table)}
            for row in rows[table]:
                values = {
                    name: numbers.get(links.get(name, ""), {}).get(value, value)
                    for name, value in row.items()
                }
                self._put_row_back(table, values, links, numbers)
        (article,) = rows["articles"]
        return int(numbers["articles"][article["id"]])

    def _put_row_back(
        self,
        table: str,
        values: dict[str, Any],
        links: dict[str, str],
        numbers: dict[str, dict[Any, Any]],
    ) -> None:
        key = _row_number(self._sql.conn, table)
        if key is None or key in links:
            self._insert(table, values)
            return
        was = values.pop(key)
        if not self._select(table, key, [was]):
            values[key] = was
        numbers.setdefault(table, {})[was] = self._insert(table, values)

    def _insert(self, table: str, values: dict[str, Any]) -> int:
        known = {row[1] for row in self._sql.conn.execute(f'PRAGMA table_info("{table}")')}
        kept = {name: value for name, value in values.items() if name in known}
        names, marks = ", ".join(f'"{name}"' for name in kept), ", ".join("?" * len(kept))
        sql = f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({marks})'
        return self._sql.conn.execute(sql, tuple(kept.values())).lastrowid or 0

    def _link_again(self, article_id: int) -> None:
        self._tables.links.resolve(article_id)
        identity = self._tables.articles.article(article_id).identity
        if identity is not None:
            self._tables.links.relink_identity(identity, article_id)
        for row in self._sql.all("SELECT address FROM addresses WHERE article_id = ?", article_id):
            self._tables.links.relink_address(row["address"], article_id)
        self._tables.articles.update(article_id)

    # --- remembered ---

    def all(self) -> list[Tombstone]:
        """What was removed, the last first."""
        rows = self._sql.all("SELECT * FROM removed ORDER BY removed DESC, key")
        return [self._tombstone(row) for row in rows]

    def find(self, name: str) -> Tombstone | None:
        """By key, the beginning of one, or canonical address."""
        try:
            return self._tombstone(self._row_of(name))
        except NotHeld:
            return None

    def forget(self, key: str) -> None:
        """Remember it no longer: it may be fetched again, and not be brought back. Raises
        DiskTrouble."""
        self._forget_content(key)
        with self._sql.transaction():
            self._sql.run("DELETE FROM removed WHERE key = ?", key)

    def sweep(self, now: datetime) -> int:
        """What was removed long ago goes for good; that it was is remembered. How many."""
        rows = self._sql.all(
            "SELECT key FROM removed WHERE removed < ? AND (content IS NOT NULL "
            "OR key IN (SELECT key FROM removed_files))",
            iso(now - KEPT),
        )
        for row in rows:
            self._forget_content(row["key"])
        return len(rows)

    def _forget_content(self, key: str) -> None:
        """It can be brought back no longer: said before its files go, so that no kill leaves
        something that only looks as if it could."""
        with self._sql.transaction():
            self._sql.run("UPDATE removed SET content = NULL WHERE key = ?", key)
        self._files.remove_folder(f"{TRASH}/{key}")
        with self._sql.transaction():
            self._sql.run("DELETE FROM removed_files WHERE key = ?", key)

    def _row_of(self, name: str) -> sqlite3.Row:
        addresses = [address.canonical for address in urls.find(name)]
        rows = self._sql.all(
            "SELECT r.* FROM removed r WHERE r.key = ? OR r.key IN (SELECT key FROM "
            "removed_addresses WHERE address IN (SELECT value FROM json_each(?)))",
            name,
            json.dumps(addresses),
        )
        if not rows and len(name) >= 6:
            rows = self._sql.all(
                "SELECT * FROM removed WHERE key BETWEEN ? AND ?", name, f"{name}~"
            )
        if len(rows) != 1:
            raise NotHeld(
                mark(
                    "nothing was removed under {name}: `wechat-archive remove --list` shows what was",
                    name=name,
                )
            )
        return rows[0]

    def _tombstone(self, row: sqlite3.Row) -> Tombstone:
        removed = datetime.fromisoformat(row["removed"])
        until = removed + KEPT if row["content"] is not None else None
        return Tombstone(row["key"], row["title"], row["account"], removed, until)


def cascades(conn: sqlite3.Connection, parent: str) -> Iterator[tuple[str, str, str]]:
    """``(table, column, parent's column)`` of every table whose rows go with those of ``parent``."""
    tables = [
        row[0]
        for row in conn.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
        )
    ]
    for table in tables:
        for row in conn.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
            _, _, target, column, to, _, on_delete, _ = tuple(row)
            if target == parent and on_delete == "CASCADE":
                yield table, column, to or "id"


def parents(conn: sqlite3.Connection, table: str) -> Iterator[tuple[str, str]]:
    """``(parent, column)`` of every foreign key of a table by which its rows go with the parent's."""
    for row in conn.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
        if tuple(row)[6] == "CASCADE":
            yield tuple(row)[2], tuple(row)[3]


def _row_number(conn: sqlite3.Connection, table: str) -> str | None:
    """The column that is the table's own row number, if any."""
    for row in conn.execute(f'PRAGMA table_info("{table}")').fetchall():
        _, name, kind, _, _, key = tuple(row)
        if key == 1 and kind.upper() == "INTEGER":
            return str(name)
    return None


def _in_order(rows: _Rows) -> list[str]:
    """The media first, which others name; then the article and what goes with it as it was found."""
    first = [table for table in ("media", "media_addresses", "recordings") if table in rows]
    return [*first, *(table for table in rows if table not in first)]


def _as_json(value: Any) -> dict[str, str]:
    return {"base64": b64encode(value).decode("ascii")}


def _from_json(value: dict[str, Any]) -> Any:
    return b64decode(value["base64"]) if value.keys() == {"base64"} else value
