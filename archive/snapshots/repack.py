"""Packing again, with care, what was packed at once when it came.

A page is kept the moment it comes, by the quickest frame that helps; one pass with all the trials
and at level 19 takes five to nine times a ``gzip -6``. So ``put`` notes the page in
``repack_queue``, and this does the rest later: in the order the pages came, bases chosen as if each
had just come, all in processes. A frame is made against the raw bytes of its bases, so
packing a base again changes nothing for the pages that stand on it.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from archive.db.processes import process_pool, submitted
from archive.db.transactions import transaction
from archive.errors import Corrupt
from archive.json_fields import AsDict, json_field
from archive.snapshots import facts
from archive.snapshots.choose import (
    LEVEL19_MIN_BYTES,
    MAX_DEPTH,
    REMEMBERED,
    Base,
    Packed,
    Sketches,
    candidates,
    choose,
    dump_sketch,
    finish,
    load_sketch,
    worth_sketching,
)
from archive.snapshots.packing import BadFrame, Plain, sketch, unpack
from archive.snapshots.reading import Reader
from archive.snapshots.tables import open_snapshots

#: A process costs 0.2 s of CPU to start, as much as three pages to pack.
PAGES_A_PROCESS = 24
#: Pages in the making at the same time: the same in one process as in several, so that frames do not
#: depend on how many there are.
AT_ONCE = 4
#: Pages a transaction: one wait for the disk each; a kill repeats at most so many.
PAGES_A_COMMIT = 16
#: The share of the file that may lie unused after a repack.
UNUSED_SHARE = 0.05
#: Pages of the file given back a step, so that it can be stopped between two.
SHRINK_STEP = 8192

Progress = Callable[[int, int], None]
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Repacked(AsDict):
    """What a repack did: pages packed again, pages still waiting (it was stopped), bytes of the
    file.
    """

    pages: int
    waiting: int
    before: int = json_field(name="bytes_before")
    after: int = json_field(name="bytes_after")


@dataclass(frozen=True, slots=True)
class _Work:
    """One page to pack: the ``candidates`` for its bases, and what it looks like."""

    body_id: int
    candidates: tuple[Base, ...]
    look: tuple[int, ...]


def repack(
    kept: Reader,
    *,
    jobs: int | None = None,
    level19_from: int = LEVEL19_MIN_BYTES,
    progress: Progress = lambda done, total: None,
    stop: Stop = lambda: False,
) -> Repacked:
    """Pack every page that waits for it, then give unused room back. Stopped or killed, the next
    call goes on.

    ``jobs``: processes (default: one a core; few pages are done in this one). A page that cannot be
    read is passed over and stays as it is; ``verify`` names it. Raises sqlite3.Error where the file
    cannot be written.
    """
    before = _size(kept.connection)
    ids = [row[0] for row in kept.select("SELECT body_id FROM repack_queue ORDER BY body_id")]
    jobs = min(jobs or os.cpu_count() or 1, len(ids) // PAGES_A_PROCESS, AT_ONCE)
    done = 0
    settled: deque[tuple[_Work, Packed | None]] = deque()
    depths: dict[int, int] = {}
    with ExitStack() as stack:
        packer: _Packer = stack.enter_context(_Processes(kept, jobs)) if jobs > 1 else _Here(kept)
        batch: list[tuple[int, Packed | None]] = []
        for work, found in packer.each(_works(kept, settled, ids), level19_from):
            packed = _deepened(found, depths)
            if packed is not None:
                depths[work.body_id] = packed.depth
            batch.append((work.body_id, packed))
            settled.append((work, packed))
            if len(batch) == PAGES_A_COMMIT:
                done += _write(kept, batch)
                batch.clear()
                progress(done, len(ids))
            if stop():
                break
        done += _write(kept, batch)
        progress(done, len(ids))
    if not stop():
        _shrink(kept.connection, stop)
    waiting = int(kept.select("SELECT count(*) FROM repack_queue")[0][0])
    return Repacked(done, waiting, before, _size(kept.connection))


def _size(connection: sqlite3.Connection) -> int:
    """Bytes of the file, once its log is in it."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    return int(pages) * int(connection.execute("PRAGMA page_size").fetchone()[0])


def _works(
    kept: Reader, settled: deque[tuple[_Work, Packed | None]], ids: list[int]
) -> Iterator[_Work]:
    """The candidates of each page, as if it had just come: only earlier pages are looked at.

    ``settled`` are the pages of the queue that are packed by then. Those in the making may be bases
    too, as deep as they were: ``_deepened`` sets that right.
    """
    near = Sketches()
    known = _load_before(kept, near, ids[0]) if ids else 0
    for number, body_id in enumerate(ids):
        while settled and number >= AT_ONCE and settled[0][0].body_id <= ids[number - AT_ONCE]:
            _settle(kept, near, *settled.popleft())
        known = _load_until(kept, near, known, body_id)
        # What a page looks like is noted in its row, but for one that was so like its base that it
        # was to be none itself.
        noted, depth = kept.select("SELECT sketch, depth FROM bodies WHERE id = ?", (body_id,))[0]
        look = tuple(load_sketch(noted)) if noted else ()
        yield _Work(body_id, tuple(_candidates(kept, near, body_id, look)), look)
        if look:
            near.add(Base(body_id, depth), look)
        known = body_id


def _settle(kept: Reader, near: Sketches, work: _Work, packed: Packed | None) -> None:
    """A page of the queue is a base for others or none, now that it is packed."""
    near.forget(work.body_id)
    if work.look and packed is not None and worth_sketching(kept.size(work.body_id), packed):
        near.add(Base(work.body_id, packed.depth), work.look)


def _deepened(packed: Packed | None, depths: dict[int, int]) -> Packed | None:
    """``packed`` with its bases as deep as they came out; None where it would stand too deep, so
    that the page stays as it is.
    """
    if packed is None:
        return None
    first, second = (
        base and Base(base.id, depths.get(base.id, base.depth))
        for base in (packed.first, packed.second)
    )
    found = replace(packed, first=first, second=second)
    return found if found.depth <= MAX_DEPTH else None


def _load_before(kept: Reader, near: Sketches, body_id: int) -> int:
    """The newest bases before a page."""
    rows = kept.select(
        "SELECT id, depth, sketch FROM bodies WHERE sketch IS NOT NULL AND id < ? ORDER BY id DESC LIMIT ?",
        (body_id, REMEMBERED),
    )
    for row_id, depth, data in reversed(rows):
        near.add(Base(row_id, depth), load_sketch(data))
    return body_id - 1


def _load_until(kept: Reader, near: Sketches, known: int, body_id: int) -> int:
    """Bases between two pages of the queue: packed with care by an earlier repack, or small enough
    at once.
    """
    rows = kept.select(
        "SELECT id, depth, sketch FROM bodies WHERE sketch IS NOT NULL AND id > ? AND id < ? ORDER BY id",
        (known, body_id),
    )
    for row_id, depth, data in rows:
        near.add(Base(row_id, depth), load_sketch(data))
    return body_id


def _candidates(kept: Reader, near: Sketches, body_id: int, look: tuple[int, ...]) -> list[Base]:
    earlier = "s.address IN (SELECT address FROM snapshots WHERE body_id = ?) AND b.id < ?"
    captures = kept.last_capture(earlier, (body_id, body_id), depth=MAX_DEPTH)
    if not look:
        captures += kept.select(
            "SELECT o.id, o.depth FROM bodies b JOIN bodies o ON o.id IN (b.base_id, b.second_id) "
            "WHERE b.id = ? AND o.depth < ? ORDER BY o.id = b.base_id DESC",
            (body_id, MAX_DEPTH),
        )
    return candidates(dict.fromkeys(captures), near, look)


def pack_again(kept: Reader, work: _Work, level19_from: int) -> Packed | None:
    """The careful frame, unpacked once and compared; None for a page that cannot be read."""

    def read(base: Base) -> bytes:
        try:
            return kept.body(base.id)
        except Corrupt:
            return b""

    try:
        body = kept.body(work.body_id)
        page = Plain(body)
        chosen = choose(page, list(work.candidates), read, _held(kept, work.body_id))
        packed = finish(page, chosen, lambda base: kept.body(base.id), level19_from)
        against = b"".join(kept.body(b.id) for b in (packed.second, packed.first) if b is not None)
        sha256 = kept.select("SELECT sha256 FROM bodies WHERE id = ?", (work.body_id,))[0][0]
        unpack(packed.frame, against, len(body), sha256)
    except (Corrupt, BadFrame):
        return None
    return packed


def _held(kept: Reader, body_id: int) -> Packed | None:
    """The quick frame that the page got when it came; None where that stands on no other page."""
    columns = "SELECT base_id, second_id, frame FROM bodies WHERE id = ?"
    first, second, frame = kept.select(columns, (body_id,))[0]
    return Packed(frame, Base(first, 0)) if first is not None and second is None else None


def _write(kept: Reader, batch: list[tuple[int, Packed | None]]) -> int:
    """Put the frames into their rows, in one transaction; those that are no smaller leave the row
    as it is.
    """
    connection = kept.connection
    with kept.lock, transaction(connection):
        for body_id, packed in batch:
            if packed is not None:
                _replace(kept, body_id, packed)
            connection.execute("DELETE FROM repack_queue WHERE body_id = ?", (body_id,))
    return len(batch)


def _replace(kept: Reader, body_id: int, packed: Packed) -> None:
    columns = "sha256, bytes, base_id, second_id, depth, frame, sketch"
    row = kept.connection.execute(
        f"SELECT {columns} FROM bodies WHERE id = ?", (body_id,)
    ).fetchone()
    sha256, size, first, second, depth, frame, look = row
    if len(packed.frame) < len(frame):
        first, second = (base.id if base else None for base in (packed.first, packed.second))
        depth, frame = packed.depth, packed.frame
    if look is not None and not worth_sketching(size, replace(packed, frame=frame)):
        look = None
    elif look is None and worth_sketching(size, replace(packed, frame=frame)):
        look = dump_sketch(sketch(kept.body(body_id)))
    values = (body_id, sha256, size, first, second, depth, frame, look)
    kept.connection.execute(
        "UPDATE bodies SET base_id = ?, second_id = ?, depth = ?, frame = ?, sketch = ?, seal = ? WHERE id = ?",
        (*values[3:], facts.row_checksum(*values), body_id),
    )
    kept.connection.execute("UPDATE spares SET frame = ? WHERE body_id = ?", (frame, body_id))


def _shrink(connection: sqlite3.Connection, stop: Stop) -> None:
    """Give the file's unused pages back, in steps where the file was made for it, else by writing
    it anew.
    """
    unused = connection.execute("PRAGMA freelist_count").fetchone()[0]
    if unused <= UNUSED_SHARE * connection.execute("PRAGMA page_count").fetchone()[0]:
        return
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != 2:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")
    while not stop() and connection.execute("PRAGMA freelist_count").fetchone()[0]:
        connection.execute(f"PRAGMA incremental_vacuum({SHRINK_STEP})").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Here:
    """Packs in this process."""

    def __init__(self, kept: Reader) -> None:
        self._kept = kept

    def each(
        self, works: Iterator[_Work], level19_from: int
    ) -> Iterator[tuple[_Work, Packed | None]]:
        """Each page with its frame, in order."""
        for work in works:
            yield work, pack_again(self._kept, work, level19_from)


class _Processes:
    """Packs in ``jobs`` processes, each with its own reading connection. A context manager."""

    def __init__(self, kept: Reader, jobs: int) -> None:
        self._kept = kept
        self._jobs = jobs
        self._pool = process_pool(jobs, _begin, str(kept.path))

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *about: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def each(
        self, works: Iterator[_Work], level19_from: int
    ) -> Iterator[tuple[_Work, Packed | None]]:
        """Each page with its frame, in order; a page whose process died is packed here."""
        flying: deque[tuple[_Work, Future[Packed | None]]] = deque()
        for work in works:
            flying.append((work, submitted(self._pool, _pack_in_process, work, level19_from)))
            if len(flying) >= AT_ONCE:
                yield self._landed(*flying.popleft(), level19_from)
        while flying:
            yield self._landed(*flying.popleft(), level19_from)

    def _landed(
        self, work: _Work, future: Future[Packed | None], level19_from: int
    ) -> tuple[_Work, Packed | None]:
        try:
            return work, future.result()
        except BrokenProcessPool:
            return work, pack_again(self._kept, work, level19_from)


_Packer = _Here | _Processes

#: In a process of the pool: what it reads from.
_reader: Reader | None = None


def _begin(path: str) -> None:
    global _reader
    _reader = Reader(open_snapshots(Path(path), readonly=True)[0], Path(path))


def _pack_in_process(work: _Work, level19_from: int) -> Packed | None:
    assert _reader is not None
    return pack_again(_reader, work, level19_from)
