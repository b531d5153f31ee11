"""``window.cgiDataNew``, the page's own data on every page since about 2022: cut out and indexed, read on demand.

The object stands in one inline ``<script … h5only …>``; its some 140 keys and the body are 13–620 KB of a page of
2–4 MB. Strings carry every ``'`` and ``<`` as an escape, so one ``split`` at the quotes separates code from text
and the first ``</script`` ends the script. Only keys that are asked for are evaluated.
"""

from __future__ import annotations

import re
from itertools import accumulate
from operator import methodcaller
from typing import Final

from scraper.literal import Literal, Malformed, read

_NAME: Final = b"cgiDataNew"
_ASSIGNED = re.compile(rb"\s*=\s*(?=\{)")


def _balanced(depth: int) -> bytes:
    """A pattern for one array or object of at most ``depth`` levels, read without any backtracking."""
    inner = rb"[^{}\[\]]*+"
    pattern = rb"[{\[]" + inner + rb"[}\]]"
    for _ in range(depth - 1):
        pattern = rb"[{\[]" + inner + rb"(?>" + pattern + inner + rb")*+[}\]]"
    return pattern


#: A member of the top level, its array or object included (real ones have up to 7 levels), or any other brace.
_MEMBER = re.compile(rb"[,{]\s*+([A-Za-z_$][\w$]*+)\s*+:(?:\s*+(?>" + _balanced(8) + rb"))?+|[{}\[\]]")
_ESCAPING = methodcaller("endswith", b"\\")
_TAG = re.compile(rb"<script\b[^<>]*>", re.I)
#: How far before the name its ``<script`` tag may stand: 520 bytes with the definition of JsDecode on real pages.
_LEAD: Final = 4096


class CgiData:
    """The top level of one ``cgiDataNew``: where each value stands. Nothing is evaluated before it is asked for."""

    __slots__ = ("_cache", "_data", "_starts")

    def __init__(self, data: bytes, starts: dict[str, int]) -> None:
        self._data = data
        self._starts = starts
        self._cache: dict[str, Literal] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._starts

    def keys(self) -> tuple[str, ...]:
        """The names of the top level, in the page's order."""
        return tuple(self._starts)

    def get(self, key: str) -> Literal:
        """The value of a top-level key; ``None`` where it is absent or not in the grammar."""
        if key not in self._cache:
            self._cache[key] = self._read(key, as_bytes=False)
        return self._cache[key]

    def html(self, key: str) -> bytes | None:
        """A string value as UTF-8 bytes, which lxml reads three times faster than ``str``."""
        value = self._read(key, as_bytes=True)
        return value if isinstance(value, bytes) else None

    def _read(self, key: str, *, as_bytes: bool) -> Literal:
        start = self._starts.get(key)
        if start is None:
            return None
        try:
            return read(self._data, start, as_bytes=as_bytes)[0]
        except Malformed:
            return None


def find(body: bytes) -> CgiData | None:
    """The page's ``cgiDataNew``; ``None`` where the page has none or a broken one.

    An assignment inside an article's text never matches: text escapes its ``<``, so no script tag stands before it.
    """
    at = body.find(_NAME)
    while at >= 0:
        assigned = _ASSIGNED.match(body, at + len(_NAME))
        if assigned and body[max(0, at - 7) : at] == b"window." and _in_script(body, at):
            return _index(body, assigned.end())
        at = body.find(_NAME, at + len(_NAME))
    return None


def _in_script(body: bytes, at: int) -> bool:
    lead = body.rfind(b"<script", max(0, at - _LEAD), at)
    if lead < 0:
        return False
    tag = _TAG.match(body, lead, at)
    return tag is not None and b"</script" not in body[lead:at]


def _index(body: bytes, start: int) -> CgiData | None:
    stop = body.find(b"</script", start)
    data = body[start : stop if stop >= 0 else len(body)]
    pieces = data.split(b"'")
    if any(map(_ESCAPING, pieces)):
        pieces = _rejoin(pieces)
    code = b"'".join(pieces[::2])
    if b'"' in code:
        return None  # no page has been seen with double quotes here; the DOM then says what there is
    found = _top_level(code)
    if found is None:
        return None
    # Back from positions in `code` to positions in `data`: each string before adds its length and one quote.
    offsets = list(accumulate((len(text) + 1 for text in pieces[1::2]), initial=0))
    starts: dict[str, int] = {}
    quotes = last = 0
    for name, at in found:
        quotes += code.count(b"'", last, at)
        last = at
        # The position is that of the end of the name; the value stands behind the colon.
        starts.setdefault(name, data.find(b":", at + offsets[quotes]) + 1)
    return CgiData(data, starts)


def _rejoin(pieces: list[bytes]) -> list[bytes]:
    r"""Pieces of a split at ``'`` put together again where the quote was an escaped ``\'``."""
    found = [pieces[0]]
    at, last = 1, len(pieces)
    while at < last:
        begin = at
        while at + 1 < last and _escapes_next(pieces[at]):
            at += 1
        found.append(b"'".join(pieces[begin : at + 1]))
        if at + 1 < last:
            found.append(pieces[at + 1])
        at += 2
    return found


def _escapes_next(piece: bytes) -> bool:
    return (len(piece) - len(piece.rstrip(b"\\"))) % 2 == 1


def _top_level(code: bytes) -> list[tuple[str, int]] | None:
    """Names of depth one and where their values begin in ``code``; ``None`` if the object never closes."""
    found: list[tuple[str, int]] = []
    members = _MEMBER.finditer(code)
    for member in members:
        name = member[1]
        if name is not None:
            found.append((name.decode("ascii"), member.end(1)))
        elif member[0] == b"}":
            return found
        elif found or member[0] != b"{":
            return None  # an array or object that is no member's value, or too deep: not this grammar
    return None
