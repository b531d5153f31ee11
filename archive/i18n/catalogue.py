"""A ``.po`` file as gettext's translations."""

from __future__ import annotations

import ast
import gettext
from collections.abc import Iterator
from pathlib import Path

_KEYWORDS = ("msgctxt", "msgid_plural", "msgid", "msgstr")


class Catalogue(gettext.NullTranslations):
    """The messages of a ``.po`` file for a language without plural forms, as Chinese is.

    Fuzzy and empty entries are left out: the message then comes as it stands in the code.
    """

    def __init__(self, place: Path) -> None:
        super().__init__()
        self._messages = dict(read(place.read_text(encoding="utf-8")))

    def gettext(self, message: str) -> str:
        """The message, else itself."""
        return self._messages.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The one form there is, else the English one."""
        return self._messages.get(msgid1) or super().ngettext(msgid1, msgid2, n)


def read(text: str) -> Iterator[tuple[str, str]]:
    """``(message, translation)`` of each entry that is translated."""
    for entry in text.split("\n\n"):
        fields = _fields(entry)
        message, translation = fields.get("msgid", ""), fields.get("msgstr", "")
        if message and translation and not _is_fuzzy(entry):
            yield message, translation


def _is_fuzzy(entry: str) -> bool:
    return any(line.startswith("#,") and "fuzzy" in line for line in entry.splitlines())


def _fields(entry: str) -> dict[str, str]:
    """``msgid``, ``msgstr`` … with their strings put together; ``msgstr[0]`` counts as
    ``msgstr``.
    """
    found: dict[str, str] = {}
    name = ""
    for line in entry.splitlines():
        if line.startswith(_KEYWORDS):
            head, _, line = line.partition(" ")
            name = head.partition("[")[0]
        if line.startswith('"') and name:
            found[name] = found.get(name, "") + str(ast.literal_eval(line))
    return found
