"""What is promised of opening a database and of closing it: what is refused is closed again, and the
checksums are those of what was written.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from archive.db import file_checksums, opening
from archive.db.opening import connect, open_database
from archive.errors import ArchiveError, Corrupt, Locked, NewerArchive
from tests.store.make import article, keep, opened


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A database, closed."""
    open_database(tmp_path / "archive.db").close()
    return tmp_path / "archive.db"


def seal(place: Path) -> Path:
    return file_checksums.path_of(place)


def open_files(folder: Path) -> list[str]:
    """What this process has open there."""
    found = []
    for handle in os.listdir("/dev/fd"):  # noqa: PTH208 - the one of the listing is gone by then
        try:
            target = os.readlink(f"/dev/fd/{handle}")  # noqa: PTH115
        except OSError:
            continue
        found += [target] if target.startswith(str(folder)) else []
    return found


def newer(place: Path) -> None:
    with closing(sqlite3.connect(place)) as conn, conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('archive', 'm999_later')"
        )


def spoiled(place: Path) -> None:
    place.write_bytes(b"this is not a database, however long it may be" * 100)


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize(("change", "kind"), [(newer, NewerArchive), (spoiled, Corrupt)])
def test_what_is_refused_is_closed(
    place: Path, change: Callable[[Path], None], kind: type[ArchiveError], readonly: bool
) -> None:
    """At once, not when the error is forgotten: who is told may want to move the file away."""
    change(place)
    with pytest.raises(kind) as told:
        open_database(place, readonly=readonly)

    assert [] == open_files(place.parent)
    assert kind is told.type


@pytest.mark.parametrize("readonly", [False, True])
def test_what_another_program_keeps_to_itself_is_told_as_locked(
    place: Path, monkeypatch: pytest.MonkeyPatch, readonly: bool
) -> None:
    """After a while of waiting, which here is none."""
    monkeypatch.setattr(opening, "BUSY_TIMEOUT", 0)
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Locked):
            open_database(place, readonly=readonly)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            connect(place, readonly=readonly)


def test_checksums_that_cannot_be_set_aside_keep_nobody_out(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the folder cannot be written in, SQLite says it better."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(file_checksums, "set_aside", refuse)
    with open_database(place) as db:
        assert (1,) == tuple(db.conn.execute("SELECT 1").fetchone())


def test_checksums_that_cannot_be_written_fail_nobody(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was to be written stands in the database."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file_checksums, "write", refuse)
    open_database(place).close()

    assert not seal(place).exists()


def test_closing_notes_what_was_written(place: Path) -> None:
    """Reading notes nothing, nor does who is told not to; closed twice is closed."""
    for options, is_sealed in (
        ({}, True),
        ({"readonly": True}, False),
        ({"checksums": False}, False),
    ):
        seal(place).unlink(missing_ok=True)
        db = open_database(place, **options)
        db.close()
        db.close()

        assert is_sealed == seal(place).exists()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            db.conn.execute("SELECT 1")


def test_a_list_that_nobody_read_to_its_end_is_no_trouble(place: Path) -> None:
    """It is closed with the database; checksums are noted by who closes it next."""
    db = open_database(place)
    rows = db.conn.execute("SELECT name FROM sqlite_master")
    next(rows)
    db.close()

    assert not seal(place).exists()
    del rows
    open_database(place).close()
    assert [] == file_checksums.broken_blocks(place)


def test_who_closes_beside_another_notes_nothing(place: Path) -> None:
    """What the other still reads stands in the log and not in the file."""
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM articles").fetchone()
        with open_database(place) as db:
            db.conn.execute("INSERT INTO accounts (name, first_seen) VALUES ('甲', '2026')")
            db.conn.commit()

        assert not seal(place).exists()


def test_the_folders_of_a_new_archive_are_made(tmp_path: Path) -> None:
    """All that are missing, for who writes."""
    open_database(tmp_path / "a" / "b" / "archive.db").close()

    assert (tmp_path / "a" / "b" / "archive.db").exists()


def test_who_reads_keeps_nobody_out(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither others who read nor the one who writes."""
    monkeypatch.setattr(opening, "BUSY_TIMEOUT", 0)
    with (
        open_database(place, readonly=True) as one,
        open_database(place, readonly=True) as other,
        open_database(place) as writer,
    ):
        writer.conn.execute("INSERT INTO accounts (name, first_seen) VALUES ('甲', '2026')")
        writer.conn.commit()

        counts = [
            db.conn.execute("SELECT count(*) FROM accounts").fetchone() for db in (one, other)
        ]
        assert [(1,), (1,)] == [tuple(count) for count in counts]


@pytest.mark.parametrize("readonly", [False, True])
def test_several_threads_may_use_it(place: Path, readonly: bool) -> None:
    """One at a time."""
    with open_database(place, readonly=readonly) as db, ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: db.conn.execute("SELECT count(*) FROM articles").fetchone())

        assert (0,) == tuple(found.result())


#: A file can get no longer, as on a full disk.
_NO_ROOM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from archive import cli
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.mark.parametrize("typed", ["list", "search 文", "show {key}", "status", "export jsonl -"])
def test_what_only_reads_needs_no_room(tmp_path: Path, typed: str) -> None:
    """A full disk keeps nobody from reading, or from taking the archive to another disk."""
    with opened(tmp_path) as store:
        key = keep(store, article(1)).key
    words = typed.format(key=key).split()

    done = subprocess.run(
        [sys.executable, "-c", _NO_ROOM, "--archive", str(tmp_path), *words],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, True) == (done.returncode, "第1篇" in done.stdout or typed == "status"), done.stderr


def test_who_reads_on_a_full_disk_has_the_file_alone(place: Path) -> None:
    """Nobody writes into what he reads, however soon there is room again; and who stays open does
    not keep the others out for so long.
    """
    script = """
import resource, sys
from archive.db.opening import connect
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
conn = connect(__import__("pathlib").Path(sys.argv[1]), readonly=True, lasting=len(sys.argv) > 2)
print("open", flush=True)
sys.stdin.readline()
"""
    command = [sys.executable, "-c", script, str(place)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert "open\n" == reader.stdout.readline()
        with (
            closing(sqlite3.connect(place, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("DELETE FROM accounts")
        reader.communicate("\n")
    lasting = subprocess.run([*command, "lasting"], capture_output=True, text=True, check=False)
    assert "disk I/O error" in lasting.stderr
