"""Whether every kept page is still what it was: for ``wechat-archive verify``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archive.db import file_checksums
from archive.errors import ArchiveError
from archive.snapshots import facts
from archive.snapshots.reading import Reader
from scraper.messages import mark
from scraper.records import dataclass

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Something that is not as it was kept.

    ``what`` is a sentence; ``snapshots`` the ids that cannot be read because of it (empty: nothing
    is lost) and ``addresses`` theirs, to be fetched again.
    """

    what: str
    snapshots: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()


def check(kept: Reader, progress: Progress | None = None) -> Iterator[Damage]:
    """Everything wrong in ``kept``: the database's own structure, then pages oldest first, then
    exchanges.
    """
    yield from _structure(kept)
    try:
        ids = [row[0] for row in kept.select("SELECT id FROM bodies ORDER BY id")]
        exchanges = [row[0] for row in kept.select("SELECT id FROM snapshots ORDER BY id")]
    except ArchiveError:
        return  # the structure's own report says it
    total = len(ids) + len(exchanges)
    known = set(ids)
    bad: set[int] = set()
    for at, body_id in enumerate(ids):
        why = _body(kept, body_id, known, bad)
        if why:
            bad.add(body_id)
            yield _report(kept, body_id, why)
        else:
            yield from _lesser(kept, body_id)
        if progress:
            progress(at + 1, total)
    for at, snapshot_id in enumerate(exchanges):
        try:
            kept.facts(snapshot_id)
        except Exception as error:  # a damaged row can hold anything
            yield Damage(what=f"snapshot {snapshot_id}: {error}", snapshots=(snapshot_id,))
        if progress:
            progress(len(ids) + at + 1, total)


def _structure(kept: Reader) -> Iterator[Damage]:
    for what in file_checksums.broken_blocks(kept.path) or ():
        yield Damage(what=what)
    for pragma in ("integrity_check", "foreign_key_check"):
        try:
            rows = kept.select(f"PRAGMA {pragma}")
        except ArchiveError as error:
            yield Damage(what=f"{kept.path.name}: {pragma}: {error}")
            continue
        for row in rows:
            if row[0] != "ok":
                yield Damage(what=f"{kept.path.name}: {pragma}: {' '.join(map(str, row))}")


def _body(kept: Reader, body_id: int, known: set[int], bad: set[int]) -> str | None:
    """Why a body cannot be read, or ``None``. A body on a bad base is not unpacked in vain."""
    try:
        bases = kept.select("SELECT base_id, second_id FROM bodies WHERE id = ?", (body_id,))[0]
        for base in bases:
            if base is None:
                continue
            if base in bad:
                return mark(
                    "page {body_id} needs page {base}, which is damaged", body_id=body_id, base=base
                )
            if base not in known:
                return mark(
                    "page {body_id} needs page {base}, which is missing", body_id=body_id, base=base
                )
        kept.body(body_id, fresh=True)
    except Exception as error:  # whatever reading a damaged row raises, the check goes on
        return f"page {body_id}: {error}"
    return None


def _lesser(kept: Reader, body_id: int) -> Iterator[Damage]:
    """What is wrong with a body that can be read all the same: its other columns, its spare, its
    first copy.
    """
    row = kept.select(
        "SELECT id, sha256, bytes, base_id, second_id, depth, frame, sketch, seal FROM bodies WHERE id = ?",
        (body_id,),
    )[0]
    *values, sealed = row
    if facts.row_checksum(*values) != sealed:
        yield Damage(
            what=mark(
                "page {body_id}: its row is not what its seal says; the page itself can be read",
                body_id=body_id,
            )
        )
    for (spare,) in kept.select("SELECT frame FROM spares WHERE body_id = ?", (body_id,)):
        if spare != values[6]:
            yield Damage(
                what=mark(
                    "page {body_id}: its two copies differ; one of them can be read",
                    body_id=body_id,
                )
            )


def _report(kept: Reader, body_id: int, why: str) -> Damage:
    try:
        rows = kept.select(
            "SELECT id, address FROM snapshots WHERE body_id = ? ORDER BY id", (body_id,)
        )
    except ArchiveError:
        rows = []
    return Damage(
        what=why,
        snapshots=tuple(row[0] for row in rows),
        addresses=tuple(dict.fromkeys(str(row[1]) for row in rows)),
    )
