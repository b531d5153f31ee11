"""What an inline ``style`` attribute says about the text in it: bold, italic, struck, hidden, a picture behind it.

WeChat articles carry all their looks in ``style``; a body repeats a handful of them thousands of times, so each is
read once and remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Style:
    """``None`` means the style says nothing and the surroundings decide."""

    bold: bool | None = None
    italic: bool | None = None
    struck: bool | None = None
    hidden: bool = False
    invisible: bool = False
    display: str | None = None
    preformatted: bool | None = None
    background: str | None = None


NOTHING = Style()
_INTERESTING = re.compile(r"font-weight|font-style|line-through|display|visibility|white-space|url\(|font\s*:", re.I)
_URL = re.compile(r"url\(\s*(?:&quot;|[\"'])?\s*(.*?)\s*(?:&quot;|[\"'])?\s*\)", re.I | re.S)
#: A style longer than this is not worth remembering (and may be a 1 MB attribute made to hurt).
_LONGEST_REMEMBERED = 2_000

#: Semicolons in one address (``data:image/png;base64``), and how long an address can be.
_MOST_JOINED = 6
_LONGEST_ADDRESS = 4_000


def read(style: str | None) -> Style:
    """The ``Style`` of a ``style`` attribute's text."""
    if not style:
        return NOTHING
    if len(style) > _LONGEST_REMEMBERED:
        return _parse(style)
    return _remembered(style)


def _parse(style: str) -> Style:
    if not _INTERESTING.search(style):
        return NOTHING
    bold = italic = struck = preformatted = None
    hidden = invisible = False
    display = background = None
    for name, value in _declarations(style):
        if name == "font-weight":
            bold = _is_bold(value)
        elif name == "font-style":
            italic = value.startswith(("italic", "oblique"))
        elif name == "font":
            bold = True if "bold" in value.split() else bold
        elif name.startswith("text-decoration"):
            struck = True if "line-through" in value else None
        elif name == "display":
            display = value
            hidden = value == "none"
        elif name == "visibility":
            invisible = value in ("hidden", "collapse")
        elif name == "white-space":
            preformatted = value.startswith(("pre", "break-spaces"))
        elif name in ("background", "background-image"):
            match = _URL.search(value[:_LONGEST_ADDRESS])
            background = match[1] if match else background
    return Style(bold, italic, struck, hidden, invisible, display, preformatted, background)


_remembered = lru_cache(maxsize=8_192)(_parse)


def _declarations(style: str) -> list[tuple[str, str]]:
    """(name, value) pairs; a semicolon inside ``url(…)`` (``&quot;``, ``data:``) does not end its declaration."""
    pairs = []
    pieces = style.split(";")
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        if "url(" in piece and ")" not in piece:
            for joined in range(at, min(at + _MOST_JOINED, len(pieces))):
                if ")" in pieces[joined]:
                    piece = ";".join([piece, *pieces[at : joined + 1]])
                    at = joined + 1
                    break
        name, colon, value = piece.partition(":")
        if not colon:
            continue
        name = name.strip().lower()
        value = value.replace("!important", "").strip()
        pairs.append((name, value if name.startswith("background") else value.lower()))
    return pairs


def _is_bold(value: str) -> bool | None:
    if value in ("bold", "bolder"):
        return True
    if value in ("normal", "lighter"):
        return False
    if value[:3].isdigit():
        return int(value[:4] if value[:4].isdigit() else value[:3]) >= 600
    return None
