"""The tables of ``snapshots.db``, and opening it. A file of its own, so that ``archive.db`` stays small to copy."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from archive.db import seal
from archive.errors import CannotCreate, Corrupt, NewerArchive

if TYPE_CHECKING:
    from sqlite_utils import Database

#: ``bodies``: each distinct page once. ``base_id``/``second_id``: the earlier pages that its frame is packed
#: against; ``depth``: how many frames stand behind it. ``sketch`` is there where others may be packed against it.
#: ``spares``: a second copy of the frames that very many others need.
#: ``snapshots``: one exchange each. ``seal``: a hash over the row's other columns, since no other finds a flipped
#: bit in a header.
TABLES = """
CREATE TABLE bodies (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  bytes INTEGER NOT NULL,
  base_id INTEGER REFERENCES bodies(id),
  second_id INTEGER REFERENCES bodies(id),
  depth INTEGER NOT NULL,
  frame BLOB NOT NULL,
  sketch BLOB,
  seal BLOB NOT NULL
);
CREATE INDEX bodies_base ON bodies(base_id) WHERE base_id IS NOT NULL;
CREATE INDEX bodies_second ON bodies(second_id) WHERE second_id IS NOT NULL;
CREATE INDEX bodies_sketched ON bodies(id) WHERE sketch IS NOT NULL;
CREATE TABLE spares (
  body_id INTEGER PRIMARY KEY REFERENCES bodies(id),
  frame BLOB NOT NULL
);
CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY,
  address TEXT NOT NULL,
  url TEXT NOT NULL,
  final_url TEXT,
  status INTEGER NOT NULL,
  redirects TEXT NOT NULL,
  request TEXT NOT NULL,
  response TEXT NOT NULL,
  fetched TEXT,
  body_id INTEGER NOT NULL REFERENCES bodies(id),
  seal BLOB NOT NULL
);
CREATE INDEX snapshots_address ON snapshots(address, id);
CREATE INDEX snapshots_body ON snapshots(body_id);
"""


def _tables(db: Database) -> None:
    # Not executescript: it would commit the migration's transaction first.
    for statement in TABLES.split(";"):
        if statement.strip():
            db.execute(statement)


def _repack_queue(db: Database) -> None:
    # Pages that were packed at once when they came. Those of before were all packed with care.
    db.execute("CREATE TABLE repack_queue (body_id INTEGER PRIMARY KEY REFERENCES bodies(id))")


#: Name → step. A step once released never changes; a new one goes below.
STEPS: tuple[tuple[str, Callable[[Database], None]], ...] = (
    ("tables", _tables),
    ("repack_queue", _repack_queue),
)


def open_snapshots(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """A connection with the newest tables: WAL, ``synchronous=FULL`` (a commit is on the disk when it returns).

    Raises ``CannotCreate`` where the file cannot be made, ``Corrupt`` where it is no database.
    """
    try:
        if readonly:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
        else:
            connection = sqlite3.connect(path, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise CannotCreate(
            f"{path} cannot be opened: {error}. Check that the folder exists and is yours."
        ) from error
    try:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 30000")
        if not readonly:
            # Rows of 5-20 KB: pages of 1 KB leave 1.5 KB less a row unused than the usual 4.
            connection.execute("PRAGMA page_size = 1024")
            # Room that a repack frees is given back in steps.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            with contextlib.suppress(OSError):
                seal.lift(path)
            _migrate(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError) or not isinstance(
            error, sqlite3.DatabaseError
        ):
            raise
        raise Corrupt(
            f"{path} is damaged or no SQLite database: {error}. Restore it from a backup."
        ) from error
    return connection


def close_snapshots(connection: sqlite3.Connection, path: Path, *, readonly: bool) -> None:
    """Close, and note a hash for each block of the file where nobody else has it open (see ``archive.db.seal``)."""
    alone = False
    if not readonly:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("PRAGMA busy_timeout = 0")
            alone = not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    connection.close()
    if alone:
        # Without a seal nothing is wrong, only less is known.
        with contextlib.suppress(OSError):
            seal.lay(path)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    done: set[str] = set()
    if connection.execute(
        "SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"
    ).fetchone():
        names = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'snapshots'"
        done = {name for (name,) in connection.execute(names)}
    known = {name for name, _ in STEPS}
    if done - known:
        raise NewerArchive(
            f"{path} was changed by a newer wechat-archive (it has {sorted(done - known)[0]}, which this version does "
            "not know): update the program, nothing was touched"
        )
    if done == known:
        return  # the usual case costs no import of sqlite-utils
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations("snapshots")
    for name, step in STEPS:
        migrations(name=name)(step)
    db = Database(connection)
    with (
        db.atomic()
    ):  # table and index of the library's own list together: a kill between them must leave neither
        migrations.ensure_migrations_table(db)
        db.table("_sqlite_migrations").create_index(
            ["migration_set", "name"], unique=True, if_not_exists=True
        )
    migrations.apply(db)
