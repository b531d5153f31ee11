"""Searching an archive: the one function behind the command, ``Library.search`` and other people's
programs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from archive.db import own_tables
from archive.db.errors import sqlite_errors
from archive.db.names import ARCHIVE_DB
from archive.db.opening import connect, require_archive
from archive.search.match import Span
from archive.search.plan import Plan
from archive.search.query import parse
from archive.search.ranking import Ranker
from archive.search.rows import Row
from archive.search.searcher import Searcher
from archive.search.snippet import Snippet, cut, joined
from scraper.records import dataclass

#: Counting stops here: nobody reads on, and a count of 80,000 takes longer than the search.
COUNT_LIMIT = 1000
#: Articles whose text is read to rank them: with the words in the title, with many occurrences, the
#: newest.
_TITLE_CANDIDATES = _SALIENT_CANDIDATES = _NEWEST_CANDIDATES = 30
#: Of title and salient candidates so many times as many are looked at, where most of them do not
#: match or hold the words only across two others.
_OVERSAMPLING = 8
_NO_REPRINTS: tuple[str, ...] = ()

#: An article and how well it answers; and with the keys of its reprints.
Scored = tuple[Row, float]
Group = tuple[Row, float, tuple[str, ...]]


class Hit:
    """One article found. ``account``: its account's name as its page shows it, ``account_now``: as
    the account's newest page shows it. ``score`` is 0 and up, comparable within
    one search; 0.0 when the newest were asked for. ``folded`` are the keys of reprints folded under
    this one.

    Everything is there, also when the archive is closed since; what is not asked for is not made.
    """

    __slots__ = ("_ranker", "_row", "_snippet", "account", "account_now", "folded", "score")

    def __init__(
        self,
        row: Row,
        account_now: str | None,
        score: float,
        folded: tuple[str, ...],
        ranker: Ranker,
    ) -> None:
        self._row = row
        self._ranker = ranker
        self._snippet: Snippet | None = None
        self.account_now = account_now
        self.account = row.account or account_now
        self.score = score
        self.folded = folded

    def __repr__(self) -> str:
        return f"<Hit {self.key} {self.title!r} {self.published} {self.score}>"

    @property
    def article_id(self) -> int:
        """Its number in the table ``articles``."""
        return self._row.article_id

    @property
    def key(self) -> str:
        """The ten characters that name it in the archive."""
        return self._row.key

    @property
    def title(self) -> str:
        return self._row.title

    @property
    def author(self) -> str | None:
        return self._row.author

    @property
    def published(self) -> datetime | None:
        """Aware, UTC; ``None`` where no page says it; see ``date_only``."""
        second = self._row.published
        return None if second is None else datetime.fromtimestamp(second, UTC)

    @property
    def date_only(self) -> bool:
        """Whether its page tells a day and no time: ``published`` is 00:00 of it in China."""
        return " day " in self._row.tags

    @property
    def path(self) -> str:
        """Of its Markdown file, from the archive's folder, with ``/``."""
        return self._row.path

    @property
    def url(self) -> str | None:
        """The page's own permanent link."""
        return self._row.url

    @property
    def gone(self) -> bool:
        """Whether it is deleted on WeChat meanwhile."""
        return " gone " in self._row.tags

    @property
    def snippet(self) -> Snippet:
        """The piece of the original text that shows why it was found; else of the digest, the
        pictures' captions or what a person wrote."""
        if self._snippet is None:
            self._snippet = self._shown()
        return self._snippet

    def _shown(self) -> Snippet:
        row = self._row
        text = cut(row.text, self._ranker.places(row, row.text))
        if not text.marks:  # the digest, a caption or the reader's note says it, if not the title
            for other in (row.digest, row.captions, row.mine):
                if other and (found := cut(other, self._ranker.places(row, other))).marks:
                    return found
        return text

    @property
    def title_marks(self) -> tuple[Span, ...]:
        """Where the words stand in ``title``: ranges of characters."""
        return joined(span for places in self._ranker.in_title(self._row) for span in places)


@dataclass(frozen=True, slots=True)
class Results:
    """The hits of one search in their order; iterable. ``more``: whether others follow."""

    hits: tuple[Hit, ...]
    more: bool = False

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, number: int) -> Hit:
        return self.hits[number]


@dataclass(frozen=True, slots=True)
class Count:
    """How many match: exactly ``number``, or with ``more`` at least so many."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.number}+" if self.more else str(self.number)


def open_readonly(path: str | Path) -> sqlite3.Connection:
    """The archive's database for reading; ``path`` is the archive's folder or the database file.

    Raises `NotHeld` where there is no archive, `Corrupt` where it cannot be opened.
    """
    place = Path(path)
    if place.suffix != ".db":
        place = place / ARCHIVE_DB
    require_archive(place)
    with sqlite_errors(place):
        conn = connect(place, readonly=True)
        conn.execute("PRAGMA mmap_size = 1073741824")
        conn.execute("PRAGMA cache_size = -65536")
        own_tables.stand_in(conn)
    return conn


def search(
    where: sqlite3.Connection | Searcher | str | Path,
    query: str,
    *,
    limit: int = 20,
    offset: int = 0,
    newest: bool = False,
    contains: bool = False,
    fold: bool = False,
) -> Results:
    """The articles that a query (`archive.search.query`) means: the best first, or with ``newest``
    the newest first.

    ``limit`` hits from number ``offset`` (0: the first) on. ``contains``: Latin words are found
    inside longer ones. ``fold``: near-duplicates and reprints of a better hit are listed under it
    (``Hit.folded``) and take no place.

    ``where``: an archive's folder, or an open connection or `Searcher`.

    Raises `BadQuery` for a query that means nothing, `NotIndexed` where the index must be rebuilt
    first, `Corrupt` for a hit that is not what was written.
    """
    if not isinstance(where, Searcher | sqlite3.Connection):
        with closing(open_readonly(where)) as conn:
            return search(
                conn, query, limit=limit, offset=offset, newest=newest, contains=contains, fold=fold
            )
    searcher = where if isinstance(where, Searcher) else Searcher(where)
    limit, offset = max(0, limit), max(0, offset)
    node = parse(query, contains=contains)
    with searcher.read_transaction():
        plan = searcher.plan(node)
        ranker = Ranker(plan, searcher.newest_time, searcher.cross_word)
        by_date = newest or not plan.terms
        ranked = newest_rows(searcher, plan) if by_date else best_rows(searcher, plan, ranker)
        if fold:
            from archive.search.similar import fold_reprints

            groups = list(islice(fold_reprints(ranked), offset, offset + limit + 1))
        else:
            page = islice(ranked, offset, offset + limit + 1)
            groups = [(row, score, _NO_REPRINTS) for row, score in page]
        return Results(tuple(_hits(searcher, ranker, groups[:limit])), len(groups) > limit)


def count(
    where: sqlite3.Connection | Searcher | str | Path, query: str, *, contains: bool = False
) -> Count:
    """How many articles a query means, exactly up to `COUNT_LIMIT`. Raises like `search`."""
    if not isinstance(where, Searcher | sqlite3.Connection):
        with closing(open_readonly(where)) as conn:
            return count(conn, query, contains=contains)
    searcher = where if isinstance(where, Searcher) else Searcher(where)
    node = parse(query, contains=contains)
    with searcher.read_transaction():
        number = searcher.count(searcher.plan(node), COUNT_LIMIT + 1)
    return Count(min(number, COUNT_LIMIT), number > COUNT_LIMIT)


def newest_rows(searcher: Searcher, plan: Plan) -> Iterator[Scored]:
    """Matching rows, the newest first, without a score."""
    return ((row, 0.0) for row in searcher.newest(plan))


def best_rows(searcher: Searcher, plan: Plan, ranker: Ranker) -> Iterator[Scored]:
    """Matching rows, the best first.

    Ranked are those with the words in the title, those that hold them often, and the newest; after
    these the rest follows by date. Reading the text of every match would take a second for a
    frequent word.
    """
    pool: dict[int, Row] = {}
    expressions = (
        (plan.title_match(), _TITLE_CANDIDATES),
        (plan.salient_match(), _SALIENT_CANDIDATES),
    )
    for match, most in expressions:
        if match is not None:
            rows = _ranking_candidates(searcher, plan, ranker, match, most)
            pool.update((row.id, row) for row in rows)
    rest = searcher.newest(plan)
    for row in islice(rest, _NEWEST_CANDIDATES):
        pool[row.id] = row
    scored = [(row, ranker.score(row)) for row in pool.values()]
    scored.sort(key=lambda one: (-one[1], -(one[0].published or 0), one[0].article_id))
    yield from scored
    yield from ((row, 0.0) for row in rest if row.id not in pool)


def _ranking_candidates(
    searcher: Searcher, plan: Plan, ranker: Ranker, match: str, most: int
) -> Iterator[Row]:
    """The newest ``most`` matches of an expression.

    At most half of them hold the words only across two others, so that of two hundred titles with
    中国学生 and, older, ten with 国学 the ten are ranked.
    """
    found = across_words = 0
    for row in searcher.first(plan, match, most * _OVERSAMPLING):
        if plan.matches is not None and not plan.matches(row):
            continue
        if ranker.only_across_words(row):
            across_words += 1
            if across_words > most // 2:
                continue
        else:
            found += 1
        yield row
        if found == most:
            return


def _hits(searcher: Searcher, ranker: Ranker, groups: list[Group]) -> Iterator[Hit]:
    accounts = searcher.accounts
    for row, score, folded in groups:
        searcher.rows.require_intact(row)
        now = accounts.get(row.account_id or 0)
        yield Hit(row, now, round(score, 3), folded, ranker)
