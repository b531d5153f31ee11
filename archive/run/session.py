"""Everything a writing command works with, opened together and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archive.crawl.frontier import SqliteFrontier
from archive.db.lock import Lock
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database, require_archive
from archive.snapshots import Snapshots
from archive.store import Store
from scraper.clock import utc_now
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.config import Config

#: Failures that a fresh cookies file may end.
_FOR_WANT_OF_COOKIES = ("blocked", "login", "paid")


@dataclass(slots=True)
class ArchiveSession:
    """One archive, open for writing."""

    root: Path
    config: Config
    store: Store
    snapshots: Snapshots | None
    frontier: SqliteFrontier

    def use_new_cookies(self, now: datetime) -> None:
        """A cookies file that is newer than a failure for want of it: those addresses are tried
        now.
        """
        config = self.config
        files = {config.cookies, *(exit.cookies for exit in config.exits)} - {None}
        changed = [when for file in files if (when := _changed(str(file))) is not None]
        if changed:
            self.frontier.make_due(_FOR_WANT_OF_COOKIES, now, before=max(changed))


def _changed(file: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(Path(file).expanduser().stat().st_mtime, UTC)
    except OSError:
        return None


@contextmanager
def open_session(
    root: Path, config: Config, *, create: bool, wait: bool = False
) -> Iterator[ArchiveSession]:
    """Take the lock and open the archive; with ``create`` it is made where it is not there.

    Raises NoArchive, Locked, CannotCreate, Corrupt, DiskTrouble, NewerArchive.
    """
    with ExitStack() as stack:
        if not create:
            require_archive(root / ARCHIVE_DB)  # before the lock, which would make the folder
        stack.enter_context(Lock(root, wait=wait))
        db = open_database(root / ARCHIVE_DB)
        stack.callback(db.close)
        # Files that lead to what has just arrived are written once at the end, not once an arrival.
        store = Store(db, root, versions=config.versions, eager=False)
        store.discussions.show_in_files(config.comments)
        store.files.sweep()  # what a killed command left half-written
        store.removal.finish()  # and what it left of removed ones
        store.recordings.recover(utc_now())
        snapshots = (
            stack.enter_context(Snapshots(root / SNAPSHOTS_DB)) if config.snapshots else None
        )
        yield ArchiveSession(root, config, store, snapshots, SqliteFrontier(db.conn))
