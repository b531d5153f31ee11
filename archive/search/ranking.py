"""Pure: how well an article answers a query, from where its words stand.

A reader looks for an article that is *about* the words: they are in the title, together, in the
order typed; several times in a short text; near each other; early. Of two equal ones the newer
comes first. Every part is bounded, so no single one can drown the others; weights were set by the
judged queries of ``tests/search/judged.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from math import log2

from archive.search.cross_word import CrossWordBigrams
from archive.search.match import ASCII_WHITESPACE, Matcher, Span
from archive.search.plan import Plan
from archive.search.rows import Row
from archive.search.terms import HAS_COMPOSITIONS, HAS_VARIANTS, fold

_TITLE_WEIGHT = 3.0
_TITLE_COVERAGE_WEIGHT = 1.5
_CROSS_WORD_PENALTY = 3.0  # the title holds the characters, not the word (`cross_word`)
_TITLE_PHRASE_WEIGHT = 2.0
_TEXT_PHRASE_WEIGHT = 1.5
_PROXIMITY_WEIGHT = 1.0
_EARLY_WEIGHT = 0.5
_RECENCY_WEIGHT = 0.6
_OTHER_FIELD_WEIGHT = 0.8  # in the digest, or the account's or author's name
_USUAL_LENGTH = 1200.0  # characters of an ordinary article
_YEAR = 365.25 * 86400
_MAX_SPANS = 40  # occurrences of one term that a snippet is chosen from
_MAX_OCCURRENCES = 12  # of one term that a score counts
#: Characters between the terms, white space and what is off by counting in bytes: more of them are
#: no phrase.
_PHRASE_GAP = 20
_FAR = 1 << 30


Places = tuple[tuple[Span, ...], ...]


class Ranker:
    """Scores the rows of one plan. ``now``: when the newest article was published, seconds since
    1970."""

    def __init__(self, plan: Plan, now: int, cross_word: CrossWordBigrams) -> None:
        self._terms = plan.terms
        self._now = now
        self._cross_word_bigrams = cross_word
        self._crosses_words: dict[int, bool] = {}

    @cached_property
    def _phrase(self) -> Matcher | None:
        """The words in the order typed. Made only when a row is scored: a search for the newest
        scores none."""
        if len(self._terms) < 2:
            return None
        return Matcher(fold(" ".join(term.leaf.folded for term in self._terms)))

    @cached_property
    def _pairs(self) -> list[str]:
        """The terms of two CJK characters."""
        return [
            term.leaf.folded
            for term in self._terms
            if term.matcher.is_plain_cjk and len(term.leaf.folded) == 2
        ]

    def in_title(self, row: Row) -> Places:
        """For each wanted term where it stands in the title."""
        return tuple(_first_spans(term.matcher, row.title, row.fold_flags) for term in self._terms)

    def places(self, row: Row, text: str) -> Places:
        """For each wanted term where it stands in a text of the row's."""
        return tuple(
            () if term.leaf.field == "title" else _first_spans(term.matcher, text, row.fold_flags)
            for term in self._terms
        )

    def score(self, row: Row) -> float:
        """0 and up, comparable within one search only."""
        score = self._recency(row.published)
        if not self._terms:
            return score
        title_utf8 = row.title.encode()
        title_size, size = max(1, len(row.title)), max(1, len(row.utf8) / 3)
        in_title: list[list[int]] = []
        in_text: list[list[int]] = []
        for term in self._terms:
            title = _starts(term.matcher, title_utf8, row.fold_flags)
            text: list[int] = []
            if term.leaf.field != "title":
                text = _starts(term.matcher, row.utf8, row.fold_flags)
            part = self._term_score(len(term.leaf.folded), title, title_size, text, size)
            score += part / len(self._terms)
            in_title.append(title)
            in_text.append(text)
        score += self._proximity(row, in_title, in_text)
        return score - _CROSS_WORD_PENALTY * self.only_across_words(row)

    def only_across_words(self, row: Row) -> bool:
        """Whether the title holds a term of two characters only across two words."""
        if not self._pairs:
            return False
        found = self._crosses_words.get(row.id)
        if found is None:
            title = fold(row.title)
            only_across_words = self._cross_word_bigrams.only_across_words
            found = any(only_across_words(pair, title) for pair in self._pairs)
            self._crosses_words[row.id] = found
        return found

    def _term_score(
        self, length: int, title: list[int], title_size: int, text: list[int], size: float
    ) -> float:
        frequency = len(text)
        # BM25's term frequency saturation, k1 = 1.2, b = 0.7; 0 where the text does not hold it.
        score = 2.0 * frequency / (frequency + 1.2 * (0.3 + 0.7 * size / _USUAL_LENGTH))
        if title:
            # 融资 as all of a title says more than as two of thirty characters.
            score += _TITLE_WEIGHT + _TITLE_COVERAGE_WEIGHT * min(1.0, length / title_size)
            score += 0.3 * (1 - min(1.0, title[0] / title_size))
        if text:
            score += _EARLY_WEIGHT * (1 - min(1.0, text[0] / 400))
        elif not title:
            score += _OTHER_FIELD_WEIGHT
        return score

    def _proximity(self, row: Row, in_title: list[list[int]], in_text: list[list[int]]) -> float:
        if self._phrase is None:
            return 0.0
        score = 0.0
        if all(in_title):
            whole = self._phrase.found(row.title, row.fold_flags)
            score += _TITLE_PHRASE_WEIGHT * (1.0 if whole else 0.5)
        if all(in_text):
            gap = self._window(in_text)
            if self._may_be_phrase(row, in_text, gap) and self._phrase.found_in_utf8(
                row.utf8, row.fold_flags
            ):
                score += _TEXT_PHRASE_WEIGHT
            score += _PROXIMITY_WEIGHT / (1 + log2(1 + gap / 8))
        return score

    def _may_be_phrase(self, row: Row, in_text: list[list[int]], gap: int) -> bool:
        """Whether the terms may stand next to each other: not where every place of each is known
        and none is near another's. Looking for the phrase is a fifth of a score."""
        return (
            gap <= _PHRASE_GAP
            or bool(row.fold_flags)
            or not self._are_plain_cjk
            or any(len(starts) >= _MAX_OCCURRENCES for starts in in_text)
        )

    @cached_property
    def _are_plain_cjk(self) -> bool:
        return all(term.matcher.is_plain_cjk for term in self._terms)

    def _window(self, in_text: list[list[int]]) -> int:
        """Characters between the terms in the narrowest stretch with one place of each."""
        return max(0, window(in_text) - sum(len(term.leaf.folded) for term in self._terms[:-1]))

    def _recency(self, published: int | None) -> float:
        if published is None:
            return 0.0
        return float(_RECENCY_WEIGHT / (1 + max(0, self._now - published) / (2 * _YEAR)))


def _first_spans(matcher: Matcher, text: str, fold_flags: int) -> tuple[Span, ...]:
    """Up to `_MAX_SPANS` places of a term."""
    return tuple(islice(matcher.spans(text, fold_flags), _MAX_SPANS))


def _starts(matcher: Matcher, utf8: bytes, fold_flags: int) -> list[int]:
    """About where a term stands, in characters: at most `_MAX_OCCURRENCES` places."""
    if matcher.is_plain_cjk or matcher.ascii:
        found = _starts_in_utf8(matcher, utf8 if matcher.is_plain_cjk else utf8.lower())
        if found:
            return found
        if matcher.is_plain_cjk and not fold_flags & (HAS_VARIANTS | HAS_COMPOSITIONS):
            # Nothing but white space can hide it, in a line break of the one place it has.
            at = utf8.translate(None, ASCII_WHITESPACE).find(matcher.needle)
            return [] if at < 0 else [at // 3]
    spans = matcher.spans(utf8.decode(), fold_flags)
    return [start for start, _ in islice(spans, _MAX_OCCURRENCES)]


def _starts_in_utf8(matcher: Matcher, text: bytes) -> list[int]:
    found: list[int] = []
    needle, size = matcher.needle, len(matcher.needle)
    is_word = matcher.edge_left or matcher.edge_right
    start = text.find(needle)
    while start >= 0 and len(found) < _MAX_OCCURRENCES:
        if not (is_word and _is_inside_word(matcher, text, start)):
            found.append(start // 3)
        start = text.find(needle, start + size)
    return found


def _is_inside_word(matcher: Matcher, text: bytes, start: int) -> bool:
    end = start + len(matcher.needle)
    return (matcher.edge_left and text[start - 1 : start].isalnum()) or (
        matcher.edge_right and text[end : end + 1].isalnum()
    )


def window(places: Sequence[Sequence[int]]) -> int:
    """The shortest way from one term's place to the others', start to start; 0: at one place."""
    events = sorted((start, number) for number, starts in enumerate(places) for start in starts)
    last = [-_FAR] * len(places)
    best = _FAR
    for start, number in events:
        last[number] = start
        best = min(best, start - min(last))
    return best
