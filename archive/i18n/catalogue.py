"""``.po`` files, read fast enough to need no compiled form: 2,000 messages take some 5 ms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

_STRINGS = r'((?:[ \t]*"(?:[^"\\\n]|\\.)*"\n?)+)'
_ENTRY = re.compile(
    rf"^msgid{_STRINGS}(?:msgid_plural{_STRINGS})?msgstr(?:\[0\])?{_STRINGS}", re.MULTILINE
)
_BETWEEN_LINES = re.compile(r'"\n[ \t]*"')


class Catalogue:
    """The messages of ``.po`` files for a language without plural forms, as Chinese is. The same
    message in two files comes from the last.
    """

    def __init__(self, *places: Path) -> None:
        self.messages: dict[str, str] = {}
        #: English plural forms → what says them
        self.plurals: dict[str, str] = {}
        for place in places:
            for message, many, translation in read(place.read_text(encoding="utf-8")):
                self.messages[message] = translation
                if many:
                    self.plurals[many] = translation

    def get(self, message: str) -> str | None:
        """What stands for ``message``; None where nothing does."""
        return self.messages.get(message)


def read(text: str) -> Iterator[tuple[str, str, str]]:
    """``(message, its plural or "", translation)`` of each entry that is translated; not of fuzzy
    ones: the message then comes as it stands in the code.
    """
    fuzzy = "fuzzy" in text
    for found in _ENTRY.finditer(text):
        message, many, translation = (_string(part) for part in found.groups())
        if message and translation and not (fuzzy and _is_fuzzy(text, found.start())):
            yield message, many, translation


def _string(lines: str | None) -> str:
    if not lines:
        return ""
    whole = _BETWEEN_LINES.sub("", lines.strip())
    return str(json.loads(whole)) if "\\" in whole else whole[1:-1]


def _is_fuzzy(text: str, start: int) -> bool:
    before = text.rfind("\n\n", 0, start)
    return any(
        line.startswith("#,") and "fuzzy" in line for line in text[before + 1 : start].splitlines()
    )
