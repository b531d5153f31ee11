"""Removing and bringing back, one by one: what ``remove`` and the page do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.db.article_columns import Stored
from archive.db.beside import open_beside
from archive.db.lock import Lock
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database, require_archive
from archive.errors import ArchiveError
from archive.json_fields import AsDict
from archive.store.core import Store
from archive.store.marking import chosen
from archive.store.removal import Tombstone


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(AsDict):
    """What came of one; with ``error`` nothing has changed. ``key``: or how it was named."""

    key: str
    title: str = ""
    error: ArchiveError | None = None


def removed(root: Path) -> list[Tombstone]:
    """What was removed, the last first. Raises NoArchive."""
    with open_database(root / ARCHIVE_DB, readonly=True) as db:
        return Store(db, root).removal.all()


def take_out(
    root: Path,
    names: Sequence[str],
    now: datetime,
    *,
    query: str | None = None,
    raw: bool = False,
    wait: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Outcome]:
    """Remove each; one that cannot be removed stops no other. ``raw``: its raw pages too. Raises
    Locked, BadQuery, NoArchive."""
    with _writing(root, wait, alone=raw) as store:
        those = [*chosen(store, names, query)]
        for done, (name, found) in enumerate(those):
            progress(done, len(those))
            if not isinstance(found, Stored):
                yield Outcome(key=name, error=found)
                continue
            try:
                if raw:
                    _drop_pages(root, store, found)
                store.removal.remove(found, now)
            except ArchiveError as error:
                yield Outcome(key=found.key, title=found.title, error=error)
                continue
            yield Outcome(key=found.key, title=found.title)
        progress(len(those), len(those))
        store.write_stale_files()


def _drop_pages(root: Path, store: Store, held: Stored) -> None:
    if not (root / SNAPSHOTS_DB).exists():
        return
    from archive.snapshots import Snapshots

    with Snapshots(root / SNAPSHOTS_DB) as snapshots:
        snapshots.remove(store.canonical_addresses(held.article_id))
    store.maintenance.forget_pages(held.article_id)


def bring_back(
    root: Path, names: Sequence[str], now: datetime, *, wait: bool = False
) -> Iterator[Outcome]:
    """Undo a removal; of an article that is held, write a file again that a person deleted."""
    with _writing(root, wait) as store:
        for name in names:
            try:
                held = store.find(name)
                if held is not None:
                    store.edits.write_again(held.article_id, now)
                else:
                    held = store.removal.undo(name, now)
            except ArchiveError as error:
                yield Outcome(key=name, error=error)
                continue
            yield Outcome(key=held.key, title=held.title)
        store.write_stale_files()


@contextmanager
def _writing(root: Path, wait: bool, *, alone: bool = False) -> Iterator[Store]:
    """The store, also beside a long ``run``; ``alone``: raw pages are taken out, while nobody packs
    others against them."""
    require_archive(root / ARCHIVE_DB)
    with ExitStack() as stack:
        if alone:
            stack.enter_context(Lock(root, wait=wait))
            db = stack.enter_context(open_database(root / ARCHIVE_DB))
        else:
            db = stack.enter_context(open_beside(root, "wechat-archive remove", quick=True))
        store = Store(db, root)
        store.removal.finish()
        yield store
