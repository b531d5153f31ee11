"""What an inline ``style`` attribute says about the text in it: bold, italic, struck, hidden, a
picture behind it.

WeChat articles carry all their looks in ``style``; a body repeats a handful of them thousands of
times, so each is read once and remembered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from scraper.body.runs import DEL, EM, PREFORMATTED, STRONG, SUB, SUP
from scraper.patterns import lazy
from scraper.records import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """``None`` means the style says nothing and the surroundings decide."""

    #: What becomes of the looks around, in the flags of ``scraper.body.runs``: those that stay,
    #: and those that come to them.
    keeps: int = -1
    adds: int = 0
    hidden: bool = False
    invisible: bool = False
    #: Shows nothing unless what is in it is a picture, moves, or has looks of its own (see
    #: ``Walker._unseen``).
    unseen: bool = False
    #: One of these three: asked of every element, so found once for a style.
    hides: bool = False
    tiny: bool = False
    #: Drawn as a block of its own.
    block: bool = False
    #: Shown as it is typed, in a type of equal widths: code without a ``<pre>`` (as VS Code pastes
    #: it).
    code: bool = False
    #: ``list-style-type``.
    marker: str | None = None
    background: str | None = None
    #: Says nothing that the walk must ask about: at most it changes how words look.
    plain: bool = True


NOTHING = Style()
_INTERESTING = re.compile(
    r"font-weight|font-style|line-through|display|visibility|white-space|list-style|vertical-align\s*:\s*su|url\(|font\s*:"
    r"|(?:opacity|height|width|font-size)\s*:\s*0(?!\.?\d)",
    re.I,
)
_BLOCK_DISPLAYS: Final = frozenset(["block", "flex", "grid", "table", "list-item"])
_NAUGHT = re.compile(r"0+(?:\.0+)?(?:[a-z]{1,4}|%)?")
_CLEAR = re.compile(r"transparent|(?:rgba|hsla)\(.*[,/]\s*0(?:\.0+)?%?\s*\)")
_URL = re.compile(r"url\(\s*(?:&quot;|[\"'])?\s*(.*?)\s*(?:&quot;|[\"'])?\s*\)", re.I | re.S)
#: A style longer than this is not worth remembering (and may be a 1 MB attribute made to hurt).
_LONGEST_REMEMBERED = 2_000
_MOST_REMEMBERED = 8_192

#: Semicolons in one address (``data:image/png;base64``), and how long an address can be.
_MOST_JOINED = 6
_LONGEST_ADDRESS = 4_000


class _Known(dict[str | None, Style]):
    """What was read, by its text: a dictionary answers in half of the time of a function that
    asks one, and every element asks.
    """

    def __missing__(self, style: str | None) -> Style:
        found = _parse(style) if style else NOTHING
        if len(style or "") <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[style] = found
        return found


#: The ``Style`` of a ``style`` attribute's text, ``None`` for no attribute.
known: Final = _Known()


def _parse(style: str) -> Style:
    if not _INTERESTING.search(style):
        return NOTHING
    said = dict(_declarations(style))
    display = said.get("display")
    keeps, adds = _flags(said)
    address = _URL.search(
        (said.get("background-image") or said.get("background") or "")[:_LONGEST_ADDRESS]
    )
    background = address[1] if address else None
    hidden = display == "none"
    invisible = said.get("visibility") in ("hidden", "collapse")
    unseen = _is_unseen(said)
    hides = any((hidden, invisible, unseen))
    block = display in _BLOCK_DISPLAYS
    code = _is_code(said)
    found = Style(
        keeps=keeps,
        adds=adds,
        hidden=hidden,
        invisible=invisible,
        unseen=unseen,
        hides=hides,
        tiny=_is_naught(said.get("font-size")),
        block=block,
        code=code,
        marker=_marker(said),
        background=background,
        plain=not any((hides, block, code, background)),
    )
    return NOTHING if found == NOTHING else found


_RAISED: Final = {"super": SUP, "sub": SUB}


def _flags(said: Mapping[str, str]) -> tuple[int, int]:
    """The looks that stay and those that come (``Style.keeps``, ``Style.adds``)."""
    slant, wraps = said.get("font-style"), said.get("white-space")
    switched = (
        (STRONG, _bold(said)),
        (EM, None if slant is None else slant.startswith(("italic", "oblique"))),
        (PREFORMATTED, None if wraps is None else wraps.startswith(("pre", "break-spaces"))),
    )
    off = sum(flag for flag, on in switched if on is False)
    adds = sum(flag for flag, on in switched if on)
    if "line-through" in said.get("text-decoration", said.get("text-decoration-line", "")):
        adds |= DEL
    raised = _RAISED.get(said.get("vertical-align", ""), 0)
    return ~(off | (SUP | SUB if raised else 0)), adds | raised


def _bold(said: Mapping[str, str]) -> bool | None:
    weight = said.get("font-weight")
    bold = _is_bold(weight) if weight is not None else None
    return True if bold is None and "bold" in said.get("font", "").split() else bold


_EQUAL_WIDTHS = lazy(
    r"monospace|menlo|monaco|consolas|courier|source code|sourcecode|jetbrains|fira (?:code|mono)|operator mono"
    r"|dejavu sans mono|liberation mono|sf ?mono|cascadia|roboto mono|ubuntu mono"
)


def _is_code(said: Mapping[str, str]) -> bool:
    font = said.get("font-family", said.get("font", ""))
    return (
        said.get("white-space") in ("pre", "pre-wrap", "break-spaces")
        and _EQUAL_WIDTHS().search(font) is not None
    )


#: The words of ``list-style`` that say where a marker stands, not which.
_PLACES_OF_MARKERS: Final = frozenset(
    ("inside", "outside", "initial", "inherit", "unset", "revert")
)


def _marker(said: Mapping[str, str]) -> str | None:
    """The kind of marker that a list's style names (``none``, ``lower-alpha``); its pictures are no
    kind.
    """
    words = said.get("list-style-type", said.get("list-style", "")).split()
    return next(
        (word for word in words if word not in _PLACES_OF_MARKERS and "url(" not in word), None
    )


def _is_naught(value: str | None) -> bool:
    return value is not None and _NAUGHT.fullmatch(value) is not None


def _is_unseen(said: Mapping[str, str]) -> bool:
    if _is_naught(said.get("opacity")) or _is_naught(said.get("font-size")):
        return True
    if not any(
        _is_naught(said.get(name)) for name in ("height", "width", "max-height", "max-width")
    ):
        return False
    cut = any(
        value in ("hidden", "clip") for name, value in said.items() if name.startswith("overflow")
    )
    return cut or _CLEAR.fullmatch(said.get("color", "")) is not None


def _declarations(style: str) -> list[tuple[str, str]]:
    """(name, value) pairs; a semicolon inside ``url(…)`` (``&quot;``, ``data:``) does not end its
    declaration.
    """
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
