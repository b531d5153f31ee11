"""Small files of the page's own in the archive's folder: whole or not at all, links never
followed.
"""

from __future__ import annotations

from pathlib import Path

from archive.db.files import read_regular, replacing
from archive.errors import DiskTrouble
from scraper.messages import mark

LARGEST = 16 * 2**20  #: bytes of such a file that are read


def put(place: Path, data: bytes) -> None:
    """The file with this content, on disk. Raises DiskTrouble."""
    try:
        with replacing(place, mode=0o600) as file:
            file.write(data)
    except OSError as error:
        said = error.strerror or error
        raise DiskTrouble(
            mark(
                "{place} cannot be written: {said}. Nothing that was kept is lost.",
                place=place,
                said=said,
            )
        ) from error


def get(place: Path) -> bytes | None:
    """Its content; ``None`` where there is none. Raises DiskTrouble."""
    try:
        return read_regular(place, LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DiskTrouble(
            mark("{place} cannot be read: {what}", place=place, what=error.strerror or error)
        ) from error
