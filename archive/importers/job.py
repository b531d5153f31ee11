"""``import``: files into the archive without a request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from archive.crawl.frontier import SqliteFrontier
from archive.db.lock import Lock
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database
from archive.db.transactions import transaction
from archive.document import frontmatter
from archive.document.reading import Head, read_body, read_head
from archive.errors import BadInput
from archive.importers.found import Found, contents, files, kind_of, version_of
from archive.importers.media import LocalImage, local_image
from archive.importers.report import ImportReport, Taken
from archive.record import iso
from archive.run.signals import Interrupted, Signals
from archive.search.rebuild import maintain_index
from archive.snapshots import Snapshots
from archive.snapshots.choose import BULK_LEVEL19_MIN_BYTES
from archive.store import Store, Stored
from scraper import urls
from scraper.crawl.protocols import Candidate
from scraper.errors import Gone, NotAnAddress, ScrapeError
from scraper.models import Article, Page
from scraper.parse import PARSER_VERSION, parse
from scraper.redact import redact

#: ``…/2024-01-02 TITLE [key].md``, and ``media/ab/SHA256.ext``.
_KEY_IN_NAME = re.compile(r"\[([0-9a-z]{10,26})\](?:\.v\d+)?\.md$")
_MEDIA_NAME = re.compile(r"^([0-9a-f]{64})\.[a-z0-9]{1,8}$")
_OUR_PATH = re.compile(r"(?:^|/)(articles/[^/]+/(?:\d{4}|undated)/[^/]+\[[0-9a-z]{10,26}\]\.md)$")
#: An import that brought so many raw pages packs them again before it ends; fewer wait for the next `run`.
PAGES_A_REPACK = 100


#: ``progress(done, total, name)``: ``name`` is "importing", then "indexing" where the search index is
#: made anew.
Progress = Callable[[int, int, str], None]


def import_files(
    root: Path,
    paths: Sequence[Path],
    *,
    links: bool = False,
    snapshots: bool = True,
    versions: str = "rows",
    wait: bool = False,
    tell: Callable[[Taken], None] = lambda taken: None,
    progress: Progress = lambda done, total, name: None,
) -> ImportReport:
    """Take in Markdown files, saved pages, other tools' exports and web archives; folders of them too.

    Nothing is fetched. What is held already is left alone unless a newer capture of it is found, so the same call may
    be made again after an interruption. ``links``: addresses that our own files link to wait for the next run as well;
    those of other people's files always do. What cannot be read stands in the report; nothing stops the rest.

    Raises BadInput for a path that is not there, Locked, Corrupt, DiskTrouble, CannotCreate.
    """
    todo = list(files(paths))
    report = ImportReport()
    signals = Signals()
    with signals.listening(), ExitStack() as stack:
        try:
            stack.enter_context(Lock(root, wait=wait))
            db = stack.enter_context(open_database(root / ARCHIVE_DB))
            kept = stack.enter_context(Snapshots(root / SNAPSHOTS_DB)) if snapshots else None
            store = Store(db, root, versions=versions, eager=False)
            job = _Job(root, store, kept, report, signals, tell, links)
            job.run(todo, progress)
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
    ) -> None:
        self.root, self.store, self.snapshots, self.report = root, store, snapshots, report
        self.signals, self.tell, self.all_links = signals, tell, all_links
        self.frontier = SqliteFrontier(store.db.conn)
        #: key → address of the Markdown files given, for links between them.
        self.addresses: dict[str, str] = {}

    def run(self, todo: list[Path], progress: Progress) -> None:
        for path in todo:
            self._note_address(path)
        webs = []
        for done, path in enumerate(todo, start=1):
            for found in contents(path):
                with self.signals.hold():
                    self._take(found)
            if kind_of(path) in ("warc", "bundle"):
                webs.append(path)
            progress(done, len(todo), "importing")
        for path in webs:  # again, now that it is known which images are shown
            for found in contents(path):
                if found.image:
                    with self.signals.hold():
                        self._image(*found.image)
        with self.signals.hold():
            self.store.settle()
            maintain_index(
                self.store.db.conn,
                lambda: self.signals.number is not None,
                progress=lambda name, done, of: progress(done, of, name),
            )
            if self.snapshots is not None:
                self.snapshots.repack_if_waiting(
                    PAGES_A_REPACK,
                    level19_from=BULK_LEVEL19_MIN_BYTES,
                    progress=lambda done, of: progress(done, of, "packing"),
                    stop=lambda: self.signals.number is not None,
                )

    def _note_address(self, path: Path) -> None:
        """A first look at our own files: which address stands behind which key."""
        named = _KEY_IN_NAME.search(path.name)
        if named is None:
            return
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                head = file.read(65536)
            end = head.find("\n---", 3)
            values = frontmatter.read(head if end < 0 else head[: end + 5])[0]
        except (OSError, BadInput):
            return
        if address := values.get("url") or values.get("address"):
            self.addresses[named[1]] = str(address)

    # --- one thing found

    def _take(self, found: Found) -> None:
        if found.image:
            return
        try:
            taken = self._taken(found)
        except Gone as error:
            taken = Taken(
                source=found.source,
                change="failed",
                error=f"a page that says the article is gone: {error}",
            )
        except (ScrapeError, BadInput) as error:
            taken = Taken(source=found.source, change="failed", error=redact(str(error)))
        self.report.add(taken)
        self.tell(taken)

    def _taken(self, found: Found) -> Taken:
        if found.error is not None:
            raise BadInput(found.error)
        if found.page is not None:
            return self._page(found, found.page)
        if found.markdown is not None:
            return self._markdown(found, read_head(found.markdown))
        if found.article is not None:
            return self._article(found, found.article)
        assert found.address is not None
        return self._address(found, found.address)

    def _page(self, found: Found, page: Page) -> Taken:
        article = parse(page)
        address = _canonical(article, found.address or page.url)
        held = self._held(article, address)
        snapshot_id = self.snapshots.put(page, address=address) if self.snapshots else None
        if held is not None and held.snapshot_id is not None and not _is_newer(page, held):
            return self._left(found, held)
        now = page.fetched or datetime.now(UTC)
        kept = self.store.keep(article, address=page.url, now=now, snapshot_id=snapshot_id)
        self.store.remember(address, kept.article_id, now)
        return Taken(
            source=found.source,
            change=_change(kept.change),
            key=kept.key,
            path=kept.path,
            title=article.title,
        )

    def _article(self, found: Found, article: Article) -> Taken:
        if not article.title:
            raise BadInput("it has no title")
        held = self._held(article, article.address or "")
        if held is not None:
            return self._left(found, held)
        kept = self.store.keep(
            article, address=article.address or article.url or "", now=datetime.now(UTC)
        )
        return Taken(
            source=found.source, change="new", key=kept.key, path=kept.path, title=article.title
        )

    def _address(self, found: Found, address: str) -> Taken:
        held = self.store.find(address)
        if held is not None:
            return self._left(found, held)
        self._wait_for(address, None)
        return Taken(source=found.source, change="waiting")

    def _left(self, found: Found, held: Stored) -> Taken:
        return Taken(
            source=found.source, change="held", key=held.key, path=held.path, title=held.title
        )

    def _held(self, article: Article, address: str) -> Stored | None:
        identity = article.identity
        if identity is not None:
            address = (
                f"https://{urls.HOST}/s?__biz={identity.biz}&mid={identity.mid}&idx={identity.idx}"
            )
        found = self.store.find(address) if address else None
        return found or (self.store.find(article.url) if article.url else None)

    # --- Markdown

    def _markdown(self, found: Found, head: Head) -> Taken:
        number = version_of(found.path) if head.ours else None
        held = self._held_file(head)
        if held is not None and (number is None or held.snapshot_id is not None):
            return self._left(found, held)
        pictures = self._pictures(found.path, head)
        article = read_body(
            head,
            image=lambda shown: pictures.get(unquote(shown).rpartition("/")[2]),
            link=lambda shown: self._link(found.path, shown),
        )
        if held is not None and number is not None:
            return self._version(found, held, head, article, number)
        kept = self.store.keep(
            article,
            address=article.address or article.url or "",
            now=head.holding.archived or datetime.now(UTC),
            key=head.holding.key if head.ours else None,
            path=_own_path(found.path),
        )
        self._restore(kept.article_id, head, article)
        if not head.ours or self.all_links:
            self._follow(article)
        return Taken(
            source=found.source,
            change=_change(kept.change),
            key=kept.key,
            path=kept.path,
            title=article.title,
        )

    def _held_file(self, head: Head) -> Stored | None:
        held = self._held(head.article, head.article.address or "")
        if held is None and head.ours and head.holding.key:
            held = self.store.find(head.holding.key)
        return held

    def _version(
        self, found: Found, held: Stored, head: Head, article: Article, number: int
    ) -> Taken:
        """An earlier version beside the article's file."""
        seen = head.holding.changed or head.holding.archived or held.archived
        ours = self.root.resolve() in found.path.resolve().parents
        path = found.path.resolve().relative_to(self.root.resolve()).as_posix() if ours else None
        restored = self.store.restore_version(
            held.article_id, number, article, seen, PARSER_VERSION, path
        )
        if not restored:
            return self._left(found, held)
        return Taken(
            source=found.source,
            change="modified",
            key=held.key,
            path=path or held.path,
            title=article.title,
        )

    def _pictures(self, path: Path, head: Head) -> dict[str, str]:
        """File name → address of each image; images that lie beside the file are taken in."""
        found = {}
        for name, url in head.holding.images:
            found[name] = url
            digest = _MEDIA_NAME.match(name)
            if digest is None or self.store.media_path(url):
                continue
            for folder in (self.root, *path.resolve().parents[:5]):
                place = folder / "media" / name[:2] / name
                if place.is_file():
                    self._local(url, place.read_bytes(), digest[1], name)
                    break
        return found

    def _local(self, url: str, body: bytes, digest: str, name: str) -> None:
        if hashlib.sha256(body).hexdigest() != digest:
            return  # damaged: the address stays, the next run fetches it
        known = local_image(body)
        extension = name.rpartition(".")[2]
        image = LocalImage(
            body,
            known.type if known else _TYPES.get(extension, "application/octet-stream"),
            extension,
        )
        self.store.add_media(url, image, datetime.now(UTC))
        self.report.media += 1

    def _link(self, path: Path, shown: str) -> str | None:
        """The address of the article that a local link leads to."""
        if "://" in shown or shown.startswith(("#", "mailto:")):
            return None
        named = _KEY_IN_NAME.search(unquote(shown).partition("#")[0])
        if named is None:
            return None
        if named[1] in self.addresses:
            return self.addresses[named[1]]
        held = self.store.find(named[1])
        return held.url if held else None

    def _restore(self, article_id: int, head: Head, article: Article) -> None:
        """What the file says of the archive's own facts."""
        holding = head.holding
        if holding.changed is not None and self.store.stored(article_id).changed != holding.changed:
            with transaction(self.store.db.conn):
                self.store._update(article_id, changed=iso(holding.changed))
                self.store._mark_stale([article_id])
        if holding.gone is not None:
            reason = holding.gone_reason or "unavailable"
            error = Gone(holding.gone_shown or reason, reason=reason, shown=holding.gone_shown)
            self.store.gone(self.store.stored(article_id).key, error, holding.gone)

    # --- what else came along

    def _image(self, url: str, body: bytes) -> None:
        shown = self.store.db.conn.execute(
            "SELECT 1 FROM images WHERE url = ? LIMIT 1", (url,)
        ).fetchone()
        image = local_image(body)
        if shown and image and not self.store.media_path(url):
            self.store.add_media(url, image, datetime.now(UTC))
            self.report.media += 1

    def _follow(self, article: Article) -> None:
        for link in article.links:
            if link.relation in ("text", "reprint", "album_previous", "album_next"):
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
        self.frontier.enqueue(find, datetime.now(UTC))
        self.report.links += self.frontier.waiting() - before if relation else 0


_TYPES = {
    "svg": "image/svg+xml",
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}


def _change(change: str) -> str:
    return "modified" if change == "reparsed" else change


def _is_newer(page: Page, held: Stored) -> bool:
    return page.fetched is not None and page.fetched > held.checked


def _canonical(article: Article, fallback: str) -> str:
    if article.identity is not None:
        i = article.identity
        return urls.canonical(f"https://{urls.HOST}/s?__biz={i.biz}&mid={i.mid}&idx={i.idx}")
    for text in (article.url, fallback):
        try:
            return urls.canonical(text or "")
        except NotAnAddress:
            continue
    return fallback


def _own_path(path: Path) -> str | None:
    """The place in the archive that one of our files had, from where it lies."""
    found = _OUR_PATH.search(path.resolve().as_posix())
    return found[1] if found else None
