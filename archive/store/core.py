"""The store as everybody uses it: its parts, one a group of tables, behind one door."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from archive.db.article_columns import Stored
from archive.db.files import Disk, Files
from archive.db.opening import ArchiveDatabase
from archive.document.own import Own
from archive.store.derived import Derived
from archive.store.keeping import Keeper
from archive.store.maintenance import Maintenance
from archive.store.markdown_files import is_ours
from archive.store.merging import Merging
from archive.store.tables import tables_of
from archive.store.types import Backlink, Downloaded, Edge, Kept, MissingImage, Version
from scraper.errors import Gone
from scraper.models import Account, Article

if TYPE_CHECKING:
    from archive.store.edits import Edits
    from archive.store.removal import Removal


class Store:
    """Articles in and out of the open database ``db`` and the files under ``root``.

    One writer at a time (see ``archive.db.lock``); opening one writes nothing. Each method that
    writes is one transaction; inside a transaction of the caller it takes part in that. The file of
    an article is on disk before its row is committed, so no row ever names a missing or
    half-written file.

    ``versions="files"`` also writes earlier versions as Markdown files. With ``eager=False`` files
    that show an older state of the links are only noted, and written by ``write_stale_files``.
    ``recordings`` is the door to sound and video, ``maintenance`` that of ``verify`` and ``import``.
    """

    def __init__(
        self,
        db: ArchiveDatabase,
        root: Path,
        *,
        versions: str = "rows",
        eager: bool = True,
        disk: Disk | None = None,
    ) -> None:
        self.db = db
        self.root = root
        self.files = Files(root, disk)
        self._eager = eager
        self._tables = tables_of(db, root, self.files, versions_as_files=versions == "files")
        #: What stands around the texts: counts, comments, and articles that lists name.
        self.counts = self._tables.counts
        self.discussions = self._tables.discussions
        self.listed = self._tables.listed
        derived = Derived(self._tables)
        #: Sound and video: what is held, wanted and on its way.
        self.recordings = self._tables.recordings
        self._keeper = Keeper(self._tables, Merging(self._tables), derived)
        self.maintenance = Maintenance(self._tables, derived)

    def transaction(self) -> AbstractContextManager[None]:
        """Several writes as one."""
        return self._tables.sql.transaction()

    # --- in ---------------------------------------------------------------------------------------

    def keep(
        self,
        article: Article,
        *,
        address: str,
        now: datetime,
        snapshot_id: int | None = None,
        parser_version: int | None = None,
        refresh: bool = False,
        again: bool = False,
        key: str | None = None,
        path: str | None = None,
        own: Own | None = None,
    ) -> Kept:
        """Keep what a page said, and remember that it was seen under ``address``; see
        ``Keeper.keep`` for the rest.

        Raises Unrecognised for a page without any content, which can never replace one, DiskTrouble
        and CannotCreate where nothing could be written; the archive is then as it was.
        """
        with self._tables.sql.transaction():
            kept = self._keeper.keep(
                article,
                address=address,
                now=now,
                snapshot_id=snapshot_id,
                parser_version=parser_version,
                refresh=refresh,
                again=again,
                key=key,
                path=path,
                own=own,
            )
            if kept.change == "new" and kept.beside is not None:
                kept = self._with_file_of_before(kept, now)
        if self._eager:
            self.write_stale_files()
        return kept

    def _with_file_of_before(self, kept: Kept, now: datetime) -> Kept:
        """A new article whose file was there already, as this program wrote it before the database was
        lost: its marks are taken in before a later writing, which knows only rows, drops them."""
        there = self.files.read(kept.path)
        if there is None or not is_ours(there):
            return kept
        self.edits.take_in(kept.article_id, now)
        return replace(kept, beside=None)

    def know_account(self, account: Account, now: datetime) -> None:
        """An account is known by a list, without any article of it."""
        with self._tables.sql.transaction():
            self._tables.accounts.number_of(account, None, now)

    def would_match(self, article: Article, address: str, query: str, now: datetime) -> bool:
        """Whether a query means an article that is not held, as it would be kept. Nothing is
        written. Raises BadQuery, NotIndexed."""
        from archive.search.matching import matching

        def ask(article_id: int) -> bool:
            return bool(matching(self.db.conn, query, [article_id]))

        return self._keeper.trial(article, address, now, ask)

    def gone(self, address: str, error: Gone, now: datetime) -> str | None:
        """Note that an article is not there any more; its key, or None where the archive does not
        hold it. The kept content stays; said again, nothing is written."""
        return self._keeper.gone(address, error, now)

    def remember(self, address: str, article_id: int, now: datetime) -> bool:
        """Note one more address of an article; whether it was new. See ``Addresses.remember``."""
        return self._tables.addresses.remember(address, article_id, now)

    def remake_version(
        self, article_id: int, number: int, article: Article, parser_version: int
    ) -> None:
        """An earlier content as another parser reads the same raw page. Raises NotHeld."""
        self._tables.versions.remake(article_id, number, article, parser_version)

    # --- files ------------------------------------------------------------------------------------

    def markdown(self, article_id: int) -> str:
        """The article's file as it should be: links to kept articles and held images are local.
        Raises Corrupt."""
        return self._tables.markdown.render(article_id)

    def rerender(self, article_id: int, *, now: datetime | None = None) -> str | None:
        """Write the article's file as the rows say now; where it went instead, if a person changed
        the one there. Nothing is written where it is that already."""
        return self._tables.markdown.rerender(article_id, now=now)

    def write_stale_files(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Write every file that shows an older state of its links or images; how many were due.

        Call it when a run starts (a killed one may have left some) and ends; ``stop`` is asked now
        and then whether the next call is to write the rest.
        """
        return self._tables.markdown.write_stale_files(stop)

    # --- what a person adds -----------------------------------------------------------------------

    @cached_property
    def edits(self) -> Edits:
        """Files that a person changed, and what they say of articles there."""
        from archive.store.edits import Edits  # reads YAML, which most commands need not load

        tables = self._tables
        return Edits(tables.sql, self.files, tables.articles, tables.markdown, tables.marks)

    def shown(self, article_id: int) -> Article:
        """The article as it is shown and exported: as a person made it in its file, where they did.
        Raises NotHeld, Corrupt."""
        article = self.article(article_id)
        text = self._edited_text(article_id)
        if text is None:
            return article
        from archive.document.edited import edited_article

        return edited_article(article, text, self._address_of_file)

    def is_edited(self, stored: Stored) -> bool:
        """Whether a person changed the article's file."""
        return self._tables.markdown.is_edited(stored)

    def shown_markdown(self, article_id: int) -> str:
        """The article's file: as a person left it, or as it should be. Raises Corrupt."""
        text = self._edited_text(article_id)
        return self.markdown(article_id) if text is None else text

    def _edited_text(self, article_id: int) -> str | None:
        sql = "SELECT markdown FROM own_texts WHERE article_id = ?"
        row = self._tables.sql.one(sql, article_id)
        return str(row["markdown"]) if row else None

    def _address_of_file(self, shown: str) -> str | None:
        """The address of the article whose file a link of a file leads to."""
        name = unquote(shown).partition("#")[0].rpartition("/")[2]
        if "://" in shown or not name.endswith(".md"):
            return None
        row = self._tables.sql.one(
            "SELECT url FROM articles WHERE key = ?", name.removesuffix("].md").rpartition("[")[2]
        )
        return row["url"] if row else None

    def own(self, article_id: int) -> Own:
        """What a person says of the article: tags, star, read, note."""
        return self._tables.marks.of(article_id)

    @cached_property
    def removal(self) -> Removal:
        """Taking articles out, and bringing them back."""
        from archive.store.removal import Removal

        return Removal(self._tables)

    # --- media ------------------------------------------------------------------------------------

    def media_path(self, url: str) -> str | None:
        """Where the file of this image is, from the archive's folder; None while it is not held."""
        return self._tables.media.path_of(url)

    def add_media(self, url: str, download: Downloaded, now: datetime) -> str:
        """Keep a fetched image under its address; its path. The same bytes are stored once.

        Files of articles that show it as far away become stale. Raises DiskTrouble.
        """
        return self._tables.media.add(url, download, now)

    def media_failed(self, url: str, error: Exception, now: datetime, due: datetime | None) -> None:
        """Note that an image could not be fetched, and when to try again (None: never)."""
        self._tables.media.failed(url, error, now, due)

    def missing_media(
        self, now: datetime, limit: int | None = None, *, untried: bool = False
    ) -> list[MissingImage]:
        """The images that are worth another try now, longest waiting first; with ``untried`` also
        those of kept articles that nobody asked for yet."""
        return self._tables.media.missing(now, limit, untried=untried)

    def articles_using(self, digests: Collection[str]) -> dict[str, set[int]]:
        """Which articles show or play each of these files of ``media/`` (SHA-256 in hex)."""
        return self._tables.media.articles_using(digests)

    # --- out --------------------------------------------------------------------------------------

    def find(self, name: str) -> Stored | None:
        """The article that ``name`` stands for: a key, the first six or more characters of one, an
        address in any form, or its file's path. Raises NotHeld where the start of a key stands for
        several, Corrupt for a damaged row."""
        return self._tables.finder.find(name)

    def held(self, address: str) -> Stored | None:
        """The same for the canonical address of an article. Raises Corrupt for a damaged row."""
        return self._tables.finder.held(address)

    def get(self, name: str) -> Stored:
        """What ``find`` finds. Raises NotHeld where there is none."""
        return self._tables.finder.get(name)

    def stored(self, article_id: int) -> Stored:
        """The article's facts. Raises NotHeld, Corrupt."""
        return self._tables.articles.stored(article_id)

    def article(self, article_id: int) -> Article:
        """The whole article as the page said it. Raises NotHeld, Corrupt."""
        return self._tables.articles.article(article_id)

    def articles(self, **filters: Any) -> Iterator[Stored]:
        """The articles that match everything given, one at a time, by publication; the filters are
        those of ``Articles.matching``, and ``edited``: only those whose file somebody changed, also
        a moment ago. Raises Corrupt at a damaged row."""
        if not filters.pop("edited", False):
            return self._tables.articles.matching(**filters)
        limit, offset = filters.pop("limit", None), filters.pop("offset", 0)
        found = self._tables.articles.matching(**filters)
        edited = (one for one in found if self.is_edited(one))
        return islice(edited, offset, None if limit is None else offset + limit)

    def count(self) -> int:
        """How many articles the archive holds."""
        return self._tables.articles.count()

    def addresses(self, article_id: int) -> list[str]:
        """Every address it was seen under, in a form that can be asked for, oldest first."""
        return self._tables.addresses.of(article_id)

    def canonical_addresses(self, article_id: int) -> list[str]:
        """The same in canonical form: what queue and raw pages know it under."""
        return self._tables.addresses.canonical_of(article_id)

    def versions(self, article_id: int) -> list[Version]:
        """Every distinct content, oldest first; the last is the one the file shows."""
        return self._tables.versions.of(article_id)

    def version(self, article_id: int, number: int) -> Article:
        """The article as it was. Raises NotHeld, Corrupt."""
        return self._tables.versions.get(article_id, number)

    def edges(self, article_id: int) -> list[Edge]:
        """What the article links to, in the page's order, with what is kept of it."""
        return self._tables.links.of(article_id)

    def backlinks(self, article_id: int) -> list[Backlink]:
        """Kept articles that link to this one, newest first, each relation once."""
        return self._tables.links.to(article_id)
