"""Stored sentences in another language: which message of the catalogue made them, and of which
values.

The database keeps errors and summaries as English sentences, those of every earlier version too,
so that nothing in it depends on who ran the command. A template's fixed words say whether a
sentence was made of it; what stands between them are its values, which are sentences again.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Self

from scraper.messages import mark

if TYPE_CHECKING:
    from archive.i18n.catalogue import Catalogue

_PLACE = re.compile(r"\{(\w+)[^{}]*\}")
#: What stands for ``{n}``, as every message calls its number.
_NUMBER = re.compile(r"[\d.,]+")
#: What stands for ``{failure}``, as messages call a class of failure: one word.
_CLASS = re.compile(r"[\w-]+")
_FORMS = {"n": _NUMBER, "failure": _CLASS}
_NOTED = re.compile(r"([^()]+) \((.*)\)", re.DOTALL)
_LETTERS = re.compile(r"[A-Za-z]")
#: A template with fewer letters would make anything.
_FEWEST_LETTERS = 3
#: Nothing that is stored is longer, and values of values end somewhere.
_LONGEST, _DEEPEST = 4000, 4
#: What sentences are put together with, the widest first.
_GLUE = (mark(" — "), mark("; "), mark(". "), mark(", "), mark(": "))


class Recogniser:
    """The templates of one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        templates = {**catalogue.messages, **catalogue.plurals}
        self._exact = {one: said for one, said in templates.items() if not _PLACE.search(one)}
        made = [_Template(one, said) for one, said in templates.items() if _PLACE.search(one)]
        # The one with most words of its own first: it says most about where a sentence is from.
        self._templates = sorted(
            (one for one in made if one.letters >= _FEWEST_LETTERS or "n" in one.names),
            key=lambda one: -one.letters,
        )

    @classmethod
    @cache
    def of(cls, catalogue: Catalogue) -> Self:
        """The recogniser of a catalogue, made once."""
        return cls(catalogue)

    def say(self, sentence: str, depth: int = 0) -> str:
        """``sentence`` in the catalogue's language, as far as it is known."""
        if len(sentence) > _LONGEST or depth > _DEEPEST or not _LETTERS.search(sentence):
            return sentence
        whole = self._exact.get(sentence) or self._made(sentence, depth)
        return whole if whole is not None else self._in_parts(sentence, depth)

    def _made(self, sentence: str, depth: int) -> str | None:
        for template in self._templates:
            values = template.values_in(sentence)
            if values is not None:
                return template.say(
                    {name: self.say(value, depth + 1) for name, value in values.items()}
                )
        return None

    def _in_parts(self, sentence: str, depth: int) -> str:
        for glue in _GLUE:
            parts = _split(sentence, glue)
            said = [self.say(part, depth + 1) for part in parts] if len(parts) > 1 else parts
            if said != parts:
                return (self._catalogue.get(glue) or glue).join(said)
        return self._with_a_note(sentence, depth)

    def _with_a_note(self, sentence: str, depth: int) -> str:
        """``words (what the page shows)``: the words, and the note as it is."""
        noted = _NOTED.fullmatch(sentence)
        said = self.say(noted[1], depth + 1) if noted else ""
        return f"{said}（{noted[2]}）" if noted and said != noted[1] else sentence


class _Template:
    """The fixed words of a message and the names between them."""

    def __init__(self, template: str, said: str) -> None:
        pieces = _PLACE.split(template.replace("{{", "\x00").replace("}}", "\x01"))
        self.fixed = [piece.replace("\x00", "{").replace("\x01", "}") for piece in pieces[::2]]
        self.names = pieces[1::2]
        self._said = said
        self.letters = sum(len(_LETTERS.findall(piece)) for piece in self.fixed)

    def values_in(self, sentence: str) -> dict[str, str] | None:
        """The values that make ``sentence``; None where none do. Each value ends at the next fixed
        words, so that the time is linear."""
        first, last = self.fixed[0], self.fixed[-1]
        if not (sentence.startswith(first) and sentence.endswith(last)):
            return None
        at, end = len(first), len(sentence) - len(last)
        values: dict[str, str] = {}
        for name, piece in zip(self.names, self.fixed[1:], strict=True):
            is_last = len(values) == len(self.names) - 1
            until = end if is_last else sentence.find(piece, at + 1, end)
            if until <= at or (not piece and not is_last):
                return None
            values[name] = sentence[at:until]
            form = _FORMS.get(name)
            if form and not form.fullmatch(values[name]):
                return None
            at = until + len(piece)
        return values if len(values) == len(self.names) else None

    def say(self, values: dict[str, str]) -> str:
        """The translation with these values."""
        return _PLACE.sub(lambda place: values[place[1]], self._said)


def _split(sentence: str, glue: str) -> list[str]:
    """The parts between ``glue`` that stand outside brackets."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(sentence):
        if sentence[at] in "()":
            depth = max(0, depth + (1 if sentence[at] == "(" else -1))
        if depth == 0 and sentence.startswith(glue, at):
            parts.append(sentence[start:at])
            start = at = at + len(glue)
            continue
        at += 1
    return [*parts, sentence[start:]]
