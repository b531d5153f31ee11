"""How the matches of a query lie over the years: what a picture of them needs, quickly.

Few matches are counted exactly. Of many the candidates of the index are counted, which for most
queries are the matches; reading 80,000 texts to be sure would take a second.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from archive.search.query import parse
from archive.search.searcher import Searcher
from scraper.zone import CHINA

#: So many matches are looked at one by one.
EXACT = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHINA_SECONDS = int(CHINA.utcoffset(None).total_seconds())


@dataclass(frozen=True, slots=True)
class Years:
    """``counts``: year in China → matches, ascending, without empty years. ``exact``: whether each
    match was looked at; else ``counts`` may be a little too high. What has no date is left out."""

    counts: tuple[tuple[int, int], ...]
    exact: bool


def by_year(searcher: Searcher, query: str) -> Years:
    """The years in which the matches of ``query`` were published. Raises BadQuery, NotIndexed."""
    node = parse(query)
    with searcher.read_transaction():
        plan = searcher.plan(node)
        rows = list(islice(searcher.newest(plan), EXACT + 1))
        if len(rows) <= EXACT:
            days = Counter(_day(row.published) for row in rows if row.published is not None)
            return Years(_years(days), True)
        return Years(_years(Counter(dict(searcher.candidates_by_day(plan, _CHINA_SECONDS)))), False)


def _day(published: int) -> int:
    return (published + _CHINA_SECONDS) // 86400


def _years(days: Counter[int]) -> tuple[tuple[int, int], ...]:
    years: Counter[int] = Counter()
    for day, count in days.items():
        years[(_EPOCH + timedelta(days=day)).year] += count
    return tuple(sorted(years.items()))
