"""Mending ``snapshots.db`` with what it holds itself: for ``verify --repair``."""

from __future__ import annotations

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
    spares = connection.execute("SELECT frame FROM spares WHERE body_id = ?", (body_id,)).fetchall()
    if facts.row_checksum(body_id, *values) == seal and all(
        spare == values[5] for (spare,) in spares
    ):
        return
    body = kept.body(
        body_id, fresh=True
    )  # checked against its hash: hash, size, bases and one of the copies are right
    sha256, size, first, second, _, frame, look = values
    frames = [frame, *(spare for (spare,) in spares)]
    frame = next(one for one in frames if kept.unpacks(body_id, one))
    bases = [base for base in (first, second) if base is not None]
    depths = [
        connection.execute("SELECT depth FROM bodies WHERE id = ?", (base,)).fetchone()[0]
        for base in bases
    ]
    right = (
        sha256,
        size,
        first,
        second,
        max(depths, default=-1) + 1,
        frame,
        look and dump_sketch(sketch(body)),
    )
    with transaction(connection):
        connection.execute(
            "UPDATE bodies SET sha256 = ?2, bytes = ?3, base_id = ?4, second_id = ?5, depth = ?6, frame = ?7, "
            "sketch = ?8, seal = ?9 WHERE id = ?1",
            (body_id, *right, facts.row_checksum(body_id, *right)),
        )
        connection.execute("UPDATE spares SET frame = ? WHERE body_id = ?", (frame, body_id))
