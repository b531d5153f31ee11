"""Recordings of a person's own reading among what `save` is given: taken in as `import` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from archive.config import Config
from archive.importers.job import import_files
from archive.importers.report import ImportReport, Taken
from archive.run.report import Result, RunReport


def take_recordings(
    root: Path,
    files: Iterable[str],
    config: Config,
    *,
    wait: bool = False,
    tell: Callable[[Taken], None] = lambda taken: None,
) -> ImportReport:
    """Import them, with the settings of the archive; ``tell`` hears of each. Raises what
    ``import_files`` raises."""
    return import_files(
        root,
        [Path(file).expanduser() for file in files],
        snapshots=config.snapshots,
        versions=config.versions,
        comments=config.comments,
        wait=wait,
        tell=tell,
    )


def add_to(report: RunReport, imported: ImportReport, tell: Callable[[Result], None]) -> None:
    """What was taken in, as `save` reports it; ``tell`` hears of each."""
    for taken in imported.results:
        result = Result(
            address=taken.source,
            change=taken.change,
            key=taken.key,
            path=taken.path,
            title=taken.title,
            error_code="bad-input" if taken.error else None,
            error=taken.error,
        )
        report.add(result)
        tell(result)
    report.images += imported.media
    report.signal = imported.signal
