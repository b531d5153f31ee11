"""Passages of an article, and the other articles that hold them: what may be a copy of it or
quotes it.

Evenly over the text some dozens of passages of a few characters are taken. An article that holds
all pairs and words of one is a candidate: asking the index for all of them costs what the rarest of
them costs, while how many articles hold each word of a text, of which its rarest would follow,
costs 140 ms at 100,000 articles. Of two articles that share a sixth of their text in
scattered pieces one in three hundred is missed, in one piece none.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator

from archive.search.index import frequent_bigrams_of, read_meta
from archive.search.plan import quoted
from archive.search.terms import CJK, fold, term_patterns

#: Ideographs and words in a row that make a passage.
_LENGTH = 8
_PASSAGES = 32
#: A passage of more articles is a phrase that everybody uses, or an account's footer.
COMMON = 400
#: Candidates with one passage of so many or more, whose pairs mostly stand there by chance.
_ODD = 12
_UNIT = re.compile(f"[{CJK}]|[^{CJK} ]+")


def candidates(conn: sqlite3.Connection, text: str, most: int) -> list[int]:
    """Numbers in the index (``search_documents.id``) of articles that hold passages of ``text``:
    those first that hold many, and rare ones."""
    held: Counter[int] = Counter()
    rarity: defaultdict[int, float] = defaultdict(float)
    asked = list(passages(text, frequent_bigrams_of(read_meta(conn))))
    for words in asked:
        rows = conn.execute(
            "SELECT rowid FROM search_terms WHERE search_terms MATCH ? LIMIT ?",
            (" ".join(map(quoted, words)), COMMON + 1),
        ).fetchall()
        if len(rows) > COMMON:
            continue
        for (number,) in rows:
            held[number] += 1
            rarity[number] += 1 / len(rows)
    ranked = sorted(held, key=lambda number: (-rarity[number], number))
    enough = 1 if len(asked) < _ODD else 2
    sure = [number for number in ranked if held[number] >= enough]
    odd = [number for number in ranked if held[number] < enough]
    return [*sure[:most], *odd[:_ODD]][:most]


def passages(text: str, frequent_bigrams: frozenset[str] = frozenset()) -> Iterator[list[str]]:
    """What the index must hold of an article that has each passage. ``frequent_bigrams``: those
    that the index was made with."""
    folded = fold(text)
    units = [(one.start(), one.end()) for one in _UNIT.finditer(folded)]
    last = max(0, len(units) - _LENGTH)
    step = max(_LENGTH // 2, -(-last // _PASSAGES))
    for first in range(0, min(last + 1, len(units)), step):
        begin, end = units[first][0], units[min(first + _LENGTH, len(units)) - 1][1]
        patterns, _exact = term_patterns(folded[begin:end], frequent_bigrams)
        words = [one.token for one in patterns if len(one.token) > 1]
        if words:
            yield words
