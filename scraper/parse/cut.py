"""Cuts one element out of a page's bytes by counting its own tag, so that a body need not be parsed
twice.

What a browser does with ``</div>`` is the same: whatever else is open inside, it closes the nearest
``<div>``. Scripts and comments are stepped over. Linear, whatever the nesting (libxml2 gives up at
2,048 levels).
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def element(page: bytes, id_: str) -> tuple[int, int, int, int] | None:
    """``(start, inner start, inner end, end)`` of the first element with this id outside scripts;
    None for none.

    An element that never closes ends with the page.
    """
    name = id_.encode()
    at = page.find(name)
    while at >= 0:
        attribute = _ID.search(page, max(0, at - 12), at)
        if attribute is not None and page[at + len(name) : at + len(name) + 1] in _ENDS:
            start = page.rfind(b"<", 0, at)
            opening = _OPENING.match(page, start) if start >= 0 else None
            if opening is not None and opening.end() > at and not _in_script(page, start):
                inner_end, end = _closing(page, opening.end(), opening[1].lower())
                return start, opening.end(), inner_end, end
        at = page.find(name, at + 1)
    return None


def without_code(page: bytes, begin: int, end: int, scripts: Mapping[int, int]) -> bytes:
    """The page from ``begin`` to ``end`` with its scripts and styles emptied. Linear.

    ``scripts``: where the inside of each script begins, and where it ends.
    """
    parts: list[bytes] = []
    at = begin
    while (tag := _CODE.search(page, at, end)) is not None:
        inside = page.find(b">", tag.end(), end) + 1
        closing = b"</" + tag[1]
        code_end = scripts.get(inside) or page.find(closing, inside, end)
        if not inside or not 0 <= code_end <= end - len(closing):
            parts.append(page[at : tag.start()])
            break
        parts.append(page[at:inside])
        at = code_end
    else:
        parts.append(page[at:end])
    return b"".join(parts)


_ID = re.compile(rb"(?<![\w-])id\s*=\s*[\"']?\Z", re.I)
_ENDS = frozenset((b'"', b"'", b">", b" ", b"\n", b"\t", b"\r", b"/"))
_CODE = re.compile(rb"<(script|style)(?=[\s>])")
_OPENING = re.compile(rb"<([a-zA-Z][a-zA-Z0-9:-]*+)(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+>")
_TAG = {
    name: re.compile(rb"<(?:(!--)|(script)\b|(/?)%b(?=[\s/>]))" % name, re.I)
    for name in (b"div", b"section", b"article", b"p", b"main")
}


def _in_script(page: bytes, at: int) -> bool:
    opened = page.rfind(b"<script", 0, at)
    return opened >= 0 and page.find(b"</script", opened, at) < 0


def _closing(page: bytes, at: int, name: bytes) -> tuple[int, int]:
    pattern = _TAG.get(name) or re.compile(
        rb"<(?:(!--)|(script)\b|(/?)%b(?=[\s/>]))" % re.escape(name), re.I
    )
    depth = 1
    size = len(page)
    while True:
        tag = pattern.search(page, at)
        if tag is None:
            return size, size
        at = tag.end()
        if tag[1] or tag[2]:
            found = page.find(b"-->" if tag[1] else b"</script", at)
            if found < 0:
                return size, size
            at = found
        elif tag[3]:
            depth -= 1
            if depth == 0:
                end = page.find(b">", at)
                return tag.start(), end + 1 if end >= 0 else size
        else:
            depth += 1
