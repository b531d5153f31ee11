"""Emphasis that closes: where ``**`` may stand beside Chinese punctuation.

CommonMark 0.31, 6.2: a delimiter opens only if what follows is no white space and, where that is
punctuation, if what precedes is white space or punctuation; closing is the mirror of it. So
``**重点。**后文`` never closes. The least that helps is to move that one mark out of the emphasis:
``**重点**。后文``. Nothing literal shows and the words stay bold.

Unicode symbols (emoji, ``＋``) count as punctuation since 0.31 but not before, so they are asked to
work both ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from archive.document import code_spans
from scraper.patterns import lazy
from scraper.records import dataclass

BOLD_START, BOLD_END = "\ufdd0", "\ufdd1"
ITALIC_START, ITALIC_END = "\ufdd2", "\ufdd3"
STRUCK_START, STRUCK_END = "\ufdd4", "\ufdd5"
#: What may not be torn apart: a code span, a link, an image.
ATOM_START, ATOM_END = "\ufdd6", "\ufdd7"
BREAK = "\ufdd8"
#: A link's opening bracket, before which a literal ``!`` must be escaped.
BRACKET = "\ufdd9"
#: … and the ``](`` between its words and its address.
TARGET = "\ufddd"
#: ``[`` of the text, which means something in few places only.
OPEN = "\ufddc"
#: ``$`` and ``~`` of the text: alone in a paragraph they are harmless, in pairs they are
#: mathematics and strike-outs.
DOLLAR, TILDE = "\ufdda", "\ufddb"

_ANY = re.compile("[\ufdd0-\ufddd]")
_TOKENS = re.compile("([\ufdd0-\ufdd8])")
#: Each is looked for by itself: half of the time of a search for any of them.
_TO_WEIGH = (BOLD_START, ITALIC_START, STRUCK_START, DOLLAR, TILDE)
_BOLD, _ITALIC, _STRUCK = 1, 2, 4
_BOLD_ALONE = {0, _BOLD}
_STARTS = {BOLD_START: _BOLD, ITALIC_START: _ITALIC, STRUCK_START: _STRUCK}
_ENDS = {BOLD_END: _BOLD, ITALIC_END: _ITALIC, STRUCK_END: _STRUCK}
_SPACES = " \t\u00a0\u3000"
_ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


@dataclass(slots=True)
class _Piece:
    """Text in one look, or an atom."""

    text: str
    looks: int
    atom: bool = False


def settle(text: str, *, before: str = "\n", after: str = "\n", line_end: str = "  \n") -> str:
    """``text`` with every mark turned into Markdown; ``before`` and ``after`` are the characters
    around it.
    """
    if text.isprintable() or not _ANY.search(text):  # no mark is printable
        return text.strip()
    if OPEN in text:
        text = _with_brackets(text)
    if any(map(text.__contains__, _TO_WEIGH)):
        lines = [_line(pieces, before, after) for pieces in _lines(text)]
    else:
        lines = [_plain(line) for line in text.split(BREAK)]
    return line_end.join(filter(None, lines))


#: Where a bracket of the text would mean something: before an address or a definition, which takes
#: all brackets of a paragraph in, or as the beginning of ``[[`` or ``[^`` (Obsidian, GitHub), or of
#: a task.
_ADDRESSED = re.compile("\\][\ufdd0-\ufddd]*[(:]")
_READ_INTO = lazy("\ufddc(?=[\ufdd0-\ufdd8]*[\ufdd9\ufddc^]|[ xX]\\])")


def _with_brackets(text: str) -> str:
    if _ADDRESSED.search(text):
        return text.replace(OPEN, "\\[")
    return _READ_INTO().sub(r"\\[", text).replace(OPEN, "[")


def _with_atoms(line: str) -> str:
    if BRACKET in line:
        line = line.replace("!" + BRACKET, "\\!" + BRACKET).replace(BRACKET, "[")
    return code_spans.joined(line.replace(TARGET, "]("))


def _plain(line: str) -> str:
    """A line with links, pictures or code, but neither emphasis nor signs that might pair up."""
    line = line.replace(ATOM_START, "").replace(ATOM_END, "")
    return _with_atoms(line.strip(_SPACES))


def _lines(text: str) -> list[list[_Piece]]:
    lines: list[list[_Piece]] = [[]]
    depth = {_BOLD: 0, _ITALIC: 0, _STRUCK: 0}
    looks = atoms = 0
    atom: list[str] = []
    parts = iter(_TOKENS.split(text))
    _take(lines[-1], next(parts), looks)
    for token, words in zip(parts, parts, strict=True):
        if token == ATOM_START:
            atoms += 1
        elif token == ATOM_END:
            atoms -= 1
            if not atoms:
                lines[-1].append(_Piece("".join(atom), looks, atom=True))
                atom.clear()
        elif token == BREAK and not atoms:
            lines.append([])
        elif not atoms:
            looks = _looks_after(token, looks, depth)
        if atoms:
            atom.append(words)
        else:
            _take(lines[-1], words, looks)
    return lines


def _looks_after(token: str, looks: int, depth: dict[int, int]) -> int:
    """Note in ``depth`` what a mark begins or ends; how what follows looks."""
    begun, ended = _STARTS.get(token, 0), _ENDS.get(token, 0)
    if begun:
        depth[begun] += 1
    elif ended and depth[ended]:
        depth[ended] -= 1
        return looks if depth[ended] else looks & ~ended
    return looks | begun


def _take(line: list[_Piece], text: str, looks: int) -> None:
    if text:
        if line and line[-1].looks == looks and not line[-1].atom:
            line[-1].text += text
        else:
            line.append(_Piece(text, looks))


def _line(pieces: list[_Piece], before: str, after: str) -> str:
    whole = "".join([piece.text for piece in pieces])
    if DOLLAR in whole or TILDE in whole:
        _write_signs(pieces, whole)
    # Bold alone, as nearly all emphasis is, gets into nobody's way.
    if not {piece.looks for piece in pieces} <= _BOLD_ALONE:
        _simplify(pieces)
        _give_up_strikes(pieces, before, after)
    out = _emit(pieces, before, after).strip(_SPACES)
    return _with_atoms(out)


def _write_signs(pieces: list[_Piece], whole: str) -> None:
    """Of ``$`` and ``~`` only what could pair up is escaped, and all in an atom."""
    dollar = "\\$" if whole.count(DOLLAR) > 1 else "$"
    tilde = (
        "\\~" if whole.count(TILDE) > 1 or any(piece.looks & _STRUCK for piece in pieces) else "~"
    )
    for piece in pieces:
        if not piece.atom:
            piece.text = piece.text.replace(DOLLAR, dollar).replace(TILDE, tilde)
        else:
            piece.text = piece.text.replace(DOLLAR, "\\$").replace(TILDE, "\\~")


def _simplify(pieces: list[_Piece]) -> None:
    """Italic beside or inside bold gives way: delimiters of both kinds in one place are read in
    more than one way.

    So do two strikes side by side of which one is bold: four tildes in a row mean nothing.
    """
    for left, right in pairwise(pieces):
        if left.looks & right.looks & _STRUCK and left.looks != right.looks:
            (left if left.looks != _STRUCK else right).looks &= ~_STRUCK
    start = 0
    while start < len(pieces):
        if not pieces[start].looks & (_BOLD | _ITALIC):
            start += 1
            continue
        end = start
        looks = set()
        while end < len(pieces) and pieces[end].looks & (_BOLD | _ITALIC):
            looks.add(pieces[end].looks & (_BOLD | _ITALIC))
            end += 1
        if len(looks) > 1:
            for piece in pieces[start:end]:
                piece.looks &= ~_ITALIC
        start = end


def _give_up_strikes(pieces: list[_Piece], before: str, after: str) -> None:
    """Struck bold that stands beside a letter, where its strike is given up (see `_delimiters`),
    becomes one with the bold on its other side: the ``****`` between the two would be read as text.
    """
    for at, end in list(_groups(pieces)):
        looks = pieces[at].looks
        if not (looks & _STRUCK and looks & (_BOLD | _ITALIC)):
            continue
        left = before if at == 0 else _outside(pieces[at - 1], -1)
        right = after if end == len(pieces) else _outside(pieces[end], 0)
        if "*" in (left, right) and (_is_letter(left) or _is_letter(right)):
            for piece in pieces[at:end]:
                piece.looks &= ~_STRUCK


def _outside(piece: _Piece, edge: int) -> str:
    """What a delimiter beside ``piece`` meets: its first or last character, or its own delimiter."""
    if piece.looks & (_BOLD | _ITALIC):
        return "*"
    return "~" if piece.looks else piece.text[edge]


def _groups(pieces: list[_Piece]) -> Iterator[tuple[int, int]]:
    """Where pieces in one look begin and end."""
    at = 0
    while at < len(pieces):
        end = at
        while end < len(pieces) and pieces[end].looks == pieces[at].looks:
            end += 1
        yield at, end
        at = end


def _emit(pieces: list[_Piece], before: str, after: str) -> str:
    """The pieces with their delimiters."""
    out: list[str] = []
    last = before
    for at, end in _groups(pieces):
        group = pieces[at:end]
        text = "".join([piece.text for piece in group])
        if looks := group[0].looks:
            text = _in_looks(group, text, looks, last, _first(pieces, end, after))
        out.append(text)
        last = text[-1:] or last
    return "".join(out)


def _in_looks(group: list[_Piece], text: str, looks: int, last: str, following: str) -> str:
    """``text``, that of the pieces of a group, with the delimiters of its looks."""
    if _holds_together(text, last, following):
        marks = _delimiters(looks, "", text, "", last, following)
        return f"{marks}{text}{marks[::-1]}"
    units = [unit for piece in group for unit in _units(piece)]
    return _emphasised(units, looks, last, following)


def _holds_together(text: str, last: str, following: str) -> bool:
    """Whether delimiters at both ends of ``text`` open and close as it stands, as most do."""
    return bool(text) and _opens(last, text[0]) and _opens(following, text[-1])


def _first(pieces: list[_Piece], at: int, after: str) -> str:
    for piece in pieces[at:]:
        if piece.text:
            # A piece that will be emphasised begins with its delimiter, unless its first mark moves
            # out of it.
            return "*" if piece.looks and not _is_space(piece.text[0]) else piece.text[0]
    return after


def _delimiters(looks: int, head: str, region: str, tail: str, last: str, following: str) -> str:
    marks = ("**" if looks & _BOLD else "") + ("*" if looks & _ITALIC else "")
    if not looks & _STRUCK:
        return marks
    if not marks:
        return "~~"
    # "~~**x**~~" opens and closes only away from letters; beside one the bold matters more.
    outer_before, outer_after = head[-1:] or last, tail[:1] or following
    if _is_letter(outer_before) or _is_letter(outer_after):
        return marks
    return "~~" + marks


#: Marks that stand in pairs: one half inside the emphasis and the other outside of it reads badly.
_PAIRS = dict(zip("“‘「『《〈（(【〔[｛{〝", "”’」』》〉）)】〕]｝}〞", strict=True))
_CLOSERS = {closer: opener for opener, closer in _PAIRS.items()}
_EITHER = '"＂'
_HALVES = frozenset([*_PAIRS, *_CLOSERS, *_EITHER])
_LONGEST_SIGN = 8
#: Open marks among which a closing one's partner is looked for.
_NEAREST = 64


def _emphasised(units: list[str], looks: int, last: str, following: str) -> str:
    """The units in their looks: whatever cannot stand inside moves out, a paired mark together with
    its other half.
    """
    start, end = _shrunk(units, last, following)
    if looks == _BOLD and end - start < len(units) and _is_a_sign("".join(units)):
        return f"<strong>{''.join(units)}</strong>"
    if start == end:
        return "".join(units)
    lonely = _lonely(units, start, end)
    if not lonely:
        head, region, tail = (
            "".join(part) for part in (units[:start], units[start:end], units[end:])
        )
        marks = _delimiters(looks, head, region, tail, last, following)
        return f"{head}{marks}{region}{marks[::-1]}{tail}"
    out = units[:start]
    for begin, stop in pairwise([start - 1, *lonely, end]):
        part = units[begin + 1 : stop]
        if part:
            before = units[begin][-1] if begin >= 0 else last
            after = units[stop][0] if stop < len(units) else following
            out.append(_emphasised(part, looks, before, after))
        if stop < end:
            out.append(units[stop])
    return "".join(out + units[end:])


def _is_a_sign(text: str) -> bool:
    """Whether a bold text is a sign alone (``★`` before a number), which no delimiter beside a
    letter can mark.
    """
    text = code_spans.without_marks(text)
    if len(text) > _LONGEST_SIGN:
        return False
    kinds = {_kind(character) for character in text}
    return "symbol" in kinds and "letter" not in kinds


def _lonely(units: list[str], start: int, end: int) -> list[int]:
    """Where in ``units[start:end]`` the halves stand whose other half moved out of it."""
    found = []
    for first, second in _paired(units):
        first_stays, second_stays = start <= first < end, start <= second < end
        if first_stays != second_stays:
            found.append(first if first_stays else second)
    return sorted(found)


def _paired(units: list[str]) -> Iterator[tuple[int, int]]:
    """Where marks that belong together stand, each pair when its second half is come to."""
    opened: list[int] = []
    for at, unit in enumerate(units):
        if unit not in _HALVES:
            continue
        opener = unit if unit in _EITHER else _CLOSERS.get(unit)
        first = None if opener is None else _last_opened(units, opened, opener)
        if first is None:
            if unit in _EITHER or unit in _PAIRS:
                opened.append(at)
        elif unit in _EITHER:
            opened.remove(first)
            yield first, at
        else:
            del opened[opened.index(first) :]
            yield first, at


def _last_opened(units: list[str], opened: list[int], opener: str) -> int | None:
    """Where the nearest of the last few that are open stands."""
    nearest = opened[: -_NEAREST - 1 : -1]
    return next((place for place in nearest if units[place] == opener), None)


def _shrunk(units: list[str], last: str, following: str) -> tuple[int, int]:
    """Where what stays emphasised begins and ends; what is before and behind it moves out."""
    start, end = _past_spaces(units, 0, len(units)), len(units)
    end = _before_spaces(units, start, end)
    while start < end:
        previous = units[start - 1][-1] if start else last
        if _opens(previous, units[start][0]):
            break
        start = _past_spaces(units, start + 1, end)
    while end > start:
        next_ = units[end][0] if end < len(units) else following
        if _opens(next_, units[end - 1][-1]):
            break
        end = _before_spaces(units, start, end - 1)
    return start, end


def _past_spaces(units: list[str], start: int, end: int) -> int:
    while start < end and _is_space(units[start]):
        start += 1
    return start


def _before_spaces(units: list[str], start: int, end: int) -> int:
    while end > start and _is_space(units[end - 1]):
        end -= 1
    return end


_UNIT = lazy(r"\\[!-/:-@\[-`{-~]|.", re.S)


def _units(piece: _Piece) -> list[str]:
    """What may be moved out as one: an atom, an escaped character, a character."""
    if piece.atom:
        return [piece.text]
    return _UNIT().findall(piece.text) if "\\" in piece.text else [*piece.text]


def _opens(outside: str, inside: str) -> bool:
    """Whether a delimiter between ``outside`` and ``inside`` opens (or, read backwards, closes)
    emphasis.
    """
    inner, outer = _kind(inside), _kind(outside)
    if inner == "space":
        return False
    return inner == "letter" or outer in ("space", "mark") or (inner == outer == "symbol")


def _is_space(text: str) -> bool:
    return _kind(text[0]) == "space"


def _is_letter(text: str) -> bool:
    return _kind(text[:1] or "\n") in ("letter", "symbol")


@lru_cache(maxsize=16_384)
def _kind(character: str) -> str:
    if character.isspace():
        return "space"
    if character in _ASCII_PUNCTUATION:
        return "mark"
    category = unicodedata.category(character)
    if category == "Zs":
        return "space"
    return "mark" if category[0] == "P" else "symbol" if category[0] == "S" else "letter"
