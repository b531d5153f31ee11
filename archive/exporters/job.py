"""``export``: the archive, or a part of it, in a form that other programs read. Changes nothing in
the archive.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import IO

from archive.db.names import ARCHIVE_DB
from archive.db.opening import open_database
from archive.errors import CannotCreate
from archive.exporters.export import Export, Progress, unwatched
from archive.exporters.formats import FORMATS
from archive.exporters.report import ExportReport
from archive.exporters.select import Selection
from archive.exporters.target import require_outside_archives
from archive.store import Store
from scraper.messages import mark

EVERYTHING = Selection()


def export(
    root: Path,
    format: str,
    target: Path | IO[bytes],
    selection: Selection = EVERYTHING,
    *,
    title: str | None = None,
    images: bool = True,
    base_url: str | None = None,
    each_alone: bool = False,
    progress: Progress = unwatched,
) -> ExportReport:
    """Write the chosen articles of the archive ``root`` to ``target``: a folder or a file (or an
    open one), as ``FORMATS`` says of ``format``.

    ``title`` is the book's; ``images``: WARC holds the images too; ``base_url``: where the folder
    of feeds will be found; ``each_alone``: a PDF for each article, in a folder.

    A file is in place only when it is whole. What is damaged is left out
    and named in the report. A file that a person changed stays, the new one goes beside it.

    Raises NotHeld where nothing matches, CannotCreate (also for a target inside an archive),
    DiskTrouble.
    """
    if isinstance(target, Path):
        _require_place(target, root, format, each_alone)
    shown = str(target) if isinstance(target, Path) else mark("standard output")
    report = ExportReport(format=format, target=shown)
    # Each format's libraries are loaded only for itself.
    writer = import_module(f"archive.exporters.{FORMATS[format].name}")
    with open_database(root / ARCHIVE_DB, readonly=True) as db:
        writer.write(
            Export(
                store=Store(db, root),
                target=target,
                selection=selection,
                report=report,
                title=title,
                images=images,
                base_url=base_url,
                each_alone=each_alone,
                progress=progress,
            )
        )
    return report


def _require_place(target: Path, root: Path, format: str, each_alone: bool) -> None:
    is_folder = each_alone or FORMATS[format].target == "DIR"
    if is_folder and target.exists() and not target.is_dir():
        raise CannotCreate(
            mark(
                "{target} is a file; {format} writes many: give a folder",
                target=target,
                format=format,
            )
        )
    if not is_folder and target.is_dir():
        raise CannotCreate(
            mark(
                "{target} is a folder; {format} writes one file: give its name",
                target=target,
                format=format,
            )
        )
    if not is_folder and target.exists() and not target.is_file():
        raise CannotCreate(
            mark(
                "{target} is no file but a device or a pipe; `-` is standard output", target=target
            )
        )
    require_outside_archives(target, root)
