"""What a person says of an article in its front matter: ``tags``, ``starred``, ``read``, ``note``.
Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from archive.document import bounds
from archive.errors import BadInput
from archive.json_fields import AsDict, json_field
from scraper.messages import mark
from scraper.records import dataclass

#: In the order in which they are written.
NAMES = ("tags", "starred", "read", "note")
LONGEST_TAG = 100
MOST_TAGS = 500
_YES = frozenset({"true", "yes", "y", "on", "1", "x", "是"})
_NO = frozenset({"", "false", "no", "n", "off", "0", "否"})
_BLANK = re.compile(r"\s+")


def _true_or_none(value: bool) -> bool | None:
    """As the front matter has it, which leaves out what is not so."""
    return value or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Own(AsDict):
    """``tags`` in the order they were given, each once; ``note`` is None where there is none."""

    tags: tuple[str, ...] = ()
    starred: bool = json_field(default=False, convert=_true_or_none)
    read: bool = json_field(default=False, convert=_true_or_none)
    note: str | None = None


def tag_of(text: str) -> str | None:
    """A tag as it is kept: in NFC, without the ``#`` before it, on one line; None for nothing.
    Raises BadInput where it is too long."""
    found = _BLANK.sub(" ", unicodedata.normalize("NFC", bounds.encodable(text))).strip()
    found = found.lstrip("#＃").strip()
    if len(found) > LONGEST_TAG:
        raise BadInput(
            mark("a tag has at most {most} characters: {tag}…", most=LONGEST_TAG, tag=found[:30])
        )
    return found or None


def note_of(text: str | None) -> str | None:
    """A note as it is kept; None for nothing but blanks. Raises BadInput where it is too long."""
    found = unicodedata.normalize("NFC", bounds.encodable(text or "")).replace("\r\n", "\n").strip()
    if len(found) > bounds.LONGEST_TEXT:
        raise BadInput(
            mark(
                "a note has at most {most} characters; longer texts fit into the article's file, "
                "where they are searched too",
                most=bounds.LONGEST_TEXT,
            )
        )
    return found or None


def own_of(values: Mapping[str, Any]) -> Own:
    """What the values of a front matter say; what cannot be meant is passed over, as everywhere in
    files that people write."""
    return Own(
        tags=_tags(values.get("tags")),
        starred=_is_set(values.get("starred")),
        read=_is_set(values.get("read")),
        note=_note(values.get("note")),
    )


def _tags(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):  # as Obsidian's older files have them: `a, b`
        value = re.split(r"[,，]", value)
    if not isinstance(value, list):
        return ()
    found: dict[str, None] = {}
    for one in value[:MOST_TAGS]:
        text = bounds.text(one)
        try:
            tag = tag_of(text) if text else None
        except BadInput:
            continue
        if tag:
            found.setdefault(tag)
    return tuple(found)


def _is_set(value: Any) -> bool:
    if isinstance(value, bool | int):
        return bool(value)
    if isinstance(value, date):  # since when
        return True
    text = str(value or "").strip().lower() if isinstance(value, str) else ""
    return text in _YES or (text not in _NO and bool(re.match(r"\d{4}-\d\d", text)))


def _note(value: Any) -> str | None:
    if isinstance(value, list):
        value = "\n".join(text for one in value if (text := bounds.text(one)))
    text = bounds.text(value)
    try:
        return note_of(text) if text else None
    except BadInput:
        return None
