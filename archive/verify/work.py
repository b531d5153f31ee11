"""Looking at pieces in several processes. What is sent there are numbers of rows, what comes back are
findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from archive.db.names import ARCHIVE_DB
from archive.db.opening import open_database
from archive.db.processes import in_processes
from archive.store import Store
from archive.verify.findings import Finding
from archive.verify.looks import Looker
from archive.verify.pieces import Piece
from archive.verify.texts import tolerant
from scraper.messages import mark

#: Pieces a process that are looked at while SQLite checks its whole file, which is told first: 10 s.
_AHEAD = 500


def look_at_all(root: Path, pieces: Iterable[Piece], jobs: int) -> Iterator[list[Finding]]:
    """What is found in each piece, in their order."""
    begin = partial(_begin, str(root))
    return in_processes(begin, _look, pieces, jobs, lost=_lost, ahead=_AHEAD)


_looker: Looker | None = None


def _begin(root: str) -> None:
    """In each new process: open the archive."""
    global _looker
    db = open_database(Path(root) / ARCHIVE_DB, readonly=True, outdated=True)
    db.conn.text_factory = tolerant
    _looker = Looker(Store(db, Path(root)))


def _look(piece: Piece) -> list[Finding]:
    assert _looker is not None
    return _looker.look(piece)


def _lost(piece: Piece) -> list[Finding]:
    where = piece.folder or f"{piece.first}–{piece.last}"
    what = mark(
        "{part} {where}: looking there killed the process: too large, or a fault in a library",
        part=piece.part,
        where=where,
    )
    return [Finding(sort="database", what=what)]
