"""Text out of page data: entities resolved as the page's own scripts do it, invisible noise taken
out.
"""

from __future__ import annotations

import html
import re
from typing import Final

from scraper.patterns import lazy
from scraper.text import without_noise

#: The page's ``String.prototype.html`` of 2014–2026, in its own order, ``&amp;`` last.
_HTML: Final = (
    ("&#39;", "'"),
    ("&quot;", '"'),
    ("&nbsp;", " "),
    ("&gt;", ">"),
    ("&lt;", "<"),
    ("&yen;", "¥"),
    ("&amp;", "&"),
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLANKS = re.compile("[^\\S\n]+")
_SPACES = re.compile(r"\s+")


def html_decode(text: str) -> str:
    """What ``'…'.html(false)`` and ``htmlDecode('…')`` of the page return."""
    if "&" in text:
        for entity, plain in _HTML:
            text = text.replace(entity, plain)
    return text


def unescape_fully(text: str) -> str:
    """HTML entities resolved until none is left, at most three times: data of WeChat is escaped
    once or twice.
    """
    for _ in range(3):
        if "&" not in text or not _ENTITY.search(text):
            break
        # Addresses have no other, and the library takes them one by one.
        only_these = text.count("&") == text.count("&amp;")
        text = text.replace("&amp;", "&") if only_these else html.unescape(text)
    return text


def scrub(text: str) -> str:
    """Without zero-width noise, control characters and lone surrogates; nbsp becomes a space."""
    text = without_noise(text.replace("\u00a0", " ").replace("\r\n", "\n").replace("\r", "\n"))
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def decoded_line(text: str | None) -> str | None:
    """Clean text on one line (titles, names), ``None`` for nothing."""
    if not text:
        return None
    line = unescape_fully(text)
    if not _is_clean(line):
        line = _SPACES.sub(" ", scrub(line))
    return line.strip() or None


def _is_clean(line: str) -> bool:
    """Whether there is nothing to scrub and no run of blanks: a blank is the only one that counts
    as printable.
    """
    return line.isprintable() and "  " not in line


#: Tags that WeChat really puts into the text of a digest; anything else in angle brackets is the
#: author's.
_LINK_TAG = lazy(r"</?(?:a|br|span|em|strong|p)(?:\s[^<>]*)?/?>", re.I)


def without_tags(text: str | None) -> str | None:
    """Text of a message without the links in it (kind 8 has whole ``<a class=…>`` in its
    digest).
    """
    if not text or "<" not in text:
        return text
    return _LINK_TAG().sub("", re.sub(r"<br\s*/?>", "\n", text, flags=re.I))


_CARD = lazy(r"\w{2,3}: ")


def first_words(text: str | None, most: int = 64) -> str | None:
    """The first line of a text as its name: whole if it fits, else up to a sentence's end, else cut
    with ``…``.
    """
    line = _first_line(text or "")
    if line is None or len(line) <= most:
        return line
    ends = [at + 1 for at, char in enumerate(line[:most]) if char in "。！？!?；;"]
    return line[: ends[-1]] if ends and ends[-1] >= 8 else line[: most - 1].rstrip() + "…"


def _first_line(text: str) -> str | None:
    """The first that is more than a card or a word; else the first."""
    lines = [line for part in text.split("\n") if (line := part.strip())]
    telling = (line for line in lines if len(line) >= 4 and not _CARD().match(line))
    return next(telling, lines[0] if lines else None)


def several_lines(text: str | None) -> str | None:
    """Clean text that may keep its line breaks (digests), ``None`` for nothing."""
    if not text:
        return None
    text = unescape_fully(text)
    if _is_clean(text):
        return text.strip() or None
    lines = (_BLANKS.sub(" ", line).strip() for line in scrub(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() or None
