"""An ``mp-…`` element that nobody has seen: the words that its attributes hold."""

from __future__ import annotations

import re

from scraper.body.cards.attributes import Attributes, said
from scraper.body.tree import text_of
from scraper.models import Media
from scraper.text import names
from scraper.urls import without_tokens

_TITLES = (
    "title",
    "name",
    "text",
    "keyword",
    "keywords",
    "subject",
    "content",
    "desc",
    "description",
    "intro",
    "summary",
    "nickname",
    "label",
    "wording",
)
#: Of these, any text at all is the card's name.
_NAMES = frozenset(("title", "name", "keyword", "nickname"))
#: What an editor needs, no reader: never taken for words.
_NOT_WORDS = tuple(
    names("""
    class style id src href role type lang dir color width height size index status pluginname leaf
    nodeleaf version md5 from source token sn key align frameborder scrolling ratio w h s
    """)
)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]")
_WORDS = re.compile(r"[^\W\d_]{2,}[ ,.!?:'-]+[^\W\d_]")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|//|/\w", re.I)
_MOST_WORDS = 6
_LONGEST_WORD = 300
_MOST_ATTRIBUTES = 40


def words(card: Attributes) -> list[str]:
    """What the attributes say to a reader: the ones that name things first, then whatever reads as
    words.
    """
    found: dict[str, None] = {}
    for name in _TITLES:
        text = card.text(name)
        if text and (reads(text) or name in _NAMES):
            found.setdefault(text[:_LONGEST_WORD])
    for name, text in card.items():
        if not name.lower().endswith(_NOT_WORDS) and reads(text):
            found.setdefault(text[:_LONGEST_WORD])
    return list(found)[:_MOST_WORDS]


def reads(text: str) -> bool:
    """Whether an attribute's text is words rather than an id, an address, a number or data."""
    if _ADDRESS.match(text) or text[:1] in "{[":
        return False
    return _HAN.search(text) is not None or _WORDS.search(text) is not None


def read(card: Attributes) -> Media:
    """A card under the first of its words, the others beside it."""
    said_ = words(card)
    inside = said(text_of(card.element)[:_LONGEST_WORD])
    title = said_[0] if said_ else inside
    id_ = card.text("id", "appid", "pid", "uri", "username")
    attributes = [
        (str(name), without_tokens(str(value))[:500])
        for name, value in card.element.attrib.items()
        if str(name).startswith("data-") and value
    ][:_MOST_ATTRIBUTES]
    return Media(
        type="card",
        id=without_tokens(id_) if id_ else None,
        title=title,
        author=card.text("nickname", "author") if title else None,
        url=card.url("url", "link", "src", "href", "jumpurl"),
        cover=card.picture("cover", "coverurl", "headimg", "headimgurl", "img", "imgurl"),
        extra=(
            ("element", card.tag),
            *((("about", " · ".join(said_[1:])),) if said_[1:] else ()),
            *attributes,
        ),
    )
