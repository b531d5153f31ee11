"""``import``: files into the archive without a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path

from archive.crawl.frontier import SqliteFrontier
from archive.db.lock import Lock
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database
from archive.db.transactions import Together
from archive.document.facts import Holding
from archive.errors import BadInput
from archive.importers.ahead import (
    ReadAhead,
    Reading,
    Ready,
    parsed,
    pictures_of,
    read_ahead,
)
from archive.importers.around import Around
from archive.importers.documents import Documents
from archive.importers.formats import contents
from archive.importers.items import ImportItem, OwnWork
from archive.importers.leftover import LEFT_IN_MEMORY, LeftOver
from archive.importers.report import ImportReport, Taken
from archive.importers.walk import walk
from archive.media.received import keep_received
from archive.run.items import one_item
from archive.run.signals import Interrupted, Signals
from archive.run.sink import identity_address
from archive.saved.pictures import beside, local_image, picture
from archive.search.rebuild import maintain_index, renew_index
from archive.snapshots import Snapshots
from archive.snapshots.choose import BULK_LEVEL19_MIN_BYTES
from archive.store import Store, Stored
from archive.store.decide import image_id
from archive.store.own import Marking
from scraper import urls
from scraper.clock import utc_now
from scraper.crawl.protocols import Candidate
from scraper.errors import Gone, NotAnAddress, ScrapeError
from scraper.messages import changed, mark, message_of
from scraper.models import Account, Article, Page
from scraper.recordings import at_address
from scraper.redact import redact
from scraper.traffic.counts import of_page
from scraper.traffic.models import Counts

#: Relations that lead to other articles.
_FOLLOWED = ("text", "reprint", "album_previous", "album_next")
#: An import that brought so many raw pages packs them again before it ends; fewer wait for the next
#: `run`.
PAGES_A_REPACK = 100
#: Pictures of the articles of one file; those of later articles are found in the database.
MOST_JUST_SHOWN = 100_000
#: Articles and addresses a commit; a killed import repeats at most so many.
ITEMS_A_COMMIT = 16


#: ``progress(done, total, name)``: ``name`` is "importing", then "indexing" where the search index
#: is made anew.
Progress = Callable[[int, int, str], None]


def import_files(
    root: Path,
    paths: Sequence[Path],
    *,
    links: bool = False,
    without_address: bool = False,
    snapshots: bool = True,
    versions: str = "rows",
    wait: bool = False,
    scrubbed: bool = False,
    comments: bool = False,
    tell: Callable[[Taken], None] = lambda taken: None,
    progress: Progress = lambda done, total, name: None,
    jobs: int = 1,
) -> ImportReport:
    """Take in Markdown files, saved pages, other tools' exports and web archives; folders of them
    too.

    Nothing is fetched. What is held already is left alone unless a newer capture of it is found, so
    the same call may be made again after an interruption. ``links``: addresses that our own files
    link to wait for the next run as well; those of other people's files always do.
    ``without_address``: Markdown that names no address is taken too, under a key of its content.
    ``scrubbed``: raw pages are kept without the tokens of who read them. ``comments``: Markdown
    files show comments. What cannot be read stands
    in the report; nothing stops the rest. ``jobs``: so many cores are used: pages are read in
    processes beside this one, which writes, and an index that is needed anew is made in them; with
    more than one, a caller must be safe to import (``multiprocessing``'s rule).

    Raises BadInput where none of ``paths`` is there, Locked, Corrupt, DiskTrouble, CannotCreate.
    """
    found = walk(paths)
    report = ImportReport(passed_over=found.passed_over)
    signals = Signals()
    with signals.listening():
        try:
            with ExitStack() as stack:
                stack.enter_context(Lock(root, wait=wait))
                db = stack.enter_context(open_database(root / ARCHIVE_DB))
                kept = stack.enter_context(Snapshots(root / SNAPSHOTS_DB)) if snapshots else None
                store = Store(db, root, versions=versions, eager=False)
                store.discussions.show_in_files(comments)
                job = _Job(
                    root,
                    store,
                    kept,
                    report,
                    signals,
                    tell,
                    links,
                    scrubbed,
                    without_address=without_address,
                )
                for path in found.missing:
                    job.failed(str(path), mark("there is no such file or folder"))
                wants_index = job.run(found.files, progress, jobs)
            if wants_index:  # beside whoever writes by now
                renew_index(root, lambda name, done, of: progress(done, of, name), jobs=jobs)
        except Interrupted as interrupted:
            report.signal = interrupted.number
    return report


class _Job:
    def __init__(
        self,
        root: Path,
        store: Store,
        snapshots: Snapshots | None,
        report: ImportReport,
        signals: Signals,
        tell: Callable[[Taken], None],
        all_links: bool,
        scrubbed: bool,
        *,
        without_address: bool,
    ) -> None:
        self.reading = Reading(scrubbed=scrubbed, snapshots=snapshots is not None)
        self.store, self.snapshots, self.report = store, snapshots, report
        self.signals, self.tell, self.all_links = signals, tell, all_links
        self.frontier = SqliteFrontier(store.db.conn)
        self.documents = Documents(root, store, report, self._held, without_address=without_address)
        self._group = Together(self._both)
        self._items = 0
        #: What names the pictures of articles that this file brought → their addresses.
        self._just_shown: dict[str, str] = {}

    def run(self, todo: list[Path], progress: Progress, jobs: int) -> bool:
        """Whether the search index is to be made anew, which nobody else should wait for."""
        for path in todo:
            with self._alone(str(path)):
                self.documents.note_address(path)
        with self._group:
            left = self._first_pass(todo, progress, jobs)
        for path, one in left.items():
            if one.has_exchanges:
                self._take_around(path, one.items())
        shown = self._shown({name for one in left.values() for name in one.pictures})
        for path, one in left.items():
            if one.pictures:
                self._take_pictures(path, one.items(), shown)
        with self.signals.hold():
            self.store.write_stale_files()
            wants_index = maintain_index(
                self.store.db.conn, lambda: self.signals.number is not None
            )
            if self.snapshots is not None:
                self.snapshots.repack_if_waiting(
                    PAGES_A_REPACK,
                    level19_from=BULK_LEVEL19_MIN_BYTES,
                    progress=lambda done, of: progress(done, of, "packing"),
                    stop=lambda: self.signals.number is not None,
                )
        return wants_index

    def _first_pass(self, todo: list[Path], progress: Progress, jobs: int) -> dict[Path, LeftOver]:
        """Articles and addresses. Of each file what is to be taken once it is known which articles
        are held.
        """
        left: dict[Path, LeftOver] = {}
        room = LEFT_IN_MEMORY
        with closing(read_ahead(todo, self.reading, jobs)) as files:
            for done, (path, ahead) in enumerate(files, start=1):
                found = LeftOver(path, room)
                with self._alone(str(path)):
                    self._file(path, found, ahead)
                if found:
                    left[path] = found
                    room -= found.size
                progress(done, len(todo), "importing")
        return left

    def _file(self, path: Path, left: LeftOver, ahead: ReadAhead | None) -> None:
        """Take what is in a file, one by one; ``left`` gets what is to be taken later. ``ahead``: it
        was read already."""
        self._just_shown.clear()
        if ahead is not None:
            self._take(ahead.item, ahead.ready)
            return
        if self._is_unchanged(path):
            return
        for item in contents(path):
            if item.image and image_id(item.image[0]) in self._just_shown:
                self._take_pictures(path, [item], self._just_shown)
            elif item.image or item.exchange:
                left.add(item)
            elif item.follows is not None:
                self._know(item, item.follows)
            else:
                self._take(item)

    def _is_unchanged(self, path: Path) -> bool:
        """Whether it is a file of an article that is held, just as the archive wrote it."""
        held = self.documents.unchanged(path)
        if held is not None:
            with self.signals.hold():
                self._count(Taken.of("held", str(path), held))
        return held is not None

    def _know(self, item: ImportItem, account: Account) -> None:
        """An account that another program followed, with or without articles."""
        with self._alone(item.source), self.signals.hold():
            self.store.know_account(account, utc_now())
            self.report.accounts.add(account.name or account.biz or "")

    def _take_pictures(
        self, path: Path, items: Iterable[ImportItem], shown: Mapping[str, str]
    ) -> None:
        with self._alone(str(path)):
            for item in items:
                if item.image:
                    with self._alone(item.image[0]), self.signals.hold():
                        self._image(*item.image, shown)

    def _take_around(self, path: Path, items: Iterable[ImportItem]) -> None:
        """The counts and comments in a recording."""
        around = Around(self.store, self.report)
        with self._alone(str(path)):
            for item in items:
                if item.exchange is None or item.seen is None:
                    continue
                with self._alone(item.source), self.signals.hold():
                    self.report.unmatched += not around.take(item.exchange, item.seen)
        with self._alone(str(path)), self.signals.hold():
            around.finish()

    def _shown(self, pictures: set[str]) -> dict[str, str]:
        """What names a picture → an address that an article shows it under, of those wanted."""
        if not pictures:
            return {}
        rows = self.store.db.conn.execute(
            "SELECT url FROM images UNION SELECT url FROM comment_pictures"
        )
        return {name: url for (url,) in rows if (name := image_id(url)) in pictures}

    def _alone(self, source: str) -> AbstractContextManager[None]:
        """What goes wrong inside is told of ``source`` and ends nothing else."""
        return one_item(source, lambda error: self.failed(source, _said(error)))

    def failed(self, source: str, error: str) -> None:
        """Count and tell what could not be read."""
        self._count(Taken(source=source, change="failed", error=error))

    def _count(self, taken: Taken) -> None:
        self.report.add(taken)
        self._group.once_kept(partial(self.tell, taken))

    # --- one thing found

    def _take(self, item: ImportItem, ready: Ready | None = None) -> None:
        with self._alone(item.source), self.signals.hold():
            self._count(self._taken(item, ready))
        self._items += 1
        if self._items % ITEMS_A_COMMIT == 0:
            with self.signals.hold():
                self._group.commit()

    @contextmanager
    def _both(self) -> Iterator[None]:
        """A transaction of both databases. Raw pages are committed first, so that no row names one
        that is not there.
        """
        with (
            self.store.transaction(),
            self.snapshots.together() if self.snapshots else nullcontext(),
        ):
            yield

    def _taken(self, item: ImportItem, ready: Ready | None) -> Taken:
        if item.page is not None:
            return self._page(item, ready or parsed(item, item.page, self.reading))
        if item.markdown is not None:
            return self._markdown(item, item.markdown)
        if item.article is not None:
            return self._article(item, item.article)
        if item.address is not None:
            return self._address(item, item.address)
        raise BadInput(item.error or mark("nothing is in it"))

    def _markdown(self, item: ImportItem, text: str) -> Taken:
        head = self.documents.read_head(item.path, text)
        taken, article = self.documents.keep(item.source, item.path, head)
        if article is not None and (not head.ours or self.all_links):
            self._follow(article)
        if taken.change == "held" and taken.key is not None:
            own = self.documents.own_elsewhere(item.path, head)
            self._own_work(item.source, own, self.store.get(taken.key).article_id)
        return taken

    def _page(self, item: ImportItem, ready: Ready) -> Taken:
        page, article = ready.page, ready.article
        address = identity_address(article, fallback=item.address or page.url)
        held = self._held(article, address)
        snapshot_id = None
        if self.snapshots:
            snapshot_id = self.snapshots.put(page, address=address, look=ready.look)
        if held is not None and held.snapshot_id is not None and not _is_newer(page, held):
            self._note_counts_in(page, held.article_id)
            return Taken.of("held", item.source, held)
        self._pictures(item, ready)
        now = page.fetched or utc_now()
        kept = self.store.keep(article, address=page.url, now=now, snapshot_id=snapshot_id)
        self.store.remember(address, kept.article_id, now)
        self._note_pictures(article)
        self._note_counts_in(page, kept.article_id)
        for url, body in item.parts.items():
            with self._alone(url):
                self._image(url, body)
        change = "modified" if kept.change == "reparsed" else kept.change
        return Taken(
            source=item.source, change=change, key=kept.key, path=kept.path, title=article.title
        )

    def _note_pictures(self, article: Article) -> None:
        if len(self._just_shown) < MOST_JUST_SHOWN:
            self._just_shown |= {image_id(image.url): image.url for image in article.images}

    def _article(self, item: ImportItem, article: Article) -> Taken:
        if not article.title:
            raise BadInput(mark("it has no title"))
        held = self._held(article, article.address or "")
        if held is not None:
            self._note_counts(held.article_id, item.counts, item.seen, "import")
            self._own_work(item.source, item.own, held.article_id)
            return Taken.of("held", item.source, held)
        holding = item.holding or Holding()
        kept = self.store.keep(
            article,
            address=article.address or article.url or "",
            now=holding.archived or utc_now(),
            key=item.own.key if item.own else None,
        )
        self.documents.restore(kept.article_id, holding)
        self._own_work(item.source, item.own, kept.article_id)
        self._note_counts(kept.article_id, item.counts, item.seen, "import")
        return Taken(
            source=item.source, change="new", key=kept.key, path=kept.path, title=article.title
        )

    def _own_work(self, source: str, own: OwnWork | None, article_id: int) -> None:
        """What a person did to it elsewhere, added to what they did here, once its rows are safe:
        a file that they changed stands before no row."""
        if own is not None:
            self._group.once_kept(partial(self._add_own, source, own, article_id))

    def _add_own(self, source: str, work: OwnWork, article_id: int) -> None:
        now = utc_now()
        with self._alone(source):
            held, own = self.store.stored(article_id), work.own
            note = own.note if own.note and not held.note else None
            for marking, since in (
                (Marking.of(add=own.tags, note=note), now),
                (Marking.of(starred=own.starred or None), work.starred or now),
                (Marking.of(read=own.read or None), work.read or now),
            ):
                self.store.edits.mark(held, marking, since)
            if work.markdown is not None:
                self.store.edits.restore(article_id, work.markdown, now)

    def _note_counts_in(self, page: Page, article_id: int) -> None:
        """What a page says; one that nobody knows the time of says nothing."""
        if page.fetched is not None:
            self._note_counts(article_id, of_page(page), page.fetched, "page")

    def _note_counts(
        self, article_id: int, counts: Counts, seen: datetime | None, origin: str
    ) -> None:
        if seen is not None:
            self.report.counts_seen += self.store.counts.note(article_id, counts, seen, origin)

    def _address(self, item: ImportItem, address: str) -> Taken:
        if item.entry is not None and item.seen is not None:
            self.store.listed.note([item.entry], item.seen)
        held = self.store.find(address)
        if held is not None:
            self._note_counts(held.article_id, item.counts, item.seen, "import")
            return Taken.of("held", item.source, held)
        if item.account:
            self.report.accounts.add(item.account)
        if item.listed and not self.all_links:
            return Taken(source=item.source, change="listed")
        self._wait_for(address, None)
        return Taken(source=item.source, change="waiting")

    def _held(self, article: Article, address: str) -> Stored | None:
        if article.identity is not None:
            address = urls.of_identity(article.identity)
        found = self.store.find(address) if address else None
        return found or (self.store.find(article.url) if article.url else None)

    # --- what else came along

    def _pictures(self, item: ImportItem, ready: Ready) -> None:
        """The pictures beside a saved page, or in the same file."""
        shown = ready.pictures if ready.pictures is not None else pictures_of(item, ready.page)
        for url, name in shown:
            with self._alone(url):
                self._picture(url, item, name)

    def _picture(self, url: str, item: ImportItem, name: str) -> None:
        if self.store.media_path(url) is None:
            image = picture(item.parts.get(name) or beside(item.path, name) or b"")
            if image is not None:
                self.store.add_media(url, image, utc_now())
                self.report.media += 1

    def _image(self, url: str, body: bytes, shown: Mapping[str, str] | None = None) -> None:
        """Keep a picture that an article shows; ``shown`` says under which address."""
        if shown is None:
            shown = self._shown({image_id(url)})
        at = shown.get(image_id(url))
        if at is None:
            self._recording(url, body)
            return
        if self.store.media_path(at):
            return
        image = local_image(body)
        if image:
            self.store.add_media(at, image, utc_now())
            self.report.media += 1

    def _recording(self, url: str, body: bytes) -> None:
        """Keep a sound or film that an article plays."""
        known = at_address(url)
        if known is None or self.store.recordings.path_of(known.address):
            return
        sql = "SELECT 1 FROM article_recordings WHERE address = ? LIMIT 1"
        if self.store.db.conn.execute(sql, (known.address,)).fetchone() is None:
            return
        kept = keep_received(self.store, url, body, utc_now())
        self.report.media += kept is not None

    def _follow(self, article: Article) -> None:
        for link in article.links:
            if link.relation in _FOLLOWED:
                with self._alone(link.url):
                    self._wait_for(link.url, link.relation)

    def _wait_for(self, url: str, relation: str | None) -> None:
        try:
            address = urls.parse(url)
        except NotAnAddress:
            return
        if address.form == "album" or self.store.find(address.canonical) is not None:
            return
        before = self.frontier.waiting()
        find = Candidate(
            address=address,
            why="followed" if relation else "given",
            relation=relation,
            depth=int(bool(relation)),
        )
        self.frontier.enqueue(find, utc_now())
        self.report.links += self.frontier.waiting() - before if relation else 0


def _said(error: ScrapeError) -> str:
    said = message_of(error)
    if isinstance(error, Gone):
        said = mark("a page that says the article is gone: {what}", what=said)
    return changed(said, redact)


def _is_newer(page: Page, held: Stored) -> bool:
    return page.fetched is not None and page.fetched > held.checked
