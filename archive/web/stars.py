"""Starred articles: ``stars.json`` in the archive's folder, by key, with the time. A person's own,
so not in a table that is made again."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

from archive.db.names import STARS
from archive.errors import Corrupt, DiskTrouble
from archive.web import own_files
from scraper.messages import mark


class Stars:
    """The starred keys; read anew whenever the file was changed by somebody else."""

    def __init__(self, root: Path) -> None:
        self._place = root / STARS
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._held: dict[str, str] = {}

    def keys(self) -> list[str]:
        """The keys, the last starred first. Raises Corrupt."""
        with self._lock:
            held = self._read()
            return sorted(held, key=lambda key: held[key], reverse=True)

    def known(self) -> frozenset[str]:
        """The keys, for a mark in a list; none where they cannot be read, which the page of stars
        tells.
        """
        try:
            with self._lock:
                return frozenset(self._read())
        except (Corrupt, DiskTrouble):
            return frozenset()

    def has(self, key: str) -> bool:
        """Whether this one is starred. Raises Corrupt."""
        with self._lock:
            return key in self._read()

    def turn(self, key: str) -> bool:
        """Star it, or take the star away; whether it is starred now. Raises Corrupt,
        DiskTrouble.
        """
        with self._lock:
            held = dict(self._read())
            starred = held.pop(key, None) is None
            if starred:
                held[key] = datetime.now(UTC).isoformat(timespec="microseconds")
            own_files.put(self._place, json.dumps(held, indent=1).encode())
            return starred

    def _read(self) -> dict[str, str]:
        try:
            stat = self._place.stat()
        except FileNotFoundError:
            return {}
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._seen:
            try:
                found = json.loads(own_files.get(self._place) or b"{}")
                self._held = {str(key): str(value) for key, value in found.items()}
            except (ValueError, AttributeError) as error:
                raise Corrupt(
                    mark(
                        "{place} is not what was written: mend it, or move it away",
                        place=self._place,
                    )
                ) from error
            self._seen = stamp
        return self._held
