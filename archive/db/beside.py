"""Opening the database for a few short writes, also while a long command writes to the archive.

What a person adds to an article must not wait for a crawl of hours. Each such write is one
transaction of SQLite's, which gives the database to one writer at a time; files are written inside
it. Only what needs the archive for itself (a migration, the checksums of the closed file) takes the
lock, where it is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from archive.db.lock import Lock
from archive.db.migrations import ARCHIVE
from archive.db.names import ARCHIVE_DB
from archive.db.opening import ArchiveDatabase, open_database, require_archive
from archive.errors import Locked


@contextmanager
def open_beside(root: Path, command: str, *, quick: bool = False) -> Iterator[ArchiveDatabase]:
    """The archive's database for writing, under the lock where it is free. ``quick``: never, so
    that closing does not read the whole file for its checksums.

    Raises NoArchive, CannotCreate, Corrupt, DiskTrouble, NewerArchive; Locked only where the
    archive must be brought up to date first and another command holds it.
    """
    place = root / ARCHIVE_DB
    require_archive(place)
    with open_database(place, readonly=True, outdated=True) as db:
        outdated = bool(ARCHIVE.pending(db.conn))
    with ExitStack() as stack:
        alone = not quick or outdated
        if alone:
            try:
                stack.enter_context(Lock(root, command=command))
            except Locked:
                if outdated:
                    raise
                alone = False
        yield stack.enter_context(open_database(place, checksums=alone))
