"""``var X = …``, ``window.X = …`` and ``d.X = …`` of a page's inline scripts, as literals.

This is where pages of 2014–2021 keep what cgiDataNew holds today. Only assignments inside
``<script>`` elements count, never an article's text; a right side that takes its value from a name
(template code such as ``var biz = opt.biz || window.biz``) is no answer, so the search goes on with
the next assignment.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from scraper.parse.literal import Literal, Malformed, closing, read, unescape
from scraper.patterns import lazy

#: Data scripts have 2–150 KB on real pages; the libraries of 2022 on have up to 1.4 MB and are not
#: read.
_LARGEST: Final = 400_000
#: The scripts that hold an article's data had 1–10 KB until 2021, 23 KB since; libraries 11 KB and
#: more.
_SIZES: Final = (10_500, 65_000, _LARGEST)
#: What the article's data has, one of each line (``var title`` is the account's, in a library too).
_ANCHORS: Final = (
    (b"msg_title", b"title", b"itemShowType"),
    (b"ct", b"publish_time", b"user_name"),
)
#: What stands in scripts of 20–250 KB on pages of 2021–2026, beside their libraries.
_IN_LARGE: Final = frozenset(
    (
        b"TextContentNoEncode",
        b"ContentNoEncode",
        b"videoContentNoEncode",
        b"itemShowType",
        b"picture_page_info_list",
        b"ip_wording",
        b"videoPageInfos",
        b"ct",
        b"msg_title",
        b"nickname",
        b"user_name",
        b"msg_link",
        b"comment_id",
    )
)
#: Assignments of one name that are tried before it counts as absent (up to 9 seen: code after the
#: data).
_TRIES: Final = 16
_VALUE = rb"([A-Za-z_]\w*+)\s*+=(?!=)\s*+"
#: One pattern for each form, which begins with its literal: five times as fast as their
#: alternatives in one.
_VAR = re.compile(rb"var(?<![\w$.]var)\s++" + _VALUE)
_WINDOW = re.compile(rb"window\.(?<![\w$.]window\.)(?P<data>cgiData\.)?+" + _VALUE)
_DATA = lazy(rb"(?:cgiData|_g|d)\.(?<![\w$.]cgiData\.)(?<![\w$.]_g\.)(?<![\w$.]d\.)" + _VALUE)
_ASSIGNED = re.compile(rb"\s*+=(?!=)\s*+")
#: What stands before a name that is assigned: searched for in the bytes before it.
_FORM = re.compile(rb"(?<![\w$.])(?:(var\s+)|window\.)\Z")
_WRITES = re.compile(rb"(?:document\.write\(\s*|\bvar\s+(?:content|desc|text)\s*=\s*)(['\"])")


class Scripts:
    """All assignments of a page's inline scripts, found in one pass and evaluated on demand."""

    __slots__ = ("_body", "_elements", "_found", "_large", "_rest", "_values", "insides")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._elements = list(inline_scripts(body))
        #: Where the inside of each script begins → where it ends.
        self.insides = {begin: end for _, begin, end in self._elements}
        #: Each name → its assignments, in the order of `_index`.
        self._found: defaultdict[bytes, list[re.Match[bytes]]] = defaultdict(list)
        self._large: dict[bytes, list[tuple[str, int]]] = {}
        #: Where a value begins → the value; one name is asked for in one form after the other.
        self._values: dict[int, Literal] = {}
        self._rest = [(begin, end) for _, begin, end in self._elements if end - begin <= _LARGEST]
        self._index_data()

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
        sought = name.encode()
        value = None
        if sought in self._found:
            value = self._first(map(_place, self._found[sought][:_TRIES]), forms, accept)
        if value is None and sought in _IN_LARGE and self._rest:
            value = self._first(self._in_large(sought), forms, accept)
        return value

    def member(self, name: str, key: str) -> Literal:
        """``key`` of the first object that is assigned to ``name`` and has something there."""
        for assigned in self._found.get(name.encode(), ())[:_TRIES]:
            value = self._value(assigned.end())
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
        for _, begin, end in self._elements:
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
        return name.encode() in self._found

    def tags(self) -> Iterator[bytes]:
        """The start tag of each ``<script>`` element."""
        return (self._body[at:begin] for at, begin, _ in self._elements)

    def _value(self, start: int) -> Literal:
        """The literal that begins there; None for anything else."""
        if start not in self._values:
            try:
                self._values[start], _ = read(self._body, start)
            except Malformed:
                self._values[start] = None
        return self._values[start]

    def _holds(self, name: bytes) -> bool:
        assigned = self._found.get(name, ())
        return any(name != b"title" or match.re is not _VAR for match in assigned)

    def _first(
        self,
        assigned: Iterable[tuple[str, int]],
        forms: str,
        accept: Callable[[Literal], object] | None,
    ) -> Literal:
        for form, start in assigned:
            if form not in forms:
                continue
            value = self._value(start)
            if value and (accept is None or accept(value)):
                return value
        return None

    def _in_large(self, sought: bytes) -> list[tuple[str, int]]:
        """The assignments to a name in the large scripts."""
        if sought not in self._large:  # a name is asked for in one form after the other
            self._large[sought] = [
                found for begin, end in self._rest for found in self._within(sought, begin, end)
            ]
        return self._large[sought]

    def _within(self, sought: bytes, begin: int, end: int) -> Iterator[tuple[str, int]]:
        at = self._body.find(sought, begin, end)
        while at >= 0:
            assigned = _ASSIGNED.match(self._body, at + len(sought))
            form = _FORM.search(self._body, max(begin, at - 12), at) if assigned else None
            if assigned and form:
                yield "var" if form[1] else "window", assigned.end()
            at = self._body.find(sought, at + 1, end)

    def _index_data(self) -> None:
        """Indexes the smaller scripts, and the others only where these do not hold the article's
        data: they are libraries, ten times as long.
        """
        for size in _SIZES:
            self._index(script for script in self._rest if script[1] - script[0] <= size)
            self._rest = [script for script in self._rest if script[1] - script[0] > size]
            if all(any(map(self._holds, names)) for names in _ANCHORS):
                return

    def _index(self, scripts: Iterable[tuple[int, int]]) -> None:
        found = self._found
        for begin, end in scripts:
            for match in _VAR.finditer(self._body, begin, end):
                found[match[1]].append(match)
            for match in _WINDOW.finditer(self._body, begin, end):
                found[match[2]].append(match)
            # `d.X` is one letter before a dot, which libraries have everywhere; the data has
            # cgiData beside it.
            if self._body.find(b"cgiData", begin, end) >= 0:
                for match in _DATA().finditer(self._body, begin, end):
                    found[match[1]].append(match)


def _place(assigned: re.Match[bytes]) -> tuple[str, int]:
    """The form of an assignment, and where its value begins."""
    if assigned.re is _VAR:
        return "var", assigned.end()
    is_window = assigned.re is _WINDOW and assigned["data"] is None
    return "window" if is_window else "data", assigned.end()


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
