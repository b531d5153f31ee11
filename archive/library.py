"""The archive as a Python object: what ``archive.open`` gives."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from archive.db.lock import Lock
from archive.db.schema import ArchiveDatabase, migrations, open_database
from archive.store import Edge, Store, Stored, Version

if TYPE_CHECKING:
    from archive.run.report import RunReport
    from archive.search import Results
    from archive.search.searcher import Searcher
    from scraper.models import Article

DATABASE = "archive.db"


class Library:
    """One archive folder, for programs.

    Use it as a context manager, or call ``close``. Reading needs no lock and may go on in several threads and beside
    any number of other processes; ``save`` takes the archive's lock for as long as it runs. All times are aware, UTC.
    Everything raises Corrupt rather than hand out a row that is not what was written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.RLock()
        self._ready()
        self._db: ArchiveDatabase | None = open_database(root / DATABASE, readonly=True)
        self._store = Store(self._db, root)
        self._searcher: Searcher | None = None

    def _ready(self) -> None:
        """Make the database, or bring it up to date, where that is due."""
        place = self.root / DATABASE
        if place.exists():
            with open_database(place, readonly=True, outdated=True) as db:
                if not migrations.pending(db):
                    return
        with Lock(self.root, command="archive.open"):
            open_database(place).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

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
        **settings: Any,
    ) -> RunReport:
        """Fetch and keep articles, as ``wechat-archive save`` does.

        ``addresses``: any form, also text that holds some, saved pages and folders of them. ``settings`` are those of
        ``config.toml`` (``follow=1``, ``images="remote"``, ``interval=0`` seconds …) and win over the file. What fails
        for one address stands in the report; raises Locked (unless ``wait``), DiskTrouble, BadConfig, Corrupt for the
        archive as a whole. Call it from the main thread, outside a running event loop.
        """
        from archive.config import load
        from archive.run.inputs import read
        from archive.run.runner import Runner

        config = load(self.root).override("archive.open(…).save", **settings)
        return Runner(root=self.root, config=config, wait=wait).save(
            read(addresses), refresh=refresh
        )

    # --- out --------------------------------------------------------------------------------------------------------

    def search(self, query: str, limit: int = 20, **options: Any) -> Results:
        """Articles that match, the best first, at most ``limit``; see ``archive.search.search`` for ``options``.

        Raises BadQuery for a query that means nothing, Corrupt for a hit that is not what was written.
        """
        from archive.errors import NotIndexed
        from archive.search import search
        from archive.search.api import open_readonly
        from archive.search.searcher import Searcher

        with self._lock:
            # Kept: opening the database anew takes ten times as long as a search.
            if self._searcher is None:
                self._searcher = Searcher(open_readonly(self.root))
            try:
                return search(self._searcher, query, limit=limit, **options)
            except NotIndexed:
                self._reindex()
            return search(self._searcher, query, limit=limit, **options)

    def _reindex(self) -> None:
        """The index is another version's, or was left unfinished."""
        from archive.search.rebuild import reindex

        with Lock(self.root, command="archive.search"), open_database(self.root / DATABASE) as db:
            reindex(db.conn)

    def get(self, name: str) -> Stored:
        """The facts of one article by key (or six first characters of one), address or path. Raises NotHeld."""
        with self._lock:
            return self._store.get(name)

    def article(self, name: str) -> Article:
        """The whole article, body and text included. Raises NotHeld."""
        with self._lock:
            return self._store.article(self._store.get(name).article_id)

    def markdown(self, name: str) -> str:
        """The article's Markdown file as it should be on disk. Raises NotHeld."""
        with self._lock:
            return self._store.markdown(self._store.get(name).article_id)

    def versions(self, name: str) -> list[Version]:
        """Every distinct content of an article, oldest first. Raises NotHeld."""
        with self._lock:
            return self._store.versions(self._store.get(name).article_id)

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
        with open_database(self.root / DATABASE, readonly=True) as db:
            yield from Store(db, self.root).articles(
                account=account, since=since, until=until, gone=gone
            )
