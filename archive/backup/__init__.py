"""``backup``: a copy of the archive that is whole, taken while other commands go on writing.

Order makes it whole. Raw pages and files are on the disk before the rows that name them, so the
rows are copied first: whatever they name is there when the rest is copied. A Markdown file that was
written again meanwhile is made from the copied rows instead.

Nothing is lost to it: a folder that is not this archive's own older backup is refused, what a
person changed in the backup stays, and a damaged archive does not replace its last good copy.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from archive.backup.contents import Contents
from archive.backup.databases import copy_databases
from archive.backup.report import BackupReport
from archive.backup.target import refuse_foreign, what_is_lost
from archive.db import file_checksums
from archive.db.files import make_folders, read_regular, replacing
from archive.db.lock import Lock
from archive.db.names import ARCHIVE_DB, ARTICLES, CONFIG, MEDIA, SNAPSHOTS_DB, STARS
from archive.db.opening import open_database
from archive.errors import BadInput, CannotCreate, DiskTrouble
from archive.store import Store
from scraper.messages import mark, strerror

__all__ = ["BackupReport", "backup"]


def backup(
    root: Path,
    target: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    force: bool = False,
    wait: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> BackupReport:
    """Copy the archive ``root`` to the folder ``target``, which is then an archive itself; again:
    only what is new.

    Databases by SQLite's backup API, images as hard links where both are on one disk, everything
    else copied; modes as in the archive. ``force`` also writes over another archive, a newer one,
    or with a damaged source; ``tell`` is told before what that loses. ``wait`` waits for the lock
    of ``target``.

    Raises BadInput where there is no archive or ``target`` holds something else, Locked,
    CannotCreate, DiskTrouble, Corrupt.
    """
    refuse_foreign(root, target)
    report = BackupReport(target=str(target))
    try:
        _make_folder(root, target)
        with Lock(target, wait=wait):
            _refuse(root, target, force, tell)
            _copy(root, target, report, progress, force)
    except OSError as error:
        kind = CannotCreate if isinstance(error, PermissionError) else DiskTrouble
        raise kind(
            mark(
                "the backup to {target} is not complete: {what}. The archive is untouched; "
                "the same command goes on where it stopped.",
                target=target,
                what=strerror(error),
            )
        ) from error
    return report


def _refuse(root: Path, target: Path, force: bool, tell: Callable[[str], None]) -> None:
    lost = what_is_lost(root, target)
    if lost is None:
        return
    if not force:
        raise BadInput(
            mark("{lost}. Give another folder; --force backs up over it all the same", lost=lost)
        )
    tell(mark("--force: {lost}", lost=lost))


def _copy(
    root: Path,
    target: Path,
    report: BackupReport,
    progress: Callable[[int, int], None],
    force: bool,
) -> None:
    for name in (ARTICLES, MEDIA):
        if (root / name).is_dir():
            _make_folder(root / name, target / name)
    report.bytes = copy_databases(root, target, damaged=force)
    for name in (CONFIG, STARS):
        _copy_own(root / name, target / name)
    with open_database(target / ARCHIVE_DB) as db:  # for writing: closed, it gets its checksums
        Contents(root, Store(db, target), report).copy(progress)
    if (target / SNAPSHOTS_DB).exists():
        file_checksums.write(target / SNAPSHOTS_DB)


def _make_folder(source: Path, target: Path) -> None:
    """``target``, as private as ``source`` where it is new."""
    if not target.exists():
        make_folders(target)
        target.chmod(stat.S_IMODE(source.stat().st_mode))


def _copy_own(source: Path, target: Path) -> None:
    """A person's own file, as private as it is: the settings may hold the password of a proxy."""
    try:
        data = read_regular(source)
    except FileNotFoundError:
        return
    with replacing(target, mode=stat.S_IMODE(source.stat().st_mode)) as file:
        file.write(data)
