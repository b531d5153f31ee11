"""A card as the line that stands in its place: ``视频: title（who）``."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

import lxml.etree as etree

from scraper.body.tree import text_of
from scraper.models import MEDIA_TYPES, Media
from scraper.text import names, one_line
from scraper.urls import clean_link

#: How a card's line begins.
LABELS: Final[Mapping[str, str]] = {name: known.label for name, known in MEDIA_TYPES.items()}
#: Cards whose own facts say where and what they are; of the others title and author do.
_WITH_FACTS: Final = names("miniprogram vote product redpacket location live card channels")
#: Their ids (``export/…``) and addresses are 100 characters that nobody reads: they stand in the
#: card's ``data-id`` and in its Media.
_UNREADABLE: Final = names("channels live")
#: Facts in ``extra`` that a reader is told.
_FACTS: Final = ("applink", "address", "price", "time", "about")


def label(media: Media) -> str:
    """The Chinese word for the card's type."""
    return LABELS.get(media.type, LABELS["card"])


def line(media: Media) -> str:
    """The card's clean HTML: ``<p data-card=… data-id=…>视频: <a href=…>title</a></p>``."""
    id_ = f' data-id="{escape(media.id)}"' if media.id else ""
    return f'<p data-card="{escape(media.type)}"{id_}>{label(media)}: {inner(media)}</p>'


def inner(media: Media) -> str:
    """What follows the label on a card's line, as HTML."""
    # A channel video's address opens nothing without the reader's ticket (``token=``), which is not
    # kept.
    linked = media.url if media.type != "channels" and media.url else ""
    name = media.title or media.author or _handle(media, linked) or "（无标题）"
    if media.type == "sticker" and media.url:
        called = media.title or media.author or media.id or label(media)
        return f'<img src="{escape(media.url)}" alt="{escape(called)}">'
    shown = escape(name, quote=False)
    if linked.startswith(("http://", "https://")):
        shown = f'<a href="{escape(clean_link(linked))}">{shown}</a>'
    if options := dict(media.extra).get("options"):
        shown += " — " + escape(options, quote=False)
    kept = _notes(media, name, linked)
    return shown + (escape(f"（{' · '.join(kept)}）", quote=False) if kept else "")


def _handle(media: Media, linked: str) -> str | None:
    """What stands for a card without words."""
    if media.type in _UNREADABLE:
        return None
    return media.id or (None if linked else media.url)


def _notes(media: Media, name: str, linked: str) -> list[str]:
    """Who, where, when and how much, in brackets behind the title."""
    notes = [media.author]
    if media.type in _WITH_FACTS:
        extra = dict(media.extra)
        notes += [extra.get(fact) for fact in _FACTS]
    if media.type in _WITH_FACTS - _UNREADABLE and not linked:
        notes.append(media.id)  # the only way back to the thing itself
    others = [note for note in dict.fromkeys(notes) if note and note != name]
    return [shown for note in others if (shown := one_line(note))]


def text(media: Media) -> str:
    """The card's line as a reader sees it."""
    shown = etree.fromstring(f"<p>{inner(media)}</p>".encode(), etree.HTMLParser(encoding="utf-8"))
    return f"{label(media)}: {one_line(text_of(shown))}".rstrip(": ")
