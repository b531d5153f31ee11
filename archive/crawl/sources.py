"""Watched sources: what is looked at again and again for new articles, and when."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Self

from archive.crawl.frontier import stamp
from archive.db.transactions import transaction
from archive.errors import NotHeld
from archive.json_fields import AsDict, json_field
from scraper.crawl.backoff import Rests
from scraper.errors import ScrapeError
from scraper.messages import mark
from scraper.records import dataclass

#: A source that brings nothing new is looked at up to 8 times less often, but at least once a week.
_SLOWEST, _LONGEST = 8.0, 7 * 86400.0
_JITTER = 0.1
_RESTS = Rests(first=600.0, longest=86400.0, jitter=_JITTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRules(AsDict):
    """What of a source is kept: what the query ``include`` means and ``exclude`` does not. ``tags``
    are given to it; ``group`` is the source's own."""

    include: str | None = None
    exclude: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None

    @classmethod
    def of(
        cls,
        *,
        include: str | None = None,
        exclude: str | None = None,
        tags: Iterable[str] = (),
        group: str | None = None,
    ) -> Self:
        """The rules as a person writes them. Raises BadQuery for a query that means nothing,
        BadInput for a tag that is too long."""
        from archive.document.own import tag_of
        from archive.search.query import parse

        for query in (include, exclude):
            if query:
                parse(query)
        return cls(
            include=include or None,
            exclude=exclude or None,
            tags=tuple(dict.fromkeys(tag for text in tags if (tag := tag_of(text)))),
            group=group or None,
        )


_NO_RULES = SourceRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedSource(AsDict):
    """One watched source. ``every`` in seconds as asked for; times aware, UTC; ``quiet``: looks
    without news in a row."""

    id: int
    address: str
    type: str = json_field(name="sort")
    title: str | None
    every: float
    follow: int
    scope: str
    due: datetime = json_field(timespec="seconds")
    checked: datetime | None = json_field(timespec="seconds")
    news: datetime | None = json_field(timespec="seconds")
    quiet: int
    attempts: int = json_field(hidden=True)
    etag: str | None = json_field(hidden=True)
    last_modified: str | None = json_field(hidden=True)
    error: str | None
    error_code: str | None = json_field(hidden=True)
    parent_id: int | None = json_field(hidden=True)
    rules: SourceRules = json_field(default=_NO_RULES, spread=True)

    @property
    def local(self) -> bool:
        """A file on this machine."""
        return not self.address.startswith(("http://", "https://"))


class Sources:
    """The table ``sources``."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn

    def add(
        self,
        address: str,
        type: str,
        now: datetime,
        *,
        every: float,
        follow: int = 0,
        scope: str = "any",
        parent_id: int | None = None,
    ) -> WatchedSource:
        """Watch it from now on; watched already: with the new settings."""
        with transaction(self.conn):
            self.conn.execute(
                "INSERT INTO sources (address, sort, every, follow, scope, due, parent_id, added) "
                "VALUES (:address, :sort, :every, :follow, :scope, :now, :parent, :now) "
                "ON CONFLICT (address) DO UPDATE SET sort = excluded.sort, every = excluded.every, "
                "follow = excluded.follow, scope = excluded.scope, "
                "due = min(due, excluded.due)",
                {
                    "address": address,
                    "sort": type,
                    "every": every,
                    "follow": follow,
                    "scope": scope,
                    "now": stamp(now),
                    "parent": parent_id,
                },
            )
        return self.get(address)

    def set_rules(self, address: str, rules: SourceRules) -> None:
        """What of this source is kept, from now on: with other rules the next look reads all of it,
        although nothing in it may have changed."""
        if self.get(address).rules == rules:
            return
        with transaction(self.conn):
            self.conn.execute(
                "UPDATE sources SET etag = NULL, last_modified = NULL, checked = NULL "
                "WHERE address = ?1 OR parent_id = (SELECT id FROM sources WHERE address = ?1)",
                (address,),
            )
            self.conn.execute(
                "UPDATE sources SET include = ?, exclude = ?, tags = ?, group_name = ? "
                "WHERE address = ?",
                (rules.include, rules.exclude, "\n".join(rules.tags), rules.group, address),
            )

    def rules_for(self, task_id: int) -> SourceRules:
        """Those of the source that brought this address into the queue, also by way of a list of
        feeds; none where nothing did."""
        row = self.conn.execute(
            "SELECT source_id FROM frontier WHERE id = ?", (task_id,)
        ).fetchone()
        is_named = row is not None and row["source_id"] is not None
        return self.rules_of(row["source_id"]) if is_named else _NO_RULES

    def rules_of(self, source_id: int | None) -> SourceRules:
        """Those of a source; of one that a list of feeds named, where it has none, the list's."""
        row = self.conn.execute(
            "SELECT s.*, p.include AS of_include, p.exclude AS of_exclude, p.tags AS of_tags, "
            "p.group_name AS of_group FROM sources s LEFT JOIN sources p ON p.id = s.parent_id "
            "WHERE s.id = ?",
            (source_id,),
        ).fetchone()
        if row is None:
            return _NO_RULES
        return SourceRules(
            include=row["include"] or row["of_include"],
            exclude=row["exclude"] or row["of_exclude"],
            tags=tuple((row["tags"] or row["of_tags"] or "").splitlines()),
            group=row["group_name"] or row["of_group"],
        )

    def get(self, name: str) -> WatchedSource:
        """By number or address. Raises NotHeld."""
        row = self.conn.execute("SELECT * FROM sources WHERE address = ?", (name,)).fetchone()
        if row is None and name.isdecimal():
            # SQLite makes the number: of more digits than it has bits for, none that is held.
            sql = "SELECT * FROM sources WHERE id = CAST(? AS INTEGER)"
            row = self.conn.execute(sql, (name,)).fetchone()
        if row is None:
            raise NotHeld(
                mark(
                    "{name} is not watched: `wechat-archive watch --list` shows what is", name=name
                )
            )
        return _source(row)

    def watched(self, address: str) -> bool:
        """Whether it is watched."""
        return (
            self.conn.execute("SELECT 1 FROM sources WHERE address = ?", (address,)).fetchone()
            is not None
        )

    def remove(self, source: WatchedSource) -> None:
        """Watch it no longer; the articles it brought stay."""
        with transaction(self.conn):
            self.conn.execute("DELETE FROM sources WHERE id = ?", (source.id,))

    def all(self) -> list[WatchedSource]:
        """Every source, in the order they were added."""
        return [_source(row) for row in self.conn.execute("SELECT * FROM sources ORDER BY id")]

    def due(self, now: datetime) -> Iterator[WatchedSource]:
        """Those to look at now, the longest waiting first. Files on this machine always: looking
        costs no request, and their owner edits them to see something happen."""
        rows = self.conn.execute(
            "SELECT id FROM sources WHERE due <= ? OR address NOT LIKE 'http%' ORDER BY due, id",
            (stamp(now),),
        ).fetchall()
        for row in rows:
            found = self.conn.execute("SELECT * FROM sources WHERE id = ?", (row["id"],)).fetchone()
            if found is not None:
                yield _source(found)

    def looked(
        self, source: WatchedSource, now: datetime, rng: random.Random, **facts: Any
    ) -> None:
        """A look that worked: due again after ``every``, with jitter. One look makes up for all
        that were missed.
        """
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
        self, source: WatchedSource, error: ScrapeError, now: datetime, rng: random.Random
    ) -> datetime:
        """A look that failed; when the next is due."""
        due = now + timedelta(seconds=_RESTS.after(source.attempts, rng, error))
        values = {
            "due": stamp(due),
            "attempts": source.attempts + 1,
            "error": str(error),
            "error_class": error.code,
        }
        self._set(source.id, values)
        return due

    def note_news(self, now: datetime, rng: random.Random) -> int:
        """After a run: what brought nothing is looked at less often, what did as often as asked.
        How many new.
        """
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
    *("id", "address", "title", "every", "follow", "scope", "quiet", "attempts"),
    *("etag", "last_modified", "error", "parent_id"),
)


def _rules(row: sqlite3.Row) -> SourceRules:
    if "include" not in row.keys():  # noqa: SIM118 - read before it was brought up to date
        return _NO_RULES
    tags = tuple((row["tags"] or "").splitlines())
    return SourceRules(
        include=row["include"], exclude=row["exclude"], tags=tags, group=row["group_name"]
    )


def _source(row: sqlite3.Row) -> WatchedSource:
    return WatchedSource(
        **{name: row[name] for name in _SAME},
        type=row["sort"],
        rules=_rules(row),
        error_code=row["error_class"],
        due=datetime.fromisoformat(row["due"]),
        checked=datetime.fromisoformat(row["checked"]) if row["checked"] else None,
        news=datetime.fromisoformat(row["news"]) if row["news"] else None,
    )
