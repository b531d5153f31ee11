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
from collections.abc import Iterable, Iterator
from contextlib import suppress
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

BLOCK = 64 * 1024


def path_of(database: Path) -> Path:
    """Where the checksums of a database lie."""
    return database.with_name(database.name + ".seal")


def aside_path_of(database: Path) -> Path:
    """Where they lie while the database is open for writing."""
    return database.with_name(database.name + ".open")


def set_aside(database: Path) -> None:
    """Before the database is changed. Renamed, so that they can be put back as they were; on the
    disk when it returns, since after a power cut they would call a sound file damaged."""
    with suppress(FileNotFoundError):
        path_of(database).replace(aside_path_of(database))
        flush_folder(database.parent)


def write(database: Path) -> None:
    """Note those of the closed database; the old file comes back untouched where nothing
    changed.
    """
    aside = aside_path_of(database)
    stat = database.stat()
    old = _read(aside)
    if old is not None and (old["size"], old["mtime"]) == (stat.st_size, stat.st_mtime_ns):
        aside.replace(path_of(database))
        return
    body = {
        "size": stat.st_size,
        "mtime": stat.st_mtime_ns,
        "block": BLOCK,
        "hashes": _hashes(database),
    }
    note = json.dumps({"check": _checksum(body), **body})
    with replacing(path_of(database)) as file:
        file.write(note.encode("ascii"))
    aside.unlink(missing_ok=True)


def broken_blocks(database: Path) -> list[str] | None:
    """What is wrong, one line each, naming the bytes; empty where the file is as it was closed.

    ``None`` where it has no checksums, or a log beside it (``-wal``) still holds changes that are
    not in it.
    """
    require_own_database(database)
    log = database.with_name(database.name + "-wal")
    checksums = path_of(database)
    if not checksums.exists() or (log.exists() and log.stat().st_size > 0):
        return None
    noted, written = _read(checksums), checksums.stat().st_mtime_ns
    if noted is None:
        return [mark("{name} itself is damaged", name=checksums.name)]
    wrong = [*_other_size(database, noted["size"]), *_other_blocks(database, noted["hashes"])]
    if wrong and not (checksums.exists() and checksums.stat().st_mtime_ns == written):
        return None  # a command began to write while this one was reading
    return wrong


def _other_size(database: Path, earlier: int) -> Iterator[str]:
    size = database.stat().st_size
    if size != earlier:
        yield mark(
            "{name} has {size} bytes, had {earlier}", name=database.name, size=size, earlier=earlier
        )


def _other_blocks(database: Path, noted: Iterable[str]) -> Iterator[str]:
    for number, (was, now) in enumerate(zip(noted, _hashes(database), strict=False)):
        if was != now:
            yield mark(
                "{name} differs from its checksums in bytes {first} to {last}",
                name=database.name,
                first=number * BLOCK,
                last=(number + 1) * BLOCK - 1,
            )


def _hashes(database: Path) -> list[str]:
    from hashlib import blake2b  # OpenSSL takes a twentieth of the start of a search

    hashes = []
    with os.fdopen(open_regular(database), "rb") as file:
        while block := file.read(BLOCK):
            hashes.append(blake2b(block, digest_size=8).hexdigest())
    return hashes


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
