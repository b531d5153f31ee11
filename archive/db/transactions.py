"""Transactions on a ``sqlite3`` connection, for every room that writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """One transaction, on the disk when the block ends; rolled back where the block raises.

    Inside another one it is a savepoint: what raises takes its own writes back and leaves the
    outer transaction to whoever opened it.
    """
    if conn.in_transaction:
        with _savepoint(conn):
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
    there as a whole or not at all. Not inside another one."""
    conn.execute("PRAGMA synchronous = NORMAL")
    try:
        with transaction(conn):
            yield
    finally:
        conn.execute("PRAGMA synchronous = FULL")
