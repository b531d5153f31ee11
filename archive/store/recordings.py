"""Sound and video: which article plays which recording, what is held of them, what is on its way.

The bytes are stored once by their content in ``media/``, like a picture's. What a recording goes by
is said by ``scraper.recordings``.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from archive.db import parts
from archive.db.files import Files
from archive.db.names import media_name
from archive.db.recording_tables import are_known
from archive.json_fields import AsDict
from archive.record import iso
from archive.store.articles import Articles
from archive.store.sql import Sql
from archive.store.types import Downloaded
from scraper.records import dataclass

#: Statements take so many values at once (SQLite allowed 999 before 3.32).
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRecording(AsDict):
    """A recording of an article: ``path`` from the archive's folder, ``type`` by its bytes, as
    ``audio/mpeg``, and size where it is held; else what went wrong and when it is tried again
    (ISO 8601, UTC), both ``None`` for one that nobody asked for.
    """

    address: str
    sort: str
    path: str | None = None
    type: str | None = None
    bytes: int | None = None
    error: str | None = None
    due: str | None = None


@dataclass(frozen=True, slots=True)
class WantedRecording:
    """One that is worth a try now: ``attempts`` so far, ``articles`` that play it, newest first."""

    address: str
    sort: str
    attempts: int
    articles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PartState:
    """What lies in the part file ``file``; see ``archive.db.recording_tables``."""

    file: str
    source: str
    validator: str | None
    total: int | None


class Recordings:
    """The tables ``recordings``, ``article_recordings`` and ``recording_parts``.

    An archive of before there were any, opened for reading, holds none.
    """

    def __init__(self, sql: Sql, files: Files, articles: Articles) -> None:
        self._sql = sql
        self._files = files
        self._articles = articles

    # --- what is held -----------------------------------------------------------------------------

    def of(self, article_id: int) -> list[HeldRecording]:
        """The recordings of an article, in reading order."""
        return list(self.of_all([article_id]).get(article_id, ()))

    def of_all(self, article_ids: Sequence[int]) -> dict[int, list[HeldRecording]]:
        """The same of several articles; those without any are left out."""
        found: dict[int, list[HeldRecording]] = {}
        if not self._sql.has_tables("recordings"):
            return found
        for begin in range(0, len(article_ids), _AT_ONCE):
            some = article_ids[begin : begin + _AT_ONCE]
            for row in self._sql.all(
                "SELECT p.article_id, p.address, p.sort, m.path, m.type, m.bytes, r.error, r.due "
                "FROM article_recordings p LEFT JOIN recordings r ON r.address = p.address "
                "LEFT JOIN media m ON m.sha256 = r.sha256 "
                f"WHERE p.article_id IN ({','.join('?' * len(some))}) "
                "ORDER BY p.article_id, p.position",
                *some,
            ):
                values = {name: row[name] for name in HeldRecording.__slots__}
                found.setdefault(row["article_id"], []).append(HeldRecording(**values))
        return found

    def path_of(self, address: str) -> str | None:
        """Where the file of this recording is, from the archive's folder; None while it is not
        held.
        """
        if not self._sql.has_tables("recordings"):
            return None
        row = self._sql.one(
            "SELECT m.path FROM recordings r JOIN media m ON m.sha256 = r.sha256 "
            "WHERE r.address = ?",
            address,
        )
        return str(row["path"]) if row else None

    def articles_of(self, address: str) -> list[int]:
        """The articles that play it, newest first."""
        return [
            row["article_id"]
            for row in self._sql.all(
                "SELECT DISTINCT article_id FROM article_recordings WHERE address = ? "
                "ORDER BY article_id DESC",
                address,
            )
        ]

    def articles_using(self, digest: str) -> set[int]:
        """The articles that play the file with this SHA-256."""
        if not self._sql.has_tables("recordings"):
            return set()
        rows = self._sql.all(
            "SELECT p.article_id FROM recordings r "
            "JOIN article_recordings p ON p.address = r.address WHERE r.sha256 = ?",
            digest,
        )
        return {row["article_id"] for row in rows}

    # --- what is to be fetched --------------------------------------------------------------------

    def want(
        self, sorts: Collection[str], now: datetime, article_ids: Iterable[int] | None = None
    ) -> int:
        """Note that the recordings of these sorts are wanted, of these articles or (``None``) of
        all; how many nobody had asked for before."""
        asked = 0
        with self._sql.transaction():
            for sort in sorts:
                if article_ids is None:
                    asked += self._want("p.sort = ?", now, sort)
                    continue
                for article_id in article_ids:
                    asked += self._want("p.sort = ? AND p.article_id = ?", now, sort, article_id)
        return asked

    def note(self, address: str, sort: str, now: datetime) -> None:
        """Note that a recording is wanted, whoever plays it."""
        with self._sql.transaction():
            self._sql.run(
                "INSERT OR IGNORE INTO recordings (address, sort, due) VALUES (?, ?, ?)",
                *(address, sort, iso(now)),
            )

    def _want(self, condition: str, now: datetime, *values: object) -> int:
        return self._sql.run(
            "INSERT OR IGNORE INTO recordings (address, sort, due) SELECT p.address, p.sort, ? "
            "FROM article_recordings p LEFT JOIN recordings r ON r.address = p.address "
            f"WHERE r.address IS NULL AND {condition} GROUP BY p.address ORDER BY p.rowid",
            iso(now),
            *values,
        )

    def due(
        self, now: datetime, limit: int | None = None, article_ids: set[int] | None = None
    ) -> list[WantedRecording]:
        """Those worth a try now, longest waiting first; with ``article_ids`` only theirs. One that
        no article plays any more is not among them."""
        rows = self._sql.all(
            "SELECT r.address, r.sort, r.attempts, group_concat(p.article_id) AS articles "
            "FROM recordings r JOIN article_recordings p ON p.address = r.address "
            "WHERE r.sha256 IS NULL AND r.due <= ? GROUP BY r.address ORDER BY r.due, r.rowid",
            iso(now),
        )
        found = []
        for row in rows:
            articles = sorted({int(n) for n in row["articles"].split(",")}, reverse=True)
            if article_ids is None or not article_ids.isdisjoint(articles):
                found.append(
                    WantedRecording(row["address"], row["sort"], row["attempts"], tuple(articles))
                )
        return found[:limit]

    def has_due(self, now: datetime, sorts: Collection[str]) -> bool:
        """Whether one is due, or one of these sorts was never asked for."""
        marks = ",".join("?" * len(sorts))
        return bool(
            self._sql.one(
                "SELECT 1 FROM recordings r JOIN article_recordings p ON p.address = r.address "
                "WHERE r.sha256 IS NULL AND r.due <= ? LIMIT 1",
                iso(now),
            )
            or self._sql.one(
                "SELECT 1 FROM article_recordings p LEFT JOIN recordings r ON r.address = p.address "
                f"WHERE r.address IS NULL AND p.sort IN ({marks}) LIMIT 1",
                *sorts,
            )
        )

    def failed(self, address: str, error: Exception, now: datetime, due: datetime | None) -> None:
        """Note that a recording could not be fetched, and when to try again (None: never).

        What came of it stays in its part file, unless it is never asked for again.
        """
        said = " ".join(str(error).split()) or type(error).__name__
        with self._sql.transaction():
            was = self._sql.one("SELECT error FROM recordings WHERE address = ?", address)
            self._sql.run(
                "UPDATE recordings SET attempts = attempts + 1, due = ?, error = ?, "
                "error_class = ? WHERE address = ?",
                iso(due) if due else None,
                said,
                getattr(error, "code", type(error).__name__),
                address,
            )
            if was is None or was["error"] != said:
                self._articles.mark_stale(self.articles_of(address))
        if due is None:
            self.drop_part(address)

    def make_due(self, error_class: str, now: datetime) -> None:
        """What ended those that failed so is mended: they are tried now."""
        with self._sql.transaction():
            self._sql.run(
                "UPDATE recordings SET due = ? WHERE error_class = ? AND sha256 IS NULL",
                *(iso(now), error_class),
            )

    def put_off(self, address: str, due: datetime) -> None:
        """Not asked for before ``due``; that is no failure."""
        with self._sql.transaction():
            self._sql.run("UPDATE recordings SET due = ? WHERE address = ?", iso(due), address)

    # --- bytes in ---------------------------------------------------------------------------------

    def add(self, address: str, sort: str, download: Downloaded, now: datetime) -> str:
        """Keep a whole recording that came as bytes; its path. Raises DiskTrouble."""
        digest = hashlib.sha256(download.body).hexdigest()
        path = self._path_for(digest, download.extension)
        if not self._files.exists(path):
            self._files.write(path, download.body)
        with self._sql.transaction():
            self._sql.run(
                "INSERT OR IGNORE INTO recordings (address, sort) VALUES (?, ?)", address, sort
            )
            self._note(address, digest, path, download.type, len(download.body), now)
        self.drop_part(address)
        return path

    def part(self, address: str) -> PartState | None:
        """What came of a recording so far."""
        row = self._sql.one("SELECT * FROM recording_parts WHERE address = ?", address)
        if row is None or row["sha256"] is not None:
            return None
        return PartState(row["file"], row["source"], row["validator"], row["total"])

    def begin_part(
        self, address: str, source: str, validator: str | None, total: int | None
    ) -> PartState:
        """A part file for bytes of another answer; what came before is given up. Its row is there
        before its first byte."""
        self.drop_part(address)
        state = PartState(parts.new_name(), source, validator, total)
        with self._sql.transaction():
            self._sql.run(
                "INSERT INTO recording_parts (address, file, source, validator, total) "
                "VALUES (?, ?, ?, ?, ?)",
                address,
                *(state.file, state.source, state.validator, state.total),
            )
        return state

    def drop_part(self, address: str) -> None:
        """Give up what came of it."""
        row = self._sql.one("SELECT file FROM recording_parts WHERE address = ?", address)
        if row is not None:
            with self._sql.transaction():
                self._sql.run("DELETE FROM recording_parts WHERE address = ?", address)
            parts.remove(self._files, row["file"])

    def finish_part(
        self, address: str, digest: str, type: str, extension: str, now: datetime
    ) -> str:
        """The whole part file, flushed, whose hash is ``digest``, as the recording; its path.

        First it is noted that everything came, then the file gets its name, then its rows: a kill
        between any two is made good by ``recover``. Raises DiskTrouble.
        """
        path = self._path_for(digest, extension)
        with self._sql.transaction():
            self._sql.run(
                "UPDATE recording_parts SET sha256 = ?, path = ?, type = ? WHERE address = ?",
                *(digest, path, type, address),
            )
        row = self._sql.one("SELECT * FROM recording_parts WHERE address = ?", address)
        assert row is not None
        return self._place(row, now)

    def recover(self, now: datetime) -> None:
        """After a kill: give files that came whole their place, take away what no row names and
        what is never asked for again. Raises DiskTrouble."""
        for row in self._sql.all("SELECT * FROM recording_parts WHERE sha256 IS NOT NULL"):
            there = parts.place_of(self._files, row["file"]).is_file()
            if there or self._files.exists(row["path"]):
                self._place(row, now)
            else:
                self.drop_part(row["address"])
        for row in self._sql.all(
            "SELECT p.address FROM recording_parts p JOIN recordings r ON r.address = p.address "
            "WHERE r.due IS NULL"
        ):
            self.drop_part(row["address"])
        known = {row["file"] for row in self._sql.all("SELECT file FROM recording_parts")}
        parts.sweep_scratch(self._files)
        for name in parts.names(self._files):
            if name not in known:
                parts.remove(self._files, name)

    def _place(self, row: sqlite3.Row, now: datetime) -> str:
        path = str(row["path"])
        if self._files.exists(path):
            parts.remove(self._files, row["file"])
        else:
            parts.adopt(self._files, row["file"], path)
        size = self._files.place(path).stat().st_size
        with self._sql.transaction():
            self._note(row["address"], row["sha256"], path, row["type"], size, now)
            self._sql.run("DELETE FROM recording_parts WHERE address = ?", row["address"])
        return path

    def _path_for(self, digest: str, extension: str) -> str:
        known = self._sql.one("SELECT path FROM media WHERE sha256 = ?", digest)
        return str(known["path"]) if known else media_name(digest, extension)

    def _note(
        self, address: str, digest: str, path: str, type: str, size: int, now: datetime
    ) -> None:
        self._sql.run(
            "INSERT OR IGNORE INTO media (sha256, path, type, bytes, added) VALUES (?, ?, ?, ?, ?)",
            *(digest, path, type, size, iso(now)),
        )
        self._sql.run(
            "UPDATE recordings SET sha256 = ?, attempts = attempts + 1, due = NULL, error = NULL, "
            "error_class = NULL WHERE address = ?",
            digest,
            address,
        )
        self._articles.mark_stale(self.articles_of(address))

    def forget(self, digest: str, now: datetime) -> None:
        """Damaged bytes, inside the caller's transaction: fetched again by the next run."""
        if not self._sql.has_tables("recordings"):
            return
        rows = self._sql.all("SELECT address FROM recordings WHERE sha256 = ?", digest)
        self._sql.run(
            "UPDATE recordings SET sha256 = NULL, due = ?, error = ?, error_class = 'damaged' "
            "WHERE sha256 = ?",
            *(iso(now), "the file was damaged or missing", digest),
        )
        for row in rows:
            self._articles.mark_stale(self.articles_of(row["address"]))


def tally(conn: sqlite3.Connection, article_id: int) -> dict[str, int]:
    """How much sound and video of an article is held, and how much is not."""
    held, all_ = 0, 0
    if are_known(conn):
        held, all_ = conn.execute(
            "SELECT count(r.sha256), count(*) FROM article_recordings p "
            "LEFT JOIN recordings r ON r.address = p.address WHERE p.article_id = ?",
            (article_id,),
        ).fetchone()
    return {"media_held": held, "media_missing": all_ - held}
