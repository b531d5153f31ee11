"""What of a file is taken only once it is known which articles are held: pictures, counts, comments.

It stays in memory as far as there is room, so that a recording is read once; of what is larger the
file is read again. Reading takes 10 ms a megabyte: a recording of 280 MB that was always read three
times took 9.9 s of CPU, and takes 4 where it fits.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from archive.importers.formats import contents
from archive.importers.items import ImportItem
from archive.store.decide import image_id

#: Bytes of all files together.
LEFT_IN_MEMORY = 64 * 2**20


class LeftOver:
    """Of one file. ``pictures``: what names those in it; ``size``: bytes in memory."""

    def __init__(self, path: Path, room: int) -> None:
        self._path, self._room = path, room
        self._items: list[ImportItem] | None = []
        self.pictures: set[str] = set()
        self.has_exchanges = False
        self.size = 0

    def __bool__(self) -> bool:
        return self._items is None or bool(self._items)

    def add(self, item: ImportItem) -> None:
        """Keep it, or give up keeping any."""
        self.has_exchanges |= item.exchange is not None
        body = item.exchange.body if item.exchange else b""
        if item.image:
            self.pictures.add(image_id(item.image[0]))
            body = item.image[1]
        if self._items is not None:
            self._items.append(item)
            self.size += len(body)
            if self.size > self._room:
                self._items, self.size = None, 0

    def items(self) -> Iterable[ImportItem]:
        """All of them, in the file's order; others of the file may be among them."""
        return contents(self._path) if self._items is None else self._items
