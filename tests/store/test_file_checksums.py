"""Checksums of a closed database's blocks: what they say, and when they say nothing."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import pytest

from archive.db import file_checksums, opening
from archive.db.file_checksums import (
    BLOCK,
    STRETCH,
    aside_path_of,
    broken_blocks,
    path_of,
    set_aside,
    write,
)
from archive.db.opening import open_database
from archive.snapshots import Snapshots


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three blocks and a bit, closed and noted."""
    place = tmp_path / "x.db"
    place.write_bytes(os.urandom(3 * BLOCK + 10))
    write(place)
    return place


def test_a_flipped_bit_is_named_by_its_bytes(database: Path) -> None:
    """Of the block that it stands in, and no other."""
    assert [] == broken_blocks(database)
    data = bytearray(database.read_bytes())
    data[BLOCK + 5] ^= 1
    database.write_bytes(data)

    said = f"x.db differs from its checksums in bytes {BLOCK} to {2 * BLOCK - 1}"
    assert [said] == broken_blocks(database)
    database.write_bytes(data[:-1])
    assert (
        f"x.db has {len(data) - 1} bytes, had {len(data)}" == (broken_blocks(database) or [""])[0]
    )


def test_blocks_that_lie_together_are_one_line(database: Path) -> None:
    """The first two of four are told together, the last one, after a sound one, by itself."""
    data = bytearray(database.read_bytes())
    for at in (5, BLOCK, 3 * BLOCK):
        data[at] ^= 1
    database.write_bytes(data)

    assert [
        f"x.db differs from its checksums in bytes 0 to {2 * BLOCK - 1}",
        f"x.db differs from its checksums in bytes {3 * BLOCK} to {4 * BLOCK - 1}",
    ] == broken_blocks(database)


def test_a_command_that_begins_to_write_meanwhile_is_no_damage(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checksums were set aside, or are new ones: nothing is said."""
    before, hashes = database.read_bytes(), file_checksums._hashes
    for begins in (set_aside, lambda place: os.utime(path_of(place), ns=(1, 1))):
        write(database)

        def read(place: Path, tell: object, begins: object = begins) -> list[str]:
            place.write_bytes(b"other" + before[5:])
            assert callable(begins)
            begins(place)
            return hashes(place)

        monkeypatch.setattr(file_checksums, "_hashes", read)
        assert broken_blocks(database) is None
        monkeypatch.undo()
        database.write_bytes(before)


def test_a_large_file_is_read_in_stretches(tmp_path: Path) -> None:
    """Each block has the checksum that it has in a small file, in their order; how far it is read
    is told to the end."""
    large, rng = tmp_path / "large.db", random.Random(7)
    data = rng.randbytes(2 * STRETCH + BLOCK + 5)
    large.write_bytes(data)
    write(large)
    assert json.loads(path_of(large).read_text())["hashes"] == [
        blake2b(data[at : at + BLOCK], digest_size=8).hexdigest()
        for at in range(0, len(data), BLOCK)
    ]

    at = STRETCH + 3 * BLOCK
    with large.open("r+b") as file:
        file.seek(at + 10)
        file.write(bytes([data[at + 10] ^ 1]))
    told: list[tuple[int, int]] = []
    assert broken_blocks(large, lambda done, of: told.append((done, of))) == [
        f"large.db differs from its checksums in bytes {at} to {at + BLOCK - 1}"
    ]
    assert told == [(16, 32), (32, 32), (32, 32)]


def test_without_checksums_nothing_is_known(database: Path) -> None:
    """None, also where a log holds what is not in the file yet; setting aside what is not there is
    fine."""
    database.with_name("x.db-wal").write_bytes(b"")
    assert [] == broken_blocks(database)
    database.with_name("x.db-wal").write_bytes(b"x")
    assert broken_blocks(database) is None
    database.with_name("x.db-wal").unlink()
    set_aside(database)
    set_aside(database)
    assert broken_blocks(database) is None


def test_checksums_come_back_where_nothing_changed(database: Path) -> None:
    """As they were, byte for byte; where something did, they are made anew and the old ones go."""
    before = path_of(database).read_bytes()
    set_aside(database)
    write(database)
    assert before == path_of(database).read_bytes()
    assert not aside_path_of(database).exists()

    set_aside(database)
    database.write_bytes(b"new")
    write(database)
    assert ([], before != path_of(database).read_bytes()) == (broken_blocks(database), True)
    assert not aside_path_of(database).exists()


def test_a_changed_note_is_told(database: Path) -> None:
    """It has a checksum of its own."""
    path_of(database).write_bytes(path_of(database).read_bytes().replace(b'"size"', b'"size" '))
    assert [] == broken_blocks(database)
    path_of(database).write_bytes(path_of(database).read_bytes().replace(b"65536", b"65537"))
    assert ["x.db.seal itself is damaged"] == broken_blocks(database)


def test_a_folder_that_takes_no_checksums_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less is known then, and the archive opens and closes all the same."""

    def refuse(*_: object) -> None:
        raise OSError("no")

    open_database(tmp_path / "archive.db").close()
    monkeypatch.setattr(file_checksums, "set_aside", refuse)
    monkeypatch.setattr(file_checksums, "write", refuse)
    open_database(tmp_path / "archive.db").close()


def test_opening_writes_nothing_before_checksums_are_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill in between would leave them beside a log that changes the file, and a sound archive
    would be called damaged; for a power cut the folder is flushed.
    """
    for name, opened in (("snapshots.db", Snapshots), ("archive.db", open_database)):
        place = tmp_path / name
        opened(place).close()
        told: list[object] = []

        def aside(database: Path, told: list[object] = told) -> None:
            log = database.with_name(f"{database.name}-wal")
            told.append(log.stat().st_size if log.exists() else 0)
            set_aside(database)

        def flushed(folder: Path, told: list[object] = told) -> None:
            told.append(folder)

        monkeypatch.setattr(file_checksums, "set_aside", aside)
        monkeypatch.setattr(file_checksums, "flush_folder", flushed)
        opened(place).close()

        assert [0, tmp_path] == told


@pytest.mark.parametrize("seed", range(3))
def test_only_what_a_command_changed_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The checksums are those of the whole file nevertheless, whatever was written: little or more
    than the log holds, by SQLite's own `VACUUM` or after the log was emptied half-way."""
    rng, place = random.Random(seed), tmp_path / "archive.db"
    with open_database(place) as db, db.conn:
        db.conn.execute("CREATE TABLE own (id INTEGER PRIMARY KEY, data)")
        db.conn.executemany("INSERT INTO own VALUES (?, ?)", ((n, "x" * 4000) for n in range(300)))
    whole = file_checksums._hashes
    read: list[Path] = []

    def reading(database: Path) -> list[str]:
        read.append(database)
        return whole(database)

    monkeypatch.setattr(file_checksums, "_hashes", reading)
    monkeypatch.setattr(opening, "LOG_PAGES", 300)
    for step in range(12):
        how = rng.choice(("little", "little", "little", "much", "grow", "half-way", "vacuum"))
        with open_database(place) as db:
            change(db.conn, how, rng)
        assert broken_blocks_by(whole, place) == [], (step, how)
        assert bool(read) == (how in ("much", "half-way", "vacuum")), (step, how)
        read.clear()


def change(conn: sqlite3.Connection, how: str, rng: random.Random) -> None:
    rows = 500 if how == "much" else 5
    with conn:
        for _ in range(rows):
            one = (rng.randbytes(2000).hex(), rng.randrange(300))
            conn.execute("UPDATE own SET data = ? WHERE id = ?", one)
            if how == "much" and not rng.randrange(10):
                conn.commit()
        if how == "grow":
            conn.execute("INSERT INTO own(data) VALUES (?)", ("y" * 100_000,))
    if how == "half-way":
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if how == "vacuum":
        conn.execute("VACUUM")


def broken_blocks_by(whole: Callable[[Path], list[str]], place: Path) -> list[str]:
    """What is noted and is not so."""
    noted = json.loads(path_of(place).read_text())
    return [a for a, b in zip(noted["hashes"], whole(place), strict=True) if a != b]


def test_a_flip_that_nobody_wrote_stays_in_sight(tmp_path: Path) -> None:
    """A command that writes elsewhere does not take what lies there for what was written."""
    place = tmp_path / "archive.db"
    with open_database(place) as db, db.conn:
        db.conn.execute("CREATE TABLE own (data)")
        db.conn.executemany("INSERT INTO own VALUES (?)", (("x" * 3000,) for _ in range(200)))
    written = place.stat().st_mtime_ns
    data = bytearray(place.read_bytes())
    at = data.rindex(b"x" * 3000) + 100
    data[at] ^= 1
    place.write_bytes(data)
    os.utime(place, ns=(written, written))  # the disk says nothing of it

    with open_database(place) as db, db.conn:
        db.conn.execute("UPDATE meta SET value = value")
    first = at // BLOCK * BLOCK
    assert [
        f"archive.db differs from its checksums in bytes {first} to {first + BLOCK - 1}"
    ] == broken_blocks(place)
