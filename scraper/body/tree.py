"""Body HTML → an lxml tree, whatever it looks like.

libxml2's HTML parser stops for good at about 2,048 open elements, even with ``huge_tree`` (measured
with 2.14: the text below **and after** is lost without an error). A body that comes near that depth
is flattened first: the wrappers that mean nothing (``section``, ``span``, …) are taken out by one
scan over the tags. What is still too deep then keeps only its text and its images.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import lxml.etree as etree

from scraper import hostile
from scraper.errors import Hostile
from scraper.messages import mark

#: More than this, cleaned and written as Markdown, takes over 5 s of CPU (an image costs five times
#: a paragraph).
MAX_TAGS = 210_000
MAX_IMAGES = 50_000

#: Where a tree is so deep that libxml2 may have given up; real ones end at about 40.
TOO_DEEP = 1_500

# Ends at the next "<" whatever stands between, so that the scan is linear on any input.
_ANY_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)[^<>]*>")
_WRAPPERS = frozenset(b"section div article main header footer aside center".split())
_INLINE_WRAPPERS = frozenset(b"span font b strong i em u s big small label a".split())
_KEPT_WHEN_DESPERATE = frozenset(b"img br p li tr".split())


class TooDeep(Exception):
    """The tree is so deep that libxml2 may have lost what stands further down."""


class Parsed(NamedTuple):
    """The tree of a body without comments, and the bytes it was made of."""

    root: etree._Element
    raw: bytes


def parse(source: bytes | str) -> Parsed:
    """``source``, UTF-8 or text, as a tree.

    Raises ``Hostile`` for what nobody writes.
    """
    raw = source.encode("utf-8", "replace") if isinstance(source, str) else source
    raw = raw.replace(b"\0", b"")  # libxml2 would end the document at a NUL
    hostile.check(raw)
    if len(raw) > MAX_IMAGES * len("<img") and raw.count(b"<") > MAX_IMAGES:
        _check_counts(raw)
    return Parsed(_tree(raw), raw)


def _check_counts(raw: bytes) -> None:
    kinds = ((mark("tags"), b"<", MAX_TAGS), (mark("images"), b"<img", MAX_IMAGES))
    for what, begin, most in kinds:
        if (count := raw.count(begin)) > most:
            raise Hostile(
                mark(
                    "the body has about {count:,} {what}; no article has more than {most:,}",
                    count=count,
                    what=what,
                    most=most,
                )
            )


def flattened(raw: bytes) -> etree._Element:
    """The tree of a body that nests too deep, without the wrappers that mean nothing; at worst its
    text and images.
    """
    root = _tree(_without_wrappers(raw))
    return root if _depth(root) < TOO_DEEP else _tree(_text_only(raw))


def text_of(element: etree._Element) -> str:
    """All text in ``element``, as it stands."""
    return "".join(map(str, element.itertext()))


def _tree(raw: bytes) -> etree._Element:
    # A parser of its own each time: lxml's parsers are not to be shared between threads.
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(b"<html><body>" + raw + b"</body></html>", parser)


def _depth(root: etree._Element) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            depth += 1
            if depth > deepest:
                deepest = depth
        else:
            depth -= 1
    return deepest


def _without_wrappers(raw: bytes) -> bytes:
    def replace(match: re.Match[bytes]) -> bytes:
        name = match[2].lower()
        if name in _WRAPPERS:
            return b"</p><p>"
        return b"" if name in _INLINE_WRAPPERS else match[0]

    return _ANY_TAG.sub(replace, raw)


def _text_only(raw: bytes) -> bytes:
    def replace(match: re.Match[bytes]) -> bytes:
        name = match[2].lower()
        if name in _KEPT_WHEN_DESPERATE:
            return match[0] if name in (b"img", b"br") else b"<br>"
        return b""

    return _ANY_TAG.sub(replace, raw)
