"""Footnotes back to links.

WeChat does not allow links to other hosts, so editors (mdnice, doocs/md, 135) turn each link into a
word, a ``[1]`` above the line and a list ``[1] name: address`` at the end. Where both ends are
found the word is a link again, and so is the address in the list. Nothing that a reader sees
changes.
"""

from __future__ import annotations

import re
from itertools import islice

import lxml.etree as etree

from scraper.body.tree import text_of
from scraper.patterns import lazy

_ITEM = lazy(r"^\s*\[(\d{1,3})\]\s*(.*?)\s*(https?://[!-~]+)\s*$", re.S)
_NUMBER = re.compile(r"^\s*\[(\d{1,3})\]\s*$")
_ADDRESS = re.compile(r"^\s*((?:https?://|mailto:)[!-~]+)\s*$")
_BLOCKS = ("p", "span", "li", "section", "div")
_LONGEST_ITEM = 2_000
_LONGEST_WORD = 100
_MOST_BETWEEN = 4


def link(root: etree._Element) -> None:
    """Turns footnoted words and the addresses of the list into ``<a href>``, in place."""
    marks = [(sup, match[1]) for sup in root.iter("sup") if (match := _NUMBER.match(_text(sup)))]
    if not marks:
        return
    addresses = _listed_in_code(root)
    for item in root.iter(*_BLOCKS) if not addresses else ():
        if len(addresses) >= len(marks) * 2:
            break
        if not (item.text or "").lstrip().startswith("[") and not _starts_with_number(item):
            continue
        match = _ITEM().match(_text(item))
        if match and match[1] not in addresses:
            addresses[match[1]] = match[3]
            _link_address(item)
    for sup, number in marks:
        if number in addresses:
            _link_word(sup, addresses[number])


def _listed_in_code(root: etree._Element) -> dict[str, str]:
    """The list as doocs/md writes it: one paragraph of ``<code>[1]</code> name:
    <em>address</em><br>``.
    """
    found: dict[str, str] = {}
    for mark in root.iter("code"):
        number = _NUMBER.match(_text(mark))
        if number is None or number[1] in found:
            continue
        for element in islice(mark.itersiblings(), _MOST_BETWEEN):
            if element.tag in ("br", "code"):
                break
            address = _ADDRESS.match(_text(element))
            if address and element.tag in ("em", "i", "span", "font"):
                found[number[1]] = address[1]
                element.tag = "a"
                element.set("href", address[1])
                break
    return found


def _starts_with_number(item: etree._Element) -> bool:
    first = next(item.iterchildren(), None)
    return (
        first is not None
        and not (item.text or "").strip()
        and _text(first).lstrip().startswith("[")
    )


def _text(element: etree._Element) -> str:
    """The element's text, as far as a footnote can be long."""
    pieces: list[str] = []
    length = 0
    for piece in map(str, element.itertext()):
        pieces.append(piece)
        length += len(piece)
        if length > _LONGEST_ITEM:
            return ""
    return "".join(pieces)


def _link_address(item: etree._Element) -> None:
    for element in item.iter("em", "i", "span", "p", "font"):
        match = _ADDRESS.match(_text(element))
        if match and element is not item:
            element.tag = "a"
            element.set("href", match[1])
            return


def _link_word(sup: etree._Element, address: str) -> None:
    word = sup.getprevious()
    if (
        word is not None
        and "footnote-word" in (word.get("class") or "")
        and not (word.tail or "").strip()
    ):
        word.tag = "a"
        word.set("href", address)
        return
    around = sup.getparent()
    if around is not None and around.tag == "span" and _is_word(around, sup):
        around.tag = "a"
        around.set("href", address)
    elif next(sup.iterancestors("a"), None) is None:
        mark = etree.SubElement(sup, "a", href=address)
        mark.text, sup.text = text_of(sup), None
        for child in list(sup):
            if child is not mark:
                sup.remove(child)


def _is_word(around: etree._Element, sup: etree._Element) -> bool:
    """A ``<span>`` that holds the word and, at its end, the mark (doocs/md)."""
    if (
        sup.getnext() is not None
        or (sup.tail or "").strip()
        or next(around.iterancestors("a"), None) is not None
    ):
        return False
    words = _text(around).removesuffix(_text(sup)).strip()
    return (
        0 < len(words) <= _LONGEST_WORD
        and next(around.iterdescendants("a", "img", "br", "p", "section"), None) is None
    )
