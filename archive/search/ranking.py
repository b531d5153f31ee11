"""Pure: how well an article answers a query, from where its words stand.

A reader looks for an article that is *about* the words: they are in the title, together, in the order typed; several
times in a short text; near each other; early. Of two equal ones the newer comes first. Every part is bounded, so no
single one can drown the others; weights were set by the judged queries of ``tests/search/judged.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

from archive.search.match import Matcher, Span
from archive.search.plan import Plan, Row
from archive.search.terms import fold

_TITLE = 3.0
_WHOLE_TITLE = 1.5
_PHRASE_TITLE = 2.0
_PHRASE_TEXT = 1.5
_NEAR = 1.0
_EARLY = 0.5
_FRESH = 0.6
_OTHER = 0.8  # in the digest, or the account's or author's name
_USUAL_LENGTH = 1200.0  # characters of an ordinary article
_YEAR = 365.25 * 86400
_ENOUGH = 40  # places of one term that are looked at


Places = tuple[tuple[Span, ...], ...]


class Ranker:
    """Scores the rows of one plan. ``now``: publish time of the newest article, seconds since 1970."""

    def __init__(self, plan: Plan, now: int) -> None:
        self._terms = plan.terms
        self._now = now
        phrase = fold(" ".join(term.leaf.folded for term in self._terms))
        self._phrase = Matcher(phrase) if len(self._terms) > 1 else None

    def places(self, row: Row) -> tuple[Places, Places]:
        """For each wanted term where it stands in the title, and where in the text."""
        terms, nature = self._terms, row.nature
        return (
            tuple(first_spans(term.matcher, row.title, nature) for term in terms),
            tuple(() if term.leaf.field == "title" else first_spans(term.matcher, row.text, nature) for term in terms),
        )

    def score(self, row: Row) -> float:
        """0 and up, comparable within one search only."""
        score = self._fresh(row.published)
        if self._terms:
            in_title, in_text = self.places(row)
            parts = zip(self._terms, in_title, in_text, strict=True)
            ones = [self._one(term.leaf.folded, title, text, row) for term, title, text in parts]
            score += sum(ones) / len(ones) + self._together(row, in_title, in_text)
        return score

    def _one(self, folded: str, title: Sequence[Span], text: Sequence[Span], row: Row) -> float:
        length = len(row.text)
        often = len(text) / (len(text) + 1.2 * (0.3 + 0.7 * length / _USUAL_LENGTH)) if text else 0.0
        score = 2.0 * often
        if title:
            # 融资 as all of a title says more than as two of thirty characters.
            score += _TITLE + _WHOLE_TITLE * min(1.0, len(folded) / max(1, len(row.title)))
            score += 0.3 * (1 - title[0][0] / max(1, len(row.title)))
        if text:
            score += _EARLY * (1 - min(1.0, text[0][0] / 400))
        elif not title:
            score += _OTHER
        return score

    def _together(self, row: Row, in_title: Sequence[Sequence[Span]], in_text: Sequence[Sequence[Span]]) -> float:
        if self._phrase is None:
            return 0.0
        score = 0.0
        if all(in_title):
            score += _PHRASE_TITLE * (1.0 if self._phrase.found(row.title, row.nature) else 0.5)
        if all(in_text):
            if self._phrase.found(row.text, row.nature):
                score += _PHRASE_TEXT
            score += _NEAR / (1 + log2(1 + window(in_text) / 8))
        return score

    def _fresh(self, published: int | None) -> float:
        if published is None:
            return 0.0
        return float(_FRESH / (1 + max(0, self._now - published) / (2 * _YEAR)))


def first_spans(matcher: Matcher, text: str, nature: int) -> tuple[Span, ...]:
    """Up to `_ENOUGH` places of a term."""
    found: list[Span] = []
    for span in matcher.spans(text, nature):
        found.append(span)
        if len(found) == _ENOUGH:
            break
    return tuple(found)


def window(places: Sequence[Sequence[Span]]) -> int:
    """Characters of text between the terms in the narrowest stretch that holds one place of each (0: side by side)."""
    events = sorted((span[0], span[1], number) for number, spans in enumerate(places) for span in spans)
    last: dict[int, tuple[int, int]] = {}
    best = 1 << 30
    for start, end, number in events:
        last[number] = (start, end)
        if len(last) == len(places):
            inside = sum(b - a for a, b in last.values())
            best = min(best, max(0, max(b for _, b in last.values()) - min(a for a, _ in last.values()) - inside))
    return best
