"""Everything a writing command works with, opened together and closed together."""

from __future__ import annotations

import random
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archive.crawl.cooldown import CoolDown
from archive.crawl.frontier import SqliteFrontier
from archive.db.lock import Lock
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database
from archive.snapshots import Snapshots
from archive.store import Store
from scraper.clock import Clock
from scraper.redact import redact

if TYPE_CHECKING:
    from archive.config import Config
    from scraper.fetch import Fetcher


@dataclass(slots=True)
class Parts:
    """One archive, open for writing, and the way to the network."""

    root: Path
    config: Config
    store: Store
    snapshots: Snapshots | None
    frontier: SqliteFrontier
    cooldown: CoolDown
    clock: Clock
    rng: random.Random

    def use_new_cookies(self, now: datetime) -> None:
        """A cookies file that is newer than a failure for want of it: those addresses are tried now."""
        if not self.config.cookies:
            return
        try:
            changed = datetime.fromtimestamp(
                Path(self.config.cookies).expanduser().stat().st_mtime, UTC
            )
        except OSError:
            return
        self.frontier.hurry(("blocked", "login", "paid"), now, before=changed)


@contextmanager
def opened(
    root: Path,
    config: Config,
    *,
    clock: Clock,
    wait: bool = False,
    command: str | None = None,
    rng: random.Random,
) -> Iterator[Parts]:
    """Take the lock and open the archive, creating it where it is not there.

    Raises Locked, CannotCreate, Corrupt, DiskTrouble, NewerArchive.
    """
    with ExitStack() as stack:
        shown = command or redact(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))
        stack.enter_context(Lock(root, wait=wait, command=shown))
        db = open_database(root / ARCHIVE_DB)
        stack.callback(db.close)
        # Files that lead to what has just arrived are written once at the end, not once an arrival.
        store = Store(db, root, versions=config.versions, eager=False)
        store.files.sweep()  # what a killed command left half-written
        snapshots = (
            stack.enter_context(Snapshots(root / SNAPSHOTS_DB)) if config.snapshots else None
        )
        yield Parts(
            root, config, store, snapshots, SqliteFrontier(db.conn), CoolDown(db.conn), clock, rng
        )


def fetcher(config: Config, clock: Clock, rng: random.Random) -> Fetcher:
    """The fetcher that the settings ask for. Raises BadConfig."""
    from scraper.fetch import Fetcher, FetchSettings

    settings = FetchSettings(
        interval=config.interval,
        user_agent=config.user_agent,
        cookies_file=config.cookies,
        proxy=config.proxy,
        ca_file=config.ca_file,
        allow_hosts=config.allow_hosts,
        media_parallel=config.media_parallel,
    )
    return Fetcher(settings, clock=clock, rng=rng)
