"""Inline runs: stretches of text with the same looks, merged and written as the least HTML.

WeChat splits one bold sentence over several ``<span style="font-weight: bold">`` inside
``<strong>`` inside ``<span leaf>``; here they are one run again. Looks nest in one order only (a,
strong, em, del, sup, sub, code), which is what ``archive.document.markdown`` relies on.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape, unescape
from itertools import takewhile
from operator import attrgetter

from scraper.records import dataclass
from scraper.text import EDGES, collapsed, raised, without_noise

STRONG, EM, DEL, SUP, SUB, CODE = 1, 2, 4, 8, 16, 32
#: A run whose text is finished HTML: an image, a formula.
ATOM = 64
#: An atom that fills the width of a phone: a picture, not an emoji.
WIDE = 256
#: In the flags of what is being read, never of a run: line feeds in the text are line ends
#: (``white-space: pre…``).
PREFORMATTED = 128
_TAGS = ((STRONG, "strong"), (EM, "em"), (DEL, "del"), (SUP, "sup"), (SUB, "sub"), (CODE, "code"))
LOOKS = STRONG | EM | DEL | SUP | SUB | CODE


@dataclass(slots=True)
class Run:
    """``text`` in the looks ``flags`` under the link ``href``; ``text`` is HTML where ``ATOM`` is
    set.
    """

    text: str
    flags: int
    href: str | None = None


#: The end of a line inside a paragraph.
BREAK = Run("\n", ATOM)


def lines(runs: list[Run]) -> list[list[Run]]:
    """The runs cut at breaks, merged, their white space settled; lines without anything to see are
    empty lists.
    """
    if len(runs) == 1:
        # Most paragraphs are one run once the spans are seen through.
        return [[], []] if runs[0] is BREAK else [_settled(runs)]
    found: list[list[Run]] = []
    current: list[Run] = []
    for run in runs:
        if run is BREAK:
            found.append(_settled(current))
            current = []
        else:
            current.append(run)
    found.append(_settled(current))
    return found


def _settled(runs: list[Run]) -> list[Run]:
    while runs and runs[-1].text.isspace():
        runs.pop()
    merged = _merged(runs) if len(runs) > 1 else runs
    if len(merged) == 1 and not merged[0].flags & CODE:
        return _alone(merged[0])
    pieces = [piece for run in merged for piece in _pieces(run)]
    if len(pieces) != len(merged) or -1 in map(_flags, pieces):
        _soften_spaces(pieces)
        pieces = _merged(pieces)
    return _trimmed(pieces)


_flags = attrgetter("flags")


def _alone(run: Run) -> list[Run]:
    """A line that is one run."""
    if not run.flags & ATOM:
        run.text = words(run)
    return [run] if run.text else []


def _merged(runs: list[Run]) -> list[Run]:
    """Neighbours of the same looks as one run. Texts are joined once: a body may be one run in
    100,000 spans.
    """
    if not runs:
        return []
    found: list[Run] = []
    last, *others = runs
    texts = [last.text]
    for run in others:
        if run.flags == last.flags and run.href == last.href and not run.flags & ATOM:
            texts.append(run.text)
        else:
            found.append(_joined(last, texts))
            last, texts = run, [run.text]
    found.append(_joined(last, texts))
    return found


def _joined(run: Run, texts: list[str]) -> Run:
    return run if len(texts) == 1 else Run("".join(texts), run.flags, run.href)


def _pieces(run: Run) -> list[Run]:
    """A run as text and the white space at its ends, which takes its looks from both neighbours:
    none, where the text itself has none.
    """
    if run.flags & ATOM:
        return [run]
    text = _typed(run.text) if run.flags & CODE else collapsed(run.text)
    inner = text.strip(EDGES)
    if inner and (len(inner) == len(text) or (not run.flags and run.href is None)):
        run.text = text
        return [run]
    before, _, after = text.partition(inner) if inner else (text, "", "")
    parts = (before, -1), (inner, run.flags), (after, -1)
    return [Run(part, flags, run.href) for part, flags in parts if part]


def _typed(text: str) -> str:
    """Code inside a line."""
    return " ".join(without_noise(text).replace("\u00a0", " ").split("\n"))


def _soften_spaces(pieces: list[Run]) -> None:
    """White space (flags -1) gets the looks that the text on both of its sides shares, and merges
    into it.
    """
    following: list[Run | None] = []
    following_text: Run | None = None
    for piece in reversed(pieces):
        following.append(following_text)
        if piece.flags != -1:
            following_text = piece
    following.reverse()
    for at, piece in enumerate(pieces):
        if piece.flags != -1:
            continue
        left = pieces[at - 1] if at else None
        right = following[at]
        if left is None or right is None or (left.flags | right.flags) & ATOM:
            piece.flags, piece.href = 0, None
            if left is not None and right is not None and left.href == right.href:
                piece.href = left.href
        else:
            piece.flags = left.flags & right.flags & ~CODE
            piece.href = left.href if left.href == right.href else None


#: What no white space is taken from.
_AS_IT_IS = ATOM | CODE


def _ends_in_space(run: Run) -> bool:
    return run.text[-1:] == " " and not run.flags & _AS_IT_IS


def _trimmed(pieces: list[Run]) -> list[Run]:
    """No white space at either end, never two spaces in a row."""
    found: list[Run] = []
    for piece in pieces:
        if not piece.flags & _AS_IT_IS:
            text = piece.text
            if "  " in text:
                text = collapsed(text)
            if not found:
                text = text.lstrip(EDGES)
            elif text[:1] == " " and _ends_in_space(found[-1]):
                text = text.lstrip(" ")
            if not text:
                continue
            piece.text = text
        found.append(piece)
    while found and not found[-1].flags & ATOM:
        found[-1].text = found[-1].text.rstrip(EDGES)
        if found[-1].text:
            break
        found.pop()
    return found


def html(line: list[Run]) -> str:
    """A settled line as HTML."""
    if len(line) == 1 and line[0].href is None:
        # Most lines are one run, in one look or in none.
        only = line[0]
        return only.text if only.flags & ATOM else in_looks(only.text, only.flags)
    out: list[str] = []
    flags, href = 0, None
    for run in line:
        if run.href == href:
            out.append(_turn(flags, run.flags))
        else:
            out += _turn(flags, 0), _turn_of_link(href, run.href), _turn(0, run.flags)
        flags, href = run.flags, run.href
        out.append(run.text if flags & ATOM else _escaped(run.text))
    out += _turn(flags, 0), _turn_of_link(href, None)
    return "".join(out)


def in_looks(text: str, flags: int) -> str:
    """Words as HTML."""
    words = _escaped(text)
    return f"{_turn(0, flags)}{words}{_turn(flags, 0)}" if flags else words


@cache
def _turn(before: int, after: int) -> str:
    """The tags between words in one look and words in another."""
    opened, wanted = _wanted(before), _wanted(after)
    pairs = zip(opened, wanted, strict=False)
    shared = len([*takewhile(lambda pair: pair[0] == pair[1], pairs)])
    closed = [f"</{tag}>" for tag in reversed(opened[shared:])]
    return "".join([*closed, *(f"<{tag}>" for tag in wanted[shared:])])


def _wanted(flags: int) -> list[str]:
    """The tags of some looks, from the outermost."""
    return [tag for flag, tag in _TAGS if flags & flag]


def _turn_of_link(before: str | None, after: str | None) -> str:
    """The tags between words under one link and words under another."""
    end = "" if before is None else "</a>"
    return end if after is None else f'{end}<a href="{escape(after)}">'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def is_plain(run: Run) -> bool:
    """Whether it is words that read the same in any look, and no link."""
    return run.href is None and not run.flags & (ATOM | CODE | SUP | SUB)


def words(run: Run) -> str:
    """The words of a run alone in its line, their white space settled."""
    return collapsed(run.text).strip(EDGES)


def is_words(run: Run) -> bool:
    """Whether it is words that are seen, and no code: then its paragraph is no listing."""
    return not (run.flags & (CODE | ATOM) or run.text.isspace())


def listing(runs: list[Run]) -> list[str]:
    """The lines of a paragraph that is nothing but code, as typed, their indentation kept; none for
    any other.
    """
    found = [""]
    for run in runs:
        if run is BREAK:
            found.append("")
        elif run.flags & CODE and not run.flags & ATOM and run.href is None:
            found[-1] += without_noise(run.text).replace("\u00a0", " ").replace("\n", " ")
        elif run.flags & ATOM or run.text.strip(EDGES):
            return []
    found = [line.rstrip() for line in found]
    while found and not found[-1]:
        found.pop()
    return found


def ends_wide(line: list[Run]) -> bool:
    """Whether a wide picture stands at one end of a settled line, beside something else."""
    return len(line) > 1 and (line[0].flags | line[-1].flags) & WIDE != 0


def set_apart(line: list[Run]) -> list[list[Run]]:
    """A settled line with the wide pictures at its ends on lines of their own, as they stand on a
    phone's screen.

    Between words a picture stays where it is: the words are one line of the author's.
    """
    start, end = 0, len(line)
    while start < end and line[start].flags & WIDE:
        start += 1
    while end > start and line[end - 1].flags & WIDE:
        end -= 1
    words = line[start:end]
    if len(words) == len(line) or not any(not run.flags & ATOM for run in words):
        return [line]
    return [part for part in (line[:start], _trimmed(words), line[end:]) if part]


_FORMULA = re.compile(r'<code class="math">(.*)</code>', re.S)


def _readable(run: Run) -> str:
    if run.flags & ATOM:
        formula = _FORMULA.fullmatch(run.text)
        return unescape(formula[1]) if formula else ""
    looks = run.flags & (SUP | SUB | CODE)
    return (
        raised(run.text, "sup")
        if looks == SUP
        else raised(run.text, "sub")
        if looks == SUB
        else run.text
    )


def plain(line: list[Run]) -> str:
    """A settled line as text; images say nothing, formulas their TeX."""
    if len(line) == 1 and not line[0].flags & (SUP | SUB | ATOM):
        return line[0].text.strip(EDGES)
    return "".join(
        [_readable(run) if run.flags & (SUP | SUB | ATOM) else run.text for run in line]
    ).strip(EDGES)
