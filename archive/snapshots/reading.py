"""Reading an open ``snapshots.db``: what keeping, checking and mending share."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archive.db.columns import has_table
from archive.db.errors import sqlite_errors
from archive.errors import Corrupt, NotHeld
from archive.snapshots import facts
from archive.snapshots.facts import Snapshot
from archive.snapshots.packing import MIN_BASE, BadFrame, unpack
from scraper.messages import mark

#: Unpacked pages kept at hand, in bytes: the bases of a run are few and needed again and again.
CACHE_BYTES = 80_000_000

_COLUMNS = (
    "s.id, s.address, s.url, s.final_url, s.status, s.redirects, s.request, s.response, s.fetched, "
    "b.sha256, b.bytes, length(b.frame), s.seal, s.body_id"
)


class Reader:
    """What is kept in the ``snapshots.db`` at ``path``, by an open ``connection``; threads share
    ``lock``.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path
        self.lock = threading.RLock()
        self._cache: OrderedDict[int, bytes] = OrderedDict()

    def select(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        """The rows of a query on the tables of ``archive.snapshots.tables``. Raises ``Corrupt``."""
        with self.lock, sqlite_errors(self.path):
            return self.connection.execute(sql, values).fetchall()

    def has_table(self, name: str) -> bool:
        """Whether there is one: an older file that is only read lacks some. Raises ``Corrupt``."""
        with self.lock, sqlite_errors(self.path):
            return has_table(self.connection, name)

    def facts(self, snapshot_id: int) -> Snapshot:
        """The exchange without its body. Raises ``NotHeld`` or ``Corrupt``."""
        found = next(self.exchanges("WHERE s.id = ?", (snapshot_id,)), None)
        if found is None:
            raise NotHeld(
                mark(
                    "there is no snapshot {snapshot_id} in {path}: it was removed, or the file it was "
                    "kept in is lost.",
                    snapshot_id=snapshot_id,
                    path=self.path,
                )
            )
        return found

    def exchanges(self, where: str, values: tuple[object, ...]) -> Iterator[Snapshot]:
        """The exchanges that a ``WHERE`` clause over ``s`` (snapshots) and ``b`` (bodies) names.
        Raises ``Corrupt``.
        """
        rows = self.select(
            f"SELECT {_COLUMNS} FROM snapshots s LEFT JOIN bodies b ON b.id = s.body_id {where}",
            values,
        )
        for row in rows:
            yield _snapshot(row)

    def last_capture(
        self, where: str, values: tuple[object, ...], *, depth: int
    ) -> list[tuple[int, int]]:
        """Id and depth of the newest body that others may stand on, less than ``depth`` deep, of
        those that ``where`` names over ``s`` (snapshots) and ``b`` (bodies); one or none.
        """
        return self.select(
            "SELECT b.id, b.depth FROM snapshots s JOIN bodies b ON b.id = s.body_id "
            f"WHERE {where} AND b.depth < ? AND b.bytes >= ? ORDER BY s.id DESC LIMIT 1",
            (*values, depth, MIN_BASE),
        )

    def forget(self, body_id: int) -> None:
        """The body is not there any more."""
        self._cache.pop(body_id, None)

    def body(self, body_id: int, *, fresh: bool = False) -> bytes:
        """The bytes of one body, checked. ``fresh``: from the disk even if at hand. Raises
        ``Corrupt``.
        """
        if body_id in self._cache and not fresh:
            self._cache.move_to_end(body_id)
            return self._cache[body_id]
        sql = "SELECT sha256, bytes, base_id, second_id, depth, frame FROM bodies WHERE id = ?"
        rows = self.select(sql, (body_id,))
        if not rows:
            raise Corrupt(mark("page {body_id} is missing.", body_id=body_id))
        sha256, size, first, second, depth, frame = rows[0]
        against = b""
        for base in (second, first):
            # A damaged row could name itself or a later page: bases are always older.
            if base is not None:
                if not (isinstance(base, int) and 0 < base < body_id and depth > 0):
                    raise Corrupt(
                        mark("page {body_id} names a base it cannot have.", body_id=body_id)
                    )
                against += self.body(base)
        body = self._unpack(body_id, frame, against, size, sha256)
        self._remember(body_id, body)
        return body

    def size(self, body_id: int) -> int:
        """How many bytes a body has, by its row."""
        return int(self.select("SELECT bytes FROM bodies WHERE id = ?", (body_id,))[0][0])

    def unpacks(self, body_id: int, frame: bytes) -> bool:
        """Whether ``frame`` is a good one of a body."""
        sql = "SELECT sha256, bytes, base_id, second_id FROM bodies WHERE id = ?"
        sha256, size, first, second = self.select(sql, (body_id,))[0]
        against = b"".join(self.body(base) for base in (second, first) if base is not None)
        try:
            unpack(frame, against, size, sha256)
        except (BadFrame, TypeError, ValueError):
            return False
        return True

    def _unpack(self, body_id: int, frame: bytes, against: bytes, size: int, sha256: str) -> bytes:
        try:
            return unpack(frame, against, size, sha256)
        except (BadFrame, TypeError, ValueError) as error:
            for (spare,) in self.select("SELECT frame FROM spares WHERE body_id = ?", (body_id,)):
                try:
                    return unpack(spare, against, size, sha256)
                except (BadFrame, TypeError, ValueError):
                    continue
            raise Corrupt(
                mark("page {body_id} is damaged: {error}.", body_id=body_id, error=error)
            ) from error

    def _remember(self, body_id: int, body: bytes) -> None:
        self._cache[body_id] = body
        held = sum(map(len, self._cache.values()))
        while held > CACHE_BYTES and len(self._cache) > 1:
            held -= len(self._cache.popitem(last=False)[1])


def _snapshot(row: tuple[Any, ...]) -> Snapshot:
    *values, sha256, size, stored, kept_seal, _body_id = row
    if facts.row_checksum(*values, sha256) != kept_seal:
        raise Corrupt(
            mark("the row of snapshot {row} is damaged: it is not what its seal says.", row=row[0])
        )
    snapshot_id, address, url, final_url, status, redirects, request, response, fetched = values
    return Snapshot(
        id=snapshot_id,
        address=address,
        url=url,
        final_url=final_url,
        status=status,
        redirects=facts.texts(redirects),
        request=facts.pairs(request),
        response=facts.pairs(response),
        fetched=facts.moment(fetched),
        sha256=sha256,
        size=size,
        stored=stored,
    )
