"""Pure: where a folded term stands in an original text, exactly.

Two ways with one answer. A text whose characters fold one by one (`terms.fold_flags`) is searched
as it stands, by a regex with the class of raw twins for each folded character and white space
allowed beside CJK: 1–10 µs. Any other text is folded with a map of offsets, which is slow and rare.
The tests hold both to the same brute force.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property, lru_cache

from archive.search.terms import (
    ELLIPSIS,
    HAS_COMPOSITIONS,
    HAS_EXPANSIONS,
    HAS_NUMERALS,
    HAS_VARIANTS,
    IS_CJK,
    IS_WORD,
    fold,
    fold_character,
    fold_with_offsets,
    numeral_characters,
    variants,
)
from scraper.patterns import lazy

Span = tuple[int, int]
#: Characters that fold to a Han character, and stand in no `variants`
#: (`tests/search/test_terms.py` looks at all).
_HIDES_HAN = lazy(
    "[\u3192-\u319f\u3220-\u3243\u32c0-\u32cb\u32ff\u3358-\u3370\u337b-\u337f\u33e0-\u33fe"
    "\U0001f200-\U0001f265\U0002f800-\U0002fa1f]"
)
_HAN = lazy("[\u3400-\u9fff]+")
_LONG = 200
ASCII_WHITESPACE = bytes(code for code in range(128) if chr(code).isspace())


class Matcher:
    """Finds one folded term. ``open_left``/``open_right``: it may begin/end inside a word."""

    def __init__(self, folded: str, *, open_left: bool = False, open_right: bool = False) -> None:
        self.folded = folded
        self.edge_left = IS_WORD[folded[0]] and not open_left
        self.edge_right = IS_WORD[folded[-1]] and not open_right
        self._dotted = "." in folded
        self._cjk = all(IS_CJK[c] for c in folded)
        #: Only CJK characters that fold to themselves: in most texts they stand as they are, but
        #: for white space.
        self.is_plain_cjk = self._cjk and all(fold_character(c) == c for c in folded)
        #: Of these no mark or letter makes another one, so that most of what folds together in a
        #: text does not concern them.
        self._is_han = self.is_plain_cjk and _HAN().fullmatch(folded) is not None
        self.ascii = folded.isascii()
        self.needle = folded.encode("utf-8", "surrogatepass")
        # What a text must not be for the raw ways to be right.
        self._folds = HAS_COMPOSITIONS if self._cjk else HAS_COMPOSITIONS | HAS_EXPANSIONS
        if not (self._cjk or numeral_characters().isdisjoint(folded)):
            self._folds |= HAS_NUMERALS

    @cached_property
    def _head(self) -> Matcher | None:
        """The beginning of a very long term, looked for first: the regex of 10,000 characters takes
        half a second."""
        if len(self.folded) <= _LONG:
            return None
        return Matcher(
            self.folded[: _LONG // 2].rstrip(), open_left=not self.edge_left, open_right=True
        )

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(_raw_pattern(self.folded))

    def found(self, text: str, fold_flags: int = HAS_COMPOSITIONS) -> bool:
        """Whether the term stands in the text. ``fold_flags``: `terms.fold_flags` of it, where
        known."""
        if self._head is not None and not self._head.found(text, fold_flags):
            return False
        if self._must_fold(text, fold_flags):
            return self.found_in_folded(fold(text))
        if self.is_plain_cjk:
            if self.folded in text:
                return True
            return (
                self._found_in_varied(text)
                if fold_flags & (HAS_VARIANTS | HAS_COMPOSITIONS)
                else self.folded in "".join(text.split())
            )
        if self._dotted:
            text = text.replace(ELLIPSIS, "...")
        return next(self._raw_spans(text), None) is not None

    def found_in_utf8(self, text: bytes, fold_flags: int) -> bool:
        """The same in UTF-8: for most texts three times faster, since nothing is decoded."""
        if self.stands_as_typed(text, fold_flags):
            return True
        if self.is_plain_cjk and not fold_flags & HAS_COMPOSITIONS:
            if not fold_flags & HAS_VARIANTS:
                return self.needle in text.translate(None, ASCII_WHITESPACE)
            return self._found_in_varied(text.decode())
        return self.found(text.decode(), fold_flags)

    def stands_as_typed(self, text: bytes, fold_flags: int) -> bool:
        """Whether the term surely stands in a text in UTF-8, sign by sign; where not, it may still:
        in other characters, or over white space."""
        return (
            self.is_plain_cjk
            and (self._is_han or not fold_flags & HAS_COMPOSITIONS)
            and self.needle in text
        )

    def _must_fold(self, text: str, fold_flags: int) -> bool:
        """Whether a text must be folded as a whole before the term is looked for. A mark, an emoji
        or a kana that folds with its neighbour hides no Han character: that does only what folds to
        one in a way of its own (㈱, ㍿)."""
        if not fold_flags & self._folds:
            return False
        return not self._is_han or _HIDES_HAN().search(text) is not None

    def _found_in_varied(self, text: str) -> bool:
        """Of a is_plain_cjk term, in a text with traditional characters or unusual blanks: a third
        of the regex's time."""
        for raw, folded in self._variant_pairs:
            if raw in text:
                text = text.replace(raw, folded)
        return self.folded in "".join(text.split())

    @cached_property
    def _variant_pairs(self) -> list[tuple[str, str]]:
        """Every raw character that stands for one of the term's, and that one."""
        known = variants()
        return [
            (raw, folded) for folded in dict.fromkeys(self.folded) for raw in known.get(folded, "")
        ]

    def found_in_folded(self, text: str) -> bool:
        return next(self.folded_spans(text), None) is not None

    def spans(self, text: str, fold_flags: int = HAS_COMPOSITIONS) -> Iterator[Span]:
        """Every place, without overlaps, as offsets in the original text."""
        if self._must_fold(text, fold_flags):
            return self._mapped_spans(text)
        if self._dotted and ELLIPSIS in text:
            return self._dotted_spans(text)
        return self._raw_spans(text)

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

    def _dotted_spans(self, text: str) -> Iterator[Span]:
        """With every ``…`` written as three dots, and the places counted back."""
        dots = [position + 2 * number for number, position in enumerate(_positions(text, ELLIPSIS))]

        def back(offset: int, part: int) -> int:
            number = bisect_right(dots, offset) - 1
            inside = offset - dots[number] if number >= 0 else 0
            if number < 0 or not 0 < inside < 3:
                return offset - 2 * (number + (inside >= 3))
            return dots[number] - 2 * number + part

        for start, end in self._raw_spans(text.replace(ELLIPSIS, "...")):
            yield back(start, 0), back(end, 1)

    def _mapped_spans(self, text: str) -> Iterator[Span]:
        folded, starts = _just_folded(text) if len(text) <= _REMEMBERED else fold_with_offsets(text)
        for start, end in self.folded_spans(folded):
            # The raw end of the last folded character: where the next raw unit begins.
            last = starts[end - 1]
            after = end
            while after < len(starts) and starts[after] == last:
                after += 1
            stop = starts[after] if after < len(starts) else len(text)
            yield starts[start], starts[start] + len(text[starts[start] : stop].rstrip())


#: A text is asked for every term of a query, and for the next sign that is typed; a longer one is
#: folded again, so that what is remembered stays under 10 MB.
_REMEMBERED = 20_000
_just_folded = lru_cache(16)(fold_with_offsets)


def _positions(text: str, character: str) -> Iterator[int]:
    position = text.find(character)
    while position >= 0:
        yield position
        position = text.find(character, position + 1)


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
            raws = (character if fold_character(character) == character else "") + known.get(
                character, ""
            )
            out.append(_one_of(raws))
        previous = character
    return "".join(out)


def _one_of(raws: str) -> str:
    if not raws:
        return r"(?!)"
    return re.escape(raws) if len(raws) == 1 else "[" + "".join(map(re.escape, raws)) + "]"
