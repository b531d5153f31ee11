"""Pure: where a folded term stands in an original text, exactly.

Two ways with one answer. A text whose characters fold one by one (`terms.nature`) is searched as it stands, by a regex
with the class of raw twins for each folded character and white space allowed beside CJK: 1–10 µs. Any other text is
folded with a map of offsets, which is slow and rare. The tests hold both to the same brute force.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from archive.search.terms import (
    DOTS,
    HARD,
    IS_CJK,
    IS_WORD,
    SIMPLE,
    fold,
    fold_character,
    join_starts,
    variants,
)

Span = tuple[int, int]


class Matcher:
    """Finds one folded term. ``open_left``/``open_right``: it may begin/end inside a word."""

    def __init__(self, folded: str, *, open_left: bool = False, open_right: bool = False) -> None:
        self.folded = folded
        self.edge_left = IS_WORD[folded[0]] and not open_left
        self.edge_right = IS_WORD[folded[-1]] and not open_right
        self._dotted = "." in folded
        # A hit in the raw text is a hit when nothing at its ends can be hidden by folding.
        self._literal = not (self.edge_left or self.edge_right) and all(fold_character(c) == c for c in folded)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(_raw_pattern(self.folded))

    def found(self, text: str, nature: int = HARD) -> bool:
        """Whether the term stands in the text. ``nature``: `terms.nature` of it, where known."""
        if self._easy(nature):
            if self._literal and self.folded in text:
                return True
            return next(self._raw_spans(text), None) is not None
        return self.found_folded(fold(text))

    def found_folded(self, text: str) -> bool:
        return next(self.folded_spans(text), None) is not None

    def spans(self, text: str, nature: int = HARD) -> Iterator[Span]:
        """Every place, without overlaps, as offsets in the original text."""
        if self._easy(nature):
            return self._raw_spans(text)
        return self._mapped_spans(text)

    def _easy(self, nature: int) -> bool:
        return nature == SIMPLE or (nature == DOTS and not self._dotted)

    def _raw_spans(self, text: str) -> Iterator[Span]:
        if not (self.edge_left or self.edge_right):
            for match in self.pattern.finditer(text):
                yield match.span()
            return
        position = 0
        while (hit := self.pattern.search(text, position)) is not None:
            start, end = hit.span()
            left = self.edge_left and start > 0 and IS_WORD[fold_character(text[start - 1])[-1]]
            right = self.edge_right and end < len(text) and IS_WORD[fold_character(text[end])[0]]
            if left or right:
                position = start + 1
            else:
                yield start, end
                position = end

    def folded_spans(self, text: str) -> Iterator[Span]:
        """The same in a text that is folded already; offsets in it."""
        folded, size = self.folded, len(self.folded)
        start = text.find(folded)
        while start >= 0:
            end = start + size
            left = self.edge_left and start > 0 and IS_WORD[text[start - 1]]
            right = self.edge_right and end < len(text) and IS_WORD[text[end]]
            if left or right:
                start = text.find(folded, start + 1)
            else:
                yield start, end
                start = text.find(folded, end)

    def _mapped_spans(self, text: str) -> Iterator[Span]:
        folded, starts = join_starts(text)
        for start, end in self.folded_spans(folded):
            # The raw end of the last folded character: where the next raw unit begins.
            last = starts[end - 1]
            after = end
            while after < len(starts) and starts[after] == last:
                after += 1
            stop = starts[after] if after < len(starts) else len(text)
            yield starts[start], starts[start] + len(text[starts[start] : stop].rstrip())


def _raw_pattern(folded: str) -> str:
    known = variants()
    out: list[str] = []
    previous = ""
    for character in folded:
        if character == " ":
            out.append(r"\s+")
        else:
            if previous and previous != " " and (IS_CJK[previous] or IS_CJK[character]):
                out.append(r"\s*")
            # A character that folds to another one never stands for itself.
            raws = (character if fold_character(character) == character else "") + known.get(character, "")
            out.append(_one_of(raws))
        previous = character
    return "".join(out)


def _one_of(raws: str) -> str:
    if not raws:
        return r"(?!)"
    return re.escape(raws) if len(raws) == 1 else "[" + "".join(map(re.escape, raws)) + "]"
