"""Search finds what brute force finds: nothing missed, nothing extra."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from archive.db.opening import open_database
from archive.search.api import COUNT_LIMIT, count
from archive.search.documents import documents
from archive.search.index import Index
from archive.search.query import parse
from archive.search.searcher import Searcher
from benchmarks.synthetic import Draft
from tests.search import oracle
from tests.search.library import filled, hard_drafts
from tests.search.test_in_step import put


class Library:
    """The same articles twice: in a database, and folded in memory."""

    def __init__(self, searcher: Searcher, drafts: list[Draft]) -> None:
        self.searcher = searcher
        self.held = [oracle.Held.of(draft) for draft in drafts]

    def found(self, query: str, *, contains: bool = False) -> list[int]:
        plan = self.searcher.plan(parse(query, contains=contains))
        return [row.article_id for row in self.searcher.newest(plan)]

    def check(self, wanted: oracle.Wanted, query: str, *, contains: bool = False) -> int:
        """Same articles in the same order, and the same count; returns how many."""
        expected = oracle.ordered(wanted, self.held, contains=contains)
        assert expected == self.found(query, contains=contains), query
        counted = count(self.searcher, query, contains=contains)
        assert (min(len(expected), COUNT_LIMIT), len(expected) > COUNT_LIMIT) == (
            counted.number,
            counted.more,
        ), query
        return len(expected)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    drafts = list(hard_drafts(700))
    with filled(tmp_path_factory.mktemp("small"), drafts) as conn:
        yield Library(Searcher(conn), drafts)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Never rebuilt: articles as they came, in no order of time, and some a second time."""
    drafts = list(hard_drafts(700, seed=13))
    folder = tmp_path_factory.mktemp("grown")
    open_database(folder / "archive.db").close()
    with closing(sqlite3.connect(folder / "archive.db")) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        put(conn, drafts)
        with conn:
            for doc in documents(conn, range(1, 700, 7)):
                Index(conn).put(doc)
        yield Library(Searcher(conn), drafts)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    drafts = list(hard_drafts(5000, seed=12, longest=500))
    with filled(tmp_path_factory.mktemp("large"), drafts) as conn:
        yield Library(Searcher(conn), drafts)


def substrings(library: Library, times: int, seed: int, *, contains: bool = False) -> int:
    """Random substrings of 1–12 characters of text and title, each found exactly; how many found
    anything.
    """
    rng = random.Random(seed)
    found = 0
    for _ in range(times):
        draft = rng.choice(library.held).draft
        raw = oracle.piece(rng, draft.title if rng.random() < 0.1 else draft.text, 12)
        wanted = ("text", "", raw, False)
        found += bool(library.check(wanted, f'"{raw}"', contains=contains))
    return found


def queries(library: Library, times: int, seed: int, *, contains: bool = False) -> int:
    rng = random.Random(seed)
    found = 0
    for _ in range(times):
        wanted = oracle.generate(rng, library.held)
        found += bool(library.check(wanted, oracle.typed(wanted, rng), contains=contains))
    return found


def test_substrings_are_found_exactly(small: Library) -> None:
    """300 random substrings over 700 articles full of traps: the same articles as brute force, in
    order.
    """
    assert substrings(small, 300, seed=1) > 200


def test_an_archive_that_grew_is_searched_exactly(grown: Library) -> None:
    """The same, in order too, where nothing was put in order yet."""
    assert substrings(grown, 150, seed=9) > 100
    assert queries(grown, 100, seed=10) > 50


def test_queries_of_the_whole_language_are_answered_exactly(small: Library) -> None:
    """150 generated queries, typed as people type, give what their meaning gives by brute force."""
    assert queries(small, 150, seed=2) > 75


def test_contains_finds_latin_inside_words_exactly(small: Library) -> None:
    """--contains: the same, with letters and digits found inside longer words."""
    assert substrings(small, 60, seed=3, contains=True) > 40
    assert queries(small, 40, seed=4, contains=True) > 15


@pytest.mark.long
def test_2000_substrings_over_5000_articles(large: Library) -> None:
    """Zero misses, zero extras for 2,000 substrings of 1–12 characters over 5,000 articles."""
    assert substrings(large, 2000, seed=5) > 1500


@pytest.mark.long
def test_500_queries_over_5000_articles(large: Library) -> None:
    """Zero misses, zero extras for 500 generated queries of the whole language over 5,000
    articles.
    """
    assert queries(large, 500, seed=6) > 250


@pytest.mark.long
def test_contains_over_5000_articles(large: Library) -> None:
    """Zero misses, zero extras for ``--contains``."""
    assert substrings(large, 150, seed=7, contains=True) > 100
    assert queries(large, 100, seed=8, contains=True) > 40
