"""Counts, comments and listed articles, as frozen data. Pure; imports nothing heavy."""

from __future__ import annotations

from dataclasses import field, fields
from datetime import datetime
from typing import Final

from scraper.models import Image
from scraper.records import dataclass

#: WeChat counts no further: what is more comes as this number.
MANY: Final = 100_001


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """``read`` 阅读, ``like`` 点赞, ``looking`` 在看, ``share`` 分享, ``comment`` 留言, ``collect``
    收藏; None where the answer does not say. 100001 stands for any number above 100,000.
    """

    read: int | None = None
    like: int | None = None
    looking: int | None = None
    share: int | None = None
    comment: int | None = None
    collect: int | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) is not None for one in fields(self))


def shown(count: int | None, language: str = "zh") -> str:
    """A count as a person reads it: ``10万+`` where WeChat itself stopped counting.

    >>> shown(100001), shown(100001, "en"), shown(8)
    ('10万+', '100k+', '8')
    """
    if count is None:
        return ""
    if count >= MANY:
        return "10万+" if language.startswith("zh") else "100k+"
    return str(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment, or one reply to it (then ``to`` may say whom it answers).

    ``id`` is WeChat's ``content_id`` or ``reply_id``, digits as text; ``written`` aware, UTC.
    ``by_author``: written by the account itself; ``liked_by_author``: marked so; ``pinned``: kept
    above the others. ``reply_count`` counts all its replies, ``replies`` are those that are known,
    ``last_reply`` what the request for more of them must name.
    """

    id: str
    author: str | None = None
    text: str = ""
    written: datetime | None = None
    likes: int = 0
    place: str | None = None
    by_author: bool = False
    liked_by_author: bool = False
    pinned: bool = False
    to: str | None = None
    pictures: tuple[Image, ...] = ()
    replies: tuple[Comment, ...] = ()
    reply_count: int = 0
    last_reply: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One article of a list: ``address`` opens it (no reader's token in it); ``published`` aware,
    UTC, when it was sent.
    """

    address: str
    title: str | None = None
    digest: str | None = None
    author: str | None = None
    published: datetime | None = None
