"""Whether a run would find anything to do. Mostly it would not, and then nothing of the network is even loaded."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from archive.crawl.sources import Source, Sources
from archive.run import rechecks
from archive.run.parts import Parts


def nothing(parts: Parts, now: datetime) -> bool:
    """True: no source is to be looked at, and no address, image or recheck is due. Raises BadConfig."""
    if parts.frontier.anything_due(now):
        return False
    if any(not unchanged(source) for source in Sources(parts.frontier.conn).due(now)):
        return False
    if parts.config.images == "local" and parts.store.missing_media(now, 1):
        return False
    return not rechecks.due(parts, now, most=1)


def unchanged(source: Source) -> bool:
    """Whether it is a file that nobody has edited since it was read."""
    if not source.local or source.checked is None or source.error is not None:
        return False
    try:
        return Path(source.address).stat().st_mtime < source.checked.timestamp() - 1
    except OSError:
        return False  # reading it will say what is wrong
