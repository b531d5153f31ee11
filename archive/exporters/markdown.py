"""The archive's own files, made from the database alone, and the images that they show."""

from __future__ import annotations

from archive.exporters.export import Export
from archive.exporters.pictures import held, recordings_of
from archive.store import Stored


def write(export: Export) -> None:
    """Every file as the archive has it."""

    def one(stored: Stored) -> None:
        text = export.store.shown_markdown(stored.article_id)
        folder.put(stored.path, text.encode())
        export.report.articles += 1
        _pictures(export, stored)
        _recordings(export, stored)

    with export.folder as folder:
        export.each(one)


def _pictures(export: Export, stored: Stored) -> None:
    shown = export.store.db.conn.execute(
        "SELECT DISTINCT url FROM images WHERE article_id = ?", (stored.article_id,)
    ).fetchall()
    for (url,) in shown:
        image = held(export.store, url)
        if image is None:
            export.report.missing_images += 1
        elif export.folder.link(image.path, image.place):
            export.report.images += 1


def _recordings(export: Export, stored: Stored) -> None:
    for recording in recordings_of(export.store, stored.article_id):
        if export.folder.link(recording.path, recording.place):
            export.report.media += 1
