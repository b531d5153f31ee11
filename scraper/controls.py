"""Characters that command whoever shows them, written out. Pure."""

from __future__ import annotations

from scraper.patterns import lazy

#: What commands a terminal or turns the order of what it shows: C0 but tab and line feed, DEL, C1,
#: line separators, marks of direction (Unicode's bidi controls); and lone surrogates, which stand
#: for bytes of a file's name.
_CONTROLS = lazy(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff]"
)


def escape_controls(text: str) -> str:
    r"""``text`` with each control character as ``\u001b``: shown instead of obeyed, and inside JSON
    still the same value."""
    return _CONTROLS().sub(lambda match: f"\\u{ord(match[0]):04x}", text)
