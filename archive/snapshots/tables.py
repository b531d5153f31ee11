"""The tables of ``snapshots.db``, and opening it. A file of its own, so that ``archive.db`` stays
small to copy.
"""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

from archive.db import file_checksums
from archive.db.columns import has_table
from archive.db.errors import sqlite_errors
from archive.db.migrations import MigrationSet, run_ddl
from archive.db.names import ARCHIVE_DB
from archive.db.opening import close_checksummed, connect

#: ``bodies``: each distinct page once. ``base_id``/``second_id``: the earlier pages that its frame
#: is packed against; ``depth``: how many frames stand behind it. ``sketch`` is there where others
#: may be packed against it. ``spares``: a second copy of the frames that very many others need.
#: ``snapshots``: one exchange each. ``seal``: a hash over the row's other columns, since no other
#: finds a flipped bit in a header.
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


def m001_tables(conn: sqlite3.Connection) -> None:
    run_ddl(conn, [statement for statement in TABLES.split(";") if statement.strip()])


def m002_repack_queue(conn: sqlite3.Connection) -> None:
    # Pages that were packed at once when they came. Those of before were all packed with care.
    conn.execute("CREATE TABLE repack_queue (body_id INTEGER PRIMARY KEY REFERENCES bodies(id))")


#: A step once released never changes, nor its name in the database; a new one goes behind it.
MIGRATIONS = MigrationSet(
    "snapshots", (("tables", m001_tables), ("repack_queue", m002_repack_queue))
)

#: Of a new file. Rows of 5-20 KB: pages of 1 KB leave 1.5 KB less a row unused than the usual 4.
#: Room that a repack frees is given back in steps.
_NEW_FILE = ("page_size = 1024", "auto_vacuum = INCREMENTAL")

#: Tables of archive.db that name a raw page by its number, in ``snapshot_id``.
_NAMING = ("articles", "versions", "frontier")


def open_snapshots(
    path: Path, *, readonly: bool = False
) -> tuple[sqlite3.Connection, file_checksums.State | None]:
    """A connection with the newest tables, and the state in which its checksums were put aside; a
    commit is on the disk when it returns.

    Raises ``CannotCreate`` where the file cannot be made, ``Corrupt`` where it is no database.
    """
    with sqlite_errors(path):
        connection = connect(path, readonly=readonly, new_file=_NEW_FILE)
        before = None
        try:
            connection.isolation_level = None
            if not readonly:
                MIGRATIONS.refuse_newer(connection, path)
                with contextlib.suppress(OSError):
                    before = file_checksums.set_aside(path)
                MIGRATIONS.apply(connection)
        except BaseException:
            connection.close()
            raise
    return connection, before


def close_snapshots(
    connection: sqlite3.Connection,
    path: Path,
    *,
    readonly: bool,
    before: file_checksums.State | None = None,
) -> None:
    """Close, and note the checksums of what was written since ``before``."""
    if readonly:
        connection.close()
    else:
        close_checksummed(connection, path, before)


def highest_named(folder: Path) -> int:
    """The highest number of a raw page that the ``archive.db`` in ``folder`` names; 0 where there
    is none. Reads every row. Raises ``Corrupt``, ``Locked``, ``DiskTrouble``.
    """
    place = folder / ARCHIVE_DB
    if not place.exists():
        return 0
    with sqlite_errors(place), closing(connect(place, readonly=True)) as conn:
        named = [
            conn.execute(f"SELECT max(snapshot_id) FROM {table}").fetchone()[0] or 0
            for table in _NAMING
            if has_table(conn, table)
        ]
    return max(named, default=0)
