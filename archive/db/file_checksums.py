"""A checksum for each block of a database file that nobody has open: no flipped bit goes unseen.

Checksums of rows cannot see a bit that flips in an index, in a header or in the free room of a
page. So a writing command that closes the database last writes ``archive.db.seal`` beside it: the
file's size and a checksum for every 64 KiB. While a writing command runs, that file lies aside as
``archive.db.open``; after a kill it stays there, and ``verify`` falls back on the checksums of the
rows until the next command closes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from archive.db.files import (
    flush_folder,
    open_regular,
    read_regular,
    replacing,
    require_own_database,
)
from scraper.messages import mark
from scraper.records import dataclass

BLOCK = 64 * 1024
#: Bytes of a large file that are hashed in one go.
STRETCH = 256 * BLOCK
Tell = Callable[[int, int], None]
#: Bytes before the pages of SQLite's write-ahead log, and before each page of it
#: (https://www.sqlite.org/fileformat2.html#walformat).
_LOG_HEAD, _PAGE_HEAD = 32, 24


def path_of(database: Path) -> Path:
    """Where the checksums of a database lie."""
    return database.with_name(database.name + ".seal")


def aside_path_of(database: Path) -> Path:
    """Where they lie while the database is open for writing."""
    return database.with_name(database.name + ".open")


@dataclass(frozen=True, slots=True)
class State:
    """A database file that no log changes: bytes, and when it was written, in nanoseconds."""

    size: int
    mtime: int


def set_aside(database: Path) -> State | None:
    """Before the database is changed; returns the state that they are of, None where there were
    none or a log still changes it. Renamed, so that they can be put back as they were; on the disk
    when it returns, since after a power cut they would call a sound file damaged."""
    state = None
    with suppress(FileNotFoundError):
        if not _has_log(database):
            state = _state_of(database)
    try:
        path_of(database).replace(aside_path_of(database))
    except FileNotFoundError:
        return None
    flush_folder(database.parent)
    return state


def changed_blocks(database: Path, before: State | None) -> set[int] | None:
    """The blocks that the log changes; None where the file itself has changed since ``before``, so
    that the log may no longer say all."""
    if before is None or _state_of(database) != before:
        return None
    with os.fdopen(open_regular(_log_of(database)), "rb") as file:
        head = file.read(_LOG_HEAD)
        if not head:
            return set()
        page, salts = int.from_bytes(head[8:12]), head[16:24]
        pages = range(_LOG_HEAD, os.fstat(file.fileno()).st_size, _PAGE_HEAD + page)
        blocks = set()
        for place in pages:
            file.seek(place)
            page_head = file.read(_PAGE_HEAD)
            if page_head[8:16] != salts:
                return None
            blocks.add((int.from_bytes(page_head[:4]) - 1) * page // BLOCK)
    return blocks


def write(
    database: Path, before: State | None = None, changed: Collection[int] | None = None
) -> None:
    """Note those of the closed database; the old file comes back untouched where nothing
    changed.

    Where it is known in which state it was ``before`` and which blocks were ``changed`` since, only
    they are read: reading all of a million articles takes 20 s.
    """
    aside = aside_path_of(database)
    now = _state_of(database)
    old = _read(aside)
    if old is not None and State(old["size"], old["mtime"]) == now:
        aside.replace(path_of(database))
        return
    hashes = None
    if old is not None and changed is not None and State(old["size"], old["mtime"]) == before:
        hashes = _hashed_again(database, old["hashes"], {*changed, before.size // BLOCK})
    body = {
        "size": now.size,
        "mtime": now.mtime,
        "block": BLOCK,
        "hashes": _hashes(database) if hashes is None else hashes,
    }
    note = json.dumps({"check": _checksum(body), **body})
    with replacing(path_of(database)) as file:
        file.write(note.encode("ascii"))
    aside.unlink(missing_ok=True)


def broken_blocks(database: Path, tell: Tell | None = None) -> list[str] | None:
    """What is wrong, one line each, naming the bytes; empty where the file is as it was closed.
    ``tell`` hears how many MiB of how many were read.

    ``None`` where it has no checksums, or a log beside it (``-wal``) still holds changes that are
    not in it.
    """
    require_own_database(database)
    checksums = path_of(database)
    if not checksums.exists() or _has_log(database):
        return None
    noted, written = _read(checksums), checksums.stat().st_mtime_ns
    if noted is None:
        return [mark("{name} itself is damaged", name=checksums.name)]
    wrong = [*_other_size(database, noted["size"]), *_other_blocks(database, noted["hashes"], tell)]
    if wrong and not (checksums.exists() and checksums.stat().st_mtime_ns == written):
        return None  # a command began to write while this one was reading
    return wrong


def _other_size(database: Path, earlier: int) -> Iterator[str]:
    size = database.stat().st_size
    if size != earlier:
        yield mark(
            "{name} has {size} bytes, had {earlier}", name=database.name, size=size, earlier=earlier
        )


def _other_blocks(database: Path, noted: Iterable[str], tell: Tell | None) -> Iterator[str]:
    pairs = zip(noted, _hashes(database, tell), strict=False)
    differing = [number for number, (was, now) in enumerate(pairs) if was != now]
    for first, last in _stretches(differing):
        yield mark(
            "{name} differs from its checksums in bytes {first} to {last}",
            name=database.name,
            first=first * BLOCK,
            last=(last + 1) * BLOCK - 1,
        )


def _stretches(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of those that lie together: what another program has written may be in tens of
    thousands of blocks."""
    for _, together in groupby(enumerate(numbers), lambda place: place[1] - place[0]):
        found = [number for _, number in together]
        yield found[0], found[-1]


def _hashes(database: Path, tell: Tell | None = None) -> list[str]:
    """Of every block. Several at once in a large file: the interpreter waits for neither the disk
    nor the hash."""
    with os.fdopen(open_regular(database), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        read = partial(_hashes_from, file.fileno())
        starts = range(0, size, STRETCH)
        if len(starts) <= 1:
            return read(0)
        from concurrent.futures import ThreadPoolExecutor  # takes 3 ms to import

        hashes = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for number, found in enumerate(pool.map(read, starts), 1):
                hashes += found
                if tell:
                    tell(min(number * STRETCH, size) >> 20, size >> 20)
        return hashes


def _hashes_from(number: int, start: int) -> list[str]:
    """Of the blocks of a stretch, by the file's number."""
    hashes = []
    for at in range(start, start + STRETCH, BLOCK):
        block = os.pread(number, BLOCK, at)
        if not block:
            break
        hashes.append(_hash(block))
    return hashes


def _hashed_again(database: Path, hashes: list[str], changed: set[int]) -> list[str] | None:
    """``hashes`` with those of the changed blocks, and of all behind them, as they are now; None
    where the file has become shorter."""
    with os.fdopen(open_regular(database), "rb") as file:
        blocks = -(-os.fstat(file.fileno()).st_size // BLOCK)
        if blocks < len(hashes):
            return None
        new = hashes + [""] * (blocks - len(hashes))
        for number in sorted({*changed, *range(len(hashes), blocks)} & set(range(blocks))):
            file.seek(number * BLOCK)
            new[number] = _hash(file.read(BLOCK))
    return new


def _hash(block: bytes) -> str:
    from hashlib import blake2b  # OpenSSL takes a twentieth of the start of a search

    return blake2b(block, digest_size=8).hexdigest()


def _state_of(database: Path) -> State:
    stat = database.stat()
    return State(stat.st_size, stat.st_mtime_ns)


def _has_log(database: Path) -> bool:
    """Whether a log changes what stands in the file."""
    log = _log_of(database)
    return log.exists() and log.stat().st_size > 0


def _log_of(database: Path) -> Path:
    return database.with_name(database.name + "-wal")


def _checksum(body: dict[str, object]) -> str:
    from hashlib import sha256

    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _read(place: Path) -> dict[str, Any] | None:
    try:
        body = json.loads(read_regular(place))
        check = body.pop("check")
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    return body if check == _checksum(body) else None
