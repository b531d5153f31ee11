"""One request and its answer, and what kind of answer it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from scraper import urls
from scraper.errors import NotAnAddress
from scraper.models import Identity
from scraper.parse import values
from scraper.records import dataclass
from scraper.redact import SECRET_NAMES

Kind = Literal["page", "messages", "home", "album", "counts", "comments", "replies", "media"]

#: Where pictures, sound and films of articles and comments lie (``scraper.fetch.settings`` has
#: where more of them may lie; a reader's client was seen to ask these).
_MEDIA_HOSTS = ("qpic.cn", "qlogo.cn", "res.wx.qq.com", "video.qq.com", "tc.qq.com")
_ACTIONS: Mapping[tuple[str, str], Kind] = {
    ("/mp/profile_ext", "getmsg"): "messages",
    ("/mp/profile_ext", "home"): "home",
    ("/mp/appmsgalbum", "getalbum"): "album",
    ("/mp/appmsg_comment", "getcomment"): "comments",
    ("/mp/appmsg_comment", "getcommentreply"): "replies",
}
#: Shorter values are no token, and would take ordinary words out of a page.
_SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its whole answer.

    ``url`` as asked, with whatever tokens are in it: it is looked at and never kept. ``body`` is
    the answer after content decoding, ``type`` its Content-Type, ``sent`` the body of the request,
    ``cookie`` its Cookie header, ``received`` when the answer had come (aware, UTC).
    """

    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    method: str = "GET"
    status: int = 200
    type: str = ""
    sent: bytes = field(default=b"", repr=False)
    cookie: str = field(default="", repr=False)
    received: datetime | None = None

    def asked(self) -> dict[str, str]:
        """The parameters of the request: those of its address, and of a form that was posted."""
        found = dict(_parameters(urlsplit(self.url).query))
        if self.sent and len(self.sent) <= 64 * 1024:
            form = dict(_parameters(self.sent.decode("utf-8", "replace")))
            # Clients ask for `…&__biz=&…` and post which account they mean.
            found = {**found, **form, **{name: value for name, value in found.items() if value}}
        return found

    def secrets(self) -> frozenset[str]:
        """What of the request only its reader may know: values of tokens and of cookies."""
        found = {v for n, v in self.asked().items() if n.lower() in SECRET_NAMES}
        found |= {pair.partition("=")[2].strip() for pair in self.cookie.split(";")}
        return frozenset(one for one in found if len(one) >= _SHORTEST_SECRET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Which article an answer is about, as far as its request said: ``biz``, ``mid``, ``idx``, and
    the ``comment_id`` of its page.
    """

    biz: str | None = None
    mid: str | None = None
    idx: str | None = None
    comment_id: str | None = None

    @property
    def identity(self) -> Identity | None:
        """Where all three are known."""
        if self.biz and self.mid and self.idx:
            return Identity(self.biz, self.mid, self.idx)
        return None


def reference(asked: Mapping[str, str]) -> Reference:
    """The article that a request's parameters name."""
    return Reference(
        biz=values.biz(asked.get("__biz")),
        mid=values.digits(asked.get("mid")) or values.digits(asked.get("appmsgid")),
        idx=values.digits(asked.get("idx")) or values.digits(asked.get("itemidx")),
        comment_id=values.digits(asked.get("comment_id")),
    )


def kind_of(url: str) -> Kind | None:
    """What the answer at an address is; None for what nobody can use."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if host == urls.HOST:
        return _of_articles(url, parts.path, dict(_parameters(parts.query)).get("action", ""))
    if parts.path.endswith("/getvoice") or _under(host, _MEDIA_HOSTS):
        return "media"
    return None


def _of_articles(url: str, path: str, action: str) -> Kind | None:
    if path == "/mp/getappmsgext":
        return "counts"
    if found := _ACTIONS.get((path, action)):
        return found
    try:
        return None if urls.parse(url).form == "album" else "page"
    except NotAnAddress:
        return None


def _under(host: str, suffixes: Iterable[str]) -> bool:
    return any(host == suffix or host.endswith("." + suffix) for suffix in suffixes)


def _parameters(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return []
