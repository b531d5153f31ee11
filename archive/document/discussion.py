"""The comments under an article, as they are held, and as Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from archive.document.layout import escape, escape_line
from archive.json_fields import AsDict, json_field, plain, shown_as
from scraper.records import dataclass
from scraper.traffic.models import Comment
from scraper.zone import CHINA

#: Stands before the comments in a file. No text of an article or a comment can hold it as a line:
#: both have their ``<!`` escaped.
MARK = "<!-- 留言 -->"


def _as_said(comment: Comment) -> dict[str, Any]:
    """A comment's own words; its replies are kept ones of their own."""
    said = {one.name: getattr(comment, one.name) for one in fields(comment)}
    del said["replies"], said["last_reply"]
    said["pictures"] = [one.url for one in comment.pictures]
    return {name: plain(value) for name, value in said.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptComment(AsDict):
    """A comment with when it was seen (aware, UTC); ``gone``: when all the others were, and it was
    not. ``replies`` are kept ones too.
    """

    comment: Comment = json_field(convert=_as_said, spread=True)
    first_seen: datetime
    last_seen: datetime
    gone: datetime | None
    replies: tuple[KeptComment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discussion(AsDict):
    """All that is known of an article's comments. ``total``: how many WeChat says there are,
    replies not counted; ``seen``, ``complete``: the last look at any, at all of them (aware, UTC).
    """

    comments: tuple[KeptComment, ...]
    total: int | None
    seen: datetime
    complete: datetime | None

    @property
    @shown_as("held")
    def present(self) -> int:
        """How many comments, replies not counted, are kept and not gone."""
        return sum(one.gone is None for one in self.comments)

    def each(self) -> Iterator[KeptComment]:
        """Every comment, each before its replies."""
        for one in self.comments:
            yield one
            yield from one.replies

    def pictures(self) -> tuple[str, ...]:
        """The addresses of all pictures, each once."""
        shown = (one.url for kept in self.each() for one in kept.comment.pictures)
        return tuple(dict.fromkeys(shown))


def heading(discussion: Discussion) -> str:
    """``留言（132 / 417）``: how many of how many."""
    total = discussion.total
    return f"留言（{discussion.present}" + (f" / {total}）" if total is not None else "）")


def marks(kept: KeptComment) -> list[str]:
    """What stands behind a name: when, how many liked it, whether it is the account's own …"""
    said = kept.comment
    return [
        *([said.place] if said.place else []),
        *([f"{said.written.astimezone(CHINA):%Y-%m-%d %H:%M}"] if said.written else []),
        *([f"赞 {said.likes}"] if said.likes else []),
        *(["置顶"] if said.pinned else []),
        *(["作者赞过"] if said.liked_by_author else []),
        *([f"{kept.gone.astimezone(CHINA):%Y-%m-%d} 起不见"] if kept.gone else []),
    ]


def name(kept: KeptComment) -> str:
    """Who wrote it, and to whom."""
    said = kept.comment
    own = "（作者）" if said.by_author else ""
    to = f" 回复 {said.to}" if said.to else ""
    return f"{said.author or '匿名'}{own}{to}"


def to_markdown(
    discussion: Discussion, *, image: Callable[[str], str | None] = lambda url: None
) -> str:
    """The section behind the text, ``MARK`` first; ``image`` maps an address to a local path."""
    lines = [MARK, "", f"## {heading(discussion)}", ""]
    for one in discussion.comments:
        lines += _item(one, "", image)
        for reply in one.replies:
            lines += _item(reply, "  ", image)
    return "\n".join(lines).rstrip("\n")


def _item(kept: KeptComment, indent: str, image: Callable[[str], str | None]) -> list[str]:
    head = " · ".join([f"**{escape(name(kept))}**", *map(escape, marks(kept))])
    lines = [f"{indent}- {head}"]
    for line in kept.comment.text.splitlines():
        if line.strip():
            lines[-1] += "  "
            lines.append(f"{indent}  {escape_line(line)}")
    for one in kept.comment.pictures:
        lines.append(f"{indent}  ![]({image(one.url) or _bare(one.url)})")
    return lines


def _bare(url: str) -> str:
    """An address that ends nothing around it."""
    return f"<{url}>" if not re.search(r"[\s<>]", url) else ""


def without(text: str) -> str:
    """A file's body without the comments behind it."""
    at = text.rfind(f"\n{MARK}\n")
    return text[:at].rstrip("\n") if at >= 0 else text
