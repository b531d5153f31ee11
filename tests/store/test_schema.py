"""The database: opening, migrating, and what is said when that cannot be."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import archive
from archive.cli import run
from archive.crawl.cooldown import CoolDown
from archive.db import (
    alert_tables,
    article_tables,
    crawl_tables,
    discussion_tables,
    exit_tables,
    file_checksums,
    group_tables,
    identity,
    own_tables,
    recording_tables,
    removal_tables,
    reparse_tables,
)
from archive.db.errors import as_archive_error
from archive.db.migrations import ARCHIVE
from archive.db.opening import open_database
from archive.db.search_tables import SEARCH_DDL
from archive.db.transactions import transaction
from archive.errors import (
    CannotCreate,
    Corrupt,
    NewerArchive,
    NoArchive,
    NotHeld,
    OlderArchive,
)
from archive.search.api import open_readonly
from tests.store.make import article, keep, opened

#: Opens the database, and is killed after so many statements of its migrations.
KILLED = """
import os, signal, sys
from archive.db import migrations, opening
left = int(sys.argv[2])
def run(conn, statements):
    global left
    for statement in statements:
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        conn.execute(statement)
migrations.run_ddl = run
opening.open_database(sys.argv[1]).close()
"""


#: Of all migrations together; the last ones are those of the newest.
STATEMENTS = sum(
    len(ddl)
    for ddl in (
        article_tables.DDL,
        crawl_tables.DDL,
        reparse_tables.DDL,
        SEARCH_DDL,
        identity.DDL,
        exit_tables.DDL,
        recording_tables.DDL,
        discussion_tables.DDL,
        alert_tables.DDL,
        own_tables.DDL,
        removal_tables.DDL,
        group_tables.DDL,
        discussion_tables.INDEX_DDL,
    )
)


@contextmanager
def plain(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, opened by somebody else."""
    with closing(sqlite3.connect(path)) as conn:
        yield conn


def schema_of(path: Path) -> list[tuple[object, ...]]:
    with plain(path) as conn:
        return conn.execute(
            "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()


def applied(path: Path) -> list[str]:
    with plain(path) as conn:
        try:
            return [
                row[0] for row in conn.execute("SELECT name FROM _sqlite_migrations ORDER BY id")
            ]
        except sqlite3.OperationalError:
            return []


def test_a_new_database_is_ready(tmp_path: Path) -> None:
    """WAL, foreign keys, everything synced; closed without a log beside it."""
    path = tmp_path / "new" / "archive.db"
    with open_database(path) as db:
        pragma = {
            name: db.conn.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
    assert pragma == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}
    assert applied(path) == [name for name, _ in ARCHIVE.steps]
    assert not path.with_name("archive.db-wal").exists()


@pytest.mark.parametrize("door", ["library", "command"])
def test_an_index_of_the_first_shape_is_made_anew(
    tmp_path: Path, door: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Search tables as they were before spans had a table of their own: the same schema as new, and
    all is found.
    """
    path = tmp_path / "archive.db"
    with opened(tmp_path) as store:
        keep(store, article(1))
    before = schema_of(path)
    with plain(path) as conn, conn:
        conn.execute("UPDATE search_meta SET value = '1.2' WHERE name = 'version'")
        conn.execute("DROP TABLE search_spans")
        conn.execute("ALTER TABLE search_documents DROP COLUMN seal")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm004_search_newest_first'")
    if door == "command":
        assert run(["search", "正文", "--count", "--archive", str(tmp_path)]) == 0
        assert capsys.readouterr().out == "1\n"
    with archive.open(tmp_path) as library:
        assert [1] == [hit.article_id for hit in library.search("正文")]
    assert schema_of(path) == before


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    """Not a byte of the database nor of its seal."""
    path = tmp_path / "archive.db"
    open_database(path).close()
    before = {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.iterdir()
    }
    open_database(path).close()
    open_database(path, readonly=True).close()

    assert {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.iterdir()
    } == before


def check_killed(tmp_path: Path, statements: int) -> bool:
    """Kill the migrations after so many statements; whether that was before their end."""
    path = tmp_path / "archive.db"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(statements)], check=False)
    names = applied(path)
    expected = [name for name, _ in ARCHIVE.steps][: len(names)]
    fresh = tmp_path / "fresh.db"
    with open_database(fresh) as db:
        db.conn.execute("SELECT 1")

    # Each migration is there with the note of it, or not at all.
    assert names == expected
    with plain(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        tables = {
            row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    assert ("articles" in tables) == ("m001_articles" in names)
    assert ("search_terms" in tables) == ("m003_search" in names)
    assert ("meta" in tables) == ("m005_identity" in names)
    open_database(path).close()
    assert schema_of(path) == schema_of(fresh)
    return done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("statements", [0, 5, 35, 45, STATEMENTS - 1])
def test_a_killed_migration_leaves_the_old_schema_or_the_new(
    tmp_path: Path, statements: int
) -> None:
    """Nothing between; the next command goes on as if nothing had been."""
    assert check_killed(tmp_path, statements)


@pytest.mark.long
def test_a_migration_can_be_killed_at_any_statement(tmp_path: Path) -> None:
    """The same, at every one of them."""
    statements = 0
    while check_killed(tmp_path / str(statements), statements):
        statements += 1
    assert statements > 40


def test_a_newer_archive_is_left_alone(tmp_path: Path) -> None:
    """An older program says so instead of writing rows that the newer one does not expect."""
    path = tmp_path / "archive.db"
    with open_database(path) as db, transaction(db.conn):
        db.conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('archive', 'm999_later', '2030')"
        )
    before = path.read_bytes()

    for readonly in (False, True):
        with pytest.raises(NewerArchive, match=r"m999_later.*update the program") as caught:
            open_database(path, readonly=readonly)
        assert caught.value.exit_code == 78
    assert path.read_bytes() == before


def test_an_older_archive_is_not_changed_by_reading(tmp_path: Path) -> None:
    """Reading says what to do; the next writing command updates it."""
    path = tmp_path / "archive.db"
    open_database(path).close()
    with plain(path) as conn, conn:
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm001_articles'")
    with pytest.raises(OlderArchive, match="older version") as caught:
        open_database(path, readonly=True)
    assert caught.value.exit_code == 78
    open_database(path, readonly=True, outdated=True).close()


@pytest.mark.parametrize("left", [b"", b"log"])
def test_what_was_left_of_making_an_archive_is_none(tmp_path: Path, left: bytes) -> None:
    """A full disk or a kill right at the beginning: the next `save` makes it."""
    path = tmp_path / "archive.db"
    path.touch()
    if left:
        with plain(path) as conn:
            conn.execute("PRAGMA journal_mode = WAL")
    with pytest.raises(NoArchive, match="makes one"):
        open_database(path, readonly=True)
    open_database(path).close()
    open_database(path, readonly=True).close()


def test_a_cool_down_of_before_there_were_exits_holds(tmp_path: Path) -> None:
    """Read as none by `status` on a disk that cannot be written, kept by the first command that
    writes; sound after.
    """
    path = tmp_path / "archive.db"
    older = [name for name, _ in ARCHIVE.steps if name < "m006" or name == "m_reparses"]
    with plain(path) as conn:
        conn.row_factory = sqlite3.Row
        ARCHIVE.only(older).apply(conn)
        conn.execute(
            "INSERT INTO cooldown VALUES (1, 2, '2026-11-27T09:00:00.000+00:00', "
            "'2099-11-27T11:00:00.000+00:00', 'captcha', '环境异常', NULL)"
        )
        conn.commit()
    assert run(["status", "--archive", str(tmp_path)]) == 0
    assert applied(path) == older
    with open_database(path) as db:
        block = CoolDown(db.conn).last()
    assert block is not None
    assert (block.level, block.shown) == (2, "环境异常")
    assert run(["verify", "--archive", str(tmp_path)]) == 0


def test_reading_where_nothing_is_says_how_to_begin(tmp_path: Path) -> None:
    """And creates nothing."""
    with pytest.raises(NotHeld, match="wechat-archive save"):
        open_database(tmp_path / "no" / "archive.db", readonly=True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    """With the command that repairs; nothing is overwritten."""
    path = tmp_path / "archive.db"
    path.write_bytes(b"this is not a database, however long it may be" * 100)
    with pytest.raises(Corrupt, match="verify --repair") as caught:
        open_database(path)
    assert caught.value.exit_code == 65
    assert path.read_bytes().startswith(b"this is not")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in the way: 73."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotCreate, match="cannot create the folder"):
        open_database(tmp_path / "file" / "sub" / "archive.db")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("database or disk is full", 74),
        ("disk I/O error", 74),
        ("attempt to write a readonly database", 73),
        ("unable to open database file", 73),
        ("database is locked", 75),
        ("database disk image is malformed", 65),
        ("Could not decode to UTF-8 column 'title'", 65),
        ("something else", 70),
    ],
)
def test_troubles_of_sqlite_are_told_apart(said: str, code: int) -> None:
    """Each with the exit code that cron can act on."""
    assert as_archive_error(sqlite3.DatabaseError(said), "archive.db").exit_code == code


def test_closing_seals_the_file(tmp_path: Path) -> None:
    """Every later change of a byte, by whatever, is seen; also in room that no row uses."""
    with opened(tmp_path) as store:
        keep(store, article(1))
        assert not file_checksums.path_of(tmp_path / "archive.db").exists()
    path = tmp_path / "archive.db"
    assert file_checksums.broken_blocks(path) == []
    data = path.read_bytes()
    for at in range(0, len(data), 9973):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert file_checksums.broken_blocks(path) != []
    path.write_bytes(data + b"x")
    assert file_checksums.broken_blocks(path) != []


def test_a_damaged_seal_is_told(tmp_path: Path) -> None:
    """It has a hash of its own."""
    open_database(tmp_path / "archive.db").close()
    place = file_checksums.path_of(tmp_path / "archive.db")
    place.write_text(place.read_text().replace('"block": 65536', '"block": 65537'))

    assert file_checksums.broken_blocks(tmp_path / "archive.db") == [
        "archive.db.seal itself is damaged"
    ]


def test_a_kill_leaves_no_seal_rather_than_a_wrong_one(tmp_path: Path) -> None:
    """Without one, verify falls back on the hashes of the rows."""
    open_database(tmp_path / "archive.db").close()
    code = (
        "import os, signal, sys; from archive.db.opening import open_database; db = open_database(sys.argv[1]);"
        "db.conn.execute(\"INSERT INTO accounts (name, first_seen) VALUES ('x', 'y')\"); db.conn.commit();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "archive.db")], check=False)
    assert file_checksums.broken_blocks(tmp_path / "archive.db") is None
    open_database(tmp_path / "archive.db").close()

    assert file_checksums.broken_blocks(tmp_path / "archive.db") == []


def test_every_migration_has_a_name_of_its_own() -> None:
    """Names are what an archive remembers; they never change."""
    names = [name for name, _ in ARCHIVE.steps]

    assert names[0] == "m001_articles"
    assert len(set(names)) == len(names)
    assert ARCHIVE.name == "archive"


def test_a_definition_that_is_no_text_any_more_is_damage(tmp_path: Path) -> None:
    """SQLite's message about it cannot be decoded by Python; ours can, at every door."""
    path = tmp_path / "archive.db"
    with opened(tmp_path) as store:
        keep(store, article(1))
    data = path.read_bytes()
    at = data.index(b"REFERENCES", data.index(b"CREATE TABLE links"))
    path.write_bytes(data[:at] + b"\xc5" + data[at + 1 :])
    for door in (
        lambda: open_database(path),
        lambda: open_database(path, readonly=True),
        lambda: open_readonly(path),
    ):
        with pytest.raises(Corrupt, match="wechat-archive verify"):
            door()
