"""An archive cut into pieces that processes look at one by one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from archive.db import discussion_tables
from archive.db.names import ARTICLES, MEDIA

#: Rows a piece: some tens of milliseconds, so that a signal ends the command and progress moves.
ROWS = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """``part`` is what is looked at (a method of ``Looker``): the rows from ``first`` to ``last``, or
    a ``folder``. ``sums``: for the index, what its postings say of each of its rows (``postings``);
    None where they are not looked at."""

    part: str
    first: int = 0
    last: int = 0
    folder: str = ""
    sums: Mapping[int, tuple[int, int, int]] | None = field(default=None, repr=False)


def pieces_of(conn: sqlite3.Connection, root: Path) -> Iterator[Piece]:
    """All but the index, in the order in which findings are told. Raises sqlite3.Error."""
    yield Piece("structure")
    yield Piece("tallies")
    yield from ranges(conn, "articles", "articles", "id")
    yield from ranges(conn, "versions", "versions", "id")
    yield from ranges(conn, "addresses", "addresses", "rowid")
    if discussion_tables.exist(conn):
        yield from ranges(conn, "comments", "comments", "id")
    yield from ranges(conn, "media", "media", "rowid")
    for folder in (ARTICLES, MEDIA):
        yield from (Piece("strays", folder=found) for found in _folders(root, folder))


def ranges(conn: sqlite3.Connection, part: str, table: str, number: str) -> Iterator[Piece]:
    """A table's rows by their number, in pieces."""
    sql = f"SELECT min({number}), max({number}) FROM {table}"
    low, high = conn.execute(sql).fetchone()
    if low is not None:
        for first in range(low, high + 1, ROWS):
            yield Piece(part, first, min(first + ROWS - 1, high))


def _folders(root: Path, folder: str) -> Iterator[str]:
    """The folders in ``folder``, and itself for the files that lie in it directly."""
    yield folder
    try:
        with os.scandir(root / folder) as entries:
            inside = sorted(one.name for one in entries if one.is_dir(follow_symlinks=False))
    except OSError:
        return  # there is none, or it cannot be read, which each file of it tells
    yield from (f"{folder}/{name}" for name in inside)
