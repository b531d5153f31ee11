"""What a page can say, and how text is written into its markup and scripts."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.weixin.cgi import Value

BIZ = "MzA5MTIzNDU2Nw=="


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Everything that a page can say. ``published`` and ``modified`` are aware; ``kind`` is
    ``item_show_type``.

    ``era``: ``D`` (2026-06 on: plain strings), ``C`` (2022 on: JsDecode), ``B`` (2018 style
    scripts), ``A`` (2015). ``images`` of kind 8 are addresses or (address, width, height);
    ``related`` is ``ainfos``: (address, title, account). ``album``: ``{"id", "title", "size",
    "previous", "next"}``, addresses as text; ``reprint``: ``{"biz", "mid", "idx", "account",
    "url"}``; ``transcodings``: ``mp_video_trans_info`` of a video; ``extra`` goes into cgiDataNew as it is.
    """

    title: str = "一篇文章"
    body: str = "<p>正文。</p>"
    kind: int = 0
    era: str = "D"
    biz: str = BIZ
    mid: str = "2247480001"
    idx: str = "1"
    sn: str = "0123456789abcdef0123456789abcdef"
    chksm: str = "c0b5f84454f7051c"
    link: str | None = None
    account: str = "测试号"
    user_name: str = "gh_0123456789ab"
    alias: str = "ceshihao"
    signature: str = "一个用来测试的公众号"
    author: str = ""
    published: datetime = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
    modified: datetime | None = None
    place: str = ""
    digest: str = ""
    cover: str = ""
    images: Sequence[str | tuple[str, int, int]] = ()
    original: bool = False
    reprint: Mapping[str, str] | None = None
    source_url: str = ""
    album: Mapping[str, Any] | None = None
    tags: Sequence[str] = ()
    related: Sequence[tuple[str, str, str]] = ()
    comment_id: str = "4241250330820132893"
    category: str = ""
    paid: bool = False
    video_id: str = "wxv_1000000000000000001"
    voice_id: str = "MzA5MTIzNDU2N18xMDAwMDAwMQ=="
    seconds: int = 95
    transcodings: Sequence[Mapping[str, Any]] = ()
    user_title: bool = False
    extra: Mapping[str, Value] = field(default_factory=dict)

    @property
    def long(self) -> str:
        """The long address in the form that pages give of themselves."""
        return (
            f"http://mp.weixin.qq.com/s?__biz={self.biz}&mid={self.mid}&idx={self.idx}&sn={self.sn}"
            f"&chksm={self.chksm}#rd"
        )

    @property
    def unix(self) -> int:
        """``published`` in seconds."""
        return int(self.published.timestamp())


def attr(text: str) -> str:
    return html.escape(text, quote=True)


def amp(url: str) -> str:
    return url.replace("&", "&amp;")


def script(text: str) -> str:
    """Text inside a quoted string of a script."""
    for c, escaped in (
        ("\\", "\\\\"),
        ('"', "&quot;"),
        ("'", "&#39;"),
        ("\n", "\\n"),
        ("</", "<\\/"),
    ):
        text = text.replace(c, escaped)
    return text
