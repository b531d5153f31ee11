"""Pure: how well an article answers a query, from where its words stand.

A reader looks for an article that is *about* the words: they are in the title, together, in the order typed; several
times in a short text; near each other; early. Of two equal ones the newer comes first. Every part is bounded, so no
single one can drown the others; weights were set by the judged queries of ``tests/search/judged.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from math import log2

from archive.search.match import BLANKS, Matcher, Span
from archive.search.plan import Plan
from archive.search.rows import Row
from archive.search.seams import Seams
from archive.search.terms import JOINS, VARIED, fold

_TITLE = 3.0
_WHOLE_TITLE = 1.5
_SEAM = 3.0  # taken off: the title holds the characters, not the word (`seams`)
_PHRASE_TITLE = 2.0
_PHRASE_TEXT = 1.5
_NEAR = 1.0
_EARLY = 0.5
_FRESH = 0.6
_OTHER = 0.8  # in the digest, or the account's or author's name
_USUAL_LENGTH = 1200.0  # characters of an ordinary article
_YEAR = 365.25 * 86400
_ENOUGH = 40  # places of one term that a snippet is chosen from
_COUNTED = 12


Places = tuple[tuple[Span, ...], ...]


class Ranker:
    """Scores the rows of one plan. ``now``: publish time of the newest article, seconds since 1970."""

    def __init__(self, plan: Plan, now: int, seams: Seams) -> None:
        self._terms = plan.terms
        self._now = now
        self._seams = seams
        self._seam_of: dict[int, bool] = {}

    @cached_property
    def _phrase(self) -> Matcher | None:
        """The words in the order typed; made when a row is scored, which those that are only the newest are not."""
        if len(self._terms) < 2:
            return None
        return Matcher(fold(" ".join(term.leaf.folded for term in self._terms)))

    def in_title(self, row: Row) -> Places:
        """For each wanted term where it stands in the title."""
        return tuple(first_spans(term.matcher, row.title, row.nature) for term in self._terms)

    def places(self, row: Row, text: str) -> Places:
        """For each wanted term where it stands in a text of the row's."""
        return tuple(
            () if term.leaf.field == "title" else first_spans(term.matcher, text, row.nature)
            for term in self._terms
        )

    def score(self, row: Row) -> float:
        """0 and up, comparable within one search only."""
        score = self._fresh(row.published)
        if not self._terms:
            return score
        title_size, size = max(1, len(row.title)), max(1, len(row.utf8) / 3)
        in_title: list[list[int]] = []
        in_text: list[list[int]] = []
        for term in self._terms:
            title = _starts(term.matcher, row.title.encode(), row.nature)
            text = [] if term.leaf.field == "title" else _starts(term.matcher, row.utf8, row.nature)
            part = self._one(len(term.leaf.folded), title, title_size, text, size)
            score += part / len(self._terms)
            in_title.append(title)
            in_text.append(text)
        return score + self._together(row, in_title, in_text) - _SEAM * self.seam(row)

    def seam(self, row: Row) -> bool:
        """Whether the title holds a term of two characters, but only across two words."""
        found = self._seam_of.get(row.id)
        if found is None:
            pairs = [
                term.leaf.folded
                for term in self._terms
                if term.matcher.bare and len(term.leaf.folded) == 2
            ]
            title = fold(row.title) if pairs else ""
            found = self._seam_of[row.id] = any(self._seams.only(pair, title) for pair in pairs)
        return found

    def _one(
        self, length: int, title: list[int], title_size: int, text: list[int], size: float
    ) -> float:
        often = len(text)
        score = 2.0 * often / (often + 1.2 * (0.3 + 0.7 * size / _USUAL_LENGTH)) if text else 0.0
        if title:
            # 融资 as all of a title says more than as two of thirty characters.
            score += _TITLE + _WHOLE_TITLE * min(1.0, length / title_size)
            score += 0.3 * (1 - min(1.0, title[0] / title_size))
        if text:
            score += _EARLY * (1 - min(1.0, text[0] / 400))
        elif not title:
            score += _OTHER
        return score

    def _together(self, row: Row, in_title: list[list[int]], in_text: list[list[int]]) -> float:
        if self._phrase is None:
            return 0.0
        score = 0.0
        if all(in_title):
            score += _PHRASE_TITLE * (1.0 if self._phrase.found(row.title, row.nature) else 0.5)
        if all(in_text):
            if self._phrase.found_utf8(row.utf8, row.nature):
                score += _PHRASE_TEXT
            score += _NEAR / (1 + log2(1 + self._window(in_text) / 8))
        return score

    def _window(self, in_text: list[list[int]]) -> int:
        """Characters that are not the terms' own in the narrowest stretch with one place of each."""
        return max(0, window(in_text) - sum(len(term.leaf.folded) for term in self._terms[:-1]))

    def _fresh(self, published: int | None) -> float:
        if published is None:
            return 0.0
        return float(_FRESH / (1 + max(0, self._now - published) / (2 * _YEAR)))


def first_spans(matcher: Matcher, text: str, nature: int) -> tuple[Span, ...]:
    """Up to `_ENOUGH` places of a term."""
    return tuple(islice(matcher.spans(text, nature), _ENOUGH))


def _starts(matcher: Matcher, utf8: bytes, nature: int) -> list[int]:
    """About where a term stands, in characters, at most `_COUNTED` places: a score needs no more."""
    found: list[int] = []
    if matcher.bare or matcher.ascii:
        text = utf8 if matcher.bare else utf8.lower()
        needle, size = matcher.needle, len(matcher.needle)
        start = text.find(needle)
        while start >= 0 and len(found) < _COUNTED:
            left = matcher.edge_left and text[start - 1 : start].isalnum()
            right = matcher.edge_right and text[start + size : start + size + 1].isalnum()
            if not (left or right):
                found.append(start // 3)
            start = text.find(needle, start + size)
        if not found and matcher.bare and not nature & (VARIED | JOINS):
            # Nothing but white space can hide it, in a line break of the one place it has.
            return [0] if needle in utf8.translate(None, BLANKS) else []
    if not found:
        found = [start for start, _ in islice(matcher.spans(utf8.decode(), nature), _COUNTED)]
    return found


def window(places: Sequence[Sequence[int]]) -> int:
    """The shortest way from one term's place to the others', start to start; 0: at one place."""
    events = sorted((start, number) for number, starts in enumerate(places) for start in starts)
    last: dict[int, int] = {}
    best = 1 << 30
    for start, number in events:
        last[number] = start
        if len(last) == len(places):
            best = min(best, start - min(last.values()))
    return best
