"""Mending ``snapshots.db`` with what it holds itself: for ``verify --repair``."""

from __future__ import annotations

import sqlite3

from archive.db.transactions import transaction
from archive.errors import Corrupt
from archive.snapshots import facts
from archive.snapshots.choose import dump_sketch
from archive.snapshots.packing import sketch
from archive.snapshots.reading import Reader


def mend(kept: Reader) -> None:
    """Rows of pages that can be read are made right, a page's good copy replaces the bad one, the
    file is written anew.

    What cannot be read is left as it is. Each page is one transaction; ended half-way, the next
    call does the rest.
    """
    connection = kept.connection
    connection.execute("REINDEX")
    for (body_id,) in connection.execute("SELECT id FROM bodies ORDER BY id").fetchall():
        try:
            _row(kept, body_id)
        except (Corrupt, TypeError, ValueError):
            continue  # what nothing here gives back; `check` names it
    # Writes every page anew: what flipped in free room or in a header is gone.
    connection.execute("VACUUM")


def _row(kept: Reader, body_id: int) -> None:
    connection = kept.connection
    sql = "SELECT sha256, bytes, base_id, second_id, depth, frame, sketch, seal FROM bodies WHERE id = ?"
    *values, seal = connection.execute(sql, (body_id,)).fetchone()
    rows = connection.execute("SELECT frame FROM spares WHERE body_id = ?", (body_id,)).fetchall()
    spares = [frame for (frame,) in rows]
    is_whole = facts.row_checksum(body_id, *values) == seal
    if is_whole and all(spare == values[5] for spare in spares):
        return
    # Read anew and checked against its hash: hash, size, bases and one of the copies are right.
    body = kept.body(body_id, fresh=True)
    sha256, size, first, second, _, frame, look = values
    frame = next(one for one in (frame, *spares) if kept.unpacks(body_id, one))
    depth = _depth(connection, first, second)
    right = (sha256, size, first, second, depth, frame, look and dump_sketch(sketch(body)))
    with transaction(connection):
        connection.execute(
            "UPDATE bodies SET sha256 = ?2, bytes = ?3, base_id = ?4, second_id = ?5, depth = ?6, frame = ?7, "
            "sketch = ?8, seal = ?9 WHERE id = ?1",
            (body_id, *right, facts.row_checksum(body_id, *right)),
        )
        connection.execute("UPDATE spares SET frame = ? WHERE body_id = ?", (frame, body_id))


def _depth(connection: sqlite3.Connection, *bases: int | None) -> int:
    """How many pages stand below one that is packed against these."""
    sql = "SELECT depth FROM bodies WHERE id = ?"
    depths = [connection.execute(sql, (base,)).fetchone()[0] for base in bases if base is not None]
    return max(depths, default=-1) + 1
