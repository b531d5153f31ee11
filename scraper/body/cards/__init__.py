"""Cards: what WeChat's editor sets into a body besides text and pictures, as ``Media`` and as a
readable line.

Element names and attributes as seen on pages of 2014–2026 and, where no real sample was had, as
WeChat's own page script and other programs' samples have them. Each type is one module here and one
line in ``registry``. An ``mp-…`` element that nobody has seen becomes a ``卡片:`` with the words
that its attributes hold, and a loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import Final

import lxml.etree as etree

from scraper.body.cards import miniprogram, quote
from scraper.body.cards.attributes import Attributes
from scraper.body.cards.lines import LABELS, inner, label, line, text
from scraper.body.cards.registry import CARD_TYPES
from scraper.body.cards.types import CardType
from scraper.models import Media

__all__ = [
    "LABELS",
    "inner",
    "is_card",
    "is_known",
    "label",
    "line",
    "read",
    "read_as",
    "read_miniprogram",
    "read_source",
    "stands_inline",
    "text",
]

#: Decoration and bookkeeping, not cards.
IGNORED: Final = frozenset(
    [
        *("mp-style-type", "mp-common-style", "mp-pay-preview-filter"),
        # Elements of SVG and MathML.
        *("mpath", "mpadded", "mphantom", "mprescripts"),
    ]
)
_BY_TAG: Final[Mapping[str, CardType]] = {tag: one for one in CARD_TYPES for tag in one.tags}


def is_card(tag: str) -> bool:
    """Whether elements of this name are cards: those of the registry, and any that begins as
    WeChat's own do.

    (``mp-common-…``, before 2020 ``mpgongyi``; no element of HTML begins with these letters.)
    """
    return tag in _BY_TAG or (tag.startswith("mp") and tag not in IGNORED)


def is_known(tag: str) -> bool:
    """Whether some module knows how to read elements of this name."""
    return tag in _BY_TAG


def read(element: etree._Element) -> Media | None:
    """The card that ``element`` is, or ``None`` for an element that is none or holds nothing."""
    tag = str(element.tag)
    return read_as(tag, element) if is_card(tag) else None


def read_as(tag: str, element: etree._Element) -> Media | None:
    """``element`` read as a card of another name: messages write cards as ``<a
    tagname="mp-common-product">``.
    """
    card = Attributes(element)
    card.tag = tag
    known = _BY_TAG.get(tag)
    if known is None:
        found: Media | None = _unknown().read(card)
        return found
    media = known.read(card)
    if media is None or media.title:
        return media
    # Its name stands where no card of its type has had it so far.
    said = (word for word in _unknown().words(card) if word != media.author)
    return replace(media, title=next(said, None) or known.untitled)


def _unknown() -> ModuleType:
    # Inside: its patterns take 3 ms, and hardly a page has a card that nobody knows.
    from scraper.body.cards import unknown

    return unknown


def read_miniprogram(element: etree._Element) -> Media:
    """An ``a[data-miniprogram-appid]``."""
    return miniprogram.read(Attributes(element))


def read_source(element: etree._Element) -> Media | None:
    """The card of what a ``<blockquote>`` quotes, where its attributes name it."""
    return quote.read(Attributes(element))


def stands_inline(element: etree._Element) -> bool:
    """Whether the card is words inside a sentence rather than a block of its own."""
    known = _BY_TAG.get(str(element.tag))
    return known is not None and known.inline(Attributes(element))
