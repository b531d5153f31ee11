"""The characters of a page: what is noise and what is a space.

WeChat's editors leave zero-width characters, ``&nbsp;`` and soft hyphens all over a body (every
era); nobody sees them, and they break searching, so they go. A zero-width joiner inside an emoji is
part of that emoji and stays, and so do the joiners of scripts that are written with them.
"""

from __future__ import annotations

import re

from scraper.patterns import lazy


def names(text: str) -> frozenset[str]:
    """The words of ``text``: a set of element or class names, written so that it can be read."""
    return frozenset(text.split())


# Noncharacters (U+FDD0…U+FDEF, U+FFFE/F) never stand for anything in interchange (Unicode 23.7);
# archive.document.markdown uses them as private marks, so none may come from a page. C0/C1 controls
# and the replacement of them are invisible.
_NOISE = (
    "\u200b\u2060\ufeff\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ufdd0-\ufdef\ufffe\uffff\x00-\x08\x0b\x0e-\x1f\x7f-\x9f"
)
_JOINERS = "\u200c\u200d"
_SUSPECT = re.compile(f"[{_NOISE}{_JOINERS}\u2028\u2029]")
_REMOVED = lazy(f"[{_NOISE}]")
_EMOJI_BEFORE = "\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
_EMOJI_AFTER = "\u2600-\u27bf\U0001f000-\U0001faff"
#: Letters of the scripts in which a joiner or non-joiner changes what is read: Arabic (Uyghur,
#: Kazakh, Persian) and its kin, the scripts of India and Tibet, Burmese, Khmer, Mongolian.
_JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1800-\u18af"
    "\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
)
_LONE_JOINER = lazy(
    f"(?<![{_EMOJI_BEFORE}{_JOINING}])\u200d|(?<![{_JOINING}])\u200c"
    f"|(?<=[{_EMOJI_BEFORE}])\u200d(?![{_EMOJI_AFTER}])|\u200c(?![{_JOINING}])"
)
_SEPARATOR = re.compile("[\u2028\u2029]")
# HTML's white space, the no-break space and the typographic spaces that WeChat's editors produce.
# U+3000 is left alone inside a line, where it is a character of Chinese typography (between the two
# characters of a name).
_SPACES = re.compile("[ \t\n\r\f\x0b\u00a0\u1680\u2000-\u200a\u202f\u205f]+")
_NEEDS_SPACES = re.compile("[\t\n\r\f\x0b\u00a0\u1680\u2000-\u200a\u202f\u205f]|  ")
#: What may not stand at either end of a line.
EDGES = " \t\n\r\f\x0b\u00a0\u3000"


def without_noise(text: str) -> str:
    """``text`` without characters that nobody sees; white space untouched."""
    if text.isprintable():  # all of the noise is not, and asking costs a fifth of a search
        return text
    if _SUSPECT.search(text):
        text = _SEPARATOR.sub("\n", _REMOVED().sub("", text))
        if "\u200d" in text or "\u200c" in text:
            text = _LONE_JOINER().sub("", text)
    return text


def collapsed(text: str) -> str:
    """``text`` without noise, each run of white space as one space, the ends not trimmed (HTML's
    own rule).
    """
    if text.isprintable():
        return _SPACES.sub(" ", text) if "  " in text else text
    text = without_noise(text)
    if _NEEDS_SPACES.search(text):
        return _SPACES.sub(" ", text)
    return text


def one_line(text: str) -> str:
    """``text`` as one trimmed line: for titles, names and captions."""
    return collapsed(text).strip(EDGES)


_RAISED = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-=()aeox", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓ")
_RAISABLE = lazy(r"[-0-9+=()ni]{1,12}")
_LOWERABLE = lazy(r"[-0-9+=()aeox]{1,12}")


def raised(text: str, tag: str) -> str:
    """What stands in ``<sup>`` or ``<sub>`` as characters of its own, so that 10⁶ is not read as
    106.

    Whatever has none of these for all of its characters, such as a note's ``[1]``, stays as it is.
    """
    if tag == "code":
        return text
    if tag == "sup":
        return text.translate(_RAISED) if _RAISABLE().fullmatch(text) else text
    return text.translate(_LOWERED) if _LOWERABLE().fullmatch(text) else text
