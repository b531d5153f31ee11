"""The durable queue behind every crawl: what is waiting, when it is due, what failed and why.

An address stands here before it is fetched and stays afterwards, as the memory of how it was found
and how it ended. States: ``waiting`` and ``fetched`` (the raw page is safe, the rest not done) are
open; ``done``, ``skipped`` (opened, and not of the account wanted), ``gone`` (deleted, violation,
…), ``failed`` (refused, hostile) and ``person`` (only a person can go on) are closed.

Nothing in here is secret: addresses come cleaned from ``scraper.urls``, errors are made without
secrets.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from archive.db.tallies import number
from archive.db.tombstones import removed_address
from archive.db.transactions import transaction, unsynced_transaction
from scraper import urls
from scraper.crawl.protocols import Candidate, Task
from scraper.errors import Gone, ScrapeError, Unexpected
from scraper.records import dataclass

_LOG = logging.getLogger(__name__)
#: A row that this program cannot read as a task is looked at once a day.
_UNREAD_REST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Failure:
    """An address that waits after a failure, or ended in one."""

    address: str
    fetch: str
    state: str
    error_code: str
    error: str
    attempts: int
    due: str | None
    since: str


def stamp(moment: datetime) -> str:
    """As times stand in the database: ``2026-11-23T09:00:00.000000+00:00`` sorts as text."""
    return moment.isoformat(timespec="milliseconds")


def _not(leased: Collection[int]) -> str:
    """A condition that leaves out the rows being worked on, and those of a `save` whose limit they
    may use up. The numbers are few and our own, so they stand as text."""
    if not leased:
        return ""
    ids = ", ".join(map(str, leased))
    return (
        f" AND id NOT IN ({ids}) AND NOT EXISTS (SELECT 1 FROM crawls c "
        "WHERE c.id = frontier.crawl_id AND c.article_limit <= c.visited + (SELECT count(*) "
        f"FROM frontier l WHERE l.id IN ({ids}) AND l.crawl_id = c.id))"
    )


class SqliteFrontier:
    """``scraper.crawl.Frontier`` over ``archive.db``.

    With ``crawl_id`` only that `save`'s own addresses are taken, without it whatever is due.
    """

    def __init__(self, conn: sqlite3.Connection, *, crawl_id: int | None = None) -> None:
        self.conn = conn
        self.crawl_id = crawl_id
        #: Raw pages that are safe and not yet noted, by task.
        self._received: dict[int, int] = {}

    def for_crawl(self, crawl_id: int) -> SqliteFrontier:
        """The same queue, for the addresses of one `save` only."""
        return SqliteFrontier(self.conn, crawl_id=crawl_id)

    # --- scraper.crawl.Frontier

    def take(
        self,
        now: datetime,
        *,
        exit: str = "direct",
        probing: bool = False,
        leased: Collection[int] = (),
    ) -> Task | None:
        while True:
            row = self._next(now, exit, probing, leased)
            if row is None:
                return None
            try:
                return self._task(row)
            except Exception as error:  # this row alone cannot be read: the others are done
                found = Unexpected.of(error, url=row["fetch"])
                _LOG.warning("%s: %s", row["address"], found, exc_info=error)
                self._rest_unread(row, found, now)

    def _next(
        self, now: datetime, exit: str, probing: bool, leased: Collection[int]
    ) -> sqlite3.Row | None:
        """The row to take. While probing a short address goes first, whose captcha proves
        something, and where nothing is due, one that met the block itself."""
        order = "form != 'short', depth, id" if probing else "depth, id"
        # The plus keeps the index of due times out of it: with most of a long queue due, sorting
        # them would cost more than walking in order to the first that is.
        row = self._first("+due <= :now", order, now, exit, leased)
        if row is None and probing:
            row = self._first("error_code = 'blocked'", "form != 'short', due", now, exit, leased)
        return row

    def _first(
        self, condition: str, order: str, now: datetime, exit: str, leased: Collection[int]
    ) -> sqlite3.Row | None:
        mine = "crawl_id = :crawl AND " if self.crawl_id is not None else ""
        row: sqlite3.Row | None = self.conn.execute(
            f"SELECT * FROM frontier WHERE {mine}open AND {condition}{_not(leased)} "
            f"AND (exit IS NULL OR exit = :exit) ORDER BY {order} LIMIT 1",
            {"now": stamp(now), "crawl": self.crawl_id, "exit": exit},
        ).fetchone()
        return row

    def _rest_unread(self, row: sqlite3.Row, error: Unexpected, now: datetime) -> None:
        due = stamp(now + _UNREAD_REST)
        with transaction(self.conn):
            self._set(row["id"], now, due=due, again=0, **_error(error))

    def next_due(self, *, exit: str = "direct", leased: Collection[int] = ()) -> datetime | None:
        mine = "crawl_id = :crawl AND " if self.crawl_id is not None else ""
        row = self.conn.execute(
            f"SELECT min(due) FROM frontier WHERE {mine}open AND again{_not(leased)} "
            "AND (exit IS NULL OR exit = :exit)",
            {"crawl": self.crawl_id, "exit": exit},
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row[0] else None

    def tie(self, task: Task, exit: str, now: datetime) -> None:
        self._received.pop(task.id, None)
        with transaction(self.conn):
            self._set(task.id, now, exit=exit, due=stamp(now), state="waiting", snapshot_id=None)
            self._drop_page(task.id)

    def reschedule(
        self,
        task: Task,
        error: ScrapeError,
        now: datetime,
        due: datetime,
        *,
        again: bool,
        keep_page: bool = False,
    ) -> None:
        snapshot_id = self._received.pop(task.id, None)
        changes: dict[str, Any] = {"state": "waiting", "snapshot_id": None}
        if keep_page:
            changes = _of_page(snapshot_id) if snapshot_id is not None else {}
        with transaction(self.conn):
            self._set(
                task.id,
                now,
                due=stamp(due),
                again=int(again),
                tries=task.tries + 1,
                attempts=task.attempts + 1,
                **changes,
                **_error(error),
            )
            if not keep_page:
                self._drop_page(task.id)

    def close(
        self, task: Task, error: ScrapeError, now: datetime, candidates: Iterable[Candidate] = ()
    ) -> None:
        state = (
            "gone" if isinstance(error, Gone) else "person" if error.after == "person" else "failed"
        )
        with transaction(self.conn):
            self._take_in_all(task, candidates, now)
            self._end(task, now, state, attempts=task.attempts + 1, **_error(error))

    def done(
        self, task: Task, candidates: Iterable[Candidate], now: datetime, *, visited: bool
    ) -> None:
        # Where a power cut takes this note, the article is found as held, and its links with it.
        with unsynced_transaction(self.conn):
            self._take_in_all(task, candidates, now)
            state = "done" if visited or task.form == "album" else "skipped"
            self._end(task, now, state, attempts=0, error=None, error_class=None, error_code=None)
            if visited:
                self._count(task.id)

    # --- for the run

    def begin_run(self, exits: Collection[str] = ("direct",)) -> None:
        """Forget the tries of the run before; whatever it still waited for is due as it stands.

        What was tied to an exit that is not among ``exits`` any more is anybody's.
        """
        marks = ", ".join("?" * len(exits))
        with transaction(self.conn):
            self.conn.execute(
                f"UPDATE frontier SET exit = NULL WHERE exit NOT IN ({marks})", tuple(exits)
            )
            self.conn.execute(
                "UPDATE frontier SET tries = 0, again = 0 WHERE open AND (tries > 0 OR again)"
            )

    def new_crawl(
        self, command: str, now: datetime, *, limit: int | None, images: str | None
    ) -> int:
        """A `save` begins; its addresses carry the number that this returns."""
        with transaction(self.conn):
            cursor = self.conn.execute(
                "INSERT INTO crawls (command, started, article_limit, images) VALUES (?, ?, ?, ?)",
                (command, stamp(now), limit, images),
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def enqueue(
        self,
        candidate: Candidate,
        now: datetime,
        *,
        crawl_id: int | None = None,
        source_id: int | None = None,
        force: bool = False,
    ) -> Failure | None:
        """Take in an address that a person, a source or a recheck named.

        Returns how it ended for good earlier, where it did: such an address is not asked for again,
        unless ``force``. An address that waits after a failure becomes due.
        """
        with transaction(self.conn):
            was_known = self._take_in(
                candidate, now, crawl_id=crawl_id, source_id=source_id, parent=None, force=force
            )
            if not was_known:
                return None
            row = self.conn.execute(
                "SELECT * FROM frontier WHERE address = ? AND NOT open AND error_class IS NOT NULL",
                (candidate.address.canonical,),
            ).fetchone()
        return failure_of(row) if row else None

    def received(self, task: Task, snapshot_id: int) -> None:
        """The raw page of the task is safe, and will be found by its address: noted only where the
        task waits (``note_received``) or is put off with its page; a commit less for each other."""
        self._received[task.id] = snapshot_id

    def note_received(self, task: Task, now: datetime) -> None:
        """Note what ``received`` was told of the task, if anything."""
        snapshot_id = self._received.pop(task.id, None)
        if snapshot_id is not None:
            self.fetched(task, snapshot_id, now)

    def fetched(self, task: Task, snapshot_id: int | None, now: datetime) -> None:
        """The raw page of the task is safe. Where a power cut takes this note, the page is found by
        its address.
        """
        with unsynced_transaction(self.conn):
            self._set(task.id, now, **_of_page(snapshot_id))

    def keep_page(self, task: Task, meta: dict[str, Any], body: bytes, now: datetime) -> None:
        """The raw page itself, for an archive without snapshots; dropped when the task ends."""
        with transaction(self.conn):
            self.conn.execute(
                "INSERT OR REPLACE INTO pages VALUES (?, ?, ?)",
                (task.id, json.dumps(meta, ensure_ascii=False), body),
            )
            self._set(task.id, now, **_of_page(None))

    def page(self, task: Task) -> tuple[dict[str, Any], bytes] | None:
        """What ``keep_page`` kept."""
        row = self.conn.execute(
            "SELECT meta, body FROM pages WHERE frontier_id = ?", (task.id,)
        ).fetchone()
        return (json.loads(row["meta"]), row["body"]) if row else None

    def enqueue_replacements(
        self, task: Task, candidates: Iterable[Candidate], now: datetime
    ) -> None:
        """Take in what stands in the place of a task that failed, for the same crawl and source."""
        with transaction(self.conn):
            self._take_in_all(task, candidates, now)

    def release_waiting(self, address: str, now: datetime) -> None:
        """An article arrived by another address: whoever waits for this one need not wait any
        longer.
        """
        with transaction(self.conn):
            self.conn.execute(
                "UPDATE frontier SET due = ?, updated = ? WHERE address = ? AND open AND error_class IS NOT NULL",
                (stamp(now), stamp(now), address),
            )

    def make_due(self, error_codes: Iterable[str], now: datetime, *, before: datetime) -> int:
        """Make everything due that has waited for one of these reasons since before ``before``
        (cookies arrived).
        """
        sets = "state = 'waiting', open = 1, due = :now, updated = :now, tries = 0, again = 0"
        with transaction(self.conn):
            return sum(
                self.conn.execute(
                    f"UPDATE frontier SET {sets} WHERE error_code = :code AND updated < :before",
                    {"now": stamp(now), "code": code, "before": stamp(before)},
                ).rowcount
                for code in error_codes
            )

    def crawl_of(self, task: Task) -> sqlite3.Row | None:
        """The crawl that an address belongs to."""
        row: sqlite3.Row | None = self.conn.execute(
            "SELECT c.* FROM crawls c JOIN frontier f ON f.crawl_id = c.id WHERE f.id = ?",
            (task.id,),
        ).fetchone()
        return row

    def waiting(self) -> int:
        """How many addresses are open, whosesoever they are."""
        return number(self.conn, "waiting")

    def untried(self) -> int:
        """How many addresses are open and have not failed yet."""
        mine = "crawl_id = :crawl AND " if self.crawl_id is not None else ""
        row = self.conn.execute(
            f"SELECT count(*) FROM frontier WHERE {mine}open AND error_code IS NULL",
            {"crawl": self.crawl_id},
        ).fetchone()
        return int(row[0])

    def has_due(self, now: datetime, exit: str, *, probing: bool) -> bool:
        """Whether a run would find something to do for this exit."""
        return self._next(now, exit, probing, ()) is not None

    # --- inside

    def _take_in_all(self, task: Task, candidates: Iterable[Candidate], now: datetime) -> None:
        candidates = list(candidates)
        if not candidates:
            return
        row = self.conn.execute(
            "SELECT crawl_id, source_id FROM frontier WHERE id = ?", (task.id,)
        ).fetchone()
        crawl_id, source_id = (row["crawl_id"], row["source_id"]) if row else (None, None)
        for candidate in candidates:
            self._take_in(
                candidate, now, crawl_id=crawl_id, source_id=source_id, parent=task.address
            )

    def _take_in(
        self,
        candidate: Candidate,
        now: datetime,
        *,
        crawl_id: int | None,
        source_id: int | None,
        parent: str | None,
        force: bool = False,
    ) -> bool:
        """Whether the address was known before."""
        if candidate.why != "given" and removed_address(self.conn, candidate.address):
            return True  # a person removed it
        old = self.conn.execute(
            "SELECT * FROM frontier WHERE address = ?", (candidate.address.canonical,)
        ).fetchone()
        if old is None:
            self._insert(candidate, now, crawl_id, source_id, parent)
        elif old["open"]:
            self._widen(old, candidate, now, crawl_id, given=parent is None)
        elif force or _worth_opening(
            old, candidate, crawl_id, given=parent is None and source_id is None
        ):
            self._reopen(old, candidate, now, crawl_id, source_id)
        return old is not None

    def _insert(
        self,
        candidate: Candidate,
        now: datetime,
        crawl_id: int | None,
        source_id: int | None,
        parent: str | None,
    ) -> None:
        row = {
            "address": candidate.address.canonical,
            "fetch": candidate.address.fetch,
            "form": candidate.address.form,
            "state": "waiting",
            "open": 1,
            "why": candidate.why,
            "relation": candidate.relation,
            "parent": parent,
            "source_id": source_id,
            "crawl_id": crawl_id,
            "depth": candidate.depth,
            "follow": candidate.follow,
            "scope": candidate.scope,
            "account": candidate.account,
            "referer": candidate.referer,
            "refresh": int(candidate.refresh),
            "due": stamp(now),
            "added": stamp(now),
            "updated": stamp(now),
        }
        names = ", ".join(row)
        self.conn.execute(
            f"INSERT INTO frontier ({names}) VALUES ({', '.join(':' + n for n in row)})", row
        )

    def _widen(
        self,
        old: sqlite3.Row,
        candidate: Candidate,
        now: datetime,
        crawl_id: int | None,
        *,
        given: bool,
    ) -> None:
        changes: dict[str, Any] = {
            "depth": min(old["depth"], candidate.depth),
            "follow": max(old["follow"], candidate.follow),
            "refresh": max(old["refresh"], int(candidate.refresh)),
            "crawl_id": crawl_id if crawl_id is not None else old["crawl_id"],
        }
        if not old["refresh"] and (candidate.refresh or candidate.why == "given"):
            # Whoever asks for it anew says whether its links are asked for anew, too; what a person
            # names is not ruled out by a source.
            changes["why"] = candidate.why
        if (
            given and old["error_code"] != "rate-limited"
        ):  # a server's Retry-After binds whoever asks
            changes["due"] = min(old["due"], stamp(now))
        if candidate.account is None:
            changes["account"] = None
        changes |= _better_address(old, candidate)
        self._update(old["id"], changes)

    def _reopen(
        self,
        old: sqlite3.Row,
        candidate: Candidate,
        now: datetime,
        crawl_id: int | None,
        source_id: int | None,
    ) -> None:
        again = crawl_id is not None and crawl_id == old["crawl_id"]
        self._update(
            old["id"],
            {
                "state": "waiting",
                "open": 1,
                "why": candidate.why,
                "depth": candidate.depth,
                "follow": candidate.follow,
                "scope": candidate.scope,
                "account": candidate.account,
                "crawl_id": crawl_id,
                "source_id": source_id if source_id is not None else old["source_id"],
                # within one crawl nothing is fetched twice, only followed further
                "refresh": 0 if again else int(candidate.refresh),
                "due": stamp(now),
                "tries": 0,
                "again": 0,
                "updated": stamp(now),
                **_better_address(old, candidate),
            },
        )

    def _end(self, task: Task, now: datetime, state: str, **changes: Any) -> None:
        self._received.pop(task.id, None)
        self._set(
            task.id,
            now,
            state=state,
            open=0,
            again=0,
            tries=0,
            refresh=0,
            snapshot_id=None,
            **changes,
        )
        self._drop_page(task.id)

    def _set(self, row_id: int, now: datetime, **changes: Any) -> None:
        self._update(row_id, {**changes, "updated": stamp(now)})

    def _update(self, row_id: int, changes: dict[str, Any]) -> None:
        sets = ", ".join(f"{name} = :{name}" for name in changes)
        self.conn.execute(
            f"UPDATE frontier SET {sets} WHERE id = :row_id", {**changes, "row_id": row_id}
        )

    def _drop_page(self, row_id: int) -> None:
        self.conn.execute("DELETE FROM pages WHERE frontier_id = ?", (row_id,))

    def _count(self, row_id: int) -> None:
        """One article more for its crawl; with the limit reached the crawl's other addresses are
        not wanted.
        """
        row = self.conn.execute(
            "UPDATE crawls SET visited = visited + 1 "
            "WHERE id = (SELECT crawl_id FROM frontier WHERE id = ?) "
            "RETURNING id, visited >= article_limit",
            (row_id,),
        ).fetchone()
        if row is not None and row[1]:
            self.conn.execute(
                "DELETE FROM frontier WHERE open AND error_code IS NULL AND crawl_id = ?",
                (row[0],),
            )

    def waiting_at(self, addresses: Sequence[str]) -> list[Task]:
        """The tasks that wait for what is asked for at these addresses."""
        marks = ", ".join("?" * len(addresses))
        rows = self.conn.execute(
            f"SELECT * FROM frontier WHERE open AND state = 'waiting' AND fetch IN ({marks})",
            tuple(addresses),
        )
        return [self._task(row) for row in rows.fetchall()]

    def _task(self, row: sqlite3.Row) -> Task:
        url, form = row["fetch"], row["form"]
        if form == "album":
            url = _first_page(url)
        elif form in ("long", "show", "temporary") and (short := self._known_short(row["address"])):
            url, form = short, "short"
        return Task(
            id=row["id"],
            url=url,
            address=row["address"],
            form=form,
            why=row["why"],
            relation=row["relation"],
            depth=row["depth"],
            follow=row["follow"],
            scope=row["scope"],
            account=row["account"],
            referer=row["referer"],
            refresh=bool(row["refresh"]),
            original=row["fetch"],
            tries=row["tries"],
            attempts=row["attempts"],
            snapshot_id=row["snapshot_id"],
            since=datetime.fromisoformat(row["updated"]),
        )

    def _known_short(self, address: str) -> str | None:
        """A short address of the same article: outside WeChat it opens where the long one meets the
        captcha.
        """
        row = self.conn.execute(
            "SELECT s.fetch FROM addresses a JOIN addresses s ON s.article_id = a.article_id "
            "WHERE a.address = ? AND s.form = 'short' ORDER BY s.first_seen LIMIT 1",
            (address,),
        ).fetchone()
        return str(row[0]) if row else None


def _first_page(address: str) -> str:
    """What to GET for an album's address: its list as JSON."""
    from scraper.parse.album import (
        page_url,  # with it comes lxml, which reading the queue should not cost
    )

    album_id, biz = urls.parse(address).album_id, urls.account_of(address)
    return page_url(biz, album_id) if biz and album_id and "f=json" not in address else address


def _worth_opening(
    old: sqlite3.Row, candidate: Candidate, crawl_id: int | None, *, given: bool
) -> bool:
    """Whether a closed address is to be gone through again (held articles are not fetched for
    that).
    """
    if old["state"] == "person":
        return bool(candidate.address.fetch != old["fetch"])  # a fresh token or link may open it
    if old["state"] == "skipped" and not candidate.refresh:
        # Whoever names it wants it, whatever a source's rules or another crawl left out.
        return given or bool(candidate.account != old["account"])
    if old["state"] not in ("done", "skipped"):
        return candidate.refresh and crawl_id != old["crawl_id"]
    is_another = candidate.refresh if crawl_id is None else crawl_id != old["crawl_id"]
    return is_another or given or candidate.follow > old["follow"]


def _better_address(old: sqlite3.Row, candidate: Candidate) -> dict[str, Any]:
    """A newly seen form of the same address, where the old one has not opened."""
    if old["error_code"] is None or candidate.address.fetch == old["fetch"]:
        return {}
    return {"fetch": candidate.address.fetch, "form": candidate.address.form}


def _of_page(snapshot_id: int | None) -> dict[str, Any]:
    """The columns of a task whose raw page is safe."""
    return {"state": "fetched", "snapshot_id": snapshot_id}


def _error(error: ScrapeError) -> dict[str, Any]:
    return {
        "error": str(error),
        "error_class": type(error).__name__,
        "error_code": error.code,
    }


def failure_of(row: sqlite3.Row) -> Failure:
    return Failure(
        address=row["address"],
        fetch=row["fetch"],
        state=row["state"],
        error_code=row["error_code"],
        error=row["error"],
        attempts=row["attempts"],
        due=row["due"] if row["open"] else None,
        since=row["updated"],
    )
