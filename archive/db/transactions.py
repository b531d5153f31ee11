"""Transactions on a ``sqlite3`` connection, for every room that writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Self

#: Connections (by ``id``) with a transaction that is kept as a whole or not at all; the error of a
#: part of it, if one failed.
_WHOLE: dict[int, BaseException | None] = {}


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """One transaction, on the disk when the block ends; rolled back where the block raises.

    Inside another one it is a savepoint: what raises takes its own writes back and leaves the
    outer transaction to whoever opened it.
    """
    if conn.in_transaction:
        with _part(conn):
            yield
        return
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        conn.commit()
    except BaseException:
        conn.rollback()
        raise


@contextmanager
def whole_transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """A transaction whose parts are no savepoints: what fails inside takes back all of it, even
    where the error of a part is caught; it is raised at the end then. The block awaits nothing.

    A savepoint keeps each page that changes behind it a second time: for one article 26 pages,
    which SQLite writes into a file of their own. Inside another transaction it is a part of that.
    """
    if conn.in_transaction:
        with _part(conn):
            yield
        return
    _WHOLE[id(conn)] = None
    try:
        with transaction(conn):
            yield
            failed = _WHOLE[id(conn)]
            if failed is not None:
                raise failed
    finally:
        del _WHOLE[id(conn)]


@contextmanager
def _part(conn: sqlite3.Connection) -> Iterator[None]:
    if id(conn) not in _WHOLE:
        with _savepoint(conn):
            yield
        return
    try:
        yield
    except BaseException as error:
        _WHOLE[id(conn)] = error
        raise


@contextmanager
def _savepoint(conn: sqlite3.Connection) -> Iterator[None]:
    # SQLite takes the innermost savepoint of a name, so that one name serves all.
    conn.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if conn.in_transaction:  # a full disk may have ended the outer one already
            conn.execute("ROLLBACK TO part")
            conn.execute("RELEASE part")
        raise
    conn.execute("RELEASE part")


@contextmanager
def unsynced_transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """A transaction that does not wait for the disk: safe from a kill; after a power cut it is
    there as a whole or not at all. Inside another one it is a part of that."""
    if conn.in_transaction:
        with _part(conn):
            yield
        return
    conn.execute("PRAGMA synchronous = NORMAL")
    try:
        with transaction(conn):
            yield
    finally:
        conn.execute("PRAGMA synchronous = FULL")


class Together:
    """Many small writes in few transactions: one wait for the disk a group instead of one each.

    A context manager. ``begin`` opens the transaction that a group is written in; ``commit`` ends
    it and begins the next. Whatever ends the block, what was written is committed: a write that
    fails is a savepoint in the group, and takes back itself alone. What is to be told of a write is
    told by ``once_kept``: nobody hears of what a power cut may still take.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[None]]) -> None:
        self._begin = begin
        self._group = ExitStack()
        self._is_open = False
        self._waiting: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        self._open()
        return self

    def once_kept(self, call: Callable[[], None]) -> None:
        """Call when the group is on the disk; at once where none is open."""
        if self._is_open:
            self._waiting.append(call)
        else:
            call()

    def commit(self) -> None:
        """Put on the disk what was written so far."""
        self._close()
        self._open()

    def __exit__(self, *about: object) -> None:
        self._close()

    def _open(self) -> None:
        self._group.enter_context(self._begin())
        self._is_open = True

    def _close(self) -> None:
        self._is_open = False
        self._group.close()
        kept, self._waiting = self._waiting, []
        for call in kept:
            call()
