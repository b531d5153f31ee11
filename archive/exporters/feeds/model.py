"""What every form of a feed says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from archive.exporters.xml import legal_xml

#: A feed's whole content in characters; entries behind it carry their summary alone. A peer met
#: MemoryError here.
MOST_CONTENT = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One article. ``id`` never changes; ``url`` is where it is read, ``original`` its address at
    WeChat; ``updated`` (aware) changes with a version of the article alone; ``html`` is clean, its
    addresses absolute."""

    id: str
    url: str
    title: str
    author: str | None
    published: datetime | None
    updated: datetime
    summary: str | None = None
    html: str | None = None
    original: str | None = None
    picture: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """``url`` is the feed's own address, ``home`` the page that shows the same. The newest entry
    stands first.
    """

    id: str
    title: str
    url: str
    home: str
    entries: tuple[Entry, ...] = ()
    description: str | None = None
    language: str = "zh-CN"

    @property
    def updated(self) -> datetime:
        """When the newest of its entries was (aware, UTC)."""
        return max(
            (entry.updated for entry in self.entries), default=datetime(2012, 8, 1, tzinfo=UTC)
        )


def entry_id(key: str) -> str:
    """The id of an article by its key: a tag URI (RFC 4151), the same on every server and in every
    form.
    """
    return f"tag:wechat-archive,2026:{key}"


def legal(text: str | None) -> str:
    """``text`` without what XML cannot hold."""
    return legal_xml(text or "")


def contents(entries: Sequence[Entry]) -> list[str | None]:
    """The content of each entry, as long as all together stay within ``MOST_CONTENT``."""
    left = MOST_CONTENT
    found: list[str | None] = []
    for entry in entries:
        left -= len(entry.html or "")
        found.append(legal(entry.html) if entry.html and left >= 0 else None)
    return found
