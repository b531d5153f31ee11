r"""The page's data in any other writing than the usual one: ``scraper.parse.cgidata`` comes here when that fails.

WeChat writes ``window.cgiDataNew = { title: JsDecode('…'), … }`` with single quotes and nothing behind it. A template
that changes may use other quotes, ``var`` or ``let``, ``JSON.parse('…')``, another name, or go on in the same script.
So: any assignment to that name, else any object literal in a script that has the shape of an article's data
(``title``, ``nick_name`` and four more of its names). Each member is read for itself, so that one which nobody can
read costs nobody else. Slower than the usual way (30 ms on a page of 3 MB), and asked only where that finds nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Final, Generic, TypeVar
from urllib.parse import unquote

from scraper.parse.literal import Literal, Malformed, closing, read, unescape
from scraper.patterns import lazy

#: What an article's data is known by, seen at its top level on all pages of 2022–2026.
SHAPE: Final = frozenset(
    (
        *("title", "nick_name", "user_name", "author", "desc", "link", "cdn_url", "alias"),
        *("content_noencode", "text_page_info", "picture_page_info_list", "item_show_type"),
        *("ori_create_time", "create_time", "bizuin", "mid", "idx", "sn", "copyright_info"),
        *("source_url", "comment_id", "signature", "lang", "svr_time"),
    )
)
_NEEDED: Final = frozenset(("title", "nick_name"))
#: So many of the names make an object the data; an entry of a list (``ainfos``) has up to five of
#: them.
_ENOUGH: Final = 7
_CONTENTS: Final = (b"content_noencode", b"text_page_info", b"picture_page_info_list")
#: Bytes that all the tries on one page may step through.
_BUDGET: Final = 24 << 20
_MOST_STARTS: Final = 4_000

_SCRIPT = lazy(rb"<script\b[^>]*>", re.I)
_SCRIPT_END = lazy(rb"</script", re.I)
#: What may stand before a value: blanks and comments.
_GAP: Final = rb"(?:\s++|/\*(?:[^*]|\*(?!/))*+\*/|//[^\n]*+\n)*+"
_NAMED = lazy(
    rb"cgiDataNew[\"'\]]*+\s*+(?:=(?!=)|:)%(gap)s(?:[\w$.]++\s*+=(?!=)\s*+)*+"
    rb"(?:[\w$.]++\s*+\(%(gap)s)*+(?=[{'\"`])" % {b"gap": _GAP}
)
_START = lazy(
    rb"[=(:,>?&|\[]%(gap)s(?=\{)|JSON\.parse\(%(gap)s(?=['\"`])|(?:return|\A)%(gap)s(?=\{)"
    % {b"gap": _GAP}
)
_TOKEN = lazy(
    rb"'(?:[^'\\]++|\\.)*+'|\"(?:[^\"\\]++|\\.)*+\"|`(?:[^`\\]++|\\.)*+`"
    rb"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|[{}\[\]():,]|[A-Za-z_$][\w$]*+",
    re.S,
)
_OPENING: Final = frozenset((b"{", b"[", b"("))
_CLOSING: Final = frozenset((b"}", b"]", b")"))
_QUOTES: Final = frozenset(b"'\"`")
_BASE64 = lazy(rb"[A-Za-z0-9+/\s]{64,}={0,2}\s*\Z")


Place = TypeVar("Place")


class ReadOnDemand(Generic[Place]):
    """The top-level names of an object in a page, and where each value stands; a value is read once,
    when it is asked for.
    """

    __slots__ = ("_cache", "places")

    def __init__(self, found: dict[str, Place]) -> None:
        self.places = found
        self._cache: dict[str, Literal] = {}

    def __contains__(self, key: str) -> bool:
        return key in self.places

    def keys(self) -> tuple[str, ...]:
        """The names of the top level, in the page's order."""
        return tuple(self.places)

    def get(self, key: str) -> Literal:
        """The value of a top-level key; ``None`` where it is absent or cannot be read."""
        if key not in self._cache:
            self._cache[key] = self._read(key)
        return self._cache[key]

    def _read(self, key: str) -> Literal:
        raise NotImplementedError


class LooseData(ReadOnDemand[int]):
    """The members of one object literal, each evaluated when it is asked for."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes, found: dict[str, int]) -> None:
        super().__init__(found)
        self._data = data

    def html(self, key: str) -> bytes | None:
        """A string value as UTF-8 bytes."""
        value = self._literal(key, as_bytes=True)
        return value if isinstance(value, bytes) else None

    def _read(self, key: str) -> Literal:
        value = self._literal(key, as_bytes=False)
        return "" if isinstance(value, bytes) else value

    def _literal(self, key: str, *, as_bytes: bool) -> Literal:
        if key not in self.places:
            return None
        try:
            return read(self._data, self.places[key], as_bytes=as_bytes, lenient=True)[0]
        except Malformed:
            return None


class JsonData:
    """The same of a parsed JSON object."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Literal]) -> None:
        self._values = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> tuple[str, ...]:
        """The names of the top level, in the page's order."""
        return tuple(self._values)

    def get(self, key: str) -> Literal:
        """The value of a top-level key; ``None`` where it is absent."""
        return self._values.get(key)

    def html(self, key: str) -> bytes | None:
        """A string value as UTF-8 bytes."""
        value = self._values.get(key)
        return value.encode("utf-8", "replace") if isinstance(value, str) else None


def find(body: bytes) -> LooseData | JsonData | None:
    """The data of a page whose ``cgiDataNew`` is missing or not in its usual writing; ``None`` for
    a page without.
    """
    if b"nick_name" not in body or not any(name in body for name in _CONTENTS):
        return None
    scripts = [(begin, end) for begin, end in _scripts(body) if _may_hold(body, begin, end)]
    for begin, end in scripts:
        for named in _NAMED().finditer(body, begin, end):
            found, _ = _at(body, named.end(), end)
            if found is not None and "title" in found:
                return found
    return _of_the_shape(body, scripts)


def answer(body: bytes) -> JsonData | None:
    """The JSON answer of an article's address (``f=json``, seen 2023–2026), which has what
    ``cgiDataNew`` has.
    """
    found = _json(body)
    return found if found is not None and "title" in found and "nick_name" in found else None


def _scripts(body: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while (opening := _SCRIPT().search(body, at)) is not None:
        ending = _SCRIPT_END().search(body, opening.end())
        at = ending.start() if ending else len(body)
        yield opening.end(), at


def _may_hold(body: bytes, begin: int, end: int) -> bool:
    return body.find(b"nick_name", begin, end) >= 0 and any(
        body.find(name, begin, end) >= 0 for name in _CONTENTS
    )


def _of_the_shape(body: bytes, scripts: list[tuple[int, int]]) -> LooseData | JsonData | None:
    """The object with most of the names of an article's data, if it has enough of them."""
    best: LooseData | JsonData | None = None
    most, spent = _ENOUGH - 1, 0
    for begin, end in scripts:
        for tried, start in enumerate(_START().finditer(body, begin, end)):
            if tried > _MOST_STARTS or spent > _BUDGET:
                break
            found, stop = _at(body, start.end(), end)
            spent += stop - start.start()
            if found is None or not all(name in found for name in _NEEDED):
                continue
            count = len(SHAPE.intersection(found.keys()))
            if count > most:
                best, most = found, count
    return best


def _at(body: bytes, at: int, end: int) -> tuple[LooseData | JsonData | None, int]:
    """The object, or the JSON in the string, that begins at ``at``, and where looking for its end
    has stopped.
    """
    if body[at] == 0x7B:
        members, stop = _members(body, at, end)
        return (LooseData(body, members) if members else None), stop
    if body[at] not in _QUOTES:
        return None, at
    try:
        stop = closing(body, at + 1, body[at : at + 1])
    except Malformed:
        return None, len(body)
    return _json(unescape(body[at + 1 : stop])), stop


def _json(text: bytes) -> JsonData | None:
    """JSON as it stands, percent-encoded, or in base64."""
    if text[:3].upper() == b"%7B":
        text = unquote(text.decode("ascii", "replace")).encode()
    elif _BASE64().match(text):
        try:
            text = base64.b64decode(text)
        except (binascii.Error, ValueError):
            return None
    if text.lstrip()[:1] != b"{":
        return None
    try:
        values = json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return JsonData(values) if isinstance(values, dict) else None


def _members(body: bytes, start: int, end: int) -> tuple[dict[str, int], int]:
    """The names at depth one of an object → where their values begin (none if it never closes), and
    its end.
    """
    found: dict[str, int] = {}
    depth = 0
    name: bytes | None = None
    expecting = False
    for token in _TOKEN().finditer(body, start, end):
        text = token[0]
        if text in _OPENING:
            depth += 1
            expecting = depth == 1
        elif text in _CLOSING:
            depth -= 1
            if depth == 0:
                return found, token.end()
            expecting = False
        elif depth == 1:
            if text == b",":
                expecting, name = True, None
            elif text == b":" and name is not None:
                found.setdefault(_key(name), token.end())
                expecting, name = False, None
            elif expecting and text[:1] not in b"/:":
                expecting, name = False, text
    return {}, end


def _key(name: bytes) -> str:
    return (unescape(name[1:-1]) if name[0] in _QUOTES else name).decode("utf-8", "replace")
