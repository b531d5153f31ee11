"""Images and other media: stored once by their bytes, found again under every address they were seen at."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from archive.record import iso
from archive.store.decide import image_id
from archive.store.types import Downloaded, MissingImage
from archive.store.writing import Writing
from scraper.models import Article

_EXTENSION = re.compile(r"\.?([a-z0-9]{1,8})")


class Media(Writing):
    """The ``media`` folder and its tables."""

    def media_path(self, url: str) -> str | None:
        """Where the file of this image is, from the archive's folder; None while it is not held.

        Another size or host of a picture that is held counts as held.
        """
        row = self._one(
            "SELECT m.path FROM media_addresses a JOIN media m ON m.sha256 = a.sha256 WHERE a.url = ?",
            url,
        ) or self._one(
            "SELECT m.path FROM media_addresses a JOIN media m ON m.sha256 = a.sha256 "
            "WHERE a.image_id = ? ORDER BY m.bytes DESC LIMIT 1",
            image_id(url),
        )
        return str(row["path"]) if row else None

    def add_media(self, url: str, download: Downloaded, now: datetime) -> str:
        """Keep a fetched image under its address; its path. The same bytes are stored once.

        Files of articles that show it as far away become stale (``settle``). Raises DiskTrouble.
        """
        digest = hashlib.sha256(download.body).hexdigest()
        known = self._one("SELECT path FROM media WHERE sha256 = ?", digest)
        path = str(known["path"]) if known else media_name(digest, download.extension)
        if not known or not self.files.exists(path):
            self.files.write(path, download.body)
        with self._writing():
            if not known:
                self._run(
                    "INSERT INTO media (sha256, path, type, bytes, added) VALUES (?, ?, ?, ?, ?)",
                    digest,
                    path,
                    download.type,
                    len(download.body),
                    iso(now),
                )
            self._run(
                "INSERT INTO media_addresses (url, image_id, sha256, attempts) VALUES (?, ?, ?, 1) "
                "ON CONFLICT (url) DO UPDATE SET sha256 = excluded.sha256, image_id = excluded.image_id, "
                "attempts = attempts + 1, due = NULL, error = NULL, error_class = NULL",
                url,
                image_id(url),
                digest,
            )
            self._mark_stale(self._showing(url))
        return path

    def media_failed(self, url: str, error: Exception, now: datetime, due: datetime | None) -> None:
        """Note that an image could not be fetched, and when to try again (None: never).

        An article that shows it keeps the far address and says in its front matter what went wrong.
        """
        with self._writing():
            was = self._one("SELECT error, sha256 FROM media_addresses WHERE url = ?", url)
            said = " ".join(str(error).split()) or type(error).__name__
            self._run(
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
                self._mark_stale(self._showing(url))

    def missing_media(
        self, now: datetime, limit: int | None = None, *, untried: bool = False
    ) -> list[MissingImage]:
        """The images that are worth another try now, longest waiting first; with ``untried`` also those of kept
        articles that nobody asked for yet (``images`` was ``remote`` then)."""
        room = -1 if limit is None else limit
        rows = self._all(
            "SELECT url, attempts, error FROM media_addresses WHERE sha256 IS NULL AND due <= ? "
            "ORDER BY due, url LIMIT ?",
            iso(now),
            room,
        )
        found = [MissingImage(row["url"], row["attempts"], row["error"]) for row in rows]
        if untried and (limit is None or len(found) < limit):
            rows = self._all(
                "SELECT DISTINCT i.url FROM images i LEFT JOIN media_addresses m ON m.url = i.url "
                "WHERE m.url IS NULL ORDER BY i.article_id, i.position LIMIT ?",
                room if limit is None else limit - len(found),
            )
            found += [
                MissingImage(row["url"], 0, None) for row in rows if not self.media_path(row["url"])
            ]
        return found

    def image_urls(self, article: Article) -> list[str]:
        """The addresses to fetch for an article, in reading order, each once."""
        urls = (image.url for image in article.images if image.role != "cover")
        return list(dict.fromkeys(url for url in urls if url.startswith(("https://", "http://"))))

    def missing_images(self, article_id: int) -> list[MissingImage]:
        """The article's images that are not held and that another try may bring, due or not."""
        rows = self._all(
            "SELECT i.url, m.attempts, m.error, m.due FROM images i LEFT JOIN media_addresses m ON m.url = i.url "
            "WHERE i.article_id = ? AND i.role != 'cover' AND m.sha256 IS NULL "
            "AND (m.url IS NULL OR m.due IS NOT NULL) GROUP BY i.url ORDER BY min(i.position)",
            article_id,
        )
        return [
            MissingImage(row["url"], row["attempts"] or 0, row["error"])
            for row in rows
            if row["url"].startswith(("https://", "http://")) and not self.media_path(row["url"])
        ]

    def _showing(self, url: str) -> list[int]:
        return [
            row["article_id"]
            for row in self._all("SELECT DISTINCT article_id FROM images WHERE url = ?", url)
        ]


def media_name(digest: str, extension: str) -> str:
    """``media/ab/abcdef….ext``: by content, so that no address decides where something is written."""
    found = _EXTENSION.fullmatch(extension.lower())
    return f"media/{digest[:2]}/{digest}.{found[1] if found else 'bin'}"
