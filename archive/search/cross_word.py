"""Pure: does a title say a two-character word, or do the characters only meet across two words?

Chinese is written without blanks, so a search for 融资 also finds 金融|资本, and 国学 finds
中国|学生: bigrams that cross a word boundary. Such an article does hold what was typed and stays
among the results, but it must not rank above titles that say the word. No dictionary is needed to
tell them apart: the archive's own counts show that 金融 and 资本 are associated about as strongly
as 融资, while 轮融 and 资消 (from A轮融资消息) are not.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

from archive.search.terms import IS_CJK

#: Two characters whose association is below this are not taken for a word.
_MIN_ASSOCIATION = 0.04
#: The geometric mean of the neighbours' associations, at least so many times the pair's own, makes
#: the pair a cross-word bigram. Measured on a month of a segmented newspaper (3,248 pieces, 290,000
#: occurrences of two-character words): a third of the cross-word bigrams are recognised, and 0.5 %
#: of the words are taken for one.
_MIN_RATIO = 0.7


class CrossWordBigrams:
    """``document_frequency``: character or pair → in how many articles it stands; the articles are
    the same sample for all."""

    def __init__(self, document_frequency: Callable[[str], int]) -> None:
        self._document_frequency = document_frequency

    def only_across_words(self, pair: str, title: str) -> bool:
        """Whether a pair stands in a folded title, and every time across two words."""
        start = title.find(pair)
        found = start >= 0
        while start >= 0 and found:
            found = self._crosses(pair, title, start)
            start = title.find(pair, start + 1)
        return found

    def _crosses(self, pair: str, title: str, start: int) -> bool:
        before, after = title[start - 1 : start], title[start + 2 : start + 3]
        if not (before and after and IS_CJK[before] and IS_CJK[after]):
            return False
        left = self._association(before + pair[0])
        right = self._association(pair[1] + after)
        if min(left, right) < _MIN_ASSOCIATION:
            return False
        return sqrt(left * right) >= _MIN_RATIO * self._association(pair)

    def _association(self, pair: str) -> float:
        """How often the two characters stand together in the articles that hold them: the cosine
        measure, 0 to 1."""
        both = self._document_frequency(pair)
        if not both:
            return 0.0
        first, second = map(self._document_frequency, pair)
        return both / sqrt(first * second)
