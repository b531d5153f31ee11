"""Hashes that show a flipped bit in a row. Pure.

An article's row has two: ``head_check`` over every short column, read by ``list``, and
``content_check`` over the long ones (``record``, ``body``, ``text``). Who changes a row goes
through ``Store``, which writes both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from archive.db import article_columns
from archive.errors import Corrupt
from scraper.messages import mark

if TYPE_CHECKING:
    import sqlite3


class Row(Protocol):
    """A ``sqlite3.Row``, or a dict with the same names."""

    def keys(self) -> Any: ...
    def __getitem__(self, name: str, /) -> Any: ...


#: Made once: of every article `verify` hashes two rows.
_JSON = json.JSONEncoder(ensure_ascii=False, default=repr)
CONTENT = ("record", "body", "text")


def head_names() -> tuple[str, ...]:
    """The columns of ``articles`` that ``head_checksum`` needs."""
    table = article_columns.ARTICLES
    return (*table.checked, *table.checked_later)


def head_checksum(row: Row) -> str:
    """The hash over an article's short columns; 16 hex characters."""
    return _hash(article_columns.ARTICLES.checked_values(row))


def content_checksum(row: Row) -> str:
    """The hash over the long columns of an article's or a version's row."""
    return _hash([row[name] for name in CONTENT])


def is_content(written: Sequence[bytes], check: str) -> bool:
    """Whether ``check`` is the hash over long columns of which these are the bytes, in the order of
    ``CONTENT``. Said without making texts of them, which takes four times as long, where they hold
    no control character but line breaks and tabs."""
    plain = b'["%b", "%b", "%b"]' % tuple(map(_escaped, written))
    if hashlib.sha256(plain).hexdigest()[:16] == check:
        return True
    return _hash([one.decode("utf-8", "surrogateescape") for one in written]) == check


def _escaped(text: bytes) -> bytes:
    """As JSON writes a text that has no other control character."""
    text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return text.replace(b"\n", b"\\n").replace(b"\t", b"\\t")


def require_head(row: Row) -> None:
    """Raises Corrupt where the short columns are not what was written."""
    if head_checksum(row) != row["head_check"]:
        raise Corrupt(_damaged(row, mark("its facts")))


def require_content(row: Row) -> None:
    """Raises Corrupt where the long columns are not what was written."""
    if content_checksum(row) != row["content_check"]:
        raise Corrupt(_damaged(row, mark("its text")))


def require_sound(conn: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Raises Corrupt where a bit of one of these articles flipped since it was written: before a
    result is shown.
    """
    names = (*head_names(), *CONTENT, "head_check", "content_check")
    for key in keys:
        found = conn.execute(
            f"SELECT {', '.join(names)} FROM articles WHERE key = ?", (key,)
        ).fetchone()
        if found is not None:
            row = dict(zip(names, found, strict=True))
            require_head(row)
            require_content(row)


def checksum_of(row: Row, names: Iterable[str]) -> str:
    """The hash over these columns of any other row; 16 hex characters."""
    return _hash([row[name] for name in names])


def _damaged(row: Row, what: str) -> str:
    name = row["key"] if "key" in row.keys() else row["title"]  # noqa: SIM118 - sqlite3.Row looks in its values
    return mark(
        "article {name}: {what} in the database changed since written; run "
        "`wechat-archive verify --repair`",
        name=name,
        what=what,
    )


def _hash(values: list[Any]) -> str:
    written = _JSON.encode(values).encode("utf-8", "surrogatepass")
    return hashlib.sha256(written).hexdigest()[:16]
