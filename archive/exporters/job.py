"""``export``: the archive, or a part of it, in a form that other programs read. Changes nothing in the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO

from archive.db.files import inside
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database
from archive.errors import ArchiveError
from archive.exporters import epub, html, tables
from archive.exporters.files import link_or_copy, put, written
from archive.exporters.pictures import held
from archive.exporters.report import ExportReport
from archive.exporters.select import Selection, chosen, in_album_order, require
from archive.snapshots import Snapshot, Snapshots
from archive.store import Store, Stored

FORMATS = ("markdown", "html", "jsonl", "csv", "epub", "warc")
EVERYTHING = Selection()
Progress = Callable[[int, int], None]


def export(
    root: Path,
    format: str,
    target: Path | IO[bytes],
    selection: Selection = EVERYTHING,
    *,
    title: str | None = None,
    images: bool = True,
    progress: Progress = lambda done, total: None,
) -> ExportReport:
    """Write the chosen articles of the archive ``root`` to ``target``: a folder for ``markdown`` and ``html``, a file
    (or an open one) for the others.

    ``title`` is the book's; ``images``: WARC holds the images too. A file is in place only when it is whole. What is
    damaged is left out and named in the report. Raises NotHeld where nothing matches, CannotCreate, DiskTrouble.
    """
    report = ExportReport(
        format=format, target=str(target) if isinstance(target, Path) else "standard output"
    )
    with open_database(root / ARCHIVE_DB, readonly=True) as db:
        store = Store(db, root)
        if format == "warc":
            _warc(store, target, selection, report, images, progress)
            return report
        articles = list(_facts(store, selection))
        require(articles)
        if format in ("markdown", "html"):
            assert isinstance(target, Path)
            writer = _markdown if format == "markdown" else _html
            writer(store, articles, target, report, progress)
            return report
        with _opened(target) as file:
            if format == "epub":
                named = (
                    title or selection.album or selection.account or selection.query or "公众号文章"
                )
                epub.write_epub(store, articles, file, report, title=named, progress=progress)
            else:
                _lines(store, articles, file, report, format, progress)
    return report


def _facts(store: Store, selection: Selection) -> Iterator[Stored]:
    articles = chosen(store, selection)
    if selection.album is not None and not selection.keys:
        return iter(in_album_order(store, selection.album, list(articles)))
    return articles


@contextmanager
def _opened(target: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if isinstance(target, Path):
        with written(target) as file:
            yield file
    else:
        yield target


def _lines(
    store: Store,
    articles: Sequence[Stored],
    file: IO[bytes],
    report: ExportReport,
    format: str,
    progress: Progress,
) -> None:
    write = tables.write_jsonl
    if format == "csv":
        tables.csv_head(file)
        write = tables.write_csv
    for done, stored in enumerate(articles, start=1):
        try:
            write(store, stored, file, report)
        except ArchiveError as error:
            report.problems.append(f"{stored.key}: {error}")
        progress(done, len(articles))


def _markdown(
    store: Store, articles: Sequence[Stored], target: Path, report: ExportReport, progress: Progress
) -> None:
    """The archive's own files, made from the database alone, and the images that they show."""
    for done, stored in enumerate(articles, start=1):
        try:
            text = store.markdown(stored.article_id)
        except ArchiveError as error:
            report.problems.append(f"{stored.key}: {error}")
            continue
        put(inside(target, stored.path), text.encode())
        report.articles += 1
        for (url,) in store.db.conn.execute(
            "SELECT DISTINCT url FROM images WHERE article_id = ?", (stored.article_id,)
        ).fetchall():
            image = held(store, url)
            if image is None:
                report.missing_images += 1
            elif link_or_copy(image.place, inside(target, image.path)):
                report.images += 1
        progress(done, len(articles))


def _html(
    store: Store, articles: Sequence[Stored], target: Path, report: ExportReport, progress: Progress
) -> None:
    names = {stored.article_id: stored.path.removesuffix(".md") + ".html" for stored in articles}
    for done, stored in enumerate(articles, start=1):
        name = names[stored.article_id]
        try:
            put(inside(target, name), html.page(store, stored, name, names, report))
        except ArchiveError as error:
            report.problems.append(f"{stored.key}: {error}")
        progress(done, len(articles))


def _warc(
    store: Store,
    target: Path | IO[bytes],
    selection: Selection,
    report: ExportReport,
    images: bool,
    progress: Progress,
) -> None:
    from archive.exporters.warc import write_images, write_warc

    if not (store.root / SNAPSHOTS_DB).exists():
        raise ArchiveError(
            f"{store.root} has no {SNAPSHOTS_DB}: no raw pages were kept, so there is nothing for a WARC"
        )
    with Snapshots(store.root / SNAPSHOTS_DB, readonly=True) as snapshots:
        if selection.is_all:
            total = snapshots.count()
            wanted = snapshots.each()
        else:
            articles = list(chosen(store, selection))
            require(articles)
            total = len(articles)
            wanted = chain.from_iterable(
                _exchanges(store, snapshots, stored) for stored in articles
            )
        compress = not (isinstance(target, Path) and target.suffix == ".warc")
        with _opened(target) as file:
            writer = write_warc(
                snapshots,
                wanted,
                file,
                report,
                compress=compress,
                progress=lambda done: progress(done, total),
            )
            if images and selection.is_all:
                write_images(writer, store, report)


def _exchanges(store: Store, snapshots: Snapshots, stored: Stored) -> Iterator[Snapshot]:
    """Every exchange about an article: under all its addresses, and those that its versions came from."""
    from scraper import urls
    from scraper.errors import NotAnAddress

    names = set()
    for address in store.addresses(stored.article_id):
        try:
            names.add(urls.canonical(address))
        except NotAnAddress:
            names.add(address)
    found = {snapshot.id: snapshot for snapshot in snapshots.of(names)}
    for version in store.versions(stored.article_id):
        if version.snapshot_id is not None and version.snapshot_id not in found:
            found[version.snapshot_id] = snapshots.facts(version.snapshot_id)
    return iter(sorted(found.values(), key=lambda snapshot: snapshot.id))
