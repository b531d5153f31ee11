"""Taking pages out of ``snapshots.db`` for good: what others are packed against goes too, after
those were packed without it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from archive.db.transactions import transaction
from archive.errors import Corrupt
from archive.snapshots import facts
from archive.snapshots.packing import pack
from archive.snapshots.reading import Reader


def remove(kept: Reader, addresses: Iterable[str]) -> int:
    """Remove every exchange of these addresses, and the bodies that no other exchange has; how many
    exchanges. One transaction: a kill leaves all of them or none.

    A page that is packed against one of them is packed on its own, and waits for ``repack``; where
    such a page cannot be read any more, the body that it stands on stays, without its exchanges.
    """
    listed = json.dumps(list(addresses))
    named = "SELECT id FROM snapshots WHERE address IN (SELECT value FROM json_each(?))"
    with kept.lock, transaction(kept.connection):
        bodies = kept.select(
            f"SELECT DISTINCT body_id FROM snapshots WHERE id IN ({named})", (listed,)
        )
        count = kept.connection.execute(
            f"DELETE FROM snapshots WHERE id IN ({named})", (listed,)
        ).rowcount
        for (body_id,) in sorted(bodies, reverse=True):
            if not kept.select("SELECT 1 FROM snapshots WHERE body_id = ? LIMIT 1", (body_id,)):
                _drop(kept, body_id)
    return count


def _drop(kept: Reader, body_id: int) -> None:
    users = kept.select(
        "SELECT id FROM bodies WHERE base_id = ?1 OR second_id = ?1 ORDER BY id", (body_id,)
    )
    try:
        whole = [(one, kept.body(one)) for (one,) in users]
    except Corrupt:
        return
    for one, body in whole:
        _pack_alone(kept, one, body)
    for table, column in (("spares", "body_id"), ("repack_queue", "body_id"), ("bodies", "id")):
        kept.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (body_id,))
    kept.forget(body_id)


def _pack_alone(kept: Reader, body_id: int, body: bytes) -> None:
    ((sha256, size, look),) = kept.select(
        "SELECT sha256, bytes, sketch FROM bodies WHERE id = ?", (body_id,)
    )
    frame = pack(body)
    values = (body_id, sha256, size, None, None, 0, frame, look)
    kept.connection.execute(
        "UPDATE bodies SET base_id = NULL, second_id = NULL, depth = 0, frame = ?, seal = ? "
        "WHERE id = ?",
        (frame, facts.row_checksum(*values), body_id),
    )
    kept.connection.execute("UPDATE spares SET frame = ? WHERE body_id = ?", (frame, body_id))
    kept.connection.execute("INSERT OR IGNORE INTO repack_queue VALUES (?)", (body_id,))
