"""Images and other media: stored once by their bytes, found again under every address they were
seen at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from archive.db.files import Files
from archive.db.names import MEDIA, media_name
from archive.record import iso
from archive.store.articles import Articles
from archive.store.decide import image_id
from archive.store.sql import Sql
from archive.store.types import Downloaded, MissingImage

if TYPE_CHECKING:
    from archive.store.recordings import Recordings


class Media:
    """The ``media`` folder and its tables."""

    def __init__(self, sql: Sql, files: Files, articles: Articles, recordings: Recordings) -> None:
        self._sql = sql
        self._files = files
        self._articles = articles
        self._recordings = recordings

    def path_of(self, url: str) -> str | None:
        """Where the file of this image is, from the archive's folder; None while it is not held.

        Another size or host of a picture that is held counts as held.
        """
        row = self._sql.one(
            "SELECT m.path FROM media_addresses a JOIN media m ON m.sha256 = a.sha256 WHERE a.url = ?",
            url,
        ) or self._sql.one(
            "SELECT m.path FROM media_addresses a JOIN media m ON m.sha256 = a.sha256 "
            "WHERE a.image_id = ? ORDER BY m.bytes DESC LIMIT 1",
            image_id(url),
        )
        return str(row["path"]) if row else None

    def add(self, url: str, download: Downloaded, now: datetime) -> str:
        """Keep a fetched image under its address; its path. The same bytes are stored once.

        The file is on disk when this returns, its row before the next synced transaction is: a
        power cut between the two leaves a file that is asked for once more. Files of articles that
        show it as far away become stale (``write_stale_files``). Raises DiskTrouble.
        """
        digest = hashlib.sha256(download.body).hexdigest()
        known = self._sql.one("SELECT path FROM media WHERE sha256 = ?", digest)
        path = str(known["path"]) if known else media_name(digest, download.extension)
        if not known or not self._files.exists(path):
            self._files.write(path, download.body)
        with self._sql.unsynced_transaction():
            if not known:
                self._sql.run(
                    "INSERT INTO media (sha256, path, type, bytes, added) VALUES (?, ?, ?, ?, ?)",
                    digest,
                    path,
                    download.type,
                    len(download.body),
                    iso(now),
                )
            self._sql.run(
                "INSERT INTO media_addresses (url, image_id, sha256, attempts) VALUES (?, ?, ?, 1) "
                "ON CONFLICT (url) DO UPDATE SET sha256 = excluded.sha256, image_id = excluded.image_id, "
                "attempts = attempts + 1, due = NULL, error = NULL, error_class = NULL",
                url,
                image_id(url),
                digest,
            )
            self._articles.mark_stale(self._showing(url))
        return path

    def failed(self, url: str, error: Exception, now: datetime, due: datetime | None) -> None:
        """Note that an image could not be fetched, and when to try again (None: never).

        An article that shows it keeps the far address and says in its front matter what went wrong.
        """
        with self._sql.transaction():
            was = self._sql.one("SELECT error, sha256 FROM media_addresses WHERE url = ?", url)
            said = " ".join(str(error).split()) or type(error).__name__
            self._sql.run(
                "INSERT INTO media_addresses (url, image_id, attempts, due, error, error_class) "
                "VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT (url) DO UPDATE SET attempts = attempts + 1, "
                "due = excluded.due, error = excluded.error, error_class = excluded.error_class",
                url,
                image_id(url),
                iso(due) if due else None,
                said,
                getattr(error, "code", type(error).__name__),
            )
            if was is None or (was["sha256"] is None and was["error"] != said):
                self._articles.mark_stale(self._showing(url))

    def missing(
        self, now: datetime, limit: int | None = None, *, untried: bool = False
    ) -> list[MissingImage]:
        """The images that are worth another try now, longest waiting first; with ``untried`` also
        those of kept articles that nobody asked for yet (``images`` was ``remote`` then)."""
        room = -1 if limit is None else limit
        rows = self._sql.all(
            "SELECT url, attempts, error FROM media_addresses WHERE sha256 IS NULL AND due <= ? "
            "ORDER BY due, url LIMIT ?",
            iso(now),
            room,
        )
        found = [MissingImage(row["url"], row["attempts"], row["error"]) for row in rows]
        if untried and (limit is None or len(found) < limit):
            rows = self._sql.all(
                "SELECT DISTINCT i.url FROM images i LEFT JOIN media_addresses m ON m.url = i.url "
                "WHERE m.url IS NULL ORDER BY i.article_id, i.position LIMIT ?",
                room if limit is None else limit - len(found),
            )
            found += [
                MissingImage(row["url"], 0, None) for row in rows if not self.path_of(row["url"])
            ]
        return found

    def forget(self, digest: str, path: str | None, now: datetime) -> None:
        """Damaged bytes: fetched again by the next run; articles show the far address meanwhile."""
        with self._sql.transaction():
            rows = self._sql.all("SELECT url FROM media_addresses WHERE sha256 = ?", digest)
            self._sql.run(
                "UPDATE media_addresses SET sha256 = NULL, due = ?, error = ?, "
                "error_class = 'damaged' WHERE sha256 = ?",
                iso(now),
                "the file was damaged or missing",
                digest,
            )
            self._recordings.forget(digest, now)
            self._sql.run("DELETE FROM media WHERE sha256 = ?", digest)
            for row in rows:
                self._articles.mark_stale(self._showing(row["url"]))
        if path is not None and path.startswith(f"{MEDIA}/"):
            self._files.remove(path)

    def articles_using(self, digests: Collection[str]) -> dict[str, set[int]]:
        """Which articles show or play each of these files of ``media/`` (SHA-256 in hex): in their
        body, as a cover, as a sound or video, also by the address of another size of a picture. One
        look through the pictures, however many files are asked about."""
        users: dict[str, set[int]] = {digest: set() for digest in digests}
        by_url, by_id = self._addresses_of(users)
        for url, article_id in self._shown():
            digest = by_url.get(url)
            if digest is not None:
                users[digest].add(article_id)
        for url, article_id in self._shown("m.url IS NULL") if by_id else ():
            digest = by_id.get(image_id(url))
            if digest is not None:
                users[digest].add(article_id)
        for digest in users:
            users[digest] |= self._recordings.articles_using(digest)
        return users

    def _addresses_of(self, digests: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Address → digest and image id → digest, of these files."""
        by_url: dict[str, str] = {}
        by_id: dict[str, str] = {}
        for row in self._sql.all("SELECT url, image_id, sha256 FROM media_addresses"):
            if row["sha256"] in digests:
                by_url[row["url"]] = row["sha256"]
                by_id[row["image_id"]] = row["sha256"]
        return by_url, by_id

    def _shown(self, condition: str = "1") -> list[tuple[str, int]]:
        """Each picture that an article shows: address and article."""
        rows = self._sql.all(
            "SELECT s.url, s.article_id FROM ("
            "SELECT url, article_id FROM images "
            "UNION SELECT cover, article_id FROM embeds WHERE cover IS NOT NULL "
            "UNION SELECT cover, id FROM articles WHERE cover IS NOT NULL) s "
            f"LEFT JOIN media_addresses m ON m.url = s.url WHERE {condition}"
        )
        return [(row[0], row[1]) for row in rows]

    def _showing(self, url: str) -> list[int]:
        return [
            row["article_id"]
            for row in self._sql.all(
                "SELECT article_id FROM images WHERE url = ? UNION SELECT c.article_id "
                "FROM comment_pictures p JOIN comments c ON c.id = p.comment_id WHERE p.url = ?",
                url,
                url,
            )
        ]
