"""Images, sound and video that are held, for an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archive.errors import Corrupt
from archive.store import Store
from scraper.messages import mark


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


def content(image: Picture) -> bytes:
    """The bytes of an image's file. Raises Corrupt where it cannot be read: the archive's disk may
    be bad there, and all else can still be saved.
    """
    try:
        return image.place.read_bytes()
    except OSError as error:
        said = error.strerror or error
        raise Corrupt(mark("{path} cannot be read: {said}", path=image.path, said=said)) from error


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A held recording: the address that it goes by, its file, true type, path in the archive, size
    in bytes.
    """

    address: str
    place: Path
    type: str
    path: str
    bytes: int


def recordings_of(store: Store, article_id: int) -> list[HeldFile]:
    """The recordings of an article whose files are there."""
    found = []
    for one in store.recordings.of(article_id):
        place = store.files.place(one.path) if one.path else None
        if place is not None and place.is_file():
            facts = (one.type or "", one.path or "", one.bytes or 0)
            found.append(HeldFile(one.address, place, *facts))
    return found
