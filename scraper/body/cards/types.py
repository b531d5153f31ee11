"""What a card type is: one module holds one (or a few), ``scraper.body.cards.registry`` lists
them.
"""

from __future__ import annotations

from collections.abc import Callable

from scraper.body.cards.attributes import Attributes
from scraper.models import Media
from scraper.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An element of this card type and the line that a reader gets of it; a test cleans one into
    the other.
    """

    html: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardType:
    """``name`` says it in English for the manual, ``tags`` are its elements' names. ``read`` gives
    its ``Media``, or ``None`` for an element that holds nothing. ``version`` is the
    ``PARSER_VERSION`` that last changed how it comes out. ``untitled`` is what one without a name
    is called; ``inline`` tells the elements that stand inside a sentence.
    """

    name: str
    tags: frozenset[str]
    read: Callable[[Attributes], Media | None]
    examples: tuple[Example, ...]
    version: int
    untitled: str | None = None
    inline: Callable[[Attributes], bool] = lambda card: False
