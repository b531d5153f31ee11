"""What comes from outside, kept within what a database, a file and a calendar can hold. Pure.

Integers of 64 bits, years 1990–2100, text that encodes, lengths that no honest page comes near.
What is beyond is left out or cut, with a loss ``out-of-range`` that names the field; nothing here
raises.
"""

from __future__ import annotations

import math
import re
from dataclasses import field, fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from operator import is_
from typing import Any, Final

from scraper.models import Article, Loss
from scraper.records import dataclass

_FIRST_YEAR: Final = 1990
_LAST_YEAR: Final = 2100
_LARGEST: Final = 2**63 - 1
#: Ten thousand years of sound, in seconds.
_LONGEST_FLOAT: Final = 1e12
#: Characters of a field; the longest real title has 64, digest 120, signature 200, address 1,100.
_LENGTHS: Final = {"title": 2_000, "digest": 20_000, "recommendation": 20_000, "url": 500_000}
_LONGEST: Final = 8_000
#: Within the bounds of every field.
_SHORT: Final = min(_LONGEST, *_LENGTHS.values())
#: These are as long as the page; ``scraper.hostile`` bounds that.
_WHOLE: Final = frozenset(("body", "text"))
#: Entries of a list; the longest real one has 245 (links).
_MOST: Final = 100_000
#: A lone half of a character, or NUL: no database column and no file can hold it.
_UNWRITABLE = re.compile("[\ud800-\udfff\x00]")


@dataclass(slots=True)
class _Judge:
    beyond: dict[str, str] = field(default_factory=dict)

    def value(self, value: Any, name: str) -> Any:
        """``value`` if it is within bounds, else what is left of it."""
        if isinstance(value, str):
            return self.text(value, name)
        if isinstance(value, tuple):
            return self.entries(value, name)
        if is_dataclass(value):
            return self.record(value, name)
        return value if _is_within(value) else self.drop(value, name)

    def text(self, text: str, name: str) -> str:
        if not _is_writable(text):
            self.beyond.setdefault(name, "characters that nothing can write")
            text = _UNWRITABLE.sub("\ufffd", text)
        longest = _LENGTHS.get(name, _LONGEST)
        if len(text) <= longest or name in _WHOLE:
            return text
        self.beyond.setdefault(name, f"{len(text):,} characters")
        return text[:longest]

    def entries(self, entries: tuple[Any, ...], name: str) -> tuple[Any, ...]:
        if len(entries) > _MOST:
            self.beyond.setdefault(name, f"{len(entries):,} entries")
            entries = entries[:_MOST]
        found = tuple(self.value(entry, name) for entry in entries)
        return entries if all(map(is_, found, entries)) else found

    def record(self, record: Any, name: str) -> Any:
        changed = {}
        for part in _names(record.__class__):
            value = getattr(record, part)
            if not value:
                continue
            if value.__class__ is str and len(value) <= _SHORT and value.isprintable():
                continue  # as nearly all are
            found = self.value(value, part)
            if found is not value:
                changed[part] = found
        return replace(record, **changed) if changed else record

    def drop(self, value: Any, name: str) -> None:
        self.beyond.setdefault(name, str(value)[:40])


@cache
def _names(record: type[Any]) -> tuple[str, ...]:
    return tuple(part.name for part in fields(record))


def _is_within(value: Any) -> bool:
    """Of a number or a time."""
    if isinstance(value, datetime):
        return _FIRST_YEAR <= value.year <= _LAST_YEAR
    if isinstance(value, float):
        return math.isfinite(value) and abs(value) < _LONGEST_FLOAT
    return not isinstance(value, int) or -_LARGEST <= value <= _LARGEST


def _is_writable(text: str) -> bool:
    """Encoding finds lone halves ten times as fast as a pattern does, and a body is long."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def within(article: Article) -> Article:
    """The same article where everything is within bounds, as it is with every real one."""
    judge = _Judge()
    found: Article = judge.record(article, "article")
    if not judge.beyond:
        return article
    losses = tuple(
        Loss(kind="out-of-range", where=f"{name}: {what}") for name, what in judge.beyond.items()
    )
    kind = found.kind if isinstance(found.kind, int) else 0
    return replace(found, kind=kind, title=found.title or "", losses=found.losses + losses)
