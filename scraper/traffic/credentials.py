"""A reader's own credentials, as somebody hands them over in a file. Pure.

``uin``, ``key`` and ``pass_ticket`` stand in the address that a client opens; ``appmsg_token`` may
stand there too, and comes as a cookie beside ``wap_sid2``. They are one reader's for one account,
and live some 25–30 minutes. ``wxdown-service`` writes them as ``credentials.json``:
``[{url, set_cookie, timestamp}]``. Nothing here obtains them, and nothing keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from scraper import urls
from scraper.errors import BadSettings
from scraper.messages import mark
from scraper.parse import values
from scraper.traffic.exchange import Exchange, Reference, kind_of

_NEEDED = ("uin", "key", "pass_ticket")
_LARGEST = 4 << 20
_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What one reader's client sends when it asks about one account. Shows nothing of itself."""

    biz: str
    tokens: tuple[tuple[str, str], ...] = field(repr=False)
    cookie: str = field(default="", repr=False)
    #: Seconds since 1970 at which it was seen; the newest of an account is used.
    at: float = 0.0

    def comments(self, of: Reference, buffer: str = "", offset: int = 0) -> str:
        """The address of a page of comments."""
        return self._address(
            "appmsg_comment",
            {
                "action": "getcomment",
                "scene": "0",
                **self._article(of),
                "comment_id": of.comment_id or "",
                "buffer": buffer,
                "offset": str(offset),
                "limit": str(_PAGE_SIZE),
            },
        )

    def replies(self, of: Reference, comment: str, after: str) -> str:
        """The address of the replies to ``comment`` that follow the reply ``after``."""
        return self._address(
            "appmsg_comment",
            {
                "action": "getcommentreply",
                "scene": "0",
                **self._article(of),
                "comment_id": of.comment_id or "",
                "content_id": comment,
                "max_reply_id": after,
                "limit": str(_PAGE_SIZE),
            },
        )

    def counts(self, of: Reference, sn: str | None) -> tuple[str, bytes]:
        """The address of an article's counts, and the form to post to it."""
        form = {"is_only_read": "1", "is_temp_url": "0", "appmsg_type": "9"}
        named = {"__biz": of.biz or "", "mid": of.mid or "", "idx": of.idx or "", "sn": sn or ""}
        return self._address("getappmsgext", named), urlencode({**form, **named}).encode()

    @staticmethod
    def _article(of: Reference) -> dict[str, str]:
        return {"__biz": of.biz or "", "appmsgid": of.mid or "", "idx": of.idx or ""}

    def _address(self, name: str, parameters: dict[str, str]) -> str:
        given = {**parameters, **dict(self.tokens), "wxtoken": "777", "f": "json"}
        return f"https://{urls.HOST}/mp/{name}?{urlencode(given)}"


def read(body: bytes) -> dict[str, Credential]:
    """``__biz`` → credential, from a ``credentials.json``. Raises BadSettings, which quotes
    nothing of it.
    """
    try:
        found = json.loads(body[: _LARGEST + 1].decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadSettings(
            mark("it is no JSON: a credentials.json or a HAR file is needed")
        ) from None
    entries = found if isinstance(found, list) else [found]
    return newest(one for entry in entries if (one := _of_entry(values.mapping(entry))))


def of_exchanges(exchanges: Iterable[Exchange]) -> dict[str, Credential]:
    """``__biz`` → credential, from the requests that a client made."""
    return newest(one for exchange in exchanges if (one := _of_exchange(exchange)))


def newest(found: Iterable[Credential]) -> dict[str, Credential]:
    """The last one of each account. Raises BadSettings where there is none."""
    by_account: dict[str, Credential] = {}
    for one in found:
        if one.biz not in by_account or one.at >= by_account[one.biz].at:
            by_account[one.biz] = one
    if not by_account:
        raise BadSettings(
            mark(
                "no request in it has __biz, uin, key and pass_ticket: open an article of the "
                "account in WeChat and take it again"
            )
        )
    return by_account


def _of_entry(entry: values.Data) -> Credential | None:
    url, cookies = entry.get("url"), entry.get("set_cookie")
    when = values.whole(entry.get("timestamp")) or 0
    at = when / 1000 if when > 10**11 else float(when)
    if not isinstance(url, str):
        return None
    lines = cookies if isinstance(cookies, list) else [cookies]
    cookie = "; ".join(_pairs(line) for line in lines if isinstance(line, str) and line)
    return _made(Exchange(url=url, cookie=cookie), at)


def _of_exchange(exchange: Exchange) -> Credential | None:
    if kind_of(exchange.url) in (None, "media"):
        return None
    return _made(exchange, exchange.received.timestamp() if exchange.received else 0.0)


def _made(exchange: Exchange, at: float) -> Credential | None:
    asked = exchange.asked()
    biz = values.biz(asked.get("__biz"))
    if biz is None or not all(_is_token(asked.get(name)) for name in _NEEDED):
        return None
    tokens = {name: asked[name] for name in _NEEDED}
    token = asked.get("appmsg_token") or _cookie(exchange.cookie, "appmsg_token")
    if _is_token(token):
        tokens["appmsg_token"] = str(token)
    return Credential(biz=biz, tokens=tuple(tokens.items()), cookie=exchange.cookie, at=at)


def _is_token(value: str | None) -> bool:
    return bool(value) and len(str(value)) <= 4096 and str(value).isprintable()


def _pairs(line: str) -> str:
    """``name=value`` of each cookie of a Set-Cookie line (several may stand in one)."""
    try:
        read = SimpleCookie(line)
    except CookieError:
        return ""
    return "; ".join(f"{name}={one.value}" for name, one in read.items())


def _cookie(cookie: str, wanted: str) -> str | None:
    pairs = (pair.strip().partition("=") for pair in cookie.split(";"))
    return next((value for name, _, value in pairs if name == wanted), None)
