"""Putting pages into ``snapshots.db`` and getting them out again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.db.closing import Closing
from archive.db.transactions import transaction
from archive.errors import Corrupt
from archive.snapshots import facts
from archive.snapshots.check import Damage, check
from archive.snapshots.choose import (
    MAX_DEPTH,
    REMEMBERED,
    Base,
    Packed,
    Sketches,
    candidates,
    dump_sketch,
    first,
    load_sketch,
    worth_sketching,
)
from archive.snapshots.facts import Snapshot
from archive.snapshots.mend import mend
from archive.snapshots.packing import (
    BadFrame,
    Look,
    digest,
    pack,
    require_exact,
    require_hash,
    sketch,
)
from archive.snapshots.reading import Reader
from archive.snapshots.tables import close_snapshots, highest_named, open_snapshots
from scraper.messages import mark
from scraper.models import Page
from scraper.redact import redact_url

if TYPE_CHECKING:
    from archive.snapshots.repack import Repacked

#: From so many pages packed against it on, a base's frame is kept twice.
SPARE_FROM = 50
#: Bytes of a quick frame that care would make smaller by something: half of the frame, at 20 KB.
WORTH_REPACKING = 2048


class Snapshots(Closing):
    """The pages of one archive. Safe to use from several threads; several processes may read while
    one writes.

    A context manager; ``close`` otherwise.
    """

    def __init__(self, path: Path | str, *, readonly: bool = False) -> None:
        """Open or create ``path``. Raises ``CannotCreate`` or ``Corrupt``."""
        self.path = Path(path)
        self._readonly = readonly
        self._db, self._before = open_snapshots(self.path, readonly=readonly)
        self._open = True
        self._reader = Reader(self._db, self.path)
        self._lock = self._reader.lock
        self._sketches: Sketches | None = None

    def close(self) -> None:
        """Close the file, and seal what was written. Nothing is lost without it; fine to call
        twice.
        """
        with self._lock:
            if self._open:
                self._open = False
                close_snapshots(self._db, self.path, readonly=self._readonly, before=self._before)

    def together(self) -> AbstractContextManager[None]:
        """Several pages in one transaction: one wait for the disk, at its end."""
        return transaction(self._db)

    # -- putting -----------------------------------------------------------------------------------------------

    def put(self, page: Page, *, address: str, look: Look | None = None) -> int:
        """Keep ``page``, got for the canonical ``address``; returns the snapshot's id.

        On the disk when it returns. The frame has been unpacked and compared by then; a large one
        is made smaller by ``repack``. A body held already is not kept again, and a page from a file
        (no ``fetched``) that is held for that address gets no second snapshot. ``look``: where it is
        known already.
        """
        with self._lock:
            row = facts.row(page, address)
            sha256 = look.sha256 if look else digest(page.body)
            found = self._held(page.body, sha256)
            if found and page.fetched is None:
                again = self._db.execute(
                    "SELECT id FROM snapshots WHERE address = ? AND body_id = ? AND fetched IS NULL AND url = ?",
                    (row["address"], found, row["url"]),
                ).fetchone()
                if again:
                    return int(again[0])
            fresh = None
            if not found:
                if look is not None:  # taken elsewhere: by a wrong hash nothing is read again
                    require_hash(page.body, look.sha256)
                fresh = self._pack(
                    page.body, look or Look(sha256, sketch(page.body)), row["address"]
                )
            with transaction(self._db):
                body_id = self._insert_body(page.body, sha256, fresh) if fresh else found
                return self._insert_snapshot(row, body_id, sha256)

    def _held(self, body: bytes, sha256: str) -> int | None:
        """The row of a body that is held; one that cannot be read any more is mended from what is
        given now.
        """
        rows = self.select("SELECT id FROM bodies WHERE sha256 = ?", (sha256,))
        if not rows:
            return None
        body_id = int(rows[0][0])
        try:
            self._reader.body(body_id)
        except Corrupt:
            values = (
                body_id,
                sha256,
                len(body),
                None,
                None,
                0,
                pack(body, effort="thorough"),
                None,
            )
            self._db.execute("DELETE FROM spares WHERE body_id = ?", (body_id,))
            self._db.execute(
                "UPDATE bodies SET sha256 = ?2, bytes = ?3, base_id = ?4, second_id = ?5, depth = ?6, frame = ?7, "
                "sketch = ?8, seal = ?9 WHERE id = ?1",
                (*values, facts.row_checksum(*values)),
            )
        return body_id

    def _pack(self, body: bytes, look: Look, address: str) -> tuple[Packed, tuple[int, ...]]:
        packed = first(body, self._candidates(look.sketch, address), self._read_base)
        against = b"".join(self._read_base(base) for base in (packed.second, packed.first) if base)
        try:
            require_exact(packed.frame, against, body)
        except BadFrame:
            # Never seen; a page is kept whatever happens to a clever frame.
            packed = Packed(pack(body))
            require_exact(packed.frame, b"", body)
        return packed, look.sketch

    def _candidates(self, look: tuple[int, ...], address: str) -> list[Base]:
        captures = self._reader.last_capture("s.address = ?", (address,), depth=MAX_DEPTH)
        return candidates(captures, self._near(), look)

    def _near(self) -> Sketches:
        if self._sketches is None:
            self._sketches = Sketches()
            rows = self._db.execute(
                "SELECT id, depth, sketch FROM bodies WHERE sketch IS NOT NULL ORDER BY id DESC LIMIT ?",
                (REMEMBERED,),
            ).fetchall()
            for body_id, depth, data in reversed(rows):
                self._sketches.add(Base(body_id, depth), load_sketch(data))
        return self._sketches

    def _read_base(self, base: Base) -> bytes:
        try:
            return self._reader.body(base.id)
        except Corrupt:
            return b""

    def _insert_body(self, body: bytes, sha256: str, fresh: tuple[Packed, tuple[int, ...]]) -> int:
        packed, look = fresh
        kept = dump_sketch(look) if worth_sketching(len(body), packed) else None
        base_id, second_id = (base.id if base else None for base in (packed.first, packed.second))
        body_id = int(self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM bodies").fetchone()[0])
        values = (body_id, sha256, len(body), base_id, second_id, packed.depth, packed.frame, kept)
        self._db.execute(
            "INSERT INTO bodies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, facts.row_checksum(*values)),
        )
        if len(packed.frame) > WORTH_REPACKING:
            self._db.execute("INSERT INTO repack_queue VALUES (?)", (body_id,))
        if kept:
            self._near().add(Base(body_id, packed.depth), look)
        for used in (base_id, second_id):
            if used is not None:
                self._spare(used)
        return body_id

    def _spare(self, base: int) -> None:
        """Keep the frame of a base twice once very much hangs on it: 350 KB against the loss of
        everything after.
        """
        self._db.execute(
            "INSERT INTO spares SELECT id, frame FROM bodies WHERE id = ?1 "
            "AND NOT EXISTS (SELECT 1 FROM spares WHERE body_id = ?1) "
            "AND (SELECT count(*) FROM (SELECT 1 FROM bodies WHERE base_id = ?1 OR second_id = ?1 "
            "LIMIT ?2)) >= ?2",
            (base, SPARE_FROM),
        )

    def _insert_snapshot(self, row: dict[str, Any], body_id: int | None, sha256: str) -> int:
        (last,) = self._db.execute("SELECT max(id) FROM snapshots").fetchone()
        # The first one of a file: rows may still name those of a file that was lost.
        snapshot_id = 1 + (highest_named(self.path.parent) if last is None else last)
        self._db.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                snapshot_id,
                *row.values(),
                body_id,
                facts.row_checksum(snapshot_id, *row.values(), sha256),
            ),
        )
        return snapshot_id

    # -- checking ----------------------------------------------------------------------------------------------

    def check(self, progress: Callable[[int, int], None] | None = None) -> Iterator[Damage]:
        """Look at every row, frame and seal; yields what is wrong. Memory stays flat; about 10 ms a
        page.

        A page is mended by putting the same bytes again, or lost where nothing gives them any more.
        """
        return check(self._reader, progress)

    def mend(self) -> None:
        """Make right what is damaged and can be made again from the rest, and write the file
        anew.
        """
        with self._lock:
            mend(self._reader)

    # -- taking out --------------------------------------------------------------------------------------------

    def remove(self, addresses: Iterable[str]) -> int:
        """Remove all that was ever received for these canonical addresses, for good; how many
        exchanges. See ``archive.snapshots.removing``."""
        from archive.snapshots.removing import remove

        self._sketches = None
        return remove(self._reader, addresses)

    # -- packing again -----------------------------------------------------------------------------------------

    def repack(self, **how: Any) -> Repacked:
        """Pack with care what was packed at once; see ``archive.snapshots.repack.repack`` for
        ``how``.
        """
        from archive.snapshots.repack import (
            repack,  # processes: only here does anybody pay for them
        )

        return repack(self._reader, **how)

    def repack_if_waiting(self, least: int = 1, **how: Any) -> None:
        """``repack`` where at least so many pages wait for it."""
        if self.waiting() >= least:
            self.repack(**how)

    def waiting(self) -> int:
        """How many pages wait for ``repack``; 0 in a file of before there was such a list."""
        if not self._reader.has_table("repack_queue"):
            return 0
        return int(self.select("SELECT count(*) FROM repack_queue")[0][0])

    # -- getting -----------------------------------------------------------------------------------------------

    def get(self, snapshot_id: int) -> Page:
        """The page as received. Raises ``NotHeld``, or ``Corrupt`` when it is not what was kept."""
        with self._lock:
            found = self.facts(snapshot_id)
            row = self._db.execute(
                "SELECT body_id FROM snapshots WHERE id = ?", (snapshot_id,)
            ).fetchone()
            try:
                body = self._reader.body(row[0])
            except Corrupt as error:
                raise Corrupt(
                    mark(
                        "snapshot {snapshot_id} of {address} cannot be read: {error} "
                        "`wechat-archive verify` lists all that is damaged.",
                        snapshot_id=snapshot_id,
                        address=found.address,
                        error=error,
                    )
                ) from error
            if (
                digest(body) != found.sha256
            ):  # the row names another body than the one that was kept
                raise Corrupt(
                    mark(
                        "snapshot {snapshot_id} of {address} is damaged.",
                        snapshot_id=snapshot_id,
                        address=found.address,
                    )
                )
            return found.page(body)

    def facts(self, snapshot_id: int) -> Snapshot:
        """The exchange without its body. Raises ``NotHeld`` or ``Corrupt``."""
        return self._reader.facts(snapshot_id)

    def latest_id(self, address: str) -> int | None:
        """The id of the newest snapshot of a canonical address, or ``None``."""
        row = self.select(
            "SELECT max(id) FROM snapshots WHERE address = ?", (redact_url(address),)
        )[0]
        return None if row[0] is None else int(row[0])

    def of(self, addresses: Iterable[str]) -> list[Snapshot]:
        """Every exchange about any of these addresses (all of one article's), oldest first."""
        found = [
            s
            for a in {redact_url(a) for a in addresses}
            for s in self._reader.exchanges("WHERE s.address = ?", (a,))
        ]
        return sorted(found, key=lambda snapshot: snapshot.id)

    def each(self, *, after: int = 0) -> Iterator[Snapshot]:
        """Every exchange in the order they were kept, from the one behind id ``after``; memory
        stays flat.
        """
        while True:
            rows = list(self._reader.exchanges("WHERE s.id > ? ORDER BY s.id LIMIT 200", (after,)))
            yield from rows
            if not rows:
                return
            after = rows[-1].id

    def newest_ids(self) -> list[tuple[int, str]]:
        """``(id, address)`` of the newest exchange of each address, in the order of the ids."""
        return self.select("SELECT max(id), address FROM snapshots GROUP BY address ORDER BY 1")

    def count(self) -> int:
        """How many exchanges are kept."""
        return int(self.select("SELECT count(*) FROM snapshots")[0][0])

    def select(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        """The rows of a query on the tables of ``archive.snapshots.tables``. Raises ``Corrupt``."""
        return self._reader.select(sql, values)
