"""Lists as they are shown: which number each item has, and items whose marker Markdown does not
know.

Markdown counts on from a list's first number. ``value`` and ``reversed`` therefore begin a new
list; letters and Roman numbers are written before the words; where ``list-style: none`` shows no
marker, the items are plain paragraphs.
"""

from __future__ import annotations

from itertools import islice

import lxml.etree as etree

from scraper.body import style
from scraper.records import dataclass

#: ``type`` of ``<ol>`` and ``<li>``, and ``list-style-type``.
_LETTERS = {
    "a": "lower-alpha",
    "A": "upper-alpha",
    "i": "lower-roman",
    "I": "upper-roman",
    "lower-latin": "lower-alpha",
    "upper-latin": "upper-alpha",
}
_WRITTEN = frozenset(("lower-alpha", "upper-alpha", "lower-roman", "upper-roman", "lower-greek"))
_ROMAN = (
    *((100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
#: Items of one list that are lettered; no author writes more.
_MOST_LETTERS = 300


@dataclass(slots=True)
class Numbering:
    """``following``: the next number as the page counts, by ``step``; ``expected``: as Markdown
    does.
    """

    following: int
    step: int
    expected: int

    def next(self, item: etree._Element) -> tuple[int, bool]:
        """The number of the next item, and whether Markdown would give it the same."""
        number = _whole(item.get("value"))
        number = self.following if number is None else number
        follows = number == self.expected
        self.following, self.expected = number + self.step, number + 1
        return max(0, number), follows


def numbering(element: etree._Element) -> Numbering:
    """How an ``<ol>`` counts."""
    first = _whole(element.get("start"))
    if element.get("reversed") is not None:
        count = sum(1 for child in element if child.tag == "li")
        first = count if first is None else first
        return Numbering(first, -1, first)
    first = 1 if first is None else first
    return Numbering(first, 1, first)


def opening(tag: str, counted: Numbering | None) -> str:
    """The start tag of a clean list."""
    if counted is not None and counted.following != 1 and counted.following >= 0:
        return f'<ol start="{counted.following}">'
    return f"<{tag}>"


def is_unmarked(element: etree._Element) -> bool:
    """Whether the items of a list stand for themselves: no marker is shown, or one that must be
    written out.
    """
    kind = _marker(element)
    return kind == "none" or kind in _WRITTEN


def shown_marker(item: etree._Element) -> str | None:
    """What is written before an item; ``""`` for an item without a marker, ``None`` where Markdown
    has its own.
    """
    parent = item.getparent()
    if parent is None or parent.tag not in ("ul", "ol", "menu", "dir"):
        return None
    of_list = _marker(parent)
    kind = _marker(item) or of_list
    if kind not in _WRITTEN or parent.tag == "ul":
        return "" if of_list == "none" or of_list in _WRITTEN else None
    if of_list not in _WRITTEN:
        return None
    counted = numbering(parent)
    number = counted.following
    for one in islice(parent.iterchildren("li"), _MOST_LETTERS):
        number, _ = counted.next(one)
        if one is item:
            return f"{_spelt(number, kind)}."
    return ""


def _marker(element: etree._Element) -> str | None:
    kind = style.known[element.get("style")].marker or element.get("type")
    return _LETTERS.get(kind, kind) if kind else None


def _spelt(number: int, kind: str) -> str:
    if kind.endswith("roman"):
        found, left = "", min(number, 999)
        for value, letters in _ROMAN:
            found += letters * (left // value)
            left %= value
    elif kind == "lower-greek":
        found = _GREEK[(number - 1) % len(_GREEK)]
    else:
        found = ""
        while number > 0:
            number, place = divmod(number - 1, 26)
            found = chr(ord("a") + place) + found
    return found.upper() if kind.startswith("upper") else found


def _whole(text: str | None) -> int | None:
    text = (text or "").strip()
    if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        return None
    return int(text) if len(text) < 10 else None
