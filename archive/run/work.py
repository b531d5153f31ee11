"""Whether a run would find anything to do. Mostly it would not, and then nothing of the network is
even loaded.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from archive.crawl.sources import Sources, WatchedSource
from archive.run import rechecks, recordings
from archive.run.exits import Exits
from archive.run.session import ArchiveSession


def has_work(session: ArchiveSession, exits: Exits, now: datetime) -> bool:
    """Whether a source is to be looked at, or an address, image, recording or recheck is due. Raises
    BadConfig.
    """
    if exits.has_due(now):
        return True
    if any(not is_unchanged(source) for source in Sources(session.frontier.conn).due(now)):
        return True
    if session.config.images == "local" and session.store.missing_media(now, 1):
        return True
    if recordings.has_due(session, now):
        return True
    return bool(rechecks.due(session, now, most=1))


def is_unchanged(source: WatchedSource) -> bool:
    """Whether it is a file that nobody has edited since it was read."""
    if not source.local or source.checked is None or source.error is not None:
        return False
    try:
        return Path(source.address).stat().st_mtime < source.checked.timestamp() - 1
    except OSError:
        return False  # reading it will say what is wrong
