"""``discuss``: comments, replies and counts of articles that are held, asked for with a reader's own
credentials.

One request at a time, paced as pages are. Each article is kept as a whole before the next is begun,
and one that was looked at within a day is passed over, so that the same command goes on after a
kill or with fresh credentials. No credential is written anywhere.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from archive.config import Config
from archive.crawl.cooldown import CoolDown, last_asked, note_use
from archive.crawl.login import note_expired, note_works
from archive.db.transactions import transaction
from archive.errors import CoolingDown
from archive.json_fields import AsDict, json_field, shown, shown_as
from archive.run.items import one_item
from archive.run.network import exits_of, make_network
from archive.run.session import ArchiveSession, open_session
from archive.run.signals import Interrupted, Signals
from archive.search.rebuild import maintain_index
from archive.store import Stored
from scraper.clock import Clock, SystemClock
from scraper.errors import Blocked, Expired, FetchError, ScrapeError, Unrecognised
from scraper.messages import mark, message_of
from scraper.models import Article
from scraper.traffic import comments, counts
from scraper.traffic.credentials import Credential
from scraper.traffic.exchange import Reference
from scraper.traffic.models import Comment, Counts
from scraper.zone import for_people

#: After "too often" (-6): public programs report a day or longer.
REST = timedelta(days=1)
#: An article that was looked at so recently is not asked about again, unless told to.
FRESH = timedelta(days=1)
#: Bounds on what never ends: 100 comments an answer, and 100 replies.
MOST_PAGES, MOST_REPLY_PAGES = 200, 50
#: So many network failures in a row end the command.
_OUTAGE = 3
#: A name in ``meta``: until when nothing may be asked.
_UNTIL = "discuss_until"


class Asker(Protocol):
    """What asks: ``scraper.fetch.Fetcher``."""

    requests: int

    async def answer(
        self, url: str, *, cookie: str, referer: str, form: bytes | None = None
    ) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked(AsDict):
    """What came of one article. ``held`` of ``total`` comments are known afterwards; ``new``,
    ``changed``, ``gone`` count comments and replies.
    """

    key: str
    title: str
    new: int = 0
    changed: int = 0
    gone: int = 0
    held: int = 0
    total: int | None = None
    counted: bool = False
    error: str | None = None
    error_code: str | None = None


@dataclass(slots=True, kw_only=True)
class DiscussReport(AsDict):
    """What a ``discuss`` did. ``fresh``: articles that were looked at within a day;
    ``without_credentials``: articles of accounts that the file has none for; ``left``: not come to.
    """

    command: str = field(default="discuss", init=False)
    results: list[Looked] = field(default_factory=list)
    fresh: int = 0
    without_credentials: int = 0
    left: int = 0
    requests: int = 0
    #: Why it ended before its end.
    ended: str | None = None
    ended_code: int = json_field(default=0, hidden=True)
    signal: int | None = json_field(default=None, hidden=True)

    @property
    def failed(self) -> list[Looked]:
        """The articles that could not be asked about."""
        return [one for one in self.results if one.error is not None]

    @property
    @shown
    def looked(self) -> int:
        """How many could be asked about."""
        return len(self.results) - len(self.failed)

    @property
    @shown_as("failed")
    def failures(self) -> int:
        """How many could not."""
        return len(self.failed)

    @property
    @shown
    def new(self) -> int:
        """Comments and replies that were not known."""
        return sum(one.new for one in self.results)

    @property
    @shown
    def changed(self) -> int:
        """Those that were, and are otherwise now."""
        return sum(one.changed for one in self.results)

    @property
    @shown
    def gone(self) -> int:
        """Those that are no longer shown."""
        return sum(one.gone for one in self.results)

    @property
    @shown
    def exit_code(self) -> int:
        """0; 1 where an article failed; 75 too often, 77 expired, 76 nothing was understood, 69 no
        network; 128 and more for a signal.
        """
        if self.signal is not None:
            return 128 + self.signal
        if self.ended_code:
            return self.ended_code
        codes = {one.error_code for one in self.failed}
        if codes == {Unrecognised.code} and len(self.failed) == len(self.results):
            return Unrecognised.exit_code
        return int(bool(self.failed))


@dataclass(slots=True)
class _Look:
    """What has come of one article's comments so far."""

    comments: dict[str, Comment] = field(default_factory=dict)
    total: int | None = None
    complete: bool = False
    replies: dict[str, dict[str, Comment]] = field(default_factory=dict)
    #: Comments all of whose replies came.
    ended: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Discussing:
    """Asks about articles of the archive in ``root``, with ``credentials`` by ``__biz``.

    ``again``: also about those that were looked at within a day; ``anyway`` tries although WeChat
    asked for a pause; ``wait`` waits for another command that writes. ``asker`` and ``clock``
    replace the real ones in tests.
    """

    root: Path
    config: Config
    credentials: Mapping[str, Credential]
    again: bool = False
    anyway: bool = False
    wait: bool = False
    clock: Clock = field(default_factory=SystemClock)
    rng: random.Random = field(default_factory=random.Random)
    on_result: Callable[[Looked], None] = lambda looked: None
    report: DiscussReport = field(default_factory=DiscussReport)

    def run(self, names: Sequence[str], **filters: Any) -> DiscussReport:
        """Ask about the articles of these names, or about all that match ``filters`` (those of
        ``Store.articles``). Raises NotHeld, CoolingDown, and what is about the whole archive.
        """
        signals = Signals()
        with signals.listening():
            try:
                with open_session(self.root, self.config, create=False, wait=self.wait) as session:
                    self._inside(session, signals, names, filters)
            except Interrupted as interrupted:
                self.report.signal = interrupted.number
        return self.report

    def _inside(
        self,
        session: ArchiveSession,
        signals: Signals,
        names: Sequence[str],
        filters: Mapping[str, Any],
    ) -> None:
        conn, exit = session.frontier.conn, exits_of(self.config)[0].name
        if not self.anyway:
            refuse(conn, exit, self.clock.now())
        todo = list(self._todo(session, names, filters))
        if not todo:
            return
        network = make_network(self.config, self.clock, self.rng, last_asked(conn))

        async def work() -> None:
            async with network:
                talk = _Talk(self, session, signals, network.exits[exit])
                await talk.all(todo)

        try:
            signals.drive(work())
        except Interrupted as interrupted:
            self.report.signal = interrupted.number
        with signals.hold():
            self.report.requests = network.exits[exit].requests
            note_use(
                conn, exit, self.clock.now(), requests=self.report.requests, failures=0, error=None
            )
            session.store.write_stale_files()
            # No article came: no occasion to make the whole index anew.
            maintain_index(conn, lambda: signals.number is not None, saved=0)

    def _todo(
        self, session: ArchiveSession, names: Sequence[str], filters: Mapping[str, Any]
    ) -> Iterator[tuple[Stored, Credential]]:
        store = session.store
        wanted: Iterable[Stored] = (
            [store.get(name) for name in names] if names else list(store.articles(**filters))
        )
        for held in wanted:
            credential = self.credentials.get(held.biz or "")
            if credential is None or held.mid is None or held.idx is None:
                self.report.without_credentials += 1
            elif not self.again and self._is_fresh(session, held):
                self.report.fresh += 1
            else:
                yield held, credential

    def _is_fresh(self, session: ArchiveSession, held: Stored) -> bool:
        """Whether it was looked at as a whole within a day: counts are what is asked last."""
        looks = session.store.counts.of(held.article_id)
        seen = [look.seen for look in looks if look.origin == "discuss"]
        known = session.store.discussions.seen_completely(held.article_id)
        newest = max([*seen, *([known] if known else [])], default=None)
        return newest is not None and newest > self.clock.now() - FRESH


class _Talk:
    """The requests of one command."""

    def __init__(
        self, about: Discussing, session: ArchiveSession, signals: Signals, asker: Asker
    ) -> None:
        self._about, self._session, self._signals, self._asker = about, session, signals, asker
        self._store = session.store
        self._outages = 0

    async def all(self, todo: Sequence[tuple[Stored, Credential]]) -> None:
        """One article after the other; ends where going on is pointless."""
        report = self._about.report
        for done, (held, credential) in enumerate(todo):
            report.left = len(todo) - done
            errors: list[ScrapeError] = []
            with one_item(held.key, errors.append):
                await self._one(held, credential)
            if errors:
                self._failed(held, errors[0])
            self._outages = self._outages + 1 if errors and _is_outage(errors[0]) else 0
            if report.ended_code:
                return
            report.left = len(todo) - done - 1

    def _failed(self, held: Stored, error: ScrapeError) -> None:
        report = self._about.report
        self._add(
            Looked(key=held.key, title=held.title, error=message_of(error), error_code=error.code)
        )
        if isinstance(error, Expired):
            report.ended, report.ended_code = message_of(error), Expired.exit_code
            note_expired(self._session.frontier.conn, self._about.clock.now())
        elif isinstance(error, Blocked):
            until = rest(self._session.frontier.conn, self._about.clock.now())
            report.ended_code = Blocked.exit_code
            report.ended = mark(
                "{error}: nothing is asked before {time}", error=error, time=for_people(until)
            )
        elif _is_outage(error) and self._outages + 1 >= _OUTAGE:
            report.ended, report.ended_code = message_of(error), error.exit_code

    def _add(self, looked: Looked) -> None:
        self._about.report.results.append(looked)
        self._about.on_result(looked)

    async def _one(self, held: Stored, credential: Credential) -> None:
        article = self._store.article(held.article_id)
        of = Reference(biz=held.biz, mid=held.mid, idx=held.idx, comment_id=article.comment_id)
        look, failure = _Look(), None
        if of.comment_id and of.comment_id != "0":
            try:
                await self._fill(look, of, credential, article)
            except ScrapeError as error:
                failure = error  # what has come is kept first
        said, when = Counts(), self._about.clock.now()
        if failure is None:
            url, form = credential.counts(of, article.sn)
            said = counts.read(await self._ask(url, credential, article, form))
        with self._signals.hold():
            looked = self._keep(held, look, said, when)
        if failure is not None:
            raise failure
        note_works(self._session.frontier.conn)
        self._add(looked)

    async def _fill(
        self, look: _Look, of: Reference, credential: Credential, article: Article
    ) -> None:
        buffer, buffers = "", set[str]()
        for _page in range(MOST_PAGES):
            body = await self._ask(credential.comments(of, buffer), credential, article)
            page = comments.read(body)
            look.comments |= {one.id: one for one in page.comments}
            look.total = page.total if page.total is not None else look.total
            if not page.more:
                look.complete = True
                break
            if not page.buffer or page.buffer in buffers:  # it stands still
                look.complete = look.total is not None and len(look.comments) >= look.total
                break
            buffer = page.buffer
            buffers.add(buffer)
        for one in look.comments.values():
            if one.reply_count > len(one.replies):
                await self._replies(look, one, of, credential, article)

    async def _replies(
        self, look: _Look, one: Comment, of: Reference, credential: Credential, article: Article
    ) -> None:
        found = look.replies[one.id] = {reply.id: reply for reply in one.replies}
        after = one.last_reply or "0"
        for _page in range(MOST_REPLY_PAGES):
            body = await self._ask(credential.replies(of, one.id, after), credential, article)
            page, before = comments.read_replies(body), len(found)
            found |= {reply.id: reply for reply in page.replies}
            after = page.last_reply or after
            if len(found) == before or not page.more or len(found) >= one.reply_count:
                break
        if len(found) >= one.reply_count:
            look.ended.add(one.id)

    async def _ask(
        self, url: str, credential: Credential, article: Article, form: bytes | None = None
    ) -> bytes:
        referer = article.url or article.address or ""
        return await self._asker.answer(url, cookie=credential.cookie, referer=referer, form=form)

    def _keep(self, held: Stored, look: _Look, said: Counts, when: datetime) -> Looked:
        kept, article_id = self._store.discussions, held.article_id
        new = changed = gone = 0
        with self._store.transaction():
            if look.comments or look.complete:
                noted = kept.note(
                    article_id,
                    list(look.comments.values()),
                    when,
                    total=look.total,
                    complete=look.complete,
                )
                new, changed, gone = noted.new, noted.changed, noted.gone
            for number, replies in look.replies.items():
                whole = list(replies.values())
                more = kept.note_replies(article_id, number, whole, when, first=1)
                new, changed = new + more.new, changed + more.changed
                if number in look.ended:
                    gone += kept.all_replies_seen(article_id, number, when)
            counted = self._store.counts.note(article_id, said, when, "discuss")
        known = kept.of(article_id)
        return Looked(
            key=held.key,
            title=held.title,
            new=new,
            changed=changed,
            gone=gone,
            held=known.present if known else 0,
            total=known.total if known else None,
            counted=counted,
        )


def _is_outage(error: ScrapeError) -> bool:
    return isinstance(error, FetchError)


def refuse(conn: sqlite3.Connection, exit: str, now: datetime) -> None:
    """Raises CoolingDown while WeChat wants a pause, of this reader or of this machine."""
    if (block := CoolDown(conn, exit).in_force(now)) is not None:
        raise block.refusal()
    row = conn.execute("SELECT value FROM meta WHERE name = ?", (_UNTIL,)).fetchone()
    until = datetime.fromisoformat(row[0]) if row else None
    if until is not None and now < until:
        raise CoolingDown(
            mark(
                "WeChat said that requests come too often: nothing is asked before {time}; --now "
                "tries at once",
                time=for_people(until),
            )
        )


def rest(conn: sqlite3.Connection, now: datetime) -> datetime:
    """Note that nothing may be asked for a day; until when."""
    until = now + REST
    with transaction(conn):
        conn.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            (_UNTIL, until.isoformat(timespec="seconds")),
        )
    return until
