"""What a page says, as frozen data.

Times are aware and in UTC; absent is ``None``, never ``""`` or a placeholder. Text is plain: no
HTML entities, no ``&nbsp;``, no zero-width noise. Addresses are absolute ``str`` without readers'
tokens. Nothing here touches the disk or the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from scraper.records import dataclass

#: What ``item_show_type`` means on mp.weixin.qq.com; the set is open (notes of 2014–2026 pages).
KIND_NAMES: Mapping[int, str] = {
    0: "article",
    5: "video",
    6: "music",
    7: "audio",
    8: "picture",
    10: "text",
    11: "shared",
    12: "qa",
    16: "live",
    17: "short",
}


@dataclass(frozen=True, slots=True)
class MediaType:
    """``label``: how its line in a text begins; ``has``: the word of ``has:…`` that finds articles
    with one.
    """

    label: str
    has: str


#: Every ``Media.type``.
MEDIA_TYPES: Mapping[str, MediaType] = {
    "video": MediaType("视频", "video"),
    "channels": MediaType("视频号", "video"),
    "audio": MediaType("音频", "audio"),
    "music": MediaType("音乐", "audio"),
    "live": MediaType("直播", "video"),
    "sticker": MediaType("表情", "image"),
    "miniprogram": MediaType("小程序", "card"),
    "profile": MediaType("公众号", "card"),
    "vote": MediaType("投票", "card"),
    "product": MediaType("商品", "card"),
    "redpacket": MediaType("红包", "card"),
    "location": MediaType("位置", "card"),
    "card": MediaType("卡片", "card"),
}


#: How the address of a drawing begins that a page holds itself.
DRAWING = "data:image/svg+xml;base64,"


@dataclass(frozen=True, slots=True)
class Page:
    """One page as received.

    ``url`` is the address asked for; ``body`` the bytes after content decoding; ``final_url`` where
    redirects ended (``None``: the same); ``redirects`` every address in between, in order;
    ``headers`` the response's, lower-case names, without cookies; ``fetched`` when the last byte
    came, UTC; ``request`` the headers that it was asked with, without cookies (empty for a page
    from a file).
    """

    url: str
    body: bytes = field(repr=False)
    final_url: str | None = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    redirects: tuple[str, ...] = ()
    fetched: datetime | None = None
    request: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes an article that article: the account's ``__biz`` (base64 text), ``mid`` and
    ``idx`` (digits as text).

    ``sn`` and ``chksm`` are anti-forgery tokens that change between shares, so they are no part of
    it.
    """

    biz: str
    mid: str
    idx: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The Official Account that published: shown name, ``__biz``, ``gh_…`` user name, 微信号 alias,
    signature.
    """

    name: str | None = None
    biz: str | None = None
    user_name: str | None = None
    alias: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of the body, in reading order. ``width``/``height`` in CSS pixels where the page
    gives them.

    ``role``: ``body`` (an ``<img>``), ``background`` (from CSS), ``picture`` (kind 8's list),
    ``emoji``, ``drawing`` (an ``<svg>``; its ``url`` holds it, after ``DRAWING``), ``cover`` (a
    media card's own cover is on its ``Media``).
    """

    url: str
    role: str = "body"
    alt: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcoding:
    """One encoded form of a video: ``url`` (may expire), size in bytes, pixels, WeChat's
    ``format_id``, quality.
    """

    url: str | None = None
    format_id: str | None = None
    width: int | None = None
    height: int | None = None
    size: int | None = None
    quality: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Something in the body that is not text or picture, with what a later download needs.

    ``type`` is one of ``MEDIA_TYPES``: ``video`` (v.qq.com or mpvideo), ``channels`` (视频号),
    ``card`` (anything that has no type of its own). ``id`` is the service's own (``wxv_…``,
    ``vid``, ``voice_encode_fileid``, app id, biz …); ``url`` where it can be seen or fetched;
    ``duration`` in seconds; ``extra`` whatever else the page gives, as (name, value) pairs.
    """

    type: str
    id: str | None = None
    title: str | None = None
    author: str | None = None
    url: str | None = None
    duration: float | None = None
    cover: str | None = None
    transcodings: tuple[Transcoding, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One address that the page links to, with the words it stands under.

    ``relation``: ``text`` (in the body), ``ainfos`` (the page's list of related reads), ``album``
    (the album's own address), ``album_previous``, ``album_next``, ``tag``, ``reprint`` (the
    original of a reprint or shared article), ``source`` (阅读原文). ``url`` keeps what opens it
    (``__biz, mid, idx, sn, chksm``; other hosts: everything but readers' tokens).
    """

    url: str
    relation: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """The album (合集) that an article stands in: id, title, how many articles WeChat says it has,
    its neighbours.
    """

    id: str
    title: str | None = None
    url: str | None = None
    size: int | None = None
    previous: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprint:
    """Where a reprinted or shared article comes from."""

    account: str | None = None
    biz: str | None = None
    user_name: str | None = None
    mid: str | None = None
    idx: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One entry of WeChat's own edit record (``modify_version_list``): when, and what it says about
    it.
    """

    at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something of the body that could not be kept: ``kind`` (a short name), ``where`` (words near
    it), how many.
    """

    kind: str
    where: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article as its reader saw it. What the page does not say is ``None`` or empty.

    ``kind`` is WeChat's ``item_show_type`` (``KIND_NAMES``). ``mid`` and ``idx`` are digits as
    text, ``sn`` the token of the long address. ``published`` and ``modified`` are aware, UTC; where
    ``date_only``, the page tells no time and ``published`` is 00:00 of its day in China.
    ``place`` is the province, else the country. ``url`` is the page's own permanent link as it
    gives it (readers' tokens removed); ``address`` is the one that was asked for. ``body`` is clean
    semantic HTML (see ``scraper.body``), ``text`` the lines a reader sees, one a line, including
    captions and card lines. ``original`` is True for 原创, False where the page says it is not.
    ``recommendation`` (编者荐语) is what an account wrote above another's article that it shares.
    """

    title: str
    account: Account = Account()
    author: str | None = None
    published: datetime | None = None
    date_only: bool = False
    modified: datetime | None = None
    place: str | None = None
    mid: str | None = None
    idx: str | None = None
    sn: str | None = None
    kind: int = 0
    url: str | None = None
    address: str | None = None
    digest: str | None = None
    recommendation: str | None = None
    cover: str | None = None
    language: str | None = None
    category: str | None = None
    original: bool | None = None
    reprint: Reprint | None = None
    source_url: str | None = None
    album: Album | None = None
    tags: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    comment_id: str | None = None
    paid: bool = False
    title_modified: bool = False
    edits: tuple[Edit, ...] = ()
    body: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    images: tuple[Image, ...] = field(default=(), repr=False)
    media: tuple[Media, ...] = field(default=(), repr=False)
    links: tuple[Link, ...] = field(default=(), repr=False)
    losses: tuple[Loss, ...] = field(default=(), repr=False)

    @property
    def identity(self) -> Identity | None:
        """``(biz, mid, idx)`` where the page gives all three."""
        if self.account.biz and self.mid and self.idx:
            return Identity(self.account.biz, self.mid, self.idx)
        return None

    @property
    def kind_name(self) -> str:
        """The kind in a word; ``unknown-N`` for one nobody has seen."""
        return KIND_NAMES.get(self.kind, f"unknown-{self.kind}")
