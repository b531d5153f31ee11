"""What was removed, as far as those who bring articles in must know."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from scraper.messages import mark
from scraper.models import Identity
from scraper.urls import Address
from scraper.zone import for_people


def removed_identity(conn: sqlite3.Connection, identity: Identity | None) -> tuple[str, str] | None:
    """Key and time, as a person reads it, of the removed article with this identity, if any."""
    if identity is None:
        return None
    row = conn.execute(
        "SELECT key, removed FROM removed WHERE biz = ? AND mid = ? AND idx = ?",
        (identity.biz, identity.mid, identity.idx),
    ).fetchone()
    return (row[0], _moment(row[1])) if row else None


def removed_address(conn: sqlite3.Connection, address: Address) -> tuple[str, str] | None:
    """The same by an address that it was seen under, or that names it."""
    row = conn.execute(
        "SELECT r.key, r.removed FROM removed_addresses a JOIN removed r ON r.key = a.key "
        "WHERE a.address = ?",
        (address.canonical,),
    ).fetchone()
    return (row[0], _moment(row[1])) if row else removed_identity(conn, address.identity)


def _moment(stored: str) -> str:
    return for_people(datetime.fromisoformat(stored))


def told_removed(key: str, day: str) -> str:
    """What a person is told who meets it again."""
    return mark(
        "this article was removed on {day}: `wechat-archive remove --undo {key}` brings it back, "
        "`wechat-archive save --again ADDRESS` fetches it anew",
        day=day,
        key=key,
    )
