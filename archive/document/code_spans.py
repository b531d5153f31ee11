"""Code spans that stand side by side.

CommonMark (0.31, 6.1) closes a span with a run of just as many backticks as opened it, so of two
spans of one backtick side by side the two backticks between them would be read as text of one
span. Spans that touch are therefore written as one, which shows the same.
"""

from __future__ import annotations

import re

#: Noncharacters beside the outermost backticks of a span, as in ``archive.document.emphasis``;
#: within, so that what asks for a span's first or last character meets a backtick.
_START, _END = "\ufdde", "\ufddf"
_MARKS = re.compile(f"[{_START}{_END}]")
_TOUCHING = re.compile(f"`{_START}[^{_END}]*{_END}`(?:`{_START}[^{_END}]*{_END}`)+")
_SPAN = re.compile(f"({_START}[^{_END}]*{_END})")
_BACKTICKS = re.compile("`+")


def marked(text: str) -> str:
    """A code span of ``text``, which is not empty, with its marks."""
    fenced = _fenced(text)
    return f"`{_START}{fenced[1:-1]}{_END}`"


def joined(line: str) -> str:
    """A line of Markdown without the marks, spans that touch made one."""
    if _END not in line:
        return line
    return without_marks(_TOUCHING.sub(_one, line))


def without_marks(text: str) -> str:
    """``text`` with its code spans as they are."""
    return _MARKS.sub("", text)


def _one(touching: re.Match[str]) -> str:
    spans = (f"`{without_marks(span)}`" for span in _SPAN.findall(touching[0]))
    return _fenced("".join(map(_text, spans)))


def _fenced(text: str) -> str:
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    # CommonMark takes one space off both ends when both are spaces, so such text brings its own.
    needs_pad = text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " " and text.strip())
    pad = " " if needs_pad else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _text(span: str) -> str:
    """What a reader sees of a span that ``_fenced`` wrote."""
    opening = _BACKTICKS.match(span)
    fence = len(opening[0]) if opening else 0
    text = span[fence:-fence]
    return text[1:-1] if text[0] == text[-1] == " " and text.strip() else text
