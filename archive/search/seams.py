"""Pure: whether two characters in a title are a word there, or the seam of two others.

Chinese is found as a substring, so 融资 is also in 金融|资本 and 国学 in 中国|学生. Such an article does hold what was
typed and stays among the results; but its title does not say the word, and must not stand above those that do. Which
it is, the archive itself knows: 金融 and 资本 hold together about as firmly as 融资 does, 轮融 and 资消 (A轮融资消息)
do not.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

from archive.search.terms import IS_CJK

#: A pair that holds together less firmly than this is no word, however rare the pair that was asked for; and so firmly,
#: measured by that pair, the two neighbours hold together in the mean. In a month of a segmented newspaper (3,248
#: pieces, 290,000 places of words of two characters) that names a third of the seams and 0.5 % of the words.
_FIRM, _AS_FIRM = 0.04, 0.7


class Seams:
    """``times``: in how many articles a character or pair stands; of one sample for all."""

    def __init__(self, times: Callable[[str], int]) -> None:
        self._times = times

    def only(self, pair: str, title: str) -> bool:
        """Whether every place of a pair in a folded title is a seam. False where it does not stand there."""
        start = title.find(pair)
        found = start >= 0
        while start >= 0 and found:
            found = self._is_seam(pair, title, start)
            start = title.find(pair, start + 1)
        return found

    def _is_seam(self, pair: str, title: str, start: int) -> bool:
        before, after = title[start - 1 : start], title[start + 2 : start + 3]
        if not (before and after and IS_CJK[before] and IS_CJK[after]):
            return False
        left, right = self._firmness(before + pair[0]), self._firmness(pair[1] + after)
        return min(left, right) >= _FIRM and sqrt(left * right) >= _AS_FIRM * self._firmness(pair)

    def _firmness(self, pair: str) -> float:
        """0 to 1: how often the two characters stand together, of the articles that hold them (cosine)."""
        both = self._times(pair)
        return both / sqrt(self._times(pair[0]) * self._times(pair[1])) if both else 0.0
