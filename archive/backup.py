"""``backup``: a copy of the archive that is whole, taken while other commands go on writing.

Order makes it whole. Raw pages and files are on the disk before the rows that name them, so the rows are copied first:
whatever they name is there when the rest is copied. A Markdown file that was written again meanwhile is made from the
copied rows instead.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive.db import file_checksums
from archive.db.errors import sqlite_errors
from archive.db.names import ARCHIVE_DB, CONFIG, SNAPSHOTS_DB
from archive.db.opening import connect, open_database
from archive.document.layout import is_untouched
from archive.errors import ArchiveError, BadInput, CannotCreate, Corrupt, DiskTrouble
from archive.exporters.files import link_or_copy, put
from archive.store import Store

DATABASES = (ARCHIVE_DB, SNAPSHOTS_DB)
_KNOWN = {*DATABASES, "articles", "media", CONFIG}


@dataclass(slots=True, kw_only=True)
class BackupReport:
    """What was copied; files that were there already count as ``kept``. ``missing``: files that a row names but the
    archive itself has lost."""

    target: str
    articles: int = 0
    files: int = 0
    kept: int = 0
    removed: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """65 where the archive itself lacks something."""
        return 65 if self.missing else 0

    def to_json(self) -> dict[str, Any]:
        """One object."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {"command": "backup", **values, "exit_code": self.exit_code}

    def line(self) -> str:
        """One line for a person."""
        parts = [f"{self.articles} articles", f"{self.files} files new, {self.kept} there already"]
        parts += [f"{self.removed} removed"] if self.removed else []
        parts += (
            [f"{len(self.missing)} files missing in the archive itself: run `verify`"]
            if self.missing
            else []
        )
        return f"backup: {', '.join(parts)}; use it with --archive {self.target}"


def backup(
    root: Path, target: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> BackupReport:
    """Copy the archive ``root`` to the folder ``target``, which is then an archive itself; again: only what is new.

    Databases by SQLite's backup API, images as hard links where both are on one disk, everything else copied. Raises
    BadInput where there is no archive or ``target`` holds something else, CannotCreate, DiskTrouble, Corrupt.
    """
    _refuse(root, target)
    report = BackupReport(target=str(target))
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in DATABASES:
            if (root / name).exists():
                _copy_database(root / name, target / name)
                report.bytes += (target / name).stat().st_size
        if (root / CONFIG).exists():
            put(target / CONFIG, (root / CONFIG).read_bytes())
        with open_database(
            target / ARCHIVE_DB
        ) as db:  # for writing: closing it notes the copy's checksums
            _copy_files(Store(db, target), root, target, report, progress)
        if (target / SNAPSHOTS_DB).exists():
            file_checksums.write(target / SNAPSHOTS_DB)
    except OSError as error:
        kind = CannotCreate if isinstance(error, PermissionError) else DiskTrouble
        raise kind(
            f"the backup to {target} is not complete: {error.strerror or error}. The archive is untouched; "
            "the same command goes on where it stopped."
        ) from error
    return report


def _refuse(root: Path, target: Path) -> None:
    if not (root / ARCHIVE_DB).exists():
        raise BadInput(f"there is no archive at {root}: nothing to back up")
    here, there = root.resolve(), target.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise BadInput(
            f"{target} and the archive {root} lie inside each other: choose another folder"
        )
    if target.exists() and not target.is_dir():
        raise BadInput(f"{target} is a file: give a folder")
    if target.is_dir() and not (target / ARCHIVE_DB).exists():
        foreign = [
            p.name for p in target.iterdir() if p.name not in _KNOWN and not p.name.startswith(".")
        ]
        if foreign:
            raise BadInput(
                f"{target} holds other things ({foreign[0]}, …): give an empty folder or an earlier backup"
            )


def _copy_database(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    with sqlite_errors(source):
        with (
            closing(connect(source, readonly=True)) as old,
            closing(sqlite3.connect(part)) as new,
        ):
            # In one step: with several, each commit of the running command would begin the copy again.
            old.backup(new, pages=-1)
            new.execute("PRAGMA journal_mode = DELETE")
            found = new.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            part.unlink(missing_ok=True)
            raise Corrupt(
                f"{source} is damaged ({found}): run `wechat-archive verify`. The last backup is untouched."
            )
    with part.open("rb") as file:
        os.fsync(file.fileno())
    for leftover in (
        f"{target.name}-wal",
        f"{target.name}-shm",
        f"{target.name}.seal",
        f"{target.name}.open",
    ):
        target.with_name(leftover).unlink(missing_ok=True)
    part.replace(target)


def _copy_files(
    store: Store,
    root: Path,
    target: Path,
    report: BackupReport,
    progress: Callable[[int, int], None],
) -> None:
    rows = store.db.conn.execute(
        "SELECT id, path, markdown_hash FROM articles ORDER BY id"
    ).fetchall()
    media = store.db.conn.execute("SELECT path FROM media ORDER BY path").fetchall()
    versions = store.db.conn.execute("SELECT path FROM versions WHERE path IS NOT NULL").fetchall()
    total = len(rows) + len(media)
    for done, (path,) in enumerate(media, start=1):
        _copy_media(root / path, target / path, path, report)
        progress(done, total)
    for done, (article_id, path, digest) in enumerate(rows, start=len(media) + 1):
        _copy_article(store, article_id, path, digest, root, report)
        progress(done, total)
    for (path,) in versions:
        with suppress(FileNotFoundError):
            _count(report, put(target / path, (root / path).read_bytes()))
    known = {path for _, path, _ in rows} | {path for (path,) in versions}
    for path in _beside(root, known):
        data = (root / path).read_bytes()
        if is_untouched(data.decode("utf-8", "replace")) and ".new" not in path:
            continue  # of an article that came after the rows were copied
        _count(report, put(target / path, data))
        known.add(path)
    store.settle()
    report.removed = sum(_drop(target / path) for path in _strays(target, known))
    report.articles = len(rows)


def _copy_media(source: Path, target: Path, path: str, report: BackupReport) -> None:
    if source.is_file():
        _count(report, link_or_copy(source, target))
    elif not target.is_file():
        report.missing.append(path)


def _copy_article(
    store: Store, article_id: int, path: str, digest: str, root: Path, report: BackupReport
) -> None:
    """The file as the copied row describes it; one that a person changed, as it is."""
    try:
        data = (root / path).read_bytes()
    except FileNotFoundError:
        data = b""
    theirs = bool(data) and not is_untouched(data.decode("utf-8", "replace"))
    if theirs or hashlib.sha256(data).hexdigest() == digest:
        _count(report, put(store.files.place(path), data))
        return
    try:  # written again since the rows were copied, or lost: the copy makes its own
        store.rerender(article_id)
        report.files += 1
    except ArchiveError:
        if data:
            _count(report, put(store.files.place(path), data))
        else:
            report.missing.append(path)


def _count(report: BackupReport, written: bool) -> None:
    if written:
        report.files += 1
    else:
        report.kept += 1


def _beside(root: Path, known: set[str]) -> Iterator[str]:
    """Other files among the articles: a person's notes, and copies laid beside changed files."""
    base = root / "articles"
    for path in sorted(base.rglob("*")) if base.is_dir() else ():
        name = path.relative_to(root).as_posix()
        if path.is_file() and name not in known and not path.name.startswith("."):
            yield name


def _strays(target: Path, known: set[str]) -> list[str]:
    return list(_beside(target, known))


def _drop(path: Path) -> bool:
    """Take away what an earlier backup had and the archive has no more, if this program wrote it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if not is_untouched(text):
        return False
    path.unlink()
    return True
