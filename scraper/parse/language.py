"""The language of a text, by its characters. Pure.

Not that of the interface: ``window.LANG`` and ``cgiDataNew.lang`` follow the ``Accept-Language`` of
whoever asked (a copy of a Chinese article of 2023 and an answer of 2026-07 say ``en``).
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from scraper.patterns import lazy

#: So many characters are looked at; an article that begins in one language goes on in it.
_LOOKED_AT: Final = 4_000
#: Fewer letters than this say nothing.
_FEW: Final = 4
#: Script → BCP 47 tag, for scripts of one language on WeChat.
_SCRIPTS: Final = (
    ("ko", lazy("[\uac00-\ud7a3]")),
    ("bo", lazy("[\u0f40-\u0fbc]")),
    ("mn-Mong", lazy("[\u1820-\u18aa]")),
    ("th", lazy("[\u0e01-\u0e5b]")),
    ("ug", lazy("[\u0626-\u06d5]")),
    ("ru", lazy("[\u0400-\u04ff]")),
)
#: The upper bytes of all of them in UTF-16: one look instead of six counts.
_UNUSUAL: Final = bytes((*range(0x04, 0x19), *range(0xAC, 0xD8)))
#: The upper bytes of Han characters in UTF-16 (U+3400–4CFF, 4E00–9FFF, F900–FAFF), and those that
#: other characters share theirs with.
_HAN: Final = bytes((*range(0x34, 0x4D), *range(0x4E, 0xA0), 0xF9, 0xFA))
_RARE_HAN = lazy("[\u4d00-\u4dbf\U00020000-\U0003ffff]")
_OF_RARE_HAN: Final = bytes((0x4D, *range(0xD8, 0xDC)))
#: One character, not a run of them: twice as fast where there is none.
_KANA = re.compile("[\u3041-\u30ff]")
_LATIN = lazy("[A-Za-z\u00c0-\u024f]+")
#: What of Latin-1 is no letter of it; and the upper bytes of the letters beyond, which few texts have.
_NO_LETTERS: Final = bytes(
    code for code in range(0xC0) if not (chr(code).isascii() and chr(code).isalpha())
)
_BEYOND_LATIN_1: Final = b"\1\2"
#: Frequent characters that are written in one of the two ways only.
_TRADITIONAL = lazy("[這個們來對說時會國過還沒種為與開關問題學習機車東長見頭書電話]")
_SIMPLIFIED = lazy("[这个们来对说时会国过还没种为与开关问题学习机车东长见头书电话]")
_ENGLISH = lazy(r"\b(?:the|of|and|to|in|is|that|for|with|are|on|as)\b", re.I)
#: Words of English text per so many letters, at least.
_LETTERS_PER_WORD: Final = 40
#: A Han character says about as much as this many letters.
_LETTERS_PER_HAN: Final = 3


def of(text: str) -> str | None:
    """``zh-Hans``, ``zh-Hant``, ``en``, ``ja``, ``ko``, ``bo`` …; ``None`` where the text does not
    tell.

    >>> of("这是一篇普通的文章 with a few English words")
    'zh-Hans'
    """
    text = text[:_LOOKED_AT]
    # Not `text.encode`, which imports a module for it.
    upper = codecs.utf_16_le_encode(text, "surrogatepass")[0][1::2]
    han = _of_them(_HAN, upper)
    if _of_them(_OF_RARE_HAN, upper):
        han += len(_RARE_HAN().findall(text))
    kana, latin = _count(_KANA, text), _latin(text, upper)
    most, tag = 0, ""
    if _of_them(_UNUSUAL, upper):
        most, tag = max((_count(kind(), text), tag) for tag, kind in _SCRIPTS)
    east = (han + kana) * _LETTERS_PER_HAN
    if max(han + kana, latin, most) < _FEW:
        return None
    if most * _LETTERS_PER_HAN > max(east, latin):
        return tag
    if east >= latin:
        return _eastern(text, han, kana)
    return "en" if len(_ENGLISH().findall(text)) * _LETTERS_PER_WORD >= latin else None


def _of_them(kinds: bytes, upper: bytes) -> int:
    """How many of the bytes are of these kinds: the runs of a text are so short that a pattern takes
    four times as long.
    """
    return len(upper) - len(upper.translate(None, kinds))


def _latin(text: str, upper: bytes) -> int:
    """How many Latin letters; Latin-1 leaves out the others, which are most of the text."""
    if _of_them(_BEYOND_LATIN_1, upper):
        return _count(_LATIN(), text)
    return len(text.encode("latin-1", "ignore").translate(None, _NO_LETTERS))


def _count(kind: re.Pattern[str], text: str) -> int:
    """How many characters of this kind; counted run by run."""
    return len("".join(kind.findall(text)))


def _eastern(text: str, han: int, kana: int) -> str:
    if kana * 8 > han:
        return "ja"
    traditional = len(_TRADITIONAL().findall(text))
    if traditional and traditional > len(_SIMPLIFIED().findall(text)):
        return "zh-Hant"
    return "zh-Hans"
