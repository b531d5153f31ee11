"""``reparse``: which raw pages to read again, and what becomes of what they say now."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from archive.db.lock import Lock
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database
from archive.db.tombstones import removed_identity
from archive.db.transactions import Together, transaction
from archive.errors import ArchiveError, Corrupt, NotHeld
from archive.media.images import without_pictures
from archive.record import iso, storable
from archive.reparse.report import Change, ReparseReport, diff, differing
from archive.reparse.work import Read, read_all
from archive.run.items import one_item
from archive.run.signals import Interrupted, Signals
from archive.snapshots import Snapshots
from archive.store import Store
from archive.store.decide import is_hollow
from archive.store.finding import identified, may_be_same
from scraper import urls
from scraper.clock import utc_now
from scraper.errors import ScrapeError
from scraper.messages import mark, message_of
from scraper.models import Article
from scraper.parse import PARSER_VERSION

Scope = Literal["changed", "all"]
#: A process costs as much to start (0.35 s of CPU) as 35 pages to read.
PAGES_A_PROCESS = 64
#: Articles between two notes of how far it came; a killed run repeats at most so many.
NOTE_EVERY = 25


@dataclass(frozen=True, slots=True)
class Item:
    """A raw page to read, the article that it is the page of (``None``: of none so far), and which
    of its earlier versions (``None``: the newest). ``found``: no row says that it is, only its
    address, as after a lost archive.db; its words have to be the article's."""

    snapshot_id: int
    article_id: int | None
    version: int | None = None
    found: bool = False


def reparse(
    root: Path,
    *,
    keys: Sequence[str] = (),
    scope: Scope = "changed",
    dry_run: bool = False,
    jobs: int | None = None,
    wait: bool = False,
    versions: str = "rows",
    pictures: bool = True,
    tell: Callable[[Change], None] = lambda change: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ReparseReport:
    """Make articles again from their raw pages, as a fresh ``save`` of the same pages would.

    ``keys`` (or addresses, paths) names the articles; without any, ``scope`` does: those that an
    older parser made (``changed``) or ``all``. Pages that gave no article so far are tried too:
    this parser may understand them. Ended half-way, the same call goes on from there. ``dry_run``
    writes nothing and puts a diff into each change. ``jobs`` is the number of processes, by default
    one a core. Without ``pictures`` an article that has none gets none, as `save` with the setting
    ``images = "none"`` keeps it. ``tell`` hears of each article that came out otherwise.

    Raises NotHeld for a key that is not there, Locked, Corrupt, DiskTrouble.
    """
    report = ReparseReport(dry_run=dry_run)
    begun = time.monotonic()
    signals = Signals()
    with signals.listening(), ExitStack() as stack:
        if not dry_run:
            stack.enter_context(Lock(root, wait=wait))
        if not (root / SNAPSHOTS_DB).exists():
            raise ArchiveError(
                mark(
                    "{root} has no {snapshots_db}: its articles were kept without raw pages, "
                    "so nothing can be made again; `save --refresh` fetches them",
                    root=root,
                    snapshots_db=SNAPSHOTS_DB,
                )
            )
        db = stack.enter_context(open_database(root / ARCHIVE_DB, readonly=dry_run))
        store = Store(db, root, versions=versions, eager=False)
        job = _Job(root, store, report, signals, tell, pictures=pictures)
        try:
            job.run(keys, scope, jobs or os.cpu_count() or 1, progress)
        except Interrupted as interrupted:
            report.signal = interrupted.number
    report.seconds = time.monotonic() - begun
    return report


class _Job:
    def __init__(
        self,
        root: Path,
        store: Store,
        report: ReparseReport,
        signals: Signals,
        tell: Callable[[Change], None],
        *,
        pictures: bool,
    ) -> None:
        self.pictures = pictures
        self.root, self.store, self.report, self.signals, self.tell = (
            root,
            store,
            report,
            signals,
            tell,
        )
        self.conn: sqlite3.Connection = store.db.conn
        self.number: int | None = None
        self._group = Together(nullcontext if report.dry_run else store.transaction)

    def run(
        self, keys: Sequence[str], scope: Scope, jobs: int, progress: Callable[[int, int], None]
    ) -> None:
        if keys:
            items = self._named(keys)
        else:
            after = 0 if self.report.dry_run else self._begin(scope)
            items = [item for item in self._scoped(scope) if item.snapshot_id > after]
        by_snapshot: dict[int, list[Item]] = {}
        for item in items:
            by_snapshot.setdefault(item.snapshot_id, []).append(item)
        jobs = max(1, min(jobs, len(by_snapshot) // PAGES_A_PROCESS))
        reads = read_all(self.root / SNAPSHOTS_DB, list(by_snapshot), jobs)
        try:
            with self._group:
                for done, read in enumerate(reads, start=1):
                    with self.signals.hold():
                        self._take_all(by_snapshot[read.snapshot_id], read)
                        if done % NOTE_EVERY == 0:
                            self._note(read.snapshot_id)
                            self._group.commit()
                    progress(done, len(by_snapshot))
        finally:
            reads.close()  # type: ignore[attr-defined]
        if not keys:
            self.report.missing = self._without_page(scope)
        if not self.report.dry_run:
            with self.signals.hold():
                self._note(None)
                self.store.write_stale_files()

    # --- which

    def _named(self, keys: Iterable[str]) -> list[Item]:
        found = []
        for key in keys:
            stored = self.store.get(key)
            if stored.snapshot_id is None:
                raise NotHeld(
                    mark(
                        "{key} was kept without a raw page: `save --refresh {url}` fetches it again",
                        key=key,
                        url=stored.url,
                    )
                )
            found.append(Item(stored.snapshot_id, stored.article_id))
            found += self._versions(f"AND article_id = {stored.article_id:d}")
        return found

    def _scoped(self, scope: Scope) -> list[Item]:
        older = _older(scope)
        found = [
            Item(*row)
            for row in self.conn.execute(
                f"SELECT snapshot_id, id FROM articles WHERE snapshot_id IS NOT NULL {older} ORDER BY snapshot_id, id"
            )
        ]
        found += self._versions(older)
        if scope == "all" or found or not self._finished():
            found += self._without_article()
        return sorted(found, key=lambda item: item.snapshot_id)

    def _without_page(self, scope: Scope) -> int:
        sql = f"SELECT count(*) FROM articles WHERE snapshot_id IS NULL {_older(scope)}"
        return int(self.conn.execute(sql).fetchone()[0])

    def _versions(self, also: str) -> list[Item]:
        sql = f"SELECT snapshot_id, article_id, number FROM versions WHERE snapshot_id IS NOT NULL {also}"
        return [Item(*row) for row in self.conn.execute(sql)]

    def _without_article(self) -> Iterator[Item]:
        """The newest page of each address that gave no article: a status page, one that nobody
        understood, or one of an article that was rebuilt from its file.
        """
        sql = "SELECT snapshot_id FROM articles UNION SELECT snapshot_id FROM versions"
        used = {row[0] for row in self.conn.execute(sql)}
        with Snapshots(self.root / SNAPSHOTS_DB, readonly=True) as snapshots:
            for snapshot_id, address in snapshots.newest_ids():
                if snapshot_id in used:
                    continue
                held = self._held_at(address)
                if held is None:
                    yield Item(snapshot_id, None)
                elif held["snapshot_id"] is None:
                    yield Item(snapshot_id, held["id"], found=True)

    def _held_at(self, address: str) -> sqlite3.Row | None:
        sql = (
            "SELECT a.id, a.snapshot_id FROM addresses d JOIN articles a ON a.id = d.article_id "
            "WHERE d.address = ?"
        )
        row: sqlite3.Row | None = self.conn.execute(sql, (address,)).fetchone()
        return row

    # --- what becomes of it

    def _take_all(self, items: Iterable[Item], read: Read) -> None:
        for item in items:
            with one_item(read.address, partial(self._broke, read)):
                self._take(item, read)

    def _take(self, item: Item, read: Read) -> None:
        if self._was_removed(item, read):
            self._count(None)
            return
        item = self._placed(item, read)
        if item.found and not self._has_its_words(item, read):
            self._count(None)
            return
        change = self._kept(item, read) if read.article else self._failed(item, read)
        self._count(change)

    def _placed(self, item: Item, read: Read) -> Item:
        """The same as the page of a rebuilt article, where the page itself says which one it is."""
        identity = read.article.identity if read.article else None
        if item.article_id is not None or identity is None:
            return item
        held = self.store.find(urls.of_identity(identity))
        if held is None or held.snapshot_id is not None:
            return item
        return Item(item.snapshot_id, held.article_id, found=True)

    def _has_its_words(self, item: Item, read: Read) -> bool:
        """Whether a page that no row names is the one that the article was made of. Where a person
        changed the file it is by its address: their words stand in the file, and stay there."""
        if read.article is None or item.article_id is None:
            return False
        if self.store.is_edited(self.store.stored(item.article_id)):
            return True
        return read.article.text == self._old(item).text

    def _was_removed(self, item: Item, read: Read) -> bool:
        """A raw page stays when its article is removed, and does not bring it back."""
        if item.article_id is not None or read.article is None:
            return False
        return removed_identity(self.conn, read.article.identity) is not None

    def _broke(self, read: Read, error: ScrapeError) -> None:
        """Something unexpected: the article stays as it was, and the next `reparse` tries again."""
        self._count(Change(what="failed", address=read.address, error=str(error)))

    def _count(self, change: Change | None) -> None:
        self.report.pages += 1
        if change is None:
            self.report.unchanged += 1
            return
        self.report.add(change)
        self._group.once_kept(partial(self.tell, change))

    def _failed(self, item: Item, read: Read) -> Change | None:
        """A page that gives no article: bad news only where it gave one before, or is damaged."""
        if item.article_id is None and read.error_class not in ("corrupt", "bug", "hostile"):
            return None
        key = path = title = None
        if item.article_id is not None:
            stored = self.store.stored(item.article_id)
            key, path, title = stored.key, stored.path, stored.title
        return Change(
            what="failed", key=key, path=path, title=title, address=read.address, error=read.error
        )

    def _kept(self, item: Item, read: Read) -> Change | None:
        assert read.article is not None
        try:
            old = None if item.article_id is None else self._old(item)
            read_now = article = self._as_wanted(read.article, old)
            if old is not None:
                _require_same(old, article, item)
                # As `keep` does: what no row can hold, and the identity that only the address
                # carries.
                article = identified(storable(article), old.identity)
            names = () if old is None else differing(old, article)
            if self.report.dry_run:
                return self._would(item, read, old, article, names)
            if item.version is not None:
                return self._version(item, read, article, names)
            kept = self.store.keep(
                read_now,
                address=read.address,
                now=utc_now(),
                snapshot_id=read.snapshot_id,
                again=True,
            )
        except ScrapeError as error:  # hollow now: never replaces what was kept
            return self._failed(
                item, Read(read.snapshot_id, read.address, None, error.code, message_of(error))
            )
        if old is not None and not names:
            return None
        what = "new" if kept.change == "new" else "changed"
        return Change(
            what=what,
            key=kept.key,
            path=kept.path,
            title=read.article.title,
            address=read.address,
            fields=names,
        )

    def _as_wanted(self, article: Article, old: Article | None) -> Article:
        """What the page says, with the pictures that are wanted."""
        leaves_out = not self.pictures and (old is None or not old.images)
        return without_pictures(article) if leaves_out else article

    def _old(self, item: Item) -> Article:
        assert item.article_id is not None
        if item.version is None:
            return self.store.article(item.article_id)
        return self.store.version(item.article_id, item.version)

    def _version(
        self, item: Item, read: Read, article: Article, names: tuple[str, ...]
    ) -> Change | None:
        """An earlier version: its row and file, nothing else hangs on them."""
        assert item.article_id is not None
        assert item.version is not None
        if is_hollow(article):
            return self._failed(
                item,
                Read(read.snapshot_id, read.address, None, "hollow", mark("nothing is left of it")),
            )
        self.store.remake_version(item.article_id, item.version, article, PARSER_VERSION)
        if not names:
            return None
        stored = self.store.stored(item.article_id)
        path = f"{stored.path} (version {item.version})"
        return Change(
            what="changed",
            key=stored.key,
            path=path,
            title=article.title,
            address=read.address,
            fields=names,
        )

    def _would(
        self, item: Item, read: Read, old: Article | None, article: Article, names: tuple[str, ...]
    ) -> Change | None:
        if item.article_id is None or old is None:
            if self.store.find(read.address) is not None:
                return None
            return Change(what="new", title=article.title, address=read.address)
        if not names:
            return None
        stored = self.store.stored(item.article_id)
        return Change(
            what="changed",
            key=stored.key,
            path=stored.path,
            title=article.title,
            address=read.address,
            fields=names,
            diff=diff(old, article, stored.path),
        )

    # --- going on after a kill

    def _begin(self, scope: Scope) -> int:
        """Where to go on; a new row where nothing was left half done."""
        with transaction(self.conn):
            row = self.conn.execute(
                "SELECT id, position FROM reparses WHERE scope = ? AND parser_version = ? AND finished IS NULL "
                "ORDER BY id DESC LIMIT 1",
                (scope, PARSER_VERSION),
            ).fetchone()
            if row is not None:
                self.number = row[0]
                self.report.resumed_at = row[1] or None
                return int(row[1])
            cursor = self.conn.execute(
                "INSERT INTO reparses (scope, parser_version, started) VALUES (?, ?, ?)",
                (scope, PARSER_VERSION, iso(utc_now())),
            )
            self.number = cursor.lastrowid
        return 0

    def _finished(self) -> bool:
        sql = "SELECT 1 FROM reparses WHERE parser_version = ? AND finished IS NOT NULL LIMIT 1"
        return self.conn.execute(sql, (PARSER_VERSION,)).fetchone() is not None

    def _note(self, position: int | None) -> None:
        """How far it came; ``None``: to the end."""
        if self.number is None:
            return
        with transaction(self.conn):
            if position is None:
                self.conn.execute(
                    "UPDATE reparses SET finished = ? WHERE id = ?",
                    (iso(utc_now()), self.number),
                )
            else:
                self.conn.execute(
                    "UPDATE reparses SET position = ? WHERE id = ?", (position, self.number)
                )


def _older(scope: Scope) -> str:
    return "" if scope == "all" else f"AND parser_version < {PARSER_VERSION:d}"


def _require_same(old: Article, read: Article, item: Item) -> None:
    """Raises Corrupt for a raw page of another article."""
    if may_be_same(read.identity, old.identity):
        return
    raise Corrupt(
        mark(
            "raw page {number} is of another article than its row says: snapshots.db is not the one "
            "it was kept in, and the article stays as it is",
            number=item.snapshot_id,
        )
    )
