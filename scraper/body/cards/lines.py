"""A card as the line that stands in its place: ``视频: title（who）``."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

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
    if _is_picture(media):
        called = media.title or media.author or media.id or label(media)
        return f'<img src="{escape(media.url or "")}" alt="{escape(called)}">'
    linked = _linked(media)
    name, behind = _words(media, linked)
    shown = escape(name, quote=False)
    if linked.startswith(("http://", "https://")):
        shown = f'<a href="{escape(clean_link(linked))}">{shown}</a>'
    return shown + escape(behind, quote=False)


def _is_picture(media: Media) -> bool:
    return media.type == "sticker" and bool(media.url)


def _linked(media: Media) -> str:
    # A channel video's address opens nothing without the reader's ticket (``token=``), which is not
    # kept.
    return media.url if media.type != "channels" and media.url else ""


def _words(media: Media, linked: str) -> tuple[str, str]:
    """What the card is called, and what stands behind that."""
    name = media.title or media.author or _handle(media, linked) or "（无标题）"
    options = dict(media.extra).get("options")
    kept = _notes(media, name, linked)
    behind = f" — {options}" if options else ""
    return name, f"{behind}（{' · '.join(kept)}）" if kept else behind


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
    words = "" if _is_picture(media) else "".join(_words(media, _linked(media)))
    return f"{label(media)}: {one_line(words)}".rstrip(": ")
