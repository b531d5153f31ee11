"""What the store hands out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from archive.errors import NotHeld
from archive.json_fields import AsDict
from archive.store.decide import Change
from scraper.messages import mark
from scraper.records import dataclass


def time(text: str | None) -> datetime | None:
    """A column's time."""
    return datetime.fromisoformat(text) if text else None


def no_version(key: str, name: str, last: int, last_own: int = 0) -> NotHeld:
    """That an article has none of this name; ``last`` and ``last_own``: the newest that WeChat
    showed, and that a person made (0: none)."""
    known = [*_span("", last), *_span("m", last_own)]
    return NotHeld(
        mark(
            "{key} has no version {name}, only {known}: `wechat-archive show {key} --versions` "
            "lists them",
            key=key,
            name=name,
            known=", ".join(known),
        )
    )


def _span(letter: str, last: int) -> list[str]:
    if last < 3:
        return [f"{letter}{number}" for number in range(1, last + 1)]
    return [f"{letter}1–{letter}{last}"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What ``keep`` did: ``change`` says whether anything was written. ``beside`` is the file that
    the new text went to because a person had changed the article's own file; else ``None``."""

    article_id: int
    key: str
    path: str
    change: Change
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """One link of a kept article: ``address`` is canonical, ``None`` for other hosts; ``target_id``
    the kept article that it leads to. ``target_key``, ``target_path`` and ``target_title`` are that
    article's."""

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
class Version(AsDict):
    """One distinct content of an article: ``seen`` when it was first seen (UTC), ``changes`` what
    differs from the one before (see ``decide.differences``), ``edits`` WeChat's own edit record."""

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


@dataclass(frozen=True, slots=True)
class OwnVersion:
    """A state of the file that a person made: ``number`` from 1 in the order in which they were
    ``noticed`` (UTC), ``markdown`` the whole file; ``current``: it is the file of now."""

    number: int
    noticed: datetime
    markdown: str
    current: bool

    @property
    def name(self) -> str:
        """As commands take it."""
        return f"m{self.number}"

    def as_dict(self) -> dict[str, Any]:
        """For ``show --versions --json``, without the text."""
        return {
            "whose": "own",
            "name": self.name,
            "number": self.number,
            "seen": self.noticed.isoformat(timespec="seconds"),
            "characters": len(self.markdown),
            "current": self.current,
        }


@dataclass(frozen=True, slots=True)
class MissingImage:
    """An image that is not held: where from, how often it was tried, what went wrong last time."""

    url: str
    attempts: int
    error: str | None


class Downloaded(Protocol):
    """A fetched file, as ``scraper.fetch.Download`` is: bytes, true type and extension by its magic
    bytes.
    """

    @property
    def body(self) -> bytes: ...
    @property
    def type(self) -> str: ...
    @property
    def extension(self) -> str: ...
