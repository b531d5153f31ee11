"""Searching an archive: the one function behind the command, ``Library.search`` and other people's programs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple

from archive.errors import Corrupt, NotHeld
from archive.search.match import Span
from archive.search.plan import Plan, Row
from archive.search.query import parse
from archive.search.ranking import Ranker, Shown
from archive.search.searcher import Searcher
from archive.search.snippet import Snippet

#: Counting stops here: nobody reads on, and a count of 80,000 takes longer than the search.
COUNTED = 1000
#: Candidates whose text is read to rank: those with the words in the title, those about them, the newest.
_TITLED, _ABOUT, _NEWEST = 30, 30, 30
_ALONE: tuple[str, ...] = ()


class Hit(NamedTuple):
    """One article found.

    ``published`` is aware, UTC. ``path`` is of its Markdown file, from the archive's folder, with ``/``. ``score`` is 0
    and up, comparable within one search; 0.0 when the newest were asked for. ``folded`` are the keys of reprints folded
    under this one. ``snippet`` and ``title_marks`` are made when first asked for.

    A tuple, since twenty frozen dataclasses take a fifth of the time that a search has (50 µs).
    """

    key: str
    title: str
    account: str | None
    author: str | None
    published: datetime | None
    path: str
    url: str | None
    score: float
    gone: bool
    article_id: int
    folded: tuple[str, ...]
    shown: Shown

    @property
    def snippet(self) -> Snippet:
        """The piece of the original text that shows why it was found."""
        return self.shown.snippet

    @property
    def title_marks(self) -> tuple[Span, ...]:
        """Where the words stand in ``title``: ranges of characters."""
        return self.shown.title_marks


@dataclass(frozen=True, slots=True)
class Results:
    """The hits of one search in their order; iterable. ``more``: whether others follow."""

    hits: tuple[Hit, ...]
    more: bool = False

    def complete(self) -> Results:
        """Read what their snippets need: to be called before a connection that was searched with is closed."""
        for hit in self.hits:
            hit.shown.read()
        return self

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
        place = place / "archive.db"
    if not place.exists():
        raise NotHeld(f"there is no archive at {place.parent}: save an article there first")
    for how in ("mode=ro", "immutable=1"):
        # A folder that cannot be written (a backup disk) has no room for the write-ahead log's own file: nobody
        # writes there either, so the file can be read as it lies.
        conn = None
        try:
            conn = sqlite3.connect(f"{place.absolute().as_uri()}?{how}", uri=True, timeout=30)
            conn.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.Error as error:
            if conn is not None:
                conn.close()
            if how == "immutable=1" or "unable to open" not in str(error):
                raise Corrupt(
                    f"{place}: cannot be opened to search it ({error}); run `wechat-archive verify`"
                ) from error
            continue
        conn.execute("PRAGMA mmap_size = 1073741824")
        conn.execute("PRAGMA cache_size = -65536")
        return conn
    raise AssertionError("unreachable")


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
    """The articles that a query (`archive.search.query`) means: the best first, or with ``newest`` the newest first.

    ``limit`` hits from number ``offset`` (0: the first) on. ``contains``: Latin words are found inside longer ones.
    ``fold``: near-duplicates and reprints of a better hit are listed under it (``Hit.folded``) and take no place.

    ``where``: an archive's folder, or an open connection or `Searcher`; the hits' snippets need that one to stay open,
    or `Results.complete` called while it is.

    Raises `BadQuery` for a query that means nothing, `NotIndexed` where the index must be rebuilt first, `Corrupt`.
    """
    if not isinstance(where, Searcher | sqlite3.Connection):
        with closing(open_readonly(where)) as conn:
            found = search(conn, query, limit=limit, offset=offset, newest=newest, contains=contains, fold=fold)
            return found.complete()
    searcher = where if isinstance(where, Searcher) else Searcher(where)
    plan = searcher.plan(parse(query, contains=contains))
    ranker = Ranker(plan, searcher.newest_time)
    ranked = newest_rows(searcher, plan) if newest or not plan.terms else best_rows(searcher, plan, ranker)
    limit, offset = max(0, limit), max(0, offset)
    if fold:
        from archive.search.similar import fold_reprints

        groups = list(islice(fold_reprints(searcher.connection, ranked), offset, offset + limit + 1))
    else:
        groups = [(one, _ALONE) for one in islice(ranked, offset, offset + limit + 1)]
    return Results(tuple(_hits(searcher, ranker, groups[:limit])), len(groups) > limit)


def count(where: sqlite3.Connection | Searcher | str | Path, query: str, *, contains: bool = False) -> Count:
    """How many articles a query means, exactly up to `COUNTED`. Raises like `search`."""
    if not isinstance(where, Searcher | sqlite3.Connection):
        with closing(open_readonly(where)) as conn:
            return count(conn, query, contains=contains)
    searcher = where if isinstance(where, Searcher) else Searcher(where)
    number = searcher.count(searcher.plan(parse(query, contains=contains)), COUNTED + 1)
    return Count(min(number, COUNTED), number > COUNTED)


def newest_rows(searcher: Searcher, plan: Plan) -> Iterator[tuple[Row, float]]:
    """Matching rows, the newest first, without a score."""
    return zip(searcher.newest(plan), repeat(0.0))


def best_rows(searcher: Searcher, plan: Plan, ranker: Ranker) -> Iterator[tuple[Row, float]]:
    """Matching rows, the best first.

    Ranked are those with the words in the title, those that say them often, and the newest; whoever leafs further
    back than these gets the rest by date. Reading the text of every match would take a second for a frequent word.
    """
    pool: dict[int, Row] = {}
    for match, most in ((plan.title_match(), _TITLED), (plan.salient_match(), _ABOUT)):
        if match is None:
            continue
        for row in searcher.first(plan, match, most):
            if row.id not in pool and plan.matches(row):
                pool[row.id] = row
    rest = newest_rows(searcher, plan)
    for row, _ in islice(rest, _NEWEST):
        pool[row.id] = row
    scored = [(row, ranker.score(row)) for row in pool.values()]
    scored.sort(key=lambda one: (-one[1], -(one[0].published or 0), one[0].id))
    yield from scored
    yield from ((row, 0.0) for row, _ in rest if row.id not in pool)


def _hits(searcher: Searcher, ranker: Ranker, groups: list[tuple[tuple[Row, float], tuple[str, ...]]]) -> Iterator[Hit]:
    facts = searcher.facts([row.article_id for (row, _), _ in groups])
    for (row, score), folded in groups:
        found = facts.get(row.article_id)
        if found is not None:  # else another program deleted it since
            published = None if row.published is None else datetime.fromtimestamp(row.published, UTC)
            key, title, author, path, url, account = found
            gone = " gone " in row.tags
            yield Hit(
                key, title, account, author, published, path, url, round(score, 3), gone, row.article_id, folded,
                Shown(ranker, row),
            )  # fmt: skip
