"""Addresses of mp.weixin.qq.com in any form that people have them. Pure: text in, text out.

Four texts are made of one address, because they serve four ends:

* ``Address.fetch`` is what to GET: ``chksm`` and ``scene`` stay, since long addresses without them were seen to end
  in the captcha more often (2024-07 to 2026-10); readers' tokens go.
* ``Address.canonical`` tells whether two addresses are the same one. A long address is reduced to ``__biz, mid, idx``:
  ``sn`` and ``chksm`` are anti-forgery tokens that change between shares. It need not open anything.
* ``permanent`` is the page's own link as 原文链接 shows it: ``chksm``, the scheme and ``#rd`` as given.
* ``clean_link`` is any link of a page as it is kept: without tracking and readers' tokens.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote, urljoin, urlsplit

from scraper.errors import NotAnAddress
from scraper.messages import mark
from scraper.models import Identity
from scraper.patterns import lazy
from scraper.records import dataclass
from scraper.urls_pasted import plain

Form = Literal["short", "long", "temporary", "show", "album"]

HOST = "mp.weixin.qq.com"
_ROOT = f"https://{HOST}"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What opens an article or an album; everything else on an article's address is tracking or a
#: reader's token.
_OPENING = _names(
    "__biz mid idx sn chksm tempkey src timestamp ver signature appmsgid itemidx sign action album_id"
)
#: Tokens that only WeChat puts into addresses; dropped on every host.
_WECHAT_TOKENS = _names(
    "pass_ticket appmsg_token exportkey export_key poc_token wxtoken wx_header wxuin user_uin"
)
#: A reader's, on WeChat's own hosts. Elsewhere these are ordinary names (a search word), unless one
#: of WeChat's own tokens stands beside them.
_READER = _names("key uin token sessionid session_id")
_MAY_HOLD_TOKEN = lazy(f"[?&;](?:{'|'.join(sorted(_WECHAT_TOKENS | _READER))})=")
#: Who reads, on which phone, coming from where; dropped from the other pages of mp.weixin.qq.com.
_TRACKING = _names("""
    scene subscene srcid sharer_shareid sharer_shareinfo sharer_sharetime sharer_shareid_first sharer_shareinfo_first
    isappinstalled mpshare clicktime enterid xtrack nwr_flag nolastread lang req_id reqid session_us winzoom fontgear
    devicetype version nettype ascene a8scene abtest_cookie pc_env rd2werd from_msgid from_itemidx click_id forceh5
    poc_sid uct2 realreporttime wxwork_userid
""")

#: 22 characters are what WeChat uses (base64 of 16 bytes); shorter ones come from cut-down
#: examples.
_SHORT_ID = lazy(r"[\w-]{8,64}", re.ASCII)
_WECHAT_ID_LENGTH = 22

#: One address in running text. CJK, brackets and quotes end it; the escapes are those of JavaScript
#: and JSON strings. Real ones have some 300 characters; the bounds keep the work linear on hostile
#: text.
_CHARACTERS = r"(?:[A-Za-z0-9\-._~%=&;+*/@:,!$?#]|\\{1,8}(?:x|u00)[0-9A-Fa-f]{2}|\\{1,8}/)"
_IN_TEXT = lazy(
    r"(?:https?:(?:\\{0,8}/){2}|(?<![A-Za-z0-9_.@/%-])(?:(?:\\{0,8}/){2})?)"
    r"mp\.weixin\.qq\.com(?::(?:80|443))?(?=\\{0,8}/|\?)" + _CHARACTERS + r"{1,4096}"
    # … or one that stands percent-encoded in another address (webwxcheckurl?requrl=…, weixin110
    # pages)
    r"|https?(?:%(?:25){0,4}3A)(?:%(?:25){0,4}2F){2}mp\.weixin\.qq\.com[A-Za-z0-9\-._~%+*]{1,4096}",
    re.IGNORECASE,
)
_HOST = lazy(r"mp\.weixin\.qq\.com", re.IGNORECASE)
_BEFORE = lazy(
    r"(?:https?:(?:\\{0,8}/){2}|(?:\\{0,8}/){2}|https?(?:%(?:25){0,4}3A)(?:%(?:25){0,4}2F){2})$",
    re.IGNORECASE,
)
_LONGEST_START = 64
_NESTED = lazy(r"[?&](?:target_url|requrl|redirect_url|url)=", re.IGNORECASE)
_JS_ESCAPE = lazy(r"\\{1,8}(?:x|u00)([0-9A-Fa-f]{2})")
# Not html.unescape: it reads `&timestamp=` as `×tamp=` and `&copy=` as `©=`.
_ENTITY = lazy(r"&(?:amp|#38|#x26);", re.IGNORECASE)
#: What nearly every link in a body looks like and ``clean_link`` need not take apart: an article as
#: WeChat's editor writes it (kept: group 1) or by its short address (group 2), or another host
#: without a query. 245 of them on one page of an index.
_USUAL = lazy(
    r"https?(://mp\.weixin\.qq\.com/s\?__biz=(?:[A-Za-z0-9+/]{4})+[A-Za-z0-9+/]{2}(?:[A-Za-z0-9+/]|=)=&mid=\d+&idx=\d+"
    r"&sn=[0-9a-f]{32}(?:&chksm=[0-9a-f]+)?)(?:&scene=\d+)?(?:#rd|#wechat_redirect)?"
    r"|https?(://mp\.weixin\.qq\.com/s/[A-Za-z0-9_-]{22})(?:#rd|#wechat_redirect)?"
    r"|https?://(?!mp\.weixin\.qq\.com)[a-z0-9.-]+(?:/[^\s?&#\\;]*)?",
    re.ASCII,
)
_END_ENTITY = lazy(
    r"&(?:quot|lt|gt|apos|nbsp|#34|#39|#60|#62|#x22|#x27|#x3c|#x3e);.*", re.IGNORECASE | re.DOTALL
)
_OUTSIDE = lazy(r"[^A-Za-z0-9\-._~%=&;+*/@:,!$?#].*", re.DOTALL)
_DEEPEST_NESTING = 3


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an article (``short``, ``long``, ``temporary``, ``show``) or of an album.

    ``text`` as found; ``fetch`` the address to GET; ``canonical`` the form that two equal addresses
    share (it is a name, and the long one lacks the ``sn`` that opens it). ``identity`` where the
    address itself carries it, which short addresses never do. ``album_id`` is digits as text, on
    albums only.
    """

    text: str
    fetch: str
    canonical: str
    form: Form
    identity: Identity | None = None
    album_id: str | None = None

    @property
    def biz(self) -> str | None:
        """The account's ``__biz`` where the address names it."""
        return self.identity.biz if self.identity else account_of(self.fetch)


def find(text: str) -> list[Address]:
    """Every article and album address in pasted text, in order, each canonical form once. Linear
    time.
    """
    found: dict[str, Address] = {}
    for candidate in _candidates(text):
        try:
            address = _read(candidate)
        except NotAnAddress:
            continue
        found.setdefault(address.canonical, address)
    return list(found.values())


#: Longer ones are texts that somebody pasted, and not met again.
_LONGEST_KNOWN = 2048


def parse(text: str) -> Address:
    """The first article or album address in ``text``.

    Raises NotAnAddress, whose message says what it was instead.
    """
    return _known(text) if len(text) <= _LONGEST_KNOWN else _first(text)


def _first(text: str) -> Address:
    written = _WRITTEN().fullmatch(text)
    if written is not None:
        return _as_written(text, written)
    short = _WRITTEN_SHORT().fullmatch(text)
    if short is not None:
        url = _ROOT + short[1]
        return Address(text, url, url, "short")
    failure: NotAnAddress | None = None
    for candidate in _candidates(text):
        try:
            return _read(candidate)
        except NotAnAddress as error:
            failure = failure or error
    if failure is not None:
        raise failure
    shown = " ".join(text.split())[:120]
    if not shown:
        raise NotAnAddress(mark("nothing was given where an address was expected"))
    raise NotAnAddress(mark("no address of {host} in {shown!r}", host=HOST, shown=shown), url=shown)


#: A long address just as WeChat's editor writes it into bodies and pages: a tenth of the work.
_WRITTEN = lazy(
    r"https?://mp\.weixin\.qq\.com/s\?__biz=(?!3[Dd])([A-Za-z0-9+/]{8,24}={0,2})&mid=([0-9]{1,24})"
    r"&idx=([0-9]{1,24})(?:&sn=([0-9a-f]{32}))?(?:&chksm=([0-9a-f]+))?(?:&scene=([0-9]{1,24}))?(?:#rd)?"
)
#: And a short one.
_WRITTEN_SHORT = lazy(r"https?://mp\.weixin\.qq\.com(/s/[A-Za-z0-9_-]{22})")


def _as_written(text: str, written: re.Match[str]) -> Address:
    """What ``_read`` makes of it."""
    biz, mid, idx, sn, chksm, scene = written.groups()
    identity = Identity(_biz(biz) or biz, mid, idx)
    name = of_identity(identity)
    opening = "".join(
        f"&{parameter}={value}"
        for parameter, value in (("sn", sn), ("chksm", chksm), ("scene", scene))
        if value
    )
    return Address(text, name + opening, name, "long", identity)


#: An article's addresses and links come by a dozen times while it is kept.
_known = lru_cache(maxsize=1024)(_first)


def canonical(url: str) -> str:
    """The form that two equal addresses share; ``canonical(canonical(x)) == canonical(x)``. Raises
    NotAnAddress.
    """
    return parse(url).canonical


def of_identity(identity: Identity) -> str:
    """The address of the article with this identity, canonical where its parts are as WeChat writes
    them."""
    return f"{_ROOT}/s?__biz={identity.biz}&mid={identity.mid}&idx={identity.idx}"


def account_of(url: str) -> str | None:
    """The ``__biz`` that an mp.weixin.qq.com address names, padded as WeChat writes it; else
    None.
    """
    candidate = next(_candidates(url), None)
    return _biz(dict(_parameters(_split(candidate)[1])).get("__biz")) if candidate else None


def permanent(url: str) -> str:
    """A page's own link as 原文链接 shows it: scheme, order, ``chksm`` and ``#rd`` as given,
    without tracking.
    """
    if _is_permanent(url):
        return url
    url = _unescape(url.strip())
    base, _, fragment = url.partition("#")
    path, _, query = base.partition("?")
    if not _is_article_path(path):
        return clean_link(url)
    kept = "&".join(
        f"{n}={_biz(v) if n == '__biz' else v}" for n, v in _parameters(query) if n in _OPENING
    )
    fragment = fragment if fragment in {"rd", "wechat_redirect"} else ""
    return path + (f"?{kept}" if kept else "") + (f"#{fragment}" if fragment else "")


def _is_permanent(url: str) -> bool:
    """Whether it is one as WeChat writes them; others may be, too."""
    usual = _USUAL().fullmatch(url)
    return usual is not None and bool(usual[1] or usual[2]) and "&scene=" not in url


def clean_link(url: str, base: str | None = None) -> str:
    """A link as it is kept, absolute where ``base`` (or the link) allows it.

    Articles keep what opens them (``__biz, mid, idx, sn, chksm``), over https and without a
    fragment; other pages of WeChat lose readers' tokens and tracking; other hosts lose readers'
    tokens only, every other byte stays. The scheme is not judged: a ``javascript:`` link comes back
    as it is.
    """
    usual = _USUAL().fullmatch(url)
    if usual is not None:
        kept = usual[1] or usual[2]
        return "https" + kept if kept else url
    # As browsers do: blanks at the ends and line breaks anywhere do not count, a blank inside is a
    # blank.
    url = re.sub(r"[\t\r\n]+", "", _ENTITY().sub("&", url)).strip().replace(" ", "%20")
    if base:
        url = _join(base, url)
    elif url.startswith("//"):
        url = "https:" + url
    head, mark, fragment = url.partition("#")
    path, question, query = head.partition("?")
    host = _host(path)
    if host == HOST:
        return _clean_link_of_wechat(url, fragment)
    if question and any(_private(name, host, query) for name, _ in _parameters(query)):
        head = path + _public(query, host)
    return head + mark + fragment


def _public(query: str, host: str | None) -> str:
    """The query with its ``?``, without readers' tokens; nothing where nothing is left."""
    parts = [part for part in query.split("&") if not _private(part.partition("=")[0], host, query)]
    return "?" + "&".join(parts) if parts else ""


def _clean_link_of_wechat(url: str, fragment: str) -> str:
    path, _, query = _unescape(url).partition("#")[0].partition("?")
    path = _ROOT + (urlsplit(path).path or "/")
    if _is_article_path(path):
        return _with_query(path, ((n, v) for n, v in _parameters(query) if n in _OPENING))
    kept = ((n, v) for n, v in _parameters(query) if not _private(n, HOST, query))
    is_telling = fragment not in {"", "rd", "wechat_redirect"}
    return _with_query(path, kept) + (f"#{fragment}" if is_telling else "")


def without_tokens(url: str) -> str:
    """The address of a picture, a video, a card as it is kept: as it stands, but for readers'
    tokens.
    """
    return clean_link(url) if _MAY_HOLD_TOKEN().search(url) else url


def _candidates(text: str) -> Iterator[str]:
    text = plain(text)
    done = 0
    # Looking for the bare host first, then for what stands before it, keeps a page of 4 MB quick.
    for host in _HOST().finditer(text):
        if host.start() >= done:
            before = _BEFORE().search(text[max(done, host.start() - _LONGEST_START) : host.start()])
            match = _IN_TEXT().match(text, host.start() - (len(before[0]) if before else 0))
            if match:
                done = match.end()
                yield from _unglue(match[0])


def _unglue(text: str) -> Iterator[str]:
    """Two addresses pasted with nothing between them are two; one that is another's parameter stays
    inside it.
    """
    start = 0
    for match in re.finditer(r"(?<![=/])https?:(?:\\{0,8}/){2}", text, re.IGNORECASE):
        if match.start() > start:
            yield text[start : match.start()]
            start = match.start()
    yield text[start:]


def _read(text: str, depth: int = 0) -> Address:
    path, query = _split(text)
    if not path:
        raise NotAnAddress(mark("no address of {host} in {text!r}", host=HOST, text=text), url=text)
    parameters = dict(reversed(list(_parameters(query))))
    short = re.fullmatch(r"/s/+([\w-]+)[/.&=].*|/s/+([\w-]+)", path, re.ASCII)
    if short:
        return _short(text, short[1] or short[2])
    if path in {"/s", "/mp/s"}:
        return _long(text, parameters)
    if path == "/mp/appmsg/show":
        return _show(text, parameters)
    if path == "/mp/appmsgalbum":
        return _album(text, parameters)
    nested = _NESTED().search("?" + query)
    if nested and depth < _DEEPEST_NESTING:
        return _nested(text, ("?" + query)[nested.end() :], depth)
    raise NotAnAddress(_other_page(path), url=text)


def _short(text: str, name: str) -> Address:
    if len(name) > _WECHAT_ID_LENGTH and name[_WECHAT_ID_LENGTH:].lower().startswith("http"):
        name = name[:_WECHAT_ID_LENGTH]
    if not _SHORT_ID().fullmatch(name):
        raise NotAnAddress(
            mark(
                "{root}/s/{name} is cut off: a short address has {wechat_id_length} characters",
                root=_ROOT,
                name=name,
                wechat_id_length=_WECHAT_ID_LENGTH,
            ),
            url=text,
        )
    url = f"{_ROOT}/s/{name}"
    return Address(text, url, url, "short")


def _long(text: str, given: dict[str, str]) -> Address:
    biz = _biz(given.get("__biz"))
    mid = _digits(given.get("mid")) or _digits(given.get("appmsgid"))
    idx = _digits(given.get("idx")) or _digits(given.get("itemidx"))
    identity = Identity(biz, mid, idx or "1") if biz and mid else None
    sn = _hex(given.get("sn")) or _hex(given.get("sign"))
    if given.get("tempkey") and not sn:
        return _temporary(text, given, biz, identity)
    if identity is not None:
        opening = [("__biz", biz), ("mid", mid), ("idx", identity.idx), ("sn", sn)]
        opening += [("chksm", _hex(given.get("chksm"))), ("scene", _digits(given.get("scene")))]
        fetch = _with_query(f"{_ROOT}/s", opening)
        return Address(text, fetch, of_identity(identity), "long", identity)
    if given.get("signature") and given.get("timestamp"):
        return _of_sogou(text, given)
    missing = "__biz" if not biz else "mid"
    raise NotAnAddress(
        mark("{text} has no {missing}: copy the whole address", text=text, missing=missing),
        url=text,
    )


def _temporary(
    text: str, given: dict[str, str], biz: str | None, identity: Identity | None
) -> Address:
    """A preview: ``tempkey`` opens it."""
    opening = [("__biz", biz), ("tempkey", given["tempkey"]), ("chksm", _hex(given.get("chksm")))]
    if identity:
        opening[1:1] = [("mid", identity.mid), ("idx", identity.idx)]
    fetch = _with_query(f"{_ROOT}/s", opening)
    same = of_identity(identity) if identity else _with_query(f"{_ROOT}/s", opening[:2])
    return Address(text, fetch, same, "temporary", identity)


def _of_sogou(text: str, given: dict[str, str]) -> Address:
    """``new=1`` decides which template Sogou's link opens, so it is fetched but names nothing."""
    opening = [(name, given.get(name)) for name in ("src", "timestamp", "ver", "signature")]
    fetch = _with_query(f"{_ROOT}/s", [*opening, ("new", given.get("new"))])
    return Address(text, fetch, _with_query(f"{_ROOT}/s", opening), "temporary")


def _show(text: str, given: dict[str, str]) -> Address:
    biz, mid = _biz(given.get("__biz")), _digits(given.get("appmsgid")) or _digits(given.get("mid"))
    idx = _digits(given.get("itemidx")) or _digits(given.get("idx")) or "1"
    if not biz or not mid:
        raise NotAnAddress(
            mark("{text} has no __biz or appmsgid: copy the whole address", text=text), url=text
        )
    identity = Identity(biz, mid, idx)
    sign = _hex(given.get("sign")) or _hex(given.get("sn"))
    opening = [("__biz", biz), ("appmsgid", mid), ("itemidx", idx), ("sign", sign)]
    return Address(
        text,
        _with_query(f"{_ROOT}/mp/appmsg/show", opening),
        of_identity(identity),
        "show",
        identity,
    )


def _album(text: str, given: dict[str, str]) -> Address:
    album_id = _digits(given.get("album_id"))
    if not album_id:
        raise NotAnAddress(
            mark("{text} has no album_id: copy the whole address", text=text), url=text
        )
    opening = [("__biz", _biz(given.get("__biz"))), ("action", "getalbum"), ("album_id", album_id)]
    url = _with_query(f"{_ROOT}/mp/appmsgalbum", opening)
    return Address(text, url, url, "album", album_id=album_id)


def _nested(text: str, value: str, depth: int) -> Address:
    """The article that a captcha's or a checking page's address carries, plain or percent-encoded
    once or more.
    """
    if not re.match(r"https?:/", value, re.IGNORECASE):
        value = value.partition("&")[0]
        for _ in range(_DEEPEST_NESTING):
            value = unquote(value)
    inner = next(_candidates(value), None)
    if inner is None:
        raise NotAnAddress(
            mark("{text} leads to no article of {host}", text=text, host=HOST), url=text
        )
    found = _read(inner, depth + 1)
    return Address(text, found.fetch, found.canonical, found.form, found.identity, found.album_id)


def _other_page(path: str) -> str:
    if path == "/mp/homepage":
        return mark(
            "{root}{path} is an account's own list, which is not supported: give its "
            "articles or an album",
            root=_ROOT,
            path=path,
        )
    if path == "/mp/profile_ext":
        return mark(
            "{root}{path} is an account's history, which opens only inside WeChat: "
            "give its articles or an album",
            root=_ROOT,
            path=path,
        )
    if "captcha" in path or "verify" in path:
        return mark(
            "{root}{path} is a verification page that does not say for which article",
            root=_ROOT,
            path=path,
        )
    return mark("{root}{path} is neither an article nor an album", root=_ROOT, path=path)


def _split(text: str) -> tuple[str, str]:
    """Path without a slash at its end, and the query, of an address as found; ``("", "")`` where
    there is none.
    """
    if re.match(r"https?%", text, re.IGNORECASE):
        for _ in range(_DEEPEST_NESTING):
            text = unquote(text)
            if "://" in text:
                break
    text = _OUTSIDE().sub("", _unescape(text))
    _, *found = re.split(
        r"mp\.weixin\.qq\.com(?::\d+)?(?=[/?])", text, maxsplit=1, flags=re.IGNORECASE
    )
    rest = found[0] if found else ""
    nested = _NESTED().search(rest)
    if nested is None:
        rest = rest.partition("#")[0]
    path, _, query = rest.partition("?")
    path = re.sub(r"/{2,}", "/", unquote(path))
    if "&" in path and "?" not in rest:  # seen in hand-made lists: /s&__biz=…
        path, _, query = path.partition("&")
    return path.rstrip("/") or "/", query


def _unescape(text: str) -> str:
    """``&amp;``, ``\\x26amp;``, ``\\u0026`` and ``\\/`` undone, however deep; cut at an escaped
    quote or bracket.
    """
    text = _JS_ESCAPE().sub(lambda match: chr(int(match[1], 16)), text)
    text = re.sub(r"\\{1,8}/", "/", text)
    before = ""
    while before != text:
        before, text = text, _ENTITY().sub("&", text)
    return _END_ENTITY().sub("", text)


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if equals and name:
            yield unquote(name), value


def _with_query(path: str, parameters: Iterable[tuple[str, str | None]]) -> str:
    query = "&".join(f"{n}={_biz(v) if n == '__biz' else v}" for n, v in parameters if v)
    return f"{path}?{query}" if query else path


def _biz(value: str | None) -> str | None:
    """``MzI0…==`` from what is left of it: percent-encoded once or twice, or with its padding cut
    off.
    """
    for _ in range(_DEEPEST_NESTING):
        value = unquote(value) if value else value
    kept = re.match(r"[\w+/=-]+", value or "", re.ASCII)
    if not kept:
        return None
    bare = kept[0].rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    try:
        # Only a real one, the base64 of a number, is known to need its padding.
        return padded if binascii.a2b_base64(padded, strict_mode=True).isdigit() else kept[0]
    except (binascii.Error, ValueError):
        return kept[0]


def _digits(value: str | None) -> str | None:
    kept = re.match(r"[0-9]{1,24}", unquote(value or ""))
    return kept[0] if kept else None


def _hex(value: str | None) -> str | None:
    kept = re.match(r"[\w-]+", unquote(value or ""), re.ASCII)
    return kept[0] if kept else None


def _is_article_path(path: str) -> bool:
    host, tail = _host(path), re.sub(r"^https?://[^/]*", "", path)
    return host == HOST and bool(
        re.fullmatch(r"/s/?|/s/[\w-]+|/mp/appmsg/show|/mp/appmsgalbum", tail, re.ASCII)
    )


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _join(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def _private(name: str, host: str | None, query: str) -> bool:
    if name in _WECHAT_TOKENS:
        return True
    if host == HOST:
        return name in _READER or name in _TRACKING
    ours = host is not None and (host.endswith(".qq.com") or host == "qq.com")
    return name in _READER and (ours or _has_token(query))


def _has_token(query: str) -> bool:
    return any(name in _WECHAT_TOKENS for name, _ in _parameters(query))
