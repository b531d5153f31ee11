"""What the store hands out."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from archive.store.decide import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An article as the archive holds it, without its text.

    Times are aware, UTC; ``path`` is from the archive's folder, with ``/``.
    """

    article_id: int
    key: str
    path: str
    title: str
    author: str | None
    account: str | None
    biz: str | None
    mid: str | None
    idx: str | None
    url: str | None
    kind: int
    kind_name: str
    published: datetime | None
    modified: datetime | None
    place: str | None
    digest: str | None
    cover: str | None
    archived: datetime
    checked: datetime
    changed: datetime | None
    version: int
    gone: datetime | None
    gone_reason: str | None
    gone_shown: str | None
    edited: datetime | None
    snapshot_id: int | None
    parser_version: int
    content_hash: str
    markdown_hash: str
    images: int

    def to_json(self) -> dict[str, Any]:
        """Names and values for ``list --json``: every name is always there; times are ISO 8601, UTC."""
        hidden = ("article_id", "content_hash", "markdown_hash")
        values = {name: getattr(self, name) for name in self.__slots__ if name not in hidden}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
        }


#: The columns that ``stored`` reads; ``images`` counts the pictures of the body.
COLUMNS = (
    "a.id, a.key, a.path, a.title, a.author, a.account, a.account_id, a.biz, a.mid, a.idx, a.url, a.kind, a.kind_name, "
    "a.published, a.modified, a.place, a.digest, a.cover, a.archived, a.checked, a.changed, a.changes, a.version, "
    "a.gone, a.gone_reason, a.gone_shown, a.edited, a.snapshot_id, a.parser_version, a.content_hash, a.markdown_hash, "
    "a.head_check, (SELECT count(*) FROM images i WHERE i.article_id = a.id AND i.role != 'cover') AS images"
)


_SAME = (
    *(
        "key",
        "path",
        "title",
        "author",
        "account",
        "biz",
        "mid",
        "idx",
        "url",
        "kind",
        "kind_name",
        "place",
    ),
    *("digest", "cover", "version", "gone_reason", "gone_shown", "snapshot_id", "parser_version"),
    *("content_hash", "markdown_hash", "images"),
)


def stored(row: sqlite3.Row) -> Stored:
    """A row of ``COLUMNS`` as a ``Stored``."""
    return Stored(
        article_id=row["id"],
        **{name: row[name] for name in _SAME},
        published=time(row["published"]),
        modified=time(row["modified"]),
        archived=datetime.fromisoformat(row["archived"]),
        checked=datetime.fromisoformat(row["checked"]),
        changed=time(row["changed"]),
        gone=time(row["gone"]),
        edited=time(row["edited"]),
    )


def time(text: str | None) -> datetime | None:
    """A column's time."""
    return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class Kept:
    """What ``keep`` did: ``change`` says whether anything was written. ``beside`` is the file that the new text went
    to because a person had changed the article's own file; else ``None``."""

    article_id: int
    key: str
    path: str
    change: Change
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """One link of a kept article: ``address`` is canonical, ``None`` for other hosts; ``target_id`` the kept article
    that it leads to. ``target_key``, ``target_path`` and ``target_title`` are that article's."""

    url: str
    address: str | None
    relation: str
    text: str | None
    target_id: int | None
    target_key: str | None = None
    target_path: str | None = None
    target_title: str | None = None


@dataclass(frozen=True, slots=True)
class Backlink:
    """A kept article that links to another one."""

    article_id: int
    key: str
    path: str
    title: str
    relation: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """One distinct content of an article: ``seen`` when it was first seen (UTC), ``changes`` what differs from the
    one before (see ``decide.differences``), ``edits`` WeChat's own edit record."""

    number: int
    seen: datetime
    title: str
    content_hash: str
    changes: dict[str, Any]
    edits: tuple[dict[str, Any], ...]
    title_modified: bool
    snapshot_id: int | None
    parser_version: int
    path: str | None
    current: bool

    def to_json(self) -> dict[str, Any]:
        """Names and values for ``show --versions --json``."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "seen": self.seen.isoformat(), "edits": list(self.edits)}


@dataclass(frozen=True, slots=True)
class MissingImage:
    """An image that is not held: where from, how often it was tried, what went wrong last time."""

    url: str
    attempts: int
    error: str | None


class Downloaded(Protocol):
    """A fetched file, as ``scraper.fetch.Download`` is: bytes, true type and extension by its magic bytes."""

    @property
    def body(self) -> bytes: ...
    @property
    def type(self) -> str: ...
    @property
    def extension(self) -> str: ...
