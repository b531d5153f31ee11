"""Watched sources: what is looked at again and again for new articles, and when."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archive.crawl.frontier import stamp
from archive.db.transactions import transaction
from archive.errors import BadInput, NotHeld
from scraper import feeds, urls
from scraper.errors import NotAnAddress, ScrapeError
from scraper.redact import redact, redact_url

#: A source that brings nothing new is looked at up to 8 times less often, but at least once a week.
_SLOWEST, _LONGEST = 8.0, 7 * 86400.0
_JITTER = 0.1
_FIRST_REST, _LONGEST_REST = 600.0, 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One watched source. ``every`` in seconds as asked for; times aware, UTC; ``quiet``: looks without
    news in a row."""

    id: int
    address: str
    sort: str
    title: str | None
    every: float
    follow: int
    scope: str
    due: datetime
    checked: datetime | None
    news: datetime | None
    quiet: int
    attempts: int
    etag: str | None
    last_modified: str | None
    error: str | None
    error_class: str | None
    parent_id: int | None

    @property
    def local(self) -> bool:
        """A file on this machine."""
        return not self.address.startswith(("http://", "https://"))

    def to_json(self) -> dict[str, Any]:
        """For ``watch --list --json``."""
        names = ("id", "address", "sort", "title", "every", "follow", "scope", "quiet", "error")
        times = {name: getattr(self, name) for name in ("due", "checked", "news")}
        return {name: getattr(self, name) for name in names} | {
            name: value.isoformat(timespec="seconds") if value else None
            for name, value in times.items()
        }


def identify(text: str) -> tuple[str, str]:
    """What a person wants watched → its address (or absolute path) and sort.

    Sorts: ``article``, ``album``, ``feed`` (http(s); an OPML file there is found out when it is read), ``list``,
    ``opml``, ``bookmarks`` and ``feed`` for files. Raises NotAnAddress, BadInput for a file that cannot be read.
    """
    found = urls.find(text)
    if found:
        return found[0].fetch, "album" if found[0].form == "album" else "article"
    if text.lower().startswith(("http://", "https://")):
        if urls.HOST in text.lower():
            urls.parse(text)  # says what it is instead
        return text.strip(), "feed"
    path = Path(text).expanduser()
    if not path.is_file():
        raise NotAnAddress(
            f"{text!r} is neither an address nor a file: give an article, an album, a feed, or a list file",
            url=text,
        )
    try:
        listing = feeds.read(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    return str(path.absolute()), listing.sort


class Sources:
    """The table ``sources``."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn

    def add(
        self,
        address: str,
        sort: str,
        now: datetime,
        *,
        every: float,
        follow: int | None = None,
        scope: str = "any",
        parent_id: int | None = None,
    ) -> Source:
        """Watch it from now on; watched already: with the new settings. An article is followed one step by default:
        it is watched for what it links to."""
        steps = follow if follow is not None else int(sort == "article")
        with transaction(self.conn):
            self.conn.execute(
                "INSERT INTO sources (address, sort, every, follow, scope, due, parent_id, added) "
                "VALUES (:address, :sort, :every, :follow, :scope, :now, :parent, :now) "
                "ON CONFLICT (address) DO UPDATE SET sort = excluded.sort, every = excluded.every, "
                "follow = excluded.follow, scope = excluded.scope, "
                "due = min(due, excluded.due)",
                {
                    "address": address,
                    "sort": sort,
                    "every": every,
                    "follow": steps,
                    "scope": scope,
                    "now": stamp(now),
                    "parent": parent_id,
                },
            )
        return self.get(address)

    def get(self, name: str) -> Source:
        """By number or address. Raises NotHeld."""
        row = self.conn.execute("SELECT * FROM sources WHERE address = ?", (name,)).fetchone()
        if row is None and name.isdecimal():
            row = self.conn.execute("SELECT * FROM sources WHERE id = ?", (int(name),)).fetchone()
        if row is None:
            raise NotHeld(
                f"{redact_url(name)} is not watched: `wechat-archive watch --list` shows what is"
            )
        return _source(row)

    def watched(self, address: str) -> bool:
        """Whether it is watched."""
        return (
            self.conn.execute("SELECT 1 FROM sources WHERE address = ?", (address,)).fetchone()
            is not None
        )

    def remove(self, source: Source) -> None:
        """Watch it no longer; the articles it brought stay."""
        with transaction(self.conn):
            self.conn.execute("DELETE FROM sources WHERE id = ?", (source.id,))

    def all(self) -> list[Source]:
        """Every source, in the order they were added."""
        return [_source(row) for row in self.conn.execute("SELECT * FROM sources ORDER BY id")]

    def due(self, now: datetime) -> Iterator[Source]:
        """Those to look at now, the longest waiting first. Files on this machine always: looking costs no request,
        and their owner edits them to see something happen."""
        rows = self.conn.execute(
            "SELECT id FROM sources WHERE due <= ? OR address NOT LIKE 'http%' ORDER BY due, id",
            (stamp(now),),
        ).fetchall()
        for row in rows:
            found = self.conn.execute("SELECT * FROM sources WHERE id = ?", (row["id"],)).fetchone()
            if found is not None:
                yield _source(found)

    def looked(self, source: Source, now: datetime, rng: random.Random, **facts: Any) -> None:
        """A look that worked: due again after ``every``, with jitter. One look makes up for all that were missed."""
        due = now + timedelta(seconds=source.every * rng.uniform(1 - _JITTER, 1 + _JITTER))
        values = {
            "checked": stamp(now),
            "due": stamp(due),
            "attempts": 0,
            "error": None,
            "error_class": None,
            **facts,
        }
        self._set(source.id, values)

    def failed(
        self, source: Source, error: ScrapeError | BadInput, now: datetime, rng: random.Random
    ) -> datetime:
        """A look that failed; when the next is due."""
        code = getattr(error, "code", "bad-input")
        rest = min(_FIRST_REST * 2 ** min(source.attempts, 12), _LONGEST_REST) * rng.uniform(
            1 - _JITTER, 1 + _JITTER
        )
        asked = getattr(error, "retry_after", None) or 0.0
        due = now + timedelta(seconds=max(rest, min(asked, 3600.0)))
        values = {
            "due": stamp(due),
            "attempts": source.attempts + 1,
            "error": redact(str(error)),
            "error_class": code,
        }
        self._set(source.id, values)
        return due

    def note_news(self, now: datetime, rng: random.Random) -> int:
        """After a run: what brought nothing is looked at less often, what did as often as asked. How many new."""
        rows = self.conn.execute(
            "SELECT s.*, (SELECT count(*) FROM frontier f WHERE f.source_id = s.id AND f.added >= s.checked) AS fresh "
            "FROM sources s WHERE s.checked IS NOT NULL AND s.error IS NULL AND (s.news IS NULL OR s.news < s.checked) "
            "AND s.checked >= ?",
            (self._since(),),
        ).fetchall()
        total = 0
        with transaction(self.conn):
            for row in rows:
                total += row["fresh"]
                quiet = 0 if row["fresh"] else row["quiet"] + 1
                slower = min(1.5 ** min(quiet, 20), _SLOWEST)
                wait = max(min(row["every"] * slower, _LONGEST), row["every"])
                due = datetime.fromisoformat(row["checked"]) + timedelta(
                    seconds=wait * rng.uniform(1 - _JITTER, 1 + _JITTER)
                )
                values = {"quiet": quiet, "due": stamp(due)}
                if row["fresh"]:
                    values["news"] = stamp(now)
                self._set(row["id"], values)
        return total

    def _since(self) -> str:
        """When the present run began: only what it looked at is judged."""
        row = self.conn.execute("SELECT max(started) FROM runs").fetchone()
        return str(row[0] or "")

    def _set(self, source_id: int, values: dict[str, Any]) -> None:
        sets = ", ".join(f"{name} = :{name}" for name in values)
        with transaction(self.conn):
            self.conn.execute(
                f"UPDATE sources SET {sets} WHERE id = :source_id",
                {**values, "source_id": source_id},
            )


_SAME = (
    *("id", "address", "sort", "title", "every", "follow", "scope", "quiet", "attempts"),
    *("etag", "last_modified", "error", "error_class", "parent_id"),
)


def _source(row: sqlite3.Row) -> Source:
    return Source(
        **{name: row[name] for name in _SAME},
        due=datetime.fromisoformat(row["due"]),
        checked=datetime.fromisoformat(row["checked"]) if row["checked"] else None,
        news=datetime.fromisoformat(row["news"]) if row["news"] else None,
    )
