"""Keeps secrets out of everything that is written: logs, errors, snapshots, files. Pure.

Secret are: a reader's WeChat tokens in addresses and page data, cookies, the password (and user) of
a proxy, and what stands behind ``Authorization:``. Each becomes ``***``; the rest of the text
stays, so that a person can still see which address a message is about.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote

from scraper.patterns import lazy

HIDDEN = "***"

#: Names whose value is a secret wherever ``name=value`` or ``"name": "value"`` stands.
SECRET_NAMES = (
    "pass_ticket", "appmsg_token", "exportkey", "export_key", "poc_token", "wxtoken", "wxuin", "user_uin", "uin",
    "key", "token", "sessionid", "session_id", "slave_sid", "slave_user", "data_ticket", "bizuin_ticket", "data_bizuin",
    "ticket", "wap_sid2", "wap_sid", "ua_id", "rand_info", "pgv_pvid", "xid", "skey", "p_skey", "pt2gguin",
    "webwx_data_ticket", "webwxuvid", "wxsid", "wx_header", "password", "passwd", "pwd", "secret", "sslpassword",
    "access_token", "api_key", "apikey", "req_id", "sharer_shareid",
)  # fmt: skip
_NAME = "|".join(sorted(map(re.escape, SECRET_NAMES), key=len, reverse=True))

# Every repetition before a value is bounded, so that no text takes more than linear time.
# A name begins after no letter, or after an escape that ends in one: `%3Fkey`, `%253Fkey`,
# `\\x26key`, `\\u0026key`.
_BEGIN = r"(?:(?<![A-Za-z0-9_])|(?<=%[0-9a-f]{2})|(?<=25[0-9a-f]{2})|(?<=\\x[0-9a-f]{2})|(?<=\\u00[0-9a-f]{2}))"
_NAMED = rf"{_BEGIN}(?:{_NAME})"
# `=` may be percent-encoded once or more (an address inside an address), and so may the end of the
# value (`%26`).
_PAIR = (
    rf"(?P<pair>{_NAMED})" + r"(?P<equals>\s{0,4}=\s{0,4}|%(?:25){0,4}3D)(?P<quote>\\{0,4}[\"'])?"
    r"(?:(?!%(?:25){0,4}26|[&;]|,?\s|\\{1,4}x26|\\{0,4}[\"'<>]|[)\]}」”》）]).)+"
)
_MEMBER = (
    rf"(?P<member>{_NAMED})"
    r"(?P<colon>\\{0,4}[\"']?\s{0,4}:\s{0,4}\\{0,4}[\"'])[^\"'\\]+"
)
_HEADER = (
    r"(?P<header>(?<![A-Za-z-])(?:set-cookie2?|cookie2?|(?:proxy-)?authorization|x-wechat-(?:key|uin)))"
    r"(?P<between>\\{0,4}[\"']?\s{0,4}[:=,]\s{0,4}(?:b?\\{0,4}[\"'])?)[^\r\n\"']+"
)
_USERINFO = (
    r"(?P<scheme>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,20}:(?:\\{0,4}/){2})"
    r"[^/\s?#\"'<>]{1,1024}@"
)
#: One pass: what a match has taken is not looked at again.
_SECRET = lazy("|".join((_HEADER, _USERINFO, _MEMBER, _PAIR)), re.IGNORECASE)


#: Each of its matches has one of these. Most texts have none, and the pattern takes 5 ms to compile.
#: A name that another one is a part of (``wxuin``) need not be looked for.
_SIGNS = (
    *("@", "cookie", "authorization"),
    *(name for name in SECRET_NAMES if sum(other in name for other in SECRET_NAMES) == 1),
)


def redact(text: str) -> str:
    """``text`` with every secret replaced by ``***``. Idempotent; one pass, linear time."""
    return _known(text) if len(text) <= _LONGEST_KNOWN else _redacted(text)


def _redacted(text: str) -> str:
    if text.isascii():  # other letters may be the same as these in another case (K, ſ)
        lower = text.lower()
        if not any(sign in lower for sign in _SIGNS):
            return text
    return _SECRET().sub(_hidden, text)


#: The headers of every request and of most answers are the same: a dozen short texts a page.
_LONGEST_KNOWN = 200
_known = lru_cache(maxsize=256)(_redacted)


def _hidden(match: re.Match[str]) -> str:
    if match["scheme"]:
        return f"{match['scheme']}{HIDDEN}@"
    if match["header"]:
        return f"{match['header']}{match['between']}{HIDDEN}"
    if match["member"]:
        return f"{match['member']}{match['colon']}{HIDDEN}"
    return f"{match['pair']}{match['equals']}{match['quote'] or ''}{HIDDEN}"


def redact_url(url: str) -> str:
    """An address without the values of its secrets; what it is the address of stays readable."""
    return redact(url)


# --- pages --------------------------------------------------------------------------------------------
#
# A page is somebody's text too: an article about programming has `key = "…"` in it. So a name that
# only WeChat uses gives its value away wherever it stands, an ordinary word (`key`, `uin`) only
# where WeChat's structure is around it. Structures as seen in pages of 2014 to 2026.

# All of it looks at a lower-case copy, so that the one search over the whole page is for plain
# letters; what stands around a name is looked at only where one is found, and never further than
# 2,048 bytes. So the time is linear.

#: Cookies and parameters by WeChat's own names, also as camelCase has them; and ordinary words. No
#: groups: then each alternative begins with a plain letter, and the search is three times as quick.
_PAGE_NAME = lazy(
    rb"pass_?ticket|appmsg_?token|wap_?sid2?|ua_?id|slave_?(?:sid|user)|wx_?token|export_?key"
    rb"|poc_?(?:token|sid)|user_?uin|wx_?uin|xid|data_?ticket|bizuin_?ticket|data_?bizuin|rand_?info"
    rb"|web_?wx_?(?:data_?ticket|uvid)|wxsid|pgv_?pvid|p_?skey|skey|pt2gguin|sharer_?share(?:id|info(?:_first)?)"
    rb"|req_?id|openid|uin|sessionid|key|token|ticket|sid"
)
_WORDS = frozenset((b"sessionid", b"key", b"token", b"ticket", b"sid"))
#: A name begins after no letter, or after an escape that ends in one: ``%3Fkey``, ``\\x26key``.
_BEGINS = re.compile(rb"(?:[^a-z0-9_]|(?:%|25|\\x|\\u00)[0-9a-f]{2})\Z")
#: A quote, in whatever it is wrapped: JSON in a script's string, an attribute, an address.
_QUOTE = (
    r"(?:\\{0,8}[\"']|&(?:amp;){0,2}(?:quot|apos|\#0{0,4}3[49]|\#x0{0,4}2[27]);"
    r"|\\{1,8}(?:x|u00)2[27]|%(?:25){0,4}2[27])"
)
#: Where a value ends: at a quote or at ``&``, in whatever they are wrapped.
_END = rf"{_QUOTE}|[<>\s&]|%(?:25){{0,4}}26|\\{{1,8}}(?:x|u00)26"
#: What may stand between ``=`` and the literal: ``"" || ``, ``JsDecode(``, ``(``.
_BEFORE = (
    rf"(?:{_QUOTE}{_QUOTE}\s{{0,4}}\|\|\s{{0,4}}){{0,3}}"
    r"(?:(?:jsdecode|(?:en|de)codeuri(?:component)?|string|number|parseint)?\(\s{0,4}){0,3}"
)
_IS = r"(?:\s|%(?:25){0,4}20){0,8}(?:[:=]|%(?:25){0,4}3[ad])(?:\s|%(?:25){0,4}20){0,8}"
#: An expression of a script stands where a value would: ``pass_ticket=window.pass_ticket``.
_EXPRESSION = (
    r"(?:(?:window|this|self|top|parent|obj|data|params|args|options?|location|url|void|null|undefined|true|false"
    r"|(?:en|de)codeuri(?:component)?|[a-z_$][\w$]{0,2})(?:[.(\[;,)}\s|?]|&&|$))"
)

#: A token has a digit; an ordinary word (``var key = "position"``) has none.
_DIGIT = r"[a-z_+/=.%~@-]{0,64}[0-9]"


def _value(least: int = 4, end: str = _END) -> str:
    return rf"(?P<value>(?:(?!{end}).){{{least},2048}})"


def _tail(pattern: str) -> Callable[[], re.Pattern[bytes]]:
    """What follows a name; group ``value`` is the secret."""
    return lazy(pattern.encode(), re.DOTALL)


_OWN_TAILS = (
    # name = "value", "name": "value"
    _tail(rf"{_QUOTE}?{_IS}{_BEFORE}{_QUOTE}(?!data-|[+.),;]){_value()}(?={_QUOTE})"),
    # name=value, of an address or a cookie
    _tail(rf"(?:=|%(?:25){{0,4}}3d)(?!{_EXPRESSION}){_value(end=_END + r'|[;,(){}|#]')}"),
    # ["name", "value"], {"name": "name", "value": "value"}
    _tail(
        rf"{_QUOTE}\s{{0,4}},\s{{0,4}}(?:{_QUOTE}?value{_QUOTE}?\s{{0,4}}:\s{{0,4}})?{_QUOTE}"
        rf"(?={_DIGIT}){_value(8)}(?={_QUOTE})"
    ),
    # <input name="name" value="value">
    _tail(rf"{_QUOTE}\s{{1,8}}value={_QUOTE}{_value()}(?={_QUOTE})"),
    # name = 123456789
    _tail(r"\s{0,8}[:=]\s{0,8}(?P<value>[0-9]{5,20})\b"),
)
_UIN_TAILS = (
    _tail(
        rf"{_QUOTE}?{_IS}{_BEFORE}{_QUOTE}(?P<value>(?:(?!{_QUOTE})[a-z0-9_+/=%~-]){{4,2048}})(?={_QUOTE})"
    ),
    _tail(r"=(?=[a-z_+/=.%~@-]{0,64}[0-9])(?P<value>[a-z0-9_+/=%~-]{4,2048})(?=[;\s\"'\\]|\Z)"),
    _OWN_TAILS[-1],
)
_DECLARED = lazy(rb"(?:\b(?:var|let|const)\s{1,8}|\b(?:window|d|_g|cgidata(?:new)?)\.)\Z")
_DECLARED_TAIL = _tail(rf"\s{{0,8}}=\s{{0,8}}{_BEFORE}{_QUOTE}(?={_DIGIT}){_value()}(?={_QUOTE})")
#: A member whose value looks like a token: 16 characters and more, with a digit.
_MEMBER_TAIL = _tail(
    rf"{_QUOTE}?{_IS.replace('[:=]', ':').replace('[ad]', 'a')}{_QUOTE}(?={_DIGIT})"
    rf"(?P<value>(?:(?!{_QUOTE})[a-z0-9_+/=.%~@-]){{16,2048}})(?={_QUOTE})"
)
_IN_ADDRESS = lazy(rb"(?:[?&;/]|%(?:25){0,4}(?:3f|26)|\\{1,8}(?:x|u00)(?:26|3f))(?:amp;){0,2}\Z")
_ADDRESS_TAIL = _tail(
    r"(?:=|%(?:25){0,4}3d|\\{1,8}(?:x|u00)3d)"
    rf"{_value(end=_END + r'|[;#]|' + chr(92) * 2 + r'|%(?:25){0,4}23')}"
)
_ADDRESS_EDGE = re.compile(rb"[\s\"'<>`]")
#: What only an address of WeChat's has; with ``_ADDRESS_EDGE`` between, it is another address.
_SIGN = lazy(rb"mp\.weixin|__biz|pass_ticket|uin[=%]|appmsg_token|wap_sid")
_NEAR = 2048


def scrub(body: bytes, secrets: Iterable[str] = ()) -> bytes:
    """A page, as received, without the person who received it. Linear time.

    Emptied are the values of readers' tokens, by WeChat's names and structure, also inside JSON,
    escapes and addresses; each of ``secrets`` (8 characters and more) becomes ``***`` wherever it
    stands, percent-encoded too. What is all zeros, or shorter than 4 characters, is nobody's (``uin
    = "0"``, ``wxtoken = "777"``) and stays.
    """
    body = _without(body, secrets)
    low, kept, at = body.lower(), [], 0
    signs = [sign.start() for sign in _SIGN().finditer(low)]
    for name in _PAGE_NAME().finditer(low):
        found = _secret_of(low, name, signs) if name.start() >= at else None
        if found is not None and found["value"].strip(b"0"):
            start, end = found.span("value")
            kept.append(body[at:start])
            if found["value"].isdigit() and found.re is _OWN_TAILS[-1]():
                kept.append(b"0")  # a number without quotes: a script must still be one
            at = end
    return b"".join((*kept, body[at:]))


def _without(body: bytes, secrets: Iterable[str]) -> bytes:
    for secret in secrets:
        if len(secret) >= 8:
            for form in {secret, quote(secret, safe="")}:
                body = body.replace(form.encode(), HIDDEN.encode())
    return body


def _secret_of(low: bytes, name: re.Match[bytes], signs: Sequence[int]) -> re.Match[bytes] | None:
    """The match of what follows a name whose value is a reader's; None where it is not."""
    start, end = name.span()
    if start and not _BEGINS.search(low, max(0, start - 6), start):
        return None
    for tail in _tails(low, name):
        if found := tail().match(low, end):
            return found
    if _is_own(name[0]) or not _IN_ADDRESS().search(low, max(0, start - 24), start):
        return None
    return _ADDRESS_TAIL().match(low, end) if _is_of_wechat(low, start, end, signs) else None


def _is_own(name: bytes) -> bool:
    """A name that nobody but WeChat uses."""
    return name != b"uin" and name not in _WORDS


def _tails(low: bytes, name: re.Match[bytes]) -> tuple[Callable[[], re.Pattern[bytes]], ...]:
    """What may follow a name before its value."""
    if _is_own(name[0]):
        return _OWN_TAILS
    if name[0] == b"uin":
        return _UIN_TAILS
    if _DECLARED().search(low, max(0, name.start() - 24), name.start()):
        return (_DECLARED_TAIL,) if name[0] in (b"key", b"sessionid") else ()
    return (_MEMBER_TAIL,)


def _is_of_wechat(low: bytes, start: int, end: int, signs: Sequence[int]) -> bool:
    """Whether the address around ``low[start:end]`` has one of ``signs``, which are in order."""
    after = bisect_left(signs, start)
    near = [(sign, start) for sign in signs[max(0, after - 1) : after] if start - sign < _NEAR]
    near += [(end, sign) for sign in signs[after : after + 1] if sign - end < _NEAR]
    return any(not _ADDRESS_EDGE.search(low, begin, until) for begin, until in near)
