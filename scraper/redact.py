"""Keeps secrets out of everything that is written: logs, errors, snapshots, files. Pure.

Secret are: a reader's WeChat tokens in addresses and page data, cookies, the password (and user) of a proxy, and what
stands behind ``Authorization:``. Each becomes ``***``; the rest of the text stays, so that a person can still see
which address a message is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "***"

#: Names whose value is a secret wherever ``name=value`` or ``"name": "value"`` stands.
SECRET_NAMES = (
    "pass_ticket", "appmsg_token", "exportkey", "export_key", "poc_token", "wxtoken", "wxuin", "user_uin", "uin",
    "key", "token", "sessionid", "session_id", "slave_sid", "slave_user", "data_ticket", "bizuin_ticket", "data_bizuin",
    "ticket", "wap_sid2", "wap_sid", "ua_id", "rand_info", "pgv_pvid", "xid", "skey", "p_skey", "pt2gguin",
    "webwx_data_ticket", "webwxuvid", "wxsid", "wx_header", "password", "passwd", "pwd", "secret",
    "access_token", "api_key", "apikey", "req_id", "sharer_shareid",
)  # fmt: skip
_NAME = "|".join(sorted(map(re.escape, SECRET_NAMES), key=len, reverse=True))

# Every repetition before a value is bounded, so that no text takes more than linear time.
# A name begins after no letter, or after an escape that ends in one: `%3Fkey`, `%253Fkey`, `\\x26key`, `\\u0026key`.
_BEGIN = r"(?:(?<![A-Za-z0-9_])|(?<=%[0-9a-f]{2})|(?<=25[0-9a-f]{2})|(?<=\\x[0-9a-f]{2})|(?<=\\u00[0-9a-f]{2}))"
_NAMED = rf"{_BEGIN}(?:{_NAME})"
# `=` may be percent-encoded once or more (an address inside an address), and so may the end of the value (`%26`).
_PAIR = re.compile(
    rf"(?P<name>{_NAMED})" + r"(?P<equals>\s{0,4}=\s{0,4}|%(?:25){0,4}3D)(?P<quote>\\{0,4}[\"'])?"
    r"(?P<value>(?:(?!%(?:25){0,4}26|[&;]|,?\s|\\{1,4}x26|\\{0,4}[\"'<>]|[)\]}」”》）]).)+)",
    re.IGNORECASE,
)
_MEMBER = re.compile(
    r"(?P<before>\\{0,4}[\"']?)"
    + rf"(?P<name>{_NAMED})"
    + r"(?P<colon>\\{0,4}[\"']?\s{0,4}:\s{0,4}\\{0,4}[\"'])"
    r"(?P<value>[^\"'\\]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?P<name>(?<![A-Za-z-])(?:set-cookie2?|cookie2?|(?:proxy-)?authorization|x-wechat-(?:key|uin)))"
    r"(?P<between>\\{0,4}[\"']?\s{0,4}[:=,]\s{0,4}(?:b?\\{0,4}[\"'])?)(?P<value>[^\r\n\"']+)",
    re.IGNORECASE,
)
_USERINFO = re.compile(
    r"(?P<scheme>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,20}:(?:\\{0,4}/){2})(?P<user>[^/\s?#\"'<>]{1,1024})@"
)


def redact(text: str) -> str:
    """``text`` with every secret replaced by ``***``. Idempotent; linear time."""
    text = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _HEADER.sub(rf"\g<name>\g<between>{HIDDEN}", text)
    text = _MEMBER.sub(rf"\g<before>\g<name>\g<colon>{HIDDEN}", text)
    return _PAIR.sub(lambda m: f"{m['name']}{m['equals']}{m['quote'] or ''}{HIDDEN}", text)


def redact_url(url: str) -> str:
    """An address without the values of its secrets; what it is the address of stays readable."""
    return redact(url)


# `key` and `uin` alone are ordinary words of programs, so only their declarations count.
_PAGE_VARIABLE = re.compile(
    rb"((?:\b(?:user_uin|pass_ticket|appmsg_token|wxtoken|exportkey|poc_token|poc_sid)"
    rb"|\b(?:var|window\.|d\.)\s{0,4}(?:uin|key|sessionid))[\"']?\s{0,4}[:=]\s{0,4}(?:JsDecode\()?)"
    rb"([\"'])([^\"'\\\r\n]{4,2048})\2"
)


def scrub(body: bytes, secrets: Iterable[str] = ()) -> bytes:
    """A page fetched with somebody's cookies, without that person in it: the values of readers' variables are blanked,
    and so is every one of ``secrets`` (8 characters and more) wherever it stands."""
    body = _PAGE_VARIABLE.sub(rb"\1\2\2", body)
    for secret in secrets:
        if len(secret) >= 8:
            body = body.replace(secret.encode(), HIDDEN.encode())
    return body
