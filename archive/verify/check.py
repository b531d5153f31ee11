"""Looking at every row, file, image, snapshot and the search index, in as many processes as there are
cores: memory stays flat. Nothing found stops the rest.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from archive.db import file_checksums
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import ArchiveDatabase, open_database
from archive.errors import ArchiveError, NewerArchive, NotHeld
from archive.store import Store
from archive.verify import index
from archive.verify.findings import Finding
from archive.verify.looks import Looker
from archive.verify.pieces import Piece, pieces_of, ranges
from archive.verify.texts import tolerant
from scraper.messages import mark, mark_plural, message_of

Progress = Callable[[str, int, int], None]

_NAMED_PAGES = (
    "SELECT snapshot_id FROM articles WHERE snapshot_id IS NOT NULL "
    "UNION ALL SELECT snapshot_id FROM versions WHERE snapshot_id IS NOT NULL"
)

#: Below so many articles starting processes takes longer than they save.
_PROCESSES_FROM = 2000
#: What progress calls each part.
_PARTS = {
    "structure": mark("database"),
    "articles": mark("articles"),
    "versions": mark("versions"),
    "addresses": mark("addresses"),
    "comments": mark("comments"),
    "media": mark("images"),
    "strays": mark("files"),
    "index": mark("search index"),
}


def check(
    root: Path, progress: Progress | None = None, *, jobs: int | None = None
) -> Iterator[Finding]:
    """Everything that is not as it was written, in the order database, articles, versions, images,
    snapshots, index.

    Reads only. ``progress(what, done, of)`` is told now and then. ``jobs``: so many processes, by
    default one a core where that is worth it; a caller that has more than a few thousand articles
    looked at must be safe to import (`multiprocessing`'s rule), unless it says 1. Raises NotHeld
    where there is no archive.
    """
    tell = progress or (lambda what, done, of: None)
    database = root / ARCHIVE_DB
    reading = partial(tell, mark("archive.db, MiB"))
    broken = file_checksums.broken_blocks(database, reading) if database.exists() else []
    for what in broken or ():
        yield Finding(sort="database", what=what)
    try:
        db = open_database(database, readonly=True, outdated=True)
    except (NewerArchive, NotHeld):
        raise
    except ArchiveError as error:
        yield Finding(sort="database", what=message_of(error))
        return
    with db:
        # A flipped bit may leave bytes that are no UTF-8; they have to be read to be named.
        db.conn.text_factory = tolerant
        looking = _Looking(db, root, tell, _jobs(db.conn) if jobs is None else jobs)
        yield from looking.all(lambda: pieces_of(db.conn, root))
        # Sound checksums of the file say as much about the index, and reading every posting takes
        # long.
        yield from looking.search(deep=broken is None)
        yield from _lost_pages(db.conn, root)
    yield from _snapshots(root, tell)


def _jobs(conn: sqlite3.Connection) -> int:
    try:
        (largest,) = conn.execute("SELECT coalesce(max(id), 0) FROM articles").fetchone()
    except sqlite3.Error:  # which is told by whoever reads there
        return 1
    return (os.cpu_count() or 1) if largest >= _PROCESSES_FROM else 1


class _Looking:
    """The pieces of one archive, given to processes in order."""

    def __init__(self, db: ArchiveDatabase, root: Path, tell: Progress, jobs: int) -> None:
        self.conn, self.root, self.tell, self.jobs = db.conn, root, tell, jobs
        self._looker = Looker(Store(db, root))

    def all(
        self, make: Callable[[], Iterable[Piece]], held: index.Postings | None = None
    ) -> Iterator[Finding]:
        """What is found in the pieces that ``make`` gives; where it cannot, that. ``held``: what
        the documents of the index are compared with."""
        try:
            pieces = list(make())
        except sqlite3.Error as error:
            yield _unreadable(error)
            return
        yield from self._found(pieces, held)

    def search(self, *, deep: bool) -> Iterator[Finding]:
        """What is wrong with the search index. ``deep`` reads every posting."""
        try:
            is_there, found = index.check_whole(self.conn)
            held = index.postings(self.conn) if deep and is_there else None
        except sqlite3.Error as error:
            yield _unreadable(error)
            return
        yield from found
        if is_there:
            yield from self.all(self._documents, held)

    def _documents(self) -> Iterator[Piece]:
        yield from ranges(self.conn, "index", "articles", "id")
        yield Piece("said")
        yield Piece("strangers")

    def _with_sums(self, piece: Piece, held: index.Postings) -> Piece:
        """Made as a piece's turn comes: those of a million articles at once are 190 MB."""
        if piece.part != "index":
            return piece
        sql = "SELECT id FROM search_documents WHERE article_id BETWEEN ? AND ?"
        try:
            documents = [row[0] for row in self.conn.execute(sql, (piece.first, piece.last))]
        except sqlite3.Error:  # which is told by whoever looks at the piece
            return piece
        return replace(piece, sums=held.of(documents))

    def _found(self, pieces: list[Piece], held: index.Postings | None) -> Iterator[Finding]:
        total, done = Counter(piece.part for piece in pieces), Counter[str]()
        told: set[str] = set()
        given = pieces if held is None else (self._with_sums(one, held) for one in pieces)
        for piece, findings in zip(pieces, self._each(given), strict=True):
            for finding in findings:
                # What cannot be read at all would be told of each piece of it.
                if finding.sort != "database" or finding.what not in told:
                    told.add(finding.what if finding.sort == "database" else "")
                    yield finding
            done[piece.part] += 1
            if piece.part in _PARTS:
                self.tell(_PARTS[piece.part], done[piece.part], total[piece.part])

    def _each(self, pieces: Iterable[Piece]) -> Iterator[list[Finding]]:
        if self.jobs <= 1:
            return (self._looker.look(piece) for piece in pieces)
        from archive.verify.work import look_at_all

        return look_at_all(self.root, pieces, self.jobs)


def _unreadable(error: Exception) -> Finding:
    return Finding(sort="database", what=mark("archive.db cannot be read: {error}", error=error))


def _lost_pages(conn: sqlite3.Connection, root: Path) -> Iterator[Finding]:
    """Raw pages that rows name and that are not there, told once."""
    try:
        # As of now: a page is kept before a row names it, also while another command saves.
        named = conn.execute(_NAMED_PAGES)
        held = _held_pages(root / SNAPSHOTS_DB)
        lost = sum(number not in held for (number,) in named)
    except (sqlite3.Error, ArchiveError):  # which is told by whoever looks at the rest of it
        return
    if lost:
        what = mark_plural(
            "snapshots.db has no raw page any more of {n} article or earlier version: it stays as "
            "it is, and `reparse` cannot make it again",
            "snapshots.db has no raw pages any more of {n} articles and earlier versions: they stay "
            "as they are, and `reparse` cannot make them again",
            lost,
        )
        yield Finding(sort="lost", what=what)


def _held_pages(place: Path) -> set[int]:
    if not place.exists():
        return set()
    from archive.snapshots import Snapshots

    with Snapshots(place, readonly=True) as kept:
        return {row[0] for row in kept.select("SELECT id FROM snapshots")}


def _snapshots(root: Path, tell: Progress) -> Iterator[Finding]:
    place = root / SNAPSHOTS_DB
    if not place.exists():
        return
    from archive.snapshots import Snapshots

    try:
        with Snapshots(place, readonly=True) as kept:
            for damage in kept.check(lambda done, of: tell(mark("raw pages"), done, of)):
                addresses = " ".join(damage.addresses)
                yield Finding(sort="snapshot", what=damage.what, name=addresses or None)
    except Exception as error:
        yield Finding(
            sort="snapshot", what=mark("snapshots.db cannot be read: {error}", error=error)
        )
