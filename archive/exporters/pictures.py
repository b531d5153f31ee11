"""Images that are held, for an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archive.store import Store


@dataclass(frozen=True, slots=True)
class Picture:
    """A held image: its file, true type (``image/png``), path in the archive, size in bytes."""

    place: Path
    type: str
    path: str
    bytes: int


def held(store: Store, url: str) -> Picture | None:
    """The image of this address, if its file is there."""
    path = store.media_path(url) if url else None
    if path is None:
        return None
    row = store.db.conn.execute("SELECT type, bytes FROM media WHERE path = ?", (path,)).fetchone()
    place = store.files.place(path)
    return Picture(place, row[0], path, row[1]) if row and place.is_file() else None
