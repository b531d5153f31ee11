"""Two texts side by side, by lines and inside them by words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

#: Latin words and numbers whole, everything else by character: Chinese has no blanks between words.
_TOKEN = re.compile(r"[A-Za-z0-9]+|\s+|.", re.DOTALL)
_CONTEXT = 2  #: lines that stay around a change
_LONGEST = 4000  #: characters of a line that is compared by words

#: A stretch of a line, and whether it differs.
Piece = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of both sides.

    ``kind``: ``same``, ``changed``, ``removed`` (left only), ``added`` (right only), or ``gap``:
    ``skipped`` lines that are the same on both sides.
    """

    kind: str
    left: tuple[Piece, ...] = ()
    right: tuple[Piece, ...] = ()
    skipped: int = 0


def side_by_side(old: Sequence[str], new: Sequence[str]) -> list[Row]:
    """The rows of a comparison; long stretches without a change are a gap."""
    rows: list[Row] = []
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (tag, a, b, c, d) in enumerate(blocks):
        if tag == "equal":
            rows += _same(old[a:b], first=number == 0, last=number == len(blocks) - 1)
        else:
            rows += _different(old[a:b], new[c:d])
    return rows


def _same(lines: Sequence[str], *, first: bool, last: bool) -> Iterator[Row]:
    head = 0 if first else _CONTEXT
    tail = 0 if last else _CONTEXT
    hidden = len(lines) - head - tail
    if hidden <= 1:
        head, hidden = len(lines), 0
    for at, line in enumerate(lines):
        if at < head or at >= head + hidden:
            yield Row("same", ((line, False),), ((line, False),))
        elif at == head:
            yield Row("gap", skipped=hidden)


def _different(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    for left, right in zip_longest(old, new):
        if left is None:
            yield Row("added", (), ((right, True),))
        elif right is None:
            yield Row("removed", ((left, True),), ())
        else:
            yield Row("changed", *by_words(left, right))


def by_words(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both lines in pieces. Lines that share little are wholly different: a mark on every second
    sign says nothing.
    """
    if max(len(old), len(new)) > _LONGEST:
        return ((old, True),), ((new, True),)
    left, right = _TOKEN.findall(old), _TOKEN.findall(new)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < 0.35:
        return ((old, True),), ((new, True),)
    pieces: tuple[list[Piece], list[Piece]] = ([], [])
    for tag, a, b, c, d in matcher.get_opcodes():
        for side, tokens in zip(pieces, (left[a:b], right[c:d]), strict=True):
            if tokens:
                side.append(("".join(tokens), tag != "equal"))
    return tuple(pieces[0]), tuple(pieces[1])
