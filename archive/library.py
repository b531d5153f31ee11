"""The archive as a Python object: what ``archive.open`` gives."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from archive.db.closing import Closing
from archive.db.files import inside
from archive.db.identity import Identity, identity
from archive.db.lock import Lock
from archive.db.migrations import ARCHIVE
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import ArchiveDatabase, open_database
from archive.errors import CannotCreate, Corrupt, Locked, NotHeld
from archive.store import Edge, Store, Stored, Version, browse, linking, reading
from scraper.clock import utc_now

if TYPE_CHECKING:
    from archive.crawl.sources import WatchedSource
    from archive.notify.searches import SavedSearch
    from archive.run.history import Run
    from archive.run.removing import Outcome
    from archive.run.report import Result, RunReport
    from archive.run.runner import Runner
    from archive.search import Results
    from archive.search.api import Count
    from archive.search.histogram import Years
    from archive.search.searcher import Searcher
    from archive.search.similar import Similar
    from archive.store.marking import Marked
    from archive.store.removal import Tombstone
    from archive.store.types import OwnVersion
    from scraper.models import Article, Page

ExportFormat = Literal["html", "epub"]
T = TypeVar("T")


class Library(Closing):
    """One archive folder, for programs.

    Use it as a context manager, or call ``close``. Reading needs no lock and may go on in several
    threads and beside any number of other processes; ``save`` takes the archive's lock for as long
    as it runs. All times are aware, UTC. Everything raises Corrupt rather than hand out a row that
    is not what was written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.RLock()
        self._ready()
        self._db: ArchiveDatabase | None = open_database(
            root / ARCHIVE_DB, readonly=True, lasting=True
        )
        self._store = Store(self._db, root)
        self._searcher: Searcher | None = None
        self._shelves = Remembered(browse.shelves)
        self._media_bytes = Remembered(browse.media_bytes)
        self._held: Remembered[dict[str, Any]] | None = None

    def _ready(self) -> None:
        """Make the database, or bring it up to date, where that is due."""
        place = self.root / ARCHIVE_DB
        readable = False
        if place.exists():
            with open_database(place, readonly=True, outdated=True) as db:
                if not ARCHIVE.pending(db.conn):
                    return
                readable = not ARCHIVE.pending(db.conn, to_read=True)
        try:
            with Lock(self.root, command="archive.open"):
                open_database(place).close()
        except (CannotCreate, Locked):
            if not readable:  # a read-only disk, or somebody writes, who brings it up to date
                raise

    @property
    def identity(self) -> Identity:
        """Which archive this is, and how far it has come: of two copies with one ``archive_id`` the
        higher ``generation`` is newer."""
        with self._lock:
            return identity(self._store.db.conn)

    def close(self) -> None:
        """Close the database. Fine to call twice."""
        with self._lock:
            if self._searcher is not None:
                self._searcher.connection.close()
                self._searcher = None
            if self._db is not None:
                self._db.close()
                self._db = None

    # --- in ---------------------------------------------------------------------------------------------------------

    def save(
        self,
        addresses: Iterable[str],
        *,
        refresh: bool = False,
        wait: bool = False,
        on_result: Callable[[Result], None] | None = None,
        **settings: Any,
    ) -> RunReport:
        """Fetch and keep articles, as ``wechat-archive save`` does.

        ``addresses``: any form, also text that holds some, saved pages and folders of them, and
        recordings of a person's own reading (``traffic.har``), which are taken in as `import` does.
        ``settings`` are those of ``config.toml`` (``follow=1``, ``images="remote"``, ``interval=0``
        seconds …) and win over the file. What fails for one address stands in the report;
        ``on_result`` hears of each as it comes. Raises Locked (unless ``wait``), DiskTrouble,
        BadConfig, Corrupt for the archive as a whole. Call it from the main thread, outside a
        running event loop.
        """
        from archive.run.inputs import read
        from archive.saved.files import is_recording

        texts = list(addresses)
        runner = self._runner("save", wait, on_result, settings)
        recordings = [text for text in texts if is_recording(text)]
        if recordings:
            self._take_recordings(recordings, runner)
        others = [text for text in texts if text not in recordings]
        if others and runner.report.signal is None:
            return runner.save(read(others), refresh=refresh)
        return runner.report

    def _take_recordings(self, files: list[str], runner: Runner) -> None:
        from archive.importers.recordings import add_to, take_recordings

        imported = take_recordings(self.root, files, runner.config, wait=runner.wait)
        add_to(runner.report, imported, runner.on_result)

    def run(
        self,
        *,
        wait: bool = False,
        on_result: Callable[[Result], None] | None = None,
        **settings: Any,
    ) -> RunReport:
        """Do everything that is due, as ``wechat-archive run`` does; ``settings`` and errors as for
        ``save``.
        """
        return self._runner("run", wait, on_result, settings).run()

    def _runner(
        self,
        command: str,
        wait: bool,
        on_result: Callable[[Result], None] | None,
        settings: dict[str, Any],
    ) -> Runner:
        from archive.config import load
        from archive.run.runner import Runner

        config = load(self.root).override(f"archive.open(…).{command}", **settings)
        runner = Runner(root=self.root, config=config, wait=wait)
        if on_result is not None:
            runner.on_result = on_result
        return runner

    def watch(
        self,
        text: str,
        *,
        every: float | None = None,
        follow: int | None = None,
        scope: str | None = None,
        include: str | None = None,
        exclude: str | None = None,
        tags: Iterable[str] = (),
        group: str | None = None,
        wait: bool = False,
    ) -> None:
        """Look at an album, feed, list file or article again and again, ``every`` so many seconds.

        Of what it brings that is kept which the query ``include`` means and ``exclude`` does not,
        with your ``tags``, as a part of ``group``: as ``wechat-archive watch`` does. Watched
        already: with these from now on.

        Raises NotAnAddress, BadInput for what cannot be watched, BadQuery, Locked (unless
        ``wait``), BadConfig.
        """
        from archive.config import load
        from archive.crawl.source_types import identify
        from archive.crawl.sources import SourceRules, Sources

        config = load(self.root)
        rules = SourceRules.of(include=include, exclude=exclude, tags=tags, group=group)
        address, type = identify(text)
        with self._writing("archive.watch", wait) as db:
            sources = Sources(db.conn)
            sources.add(
                address,
                type.name,
                utc_now(),
                every=config.every if every is None else every,
                follow=type.follow if follow is None else follow,
                scope=scope or config.scope,
            )
            sources.set_rules(address, rules)

    def unwatch(self, name: str, *, wait: bool = False) -> None:
        """Stop watching a source, by its address or number. Raises NotHeld, Locked (unless
        ``wait``).
        """
        from archive.crawl.sources import Sources

        with self._writing("archive.unwatch", wait) as db:
            sources = Sources(db.conn)
            sources.remove(sources.get(name))

    def groups(self) -> dict[str, list[str]]:
        """Your groups: the name of each → its accounts as you named them."""
        from archive.store.groups import groups

        with self._lock:
            return groups(self._conn)

    def group_names(self) -> list[str]:
        """Every group, also one that no account but a watched source is in."""
        from archive.store.groups import names

        with self._lock:
            return names(self._conn)

    def group(self, name: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> list[str]:
        """Put accounts into a group or take them out, as ``wechat-archive group`` does; who is in
        it now. Works beside a long ``save`` or ``run``."""
        from archive.db.beside import open_beside
        from archive.store.groups import change

        with open_beside(self.root, "archive.group", quick=True) as db:
            return change(db.conn, name, add, remove)

    def alerts(self) -> list[SavedSearch]:
        """The saved searches, by name."""
        from archive.notify import searches

        with self._lock:
            return searches.saved(self._conn)

    def alert(self, name: str) -> SavedSearch:
        """A saved search. Raises NotHeld."""
        from archive.notify import searches

        with self._lock:
            return searches.get(self._conn, name)

    def add_alert(self, name: str, query: str, *, wait: bool = False) -> bool:
        """Save a search that each `run` tells of; False: one of that name asks for this now.

        Raises BadInput, BadQuery, Locked (unless ``wait``).
        """
        from archive.notify import searches

        with self._writing("archive.add_alert", wait) as db:
            return searches.add(db.conn, name, query, utc_now())

    def remove_alert(self, name: str, *, wait: bool = False) -> None:
        """Forget a saved search. Raises NotHeld, Locked (unless ``wait``)."""
        from archive.notify import searches

        with self._writing("archive.remove_alert", wait) as db:
            searches.remove(db.conn, name)

    def retry(self, what: str | None = None, *, wait: bool = False) -> int:
        """Make failed addresses due: those of a class of failure or one address, or all but what is
        gone for good; how many. Raises Locked (unless ``wait``)."""
        from archive.crawl.failures import retry_addresses, retry_all, retry_kind
        from scraper import urls

        now = utc_now()
        with self._writing("archive.retry", wait) as db:
            if what is None:
                return retry_all(db.conn, now)
            addresses = [address.canonical for address in urls.find(what)]
            if addresses:
                return retry_addresses(db.conn, addresses, now)
            return retry_kind(db.conn, what, now)

    def mark(
        self,
        names: Sequence[str],
        *,
        query: str | None = None,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        starred: bool | None = None,
        read: bool | None = None,
        note: str | None = None,
    ) -> list[Marked]:
        """Change what you say of articles, as ``tag``, ``star``, ``note`` and ``read`` do: of those
        with these keys, addresses or paths, and of all that ``query`` finds. What is None stays;
        ``note=""`` takes the note away.

        Works beside a long ``save`` or ``run``. What fails for one article stands in its ``error``.
        Raises BadInput for a tag or note that is too long, BadQuery, CannotCreate, DiskTrouble.
        """
        from archive.db.beside import open_beside
        from archive.store.marking import mark
        from archive.store.own import Marking

        marking = Marking.of(add=add, remove=remove, starred=starred, read=read, note=note)
        with open_beside(self.root, "archive.mark", quick=True) as db:
            found = mark(Store(db, self.root), names, marking, utc_now(), query=query)
            return list(found)

    def keys(self, query: str) -> list[str]:
        """The keys of all articles that a query means, the newest first. Raises BadQuery,
        NotIndexed."""
        from archive.search.matching import rows

        return self._searching(lambda searcher: [row.key for row in rows(searcher, query)])

    def remove(
        self, names: Sequence[str], *, query: str | None = None, raw: bool = False
    ) -> list[Outcome]:
        """Remove articles with all that is only theirs, as ``wechat-archive remove`` does; ``raw``:
        their raw pages too, for good. What fails for one stands in its ``error``. Raises BadQuery;
        with ``raw`` Locked."""
        from archive.run.removing import take_out

        return list(take_out(self.root, names, utc_now(), query=query, raw=raw))

    def bring_back(self, names: Sequence[str]) -> list[Outcome]:
        """Undo that, within 30 days; of an article that is held, write its deleted file again."""
        from archive.run.removing import bring_back

        return list(bring_back(self.root, names, utc_now()))

    def removed(self) -> list[Tombstone]:
        """What was removed, the last first."""
        with self._lock:
            return self._store.removal.all()

    @contextmanager
    def _writing(self, command: str, wait: bool) -> Iterator[ArchiveDatabase]:
        with (
            Lock(self.root, wait=wait, command=command),
            open_database(self.root / ARCHIVE_DB) as db,
        ):
            yield db

    # --- how it is going ----------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """What is held, waiting, failed and blocked, as ``status --json`` shows it."""
        from archive.status import collect, held_by

        with self._lock:
            if self._held is None:
                self._held = Remembered(held_by)
            held = self._held.of(self._conn)
            return collect(self._conn, self.root, utc_now(), held)

    def writer(self) -> tuple[int, str, str] | None:
        """``(pid, command, since)`` of the command that writes to the archive now; ``None`` where
        none does.
        """
        from archive.db.lock import holder_of

        return holder_of(self.root)

    def data_version(self) -> int:
        """A number that is another one after somebody wrote."""
        with self._lock:
            return int(self._conn.execute("PRAGMA data_version").fetchone()[0])

    def sources(self) -> list[WatchedSource]:
        """What is watched."""
        from archive.crawl.sources import Sources

        with self._lock:
            return Sources(self._conn).all()

    def source(self, name: str) -> WatchedSource:
        """A watched source by its number or address. Raises NotHeld."""
        from archive.crawl.sources import Sources

        with self._lock:
            return Sources(self._conn).get(name)

    def runs(self, limit: int = 500) -> list[Run]:
        """What the last commands that wrote did, the newest first."""
        from archive.run.history import last

        with self._lock:
            return last(self._conn, limit)

    def sizes(self) -> dict[str, int]:
        """Bytes of the database, the raw pages and the media."""
        with self._lock:
            media = self._media_bytes.of(self._conn)
        files = {"articles": ARCHIVE_DB, "raw_pages": SNAPSHOTS_DB}
        found = {
            name: place.stat().st_size if (place := self.root / file).exists() else 0
            for name, file in files.items()
        }
        return {**found, "media": media}

    # --- out --------------------------------------------------------------------------------------------------------

    def search(self, query: str, limit: int = 20, **options: Any) -> Results:
        """Articles that match, the best first, at most ``limit``; see ``archive.search.search`` for
        ``options``.

        Raises BadQuery for a query that means nothing, Corrupt for a hit that is not what was
        written.
        """
        from archive.search import search

        return self._searching(lambda searcher: search(searcher, query, limit=limit, **options))

    def count(self, query: str) -> Count:
        """How many articles match, exactly up to ``archive.search.api.COUNTED``. Raises as
        ``search``.
        """
        from archive.search.api import count

        return self._searching(lambda searcher: count(searcher, query))

    def by_year(self, query: str) -> Years:
        """In which years what matches was published. Raises as ``search``."""
        from archive.search.histogram import by_year

        return self._searching(lambda searcher: by_year(searcher, query))

    def _searching(self, ask: Callable[[Searcher], T]) -> T:
        from archive.errors import NotIndexed
        from archive.search.api import open_readonly
        from archive.search.searcher import Searcher

        with self._lock:
            # Kept: opening the database anew takes ten times as long as a search.
            if self._searcher is None:
                self._searcher = Searcher(open_readonly(self.root))
            try:
                return ask(self._searcher)
            except NotIndexed:
                self._reindex()
            return ask(self._searcher)

    def _reindex(self) -> None:
        """The index is another version's, or was never made."""
        from archive.search.rebuild import reindex_for_search

        reindex_for_search(self.root, command="archive.search")

    def get(self, name: str) -> Stored:
        """The facts of one article by key (or six first characters of one), address or path. Raises
        NotHeld.
        """
        with self._lock:
            return self._store.get(name)

    def article(self, name: str) -> Article:
        """The whole article, body and text included. Raises NotHeld."""
        with self._lock:
            return self._store.article(self._store.get(name).article_id)

    def markdown(self, name: str) -> str:
        """The article's Markdown file: as a person left it, or as it should be on disk. Raises
        NotHeld."""
        with self._lock:
            return self._store.shown_markdown(self._store.get(name).article_id)

    def versions(self, name: str) -> list[Version]:
        """Every distinct content of an article, oldest first. Raises NotHeld."""
        with self._lock:
            return self._store.versions(self._store.get(name).article_id)

    def count_own_versions(self, article_id: int) -> int:
        """How many states a person left an article's file in."""
        with self._lock:
            return self._store.edits.count_states(article_id)

    def own_versions(self, name: str) -> list[OwnVersion]:
        """Every state of the article's file that a person made, oldest first. Raises NotHeld."""
        with self._lock:
            return self._store.edits.states(self._store.get(name).article_id)

    def diff(
        self, name: str, older: int | str | None = None, newer: int | str | None = None
    ) -> str:
        """What changed between two versions, the newest two by default, as a unified diff of their
        Markdown; empty where nothing differs. ``"m2"`` is the second state of ``own_versions``.
        Raises NotHeld, also for a name that is none."""
        from archive.store import comparing

        with self._lock:
            held = self._store.get(name)
            which = [None if one is None else comparing.which(held, one) for one in (older, newer)]
            return "".join(comparing.diff(self._store, held, *which))

    def version_text(self, name: str, which: str) -> str:
        """The Markdown of a version by its name, ``"2"`` or ``"m2"``, as the file has it. Raises
        NotHeld."""
        from archive.store import comparing

        with self._lock:
            held = self._store.get(name)
            return comparing.text(self._store, held, comparing.which(held, which))

    def links(self, name: str) -> list[Edge]:
        """What an article links to, in its own order. Raises NotHeld."""
        with self._lock:
            return self._store.edges(self._store.get(name).article_id)

    def articles(
        self,
        *,
        account: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        gone: bool | None = None,
    ) -> Iterator[Stored]:
        """Articles by publication, newest first, one at a time; filters as ``Store.articles``."""
        # A connection of its own: the caller may take as long as it likes, in whatever thread.
        with open_database(self.root / ARCHIVE_DB, readonly=True) as db:
            yield from Store(db, self.root).articles(
                account=account, since=since, until=until, gone=gone
            )

    def read(self, name: str) -> reading.Reading:
        """An article with all that stands around it: links, backlinks, albums. Raises NotHeld."""
        with self._lock:
            return reading.read(self._store, name)

    def pictures(self, article: Article) -> dict[str, str]:
        """Address of an image of the article → path of its file from the archive's folder, for
        those that are held.
        """
        with self._lock:
            return reading.pictures(self._store, article)

    def everything(self, name: str, number: int | None = None) -> dict[str, Any]:
        """All that is known of an article or one version of it, as ``show --json`` gives it. Raises
        NotHeld.
        """
        from archive.store.as_json import everything

        with self._lock:
            return everything(self._store, self._store.get(name), number)

    def listed(self, held: Stored) -> dict[str, Any]:
        """An article's facts and newest counts, as ``list --json`` gives them."""
        from archive.store.as_json import listed

        with self._lock:
            return listed(self._conn, held)

    def versions_as_json(self, name: str) -> list[dict[str, Any]]:
        """WeChat's versions and your own, as ``show --versions --json`` gives them. Raises
        NotHeld."""
        from archive.store.as_json import versions

        with self._lock:
            return versions(self._store, self._store.get(name))

    def links_as_json(self, name: str) -> dict[str, Any]:
        """Its links and backlinks, as ``show --links --json`` gives them. Raises NotHeld."""
        from archive.store.as_json import links_and_backlinks

        with self._lock:
            return links_and_backlinks(self._store, self._store.get(name))

    def version(self, name: str, number: int) -> Article:
        """An article as it was in its version ``number``. Raises NotHeld."""
        with self._lock:
            return self._store.version(self._store.get(name).article_id, number)

    def similar(self, name: str, limit: int = 20) -> list[Similar]:
        """Reprints, near-duplicates and linked articles, copies first. Raises NotHeld."""
        from archive.search.similar import similar

        key = self.get(name).key
        # A connection of its own: texts are compared for a fifth of a second, and others need not
        # wait.
        with open_database(self.root / ARCHIVE_DB, readonly=True) as db:
            return similar(db.conn, key, limit=limit)

    def raw_page(self, name: str, number: int | None = None) -> Page | None:
        """The page as it came, of the newest or another version; ``None`` where no raw page was
        kept, or where it was lost with the ``snapshots.db`` that had it.
        """
        from archive.snapshots import Snapshots

        with self._lock:
            held = self._store.get(name)
            versions = {one.number: one for one in self._store.versions(held.article_id)}
        version = versions.get(held.version if number is None else number)
        if (
            version is None
            or version.snapshot_id is None
            or not (self.root / SNAPSHOTS_DB).exists()
        ):
            return None
        with Snapshots(self.root / SNAPSHOTS_DB, readonly=True) as snapshots:
            try:
                return snapshots.get(version.snapshot_id)
            except NotHeld:
                return None

    def export(self, name: str, format: ExportFormat) -> bytes:
        """One article as a web page or a book, its pictures inside. Raises NotHeld."""
        import io

        from archive.exporters import Selection, epub, html
        from archive.exporters.export import Export
        from archive.exporters.report import ExportReport

        with self._lock:
            held = self._store.get(name)
            report = ExportReport(format=format, target="")
            if format == "html":
                return html.page(self._store, held, f"{held.key}.html", {}, report)
            book = io.BytesIO()
            only = Selection(keys=(held.key,))
            epub.write(
                Export(
                    store=self._store,
                    target=book,
                    selection=only,
                    report=report,
                    title=held.title,
                    largest=html.LARGEST_INSIDE,
                )
            )
            return book.getvalue()

    # --- to leaf through ---------------------------------------------------------------------------------------------

    @property
    def _conn(self) -> sqlite3.Connection:
        if self._db is None:
            raise ValueError("the library is closed")
        return self._db.conn

    def newest(
        self,
        *,
        order: browse.Order = "archived",
        account_id: int | None = None,
        tag: str | None = None,
        topic: str | None = None,
        starred: bool = False,
        year: int | None = None,
        before: browse.Place | None = None,
        limit: int = 30,
    ) -> browse.Cards:
        """A page of articles, the newest kept or published first; ``before`` is the ``next`` of the
        page before.
        """
        with self._lock:
            return browse.newest(
                self._conn,
                order=order,
                account_id=account_id,
                tag=tag,
                topic=topic,
                starred=starred,
                year=year,
                before=before,
                limit=limit,
            )

    def cards(self, keys: Sequence[str]) -> list[browse.Card]:
        """The articles with these keys as they stand in a list; what is not held is left out."""
        with self._lock:
            return browse.cards_of(self._conn, keys)

    def starred(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of these articles that somebody starred."""
        with self._lock:
            return browse.marked(self._conn, keys, "starred")

    def marked_read(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of these articles that somebody marked as read."""
        with self._lock:
            return browse.marked(self._conn, keys, "read")

    def require_tag(self, name: str) -> None:
        """Raises NotHeld where nobody tagged an article so."""
        with self._lock:
            browse.require_tag(self._conn, name, "own_tags")

    def require_topic(self, name: str) -> None:
        """Raises NotHeld where no page has this tag of WeChat's."""
        with self._lock:
            browse.require_tag(self._conn, name, "tags")

    def shelves(self) -> browse.Shelves:
        """What the archive holds at a glance. Remembered until somebody writes."""
        with self._lock:
            return self._shelves.of(self._conn)

    def last_number(self) -> int:
        """The highest article number: later ones arrived later."""
        with self._lock:
            return browse.last_number(self._conn)

    def count_after(self, article_id: int) -> int:
        """How many articles arrived after the one with this number."""
        with self._lock:
            return browse.count_after(self._conn, article_id)

    def account(self, name: str) -> browse.AccountFacts:
        """An account by biz, 微信号, ``gh_…``, name or number. Raises NotHeld."""
        with self._lock:
            return browse.account(self._conn, name)

    def accounts(self) -> list[browse.Tally]:
        """Every account with articles, the one with most first."""
        with self._lock:
            return browse.accounts(self._conn)

    def albums(self) -> list[browse.Tally]:
        """Every album that is known."""
        with self._lock:
            return browse.albums(self._conn)

    def album(self, album_id: str) -> browse.AlbumFacts:
        """An album with its list. Raises NotHeld."""
        with self._lock:
            return browse.album(self._conn, album_id)

    def account_links(self, account_id: int) -> linking.AccountLinks:
        """How many links lead from and to held articles of other accounts."""
        with self._lock:
            return linking.between_accounts(self._conn, account_id)

    def account_names(self, keys: Sequence[str]) -> dict[str, str | None]:
        """Key → the name of its account, as its page shows it."""
        with self._lock:
            return browse.account_names(self._conn, keys)

    def months(self, account_id: int) -> list[linking.Month]:
        """What an account published, edited and lost by months in China."""
        with self._lock:
            return linking.months(self._conn, account_id)

    def media(self, path: str) -> HeldFile | None:
        """A picture, sound or video by its path from the archive's folder, if it is held and its
        file is there.
        """
        with self._lock:
            type_ = browse.media_type(self._conn, path)
        if type_ is None:
            return None
        try:
            place = inside(self.root, path)
        except Corrupt:  # a link on the way leads out of the archive
            return None
        return HeldFile(place, type_) if place.is_file() else None


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file of ``media/``: where it is, and its true type (``image/png``)."""

    place: Path
    type: str


class Remembered(Generic[T]):
    """What a function said of the database, until somebody writes. While a crawl writes all the
    time it is asked again only so often that asking takes no more than a twentieth of the time."""

    _SHARE = 20

    def __init__(self, ask: Callable[[sqlite3.Connection], T]) -> None:
        self._ask = ask
        self._version: int | None = None
        self._not_before = 0.0
        self._said: T | None = None

    def of(self, conn: sqlite3.Connection) -> T:
        """What holds now, or held a moment ago."""
        (version,) = conn.execute("PRAGMA data_version").fetchone()
        begun = time.monotonic()
        if self._said is None or (version != self._version and begun >= self._not_before):
            self._said = self._ask(conn)
            self._version = version
            ended = time.monotonic()
            self._not_before = ended + self._SHARE * (ended - begun)
        return self._said
