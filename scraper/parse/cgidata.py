"""``window.cgiDataNew``, the page's own data on every page since about 2022: cut out and indexed,
read on demand.

The object stands in one inline ``<script … h5only …>``; its some 140 keys and the body are 13–620
KB of a page of 2–4 MB. Strings carry every ``'`` and ``<`` as an escape, so one ``split`` at the
quotes separates code from text, the code (20 KB, mostly blanks) says where everything stands, and
the first ``</script`` ends it. Only keys that are asked for are evaluated: the usual forms by
``json`` (a hundred times faster than stepping through them), any other form of the grammar by
``scraper.parse.literal``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate, zip_longest
from typing import Final, Protocol, cast

from scraper.parse import loose
from scraper.parse.literal import Literal, Malformed, js_decode, number, read, unescape

_NAME: Final = b"window.cgiDataNew"
_END: Final = b"</script"
_ASSIGNED = re.compile(rb"\s*=\s*(?=\{)")
_TAG = re.compile(rb"<script\b[^<>]*>", re.I)
#: How far before the name its ``<script`` tag may stand: 520 bytes with the definition of JsDecode
#: on real pages.
_LEAD: Final = 4096


def _balanced(depth: int) -> bytes:
    """A pattern for one array or object of at most ``depth`` levels, read without any
    backtracking.
    """
    inner = rb"[^{}\[\]]*+"
    pattern = rb"[{\[]" + inner + rb"[}\]]"
    for _ in range(depth - 1):
        pattern = rb"[{\[]" + inner + rb"(?>" + pattern + inner + rb")*+[}\]]"
    return pattern


#: A member of the top level with its array or object (real ones have up to 7 levels), or any other
#: brace.
_MEMBER = re.compile(rb"[,{]([A-Za-z_$][\w$]*+):((?>" + _balanced(8) + rb"))?+|[{}\[\]]")

# The forms of a value, in code without blanks and its strings cut down to one quote each.
_STRING = re.compile(rb"(JsDecode\('\)|')(\*1)?[,}]")
#: What becomes which digit.
_FORMS: Final = (
    (b"'==='?1:0", b"2"),
    (b"'=='?1:0", b"2"),
    (b"'||'", b"3"),
    (b"'*1", b"1"),
    (b"'", b"0"),
)
_KEY = re.compile(rb"(?<=[{,])(?=[A-Za-z_$])")
_BARE_NUMBER = re.compile(rb"[:,\[][-.\d]")


class PageData(Protocol):
    """The top level of the page's data: what stands there, evaluated on demand."""

    def __contains__(self, key: str) -> bool: ...
    def keys(self) -> tuple[str, ...]:
        """The names, in the page's order."""

    def get(self, key: str) -> Literal:
        """A value; ``None`` where it is absent or cannot be read."""

    def html(self, key: str) -> bytes | None:
        """A string value as UTF-8 bytes."""


class CgiData(loose.ReadOnDemand[re.Match[bytes]]):
    """The top level of one ``cgiDataNew``: the ``_MEMBER`` of each name. Nothing is evaluated before
    it is asked for.
    """

    __slots__ = ("_code", "_strings", "_whole")

    def __init__(
        self, code: bytes, strings: list[bytes], found: dict[str, re.Match[bytes]]
    ) -> None:
        super().__init__(found)
        self._code = code
        self._strings = strings
        self._whole: tuple[bytes, list[int]] | None = None

    def html(self, key: str) -> bytes | None:
        """A string value as UTF-8 bytes, which lxml reads three times faster than ``str``."""
        if key not in self.places:
            return None
        start = self._start(key)
        form = _STRING.match(self._code, start)
        if form is not None and form[2] is None:
            return self._plain(form[1], self._strings[self._code.count(b"'", 0, start)])
        value = self._slow(key, as_bytes=True)
        return value if isinstance(value, bytes) else None

    def _read(self, key: str) -> Literal:
        if key not in self.places:
            return None
        start, nested = self._start(key), self.places[key][2]
        if nested in (b"[]", b"{}"):  # half of them
            return [] if nested == b"[]" else {}
        if nested:
            try:
                return self._nested(nested, self._code.count(b"'", 0, start))
            except (ValueError, StopIteration, RecursionError):
                return self._slow(key, as_bytes=False)
        form = _STRING.match(self._code, start)
        if form is None:
            return self._slow(key, as_bytes=False)
        text = self._plain(form[1], self._strings[self._code.count(b"'", 0, start)]).decode(
            "utf-8", "replace"
        )
        return number(text) if form[2] else text

    def _start(self, key: str) -> int:
        """Where in the code a value begins: behind the colon."""
        return self.places[key].end(1) + 1

    def _plain(self, form: bytes, raw: bytes) -> bytes:
        text = unescape(raw)
        return js_decode(text) if len(form) > 1 else text

    def _nested(self, code: bytes, first: int) -> Literal:
        """An array or object by way of JSON: each string stands there as a digit that says how to
        take it.
        """
        if _BARE_NUMBER.search(code):
            raise ValueError("a digit of its own")
        called = b"JsDecode" in code
        if called:
            code = code.replace(b"JsDecode(')", b"'")
        for form, digit in _FORMS:
            code = code.replace(form, digit)
        code = _KEY.sub(b'"', code.replace(b",}", b"}").replace(b",]", b"]")).replace(b":", b'":')
        strings = self._taken(first, called)

        def take(form: str) -> Literal:
            value = next(strings)
            if form == "0":
                return value
            if form == "1":
                return number(value)
            if form == "2":
                return int(value == next(strings))
            if form == "3":
                return value or next(strings)
            raise ValueError("a number that is none of these")

        # Not as bytes: guessing their encoding takes as long as reading them.
        return cast("Literal", json.loads(code.decode(), parse_int=take))

    def _taken(self, first: int, called: bool) -> Iterator[str]:
        strings = self._strings
        for at in range(first, len(strings)):
            raw = strings[at]
            if b"\\" in raw:
                raw = unescape(raw)
                if called:
                    raw = js_decode(raw)
            yield raw.decode("utf-8", "replace")

    def _slow(self, key: str, *, as_bytes: bool) -> Literal:
        start = self._start(key)
        if self._whole is None:
            # The strings back in their places, and how far each has moved what stands behind it.
            between = self._code.split(b"'")
            joined = b"'".join(
                piece
                for pair in zip_longest(between, self._strings)
                for piece in pair
                if piece is not None
            )
            self._whole = (
                joined,
                list(accumulate((len(text) + 1 for text in self._strings), initial=0)),
            )
        data, offsets = self._whole
        at = start + offsets[self._code.count(b"'", 0, start)]
        try:
            return read(data, at, as_bytes=as_bytes, lenient=True)[0]
        except Malformed:
            return None


def find(body: bytes) -> PageData | None:
    """The page's own data; ``None`` where the page has none or a broken one."""
    if (
        body[:64].lstrip()[:1] == b"{"
    ):  # the answer to ``?f=json``: the same members, nothing around them
        return loose.answer(body)
    found = usual(body)
    if found is not None and "title" in found:
        return found
    # In another writing; or its title has another name, and then no other object says more.
    other = loose.find(body)
    return (
        other if found is None or (other is not None and _names(other) > _names(found)) else found
    )


def _names(data: PageData) -> int:
    return len(loose.SHAPE.intersection(data.keys()))


def usual(body: bytes) -> CgiData | None:
    """The page's ``cgiDataNew`` in the writing of 2022–2026; ``None`` where it is absent or in
    another.

    An assignment inside an article's text never matches: text escapes its ``<``, so no script tag
    stands before it.
    """
    for begin, end in _stretches(len(body)):
        at = body.find(_NAME, begin, end)
        while at >= 0:
            assigned = _ASSIGNED.match(body, at + len(_NAME))
            if assigned and _in_script(body, at):
                return _index(body, assigned.end())
            at = body.find(_NAME, at + len(_NAME), end)
    return None


#: Where the object stands, in hundredths of a page in the order of likelihood: at 7.6–13.2 (2022,
#: 2026-03 on) or 79.2–86.5 of 40 real pages.
_STRETCHES: Final = ((7, 14), (79, 87), (0, 7), (14, 79), (87, 100))


def _stretches(size: int) -> Iterator[tuple[int, int]]:
    if size < 1 << 17:
        yield 0, size
        return
    for begin, end in _STRETCHES:
        yield max(0, size * begin // 100 - len(_NAME)), size * end // 100


def _in_script(body: bytes, at: int) -> bool:
    lead = body.rfind(b"<script", max(0, at - _LEAD), at)
    if lead < 0:
        return False
    tag = _TAG.match(body, lead, at)
    return tag is not None and b"</script" not in body[lead:at]


def _index(body: bytes, start: int) -> CgiData | None:
    # Strings carry their `<` as an escape, so the first one is that of the end; to look for one byte
    # takes a tenth of looking for the word.
    stop = body.find(b"<", start)
    if stop >= 0 and not body.startswith(_END, stop):
        stop = body.find(_END, stop)
    data = body[start : stop if stop >= 0 else len(body)]
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    pieces = _rejoin(data.split(b"'"))
    code = b"'".join(pieces[::2]).translate(None, b" \t\r\n")
    if b'"' in code or b"`" in code:
        return None  # no page has been seen with other quotes here: `loose` reads any
    found = _top_level(code)
    return CgiData(code, pieces[1::2], found) if found is not None else None


def _rejoin(pieces: list[bytes]) -> list[bytes]:
    r"""Pieces of a split at ``'`` put together again where the quote was an escaped ``\'``."""
    if not [text for text in pieces[1::2] if text.endswith(b"\\")]:  # quicker than ``any``
        return pieces
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


def _top_level(code: bytes) -> dict[str, re.Match[bytes]] | None:
    """The members of depth one by their names; ``None`` if the object never closes."""
    found: dict[str, re.Match[bytes]] = {}
    for member in _MEMBER.finditer(code):
        name = member[1]
        if name is not None:
            found.setdefault(name.decode("ascii"), member)
        elif member[0] == b"}":
            return found
        elif found or member[0] != b"{":
            return (
                None  # an array or object that is no member's value, or too deep: not this grammar
            )
    return None
