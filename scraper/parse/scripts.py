"""``var X = …``, ``window.X = …`` and ``d.X = …`` of a page's inline scripts, as literals.

This is where pages of 2014–2021 keep what cgiDataNew holds today. Only assignments inside
``<script>`` elements count, never an article's text; a right side that takes its value from a name
(template code such as ``var biz = opt.biz || window.biz``) is no answer, so the search goes on with
the next assignment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, cast

from scraper.parse.literal import Literal, Malformed, closing, read, unescape
from scraper.patterns import lazy

#: Data scripts have 2–150 KB on real pages; the libraries of 2022 on have up to 1.4 MB and are not
#: read.
_LARGEST: Final = 400_000
#: The scripts that hold an article's data had 1–10 KB until 2021, 23 KB since; libraries 11 KB and
#: more.
_SIZES: Final = (10_500, 65_000, _LARGEST)
#: What the article's data has, one of each line (``var title`` is the account's, in a library too).
_ANCHORS: Final = (("msg_title", "title", "itemShowType"), ("ct", "publish_time", "user_name"))
#: What stands in scripts of 20–250 KB on pages of 2021–2026, beside their libraries.
_IN_LARGE: Final = frozenset(
    (
        *(
            "TextContentNoEncode",
            "ContentNoEncode",
            "videoContentNoEncode",
            "itemShowType",
            "picture_page_info_list",
        ),
        *(
            "ip_wording",
            "videoPageInfos",
            "ct",
            "msg_title",
            "nickname",
            "user_name",
            "msg_link",
            "comment_id",
        ),
    )
)
#: Assignments of one name that are tried before it counts as absent (up to 9 seen: code after the
#: data).
_TRIES: Final = 16
_VALUE = rb"([A-Za-z_]\w*+)\s*+=(?!=)\s*+"
#: One pattern for each form, which begins with its literal: five times as fast as their
#: alternatives in one.
_VAR = re.compile(rb"var(?<![\w$.]var)\s++" + _VALUE)
_WINDOW = re.compile(rb"window\.(?<![\w$.]window\.)(cgiData\.)?+" + _VALUE)
_DATA = lazy(rb"(?:cgiData|_g|d)\.(?<![\w$.]cgiData\.)(?<![\w$.]_g\.)(?<![\w$.]d\.)" + _VALUE)
_ASSIGNED = re.compile(rb"\s*+=(?!=)\s*+")
#: What stands before a name that is assigned: searched for in the bytes before it.
_FORM = re.compile(rb"(?<![\w$.])(?:(var\s+)|window\.)\Z")
_WRITES = re.compile(rb"(?:document\.write\(\s*|\bvar\s+(?:content|desc|text)\s*=\s*)(['\"])")


class Scripts:
    """All assignments of a page's inline scripts, found in one pass and evaluated on demand."""

    __slots__ = ("_body", "_cache", "_elements", "_found", "_large", "_rest")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._elements: list[tuple[int, int, int]] | None = None
        self._found: dict[str, list[tuple[str, int]]] | None = None
        self._rest: list[tuple[int, int]] = []
        self._large: dict[str, list[tuple[str, int]]] = {}
        self._cache: dict[tuple[str, str, Callable[[Literal], object] | None], Literal] = {}

    def get(
        self,
        name: str,
        forms: str = "var window data",
        accept: Callable[[Literal], object] | None = None,
    ) -> Literal:
        """The first literal that is assigned to ``name``, not empty and, where asked, ``accept``ed;
        else None.

        ``forms``: ``var`` for ``var X``, ``window`` for ``window.X`` and ``data`` for ``d.X`` and
        ``cgiData.X``, the short names of the shared video and picture pages (2018–2021).
        """
        if name not in self._assignments() and name not in _IN_LARGE:
            return None
        key = (name, forms, accept)
        if key not in self._cache:
            self._cache[key] = self._first(name, forms, accept)
        return self._cache[key]

    def member(self, name: str, key: str) -> Literal:
        """``key`` of the first object that is assigned to ``name`` and has something there."""
        for _, start in self._known(name):
            try:
                value, _ = read(self._body, start)
            except Malformed:
                continue
            if isinstance(value, dict) and value.get(key):
                return value[key]
        return None

    def property(self, key: str) -> Literal:
        """The first literal after ``key:`` or ``key =`` anywhere in a data script; for names that
        nothing else has.
        """
        pattern = re.compile(
            rb"(?<![\w$.])"
            + re.escape(key.encode())
            + rb"['\"]?\s*[:=](?!=)\s*(?=['\"]|htmlDecode\(|trim\()"
        )
        for _, begin, end in self._inline():
            if end - begin <= _LARGEST:
                for match in pattern.finditer(self._body, begin, end):
                    try:
                        value, _ = read(self._body, match.end(), lenient=True)
                    except Malformed:
                        continue
                    if value:
                        return value
        return None

    def has(self, name: str) -> bool:
        """Whether any script assigns to ``name`` at all."""
        return name in self._assignments()

    def tags(self) -> Iterator[bytes]:
        """The start tag of each ``<script>`` element."""
        return (self._body[at:begin] for at, begin, _ in self._inline())

    def _inline(self) -> list[tuple[int, int, int]]:
        if self._elements is None:
            self._elements = list(inline_scripts(self._body))
        return self._elements

    def _first(self, name: str, forms: str, accept: Callable[[Literal], object] | None) -> Literal:
        for form, start in self._known(name):
            if form not in forms:
                continue
            try:
                value, _ = read(self._body, start)
            except Malformed:
                continue
            if (
                value not in (None, "", 0, [], {})
                and value is not False
                and (accept is None or accept(value))
            ):
                return value
        return None

    def _assignments(self) -> dict[str, list[tuple[str, int]]]:
        if self._found is None:
            self._found = {}
            self._rest = [
                (begin, end) for _, begin, end in self._inline() if end - begin <= _LARGEST
            ]
            # Where the smaller scripts hold the article's data, the others are libraries, ten times
            # as long.
            for size in _SIZES:
                self._index(script for script in self._rest if script[1] - script[0] <= size)
                self._rest = [script for script in self._rest if script[1] - script[0] > size]
                if all(any(self._holds(name) for name in names) for names in _ANCHORS):
                    break
        return self._found

    def _holds(self, name: str) -> bool:
        found = cast("dict[str, list[tuple[str, int]]]", self._found)
        return any(form != "var" or name != "title" for form, _ in found.get(name, ()))

    def _known(self, name: str) -> Iterator[tuple[str, int]]:
        """The assignments to a name, then those in the large scripts where it is one that stands
        there.
        """
        yield from self._assignments().get(name, [])[:_TRIES]
        if name in _IN_LARGE:
            if name not in self._large:  # a name is asked for in one form after the other
                self._large[name] = list(self._in_large(name.encode()))
            yield from self._large[name]

    def _in_large(self, sought: bytes) -> Iterator[tuple[str, int]]:
        for begin, end in self._rest:
            at = self._body.find(sought, begin, end)
            while at >= 0:
                assigned = _ASSIGNED.match(self._body, at + len(sought))
                form = _FORM.search(self._body, max(begin, at - 12), at) if assigned else None
                if assigned and form:
                    yield "var" if form[1] else "window", assigned.end()
                at = self._body.find(sought, at + 1, end)

    def _index(self, scripts: Iterable[tuple[int, int]]) -> None:
        found = cast("dict[str, list[tuple[str, int]]]", self._found)
        for begin, end in scripts:
            for match in _VAR.finditer(self._body, begin, end):
                found.setdefault(match[1].decode("ascii"), []).append(("var", match.end()))
            for match in _WINDOW.finditer(self._body, begin, end):
                form = "data" if match[1] else "window"
                found.setdefault(match[2].decode("ascii"), []).append((form, match.end()))
            # `d.X` is one letter before a dot, which libraries have everywhere; the data has
            # cgiData beside it.
            if self._body.find(b"cgiData", begin, end) >= 0:
                for match in _DATA().finditer(self._body, begin, end):
                    found.setdefault(match[1].decode("ascii"), []).append(("data", match.end()))


def written(script: str) -> str | None:
    """The text that a small script inside the body shows: ``document.write("…")`` or ``var content
    = "…"``.
    """
    data = script.encode("utf-8", "replace")
    for match in _WRITES.finditer(data):
        start = match.end()
        try:
            text = unescape(data[start : closing(data, start, match[1])]).decode("utf-8", "replace")
        except Malformed:
            continue
        if text.strip():
            return text
    return None


def inline_scripts(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each ``<script>`` element, its text, and the end of that begin."""
    at = body.find(b"<script")
    while at >= 0:
        begin = body.find(b">", at) + 1
        if not begin:
            return
        end = body.find(b"</script", begin)
        if end < 0:
            end = len(body)
        yield at, begin, end
        at = body.find(b"<script", end)
