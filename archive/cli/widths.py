"""Columns of a terminal: a Chinese sign takes two of them, and a line of Chinese breaks anywhere but
before a closing mark.
"""

from __future__ import annotations

from scraper.patterns import lazy

#: What must not begin a line, and what must not end one (GB/T 15834).
_CLOSING = "，。、；：？！）》」』】〕”’…—·％"
_OPENING = "（《「『【〔“‘"
_WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef“”‘’…—"
#: What stays together: a wide sign with the marks that belong to it, spaces, a run of all else.
_PIECE = lazy(rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*|\s+|[^\s]")


def width(text: str) -> int:
    """How many columns ``text`` takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    found = wcswidth(text)
    return found if found >= 0 else len(text)


def pad(text: str, columns: int) -> str:
    """``text`` with spaces behind it, so that it takes so many columns."""
    return text + " " * max(0, columns - width(text))


def clip(text: str, columns: int) -> str:
    """``text``, cut with … where it takes more columns."""
    if width(text) <= columns:
        return text
    kept = ""
    for sign in text:
        if width(kept) + width(sign) > columns - 1:
            break
        kept += sign
    return kept.rstrip() + "…"


def wrap(text: str, columns: int, first: str = "", others: str = "") -> str:
    """The lines of one paragraph, none wider than ``columns`` where that is possible; ``first``
    stands before the first one, ``others`` before each other.
    """
    lines, line = [], first
    is_empty = True
    for piece in _PIECE().findall(" ".join(text.split())):
        if not is_empty and width(line + piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line, is_empty = others, True
        if is_empty and not piece.strip():
            continue
        line += piece
        is_empty = False
    return "\n".join([*lines, line.rstrip()])
