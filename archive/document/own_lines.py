"""What a person wrote into an article's file: the lines that the article does not have. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from archive.document import bounds

_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)")
_WIKI = re.compile(r"!?\[\[([^\]\n|]*)(?:\|([^\]\n]*))?\]\]")
_MARKS = re.compile(r"\*{1,3}|~~|==|%%|`+|(?<!\w)_{1,2}|_{1,2}(?!\w)|\\(?=[!-/:-@\[-`{-~])")
_LINE_START = re.compile(
    r"^(?:[\s>]|#{1,6}\s|[-+*]\s(?:\[[ xX]\]\s)?|\d{1,9}[.)]\s|\[\^[^\]]+\]:)+"
)
_LONGEST = 2**20


def own_lines(edited: str, plain: str) -> str:
    """The lines of the Markdown ``edited`` that ``plain`` does not have, as a reader sees them:
    without marks, links as their words. A line that stands there already, however it is marked up,
    is not told."""
    known = set(map(plain_line, plain.splitlines()))
    found = (plain_line(line) for line in edited[:_LONGEST].splitlines())
    return "\n".join(dict.fromkeys(line for line in found if line and line not in known))


def plain_line(line: str) -> str:
    """A line of Markdown as its words."""
    line = _LINK.sub(r"\1", _LINE_START.sub("", line))
    line = _WIKI.sub(lambda found: found[2] or found[1], line)
    return " ".join(_MARKS.sub("", line).split())


def own_values(values: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """What stands in a front matter under names that ``known`` does not have, a line each."""
    lines = []
    for name, value in values.items():
        if name not in known:
            texts = [bounds.text(one) for one in (value if isinstance(value, list) else [value])]
            lines.append(f"{name}: {', '.join(text for text in texts if text)}")
    return "\n".join(" ".join(line.split()) for line in lines if not line.endswith(": "))
