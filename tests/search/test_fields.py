"""The fields of the query language: each is documented; those that other tables answer are
exact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archive.cli.search import command
from archive.search.api import count, search
from archive.search.fields import FIELDS, Value
from archive.search.histogram import by_year
from archive.search.members import MEMBERS
from archive.search.nodes import Members, Node, Not
from archive.search.searcher import Searcher
from tests.search.library import filled, hard_drafts
from tests.search.test_in_step import put

_ALBUM = "https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzA3&action=getalbum&album_id=77"


def meaning(name: str) -> Node:
    """What the field's own example means."""
    field = FIELDS[name]
    value = field.example.partition(":")[2]
    return field.read(field, Value(value, value))


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_stands_in_the_help_and_reads_its_example(name: str) -> None:
    """A field that the help of `search` does not name is known to nobody."""
    assert f"{name}:" in (command.help or "")
    assert FIELDS[name].example.startswith(f"{name}:")
    assert meaning(name) is not None


def test_every_field_of_another_table_has_its_row() -> None:
    """What reads its value as `Members` is answered, and nothing else is."""
    reading = {name for name in FIELDS if isinstance(meaning(name), Members)}
    assert reading == set(MEMBERS)


@pytest.fixture(scope="module")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """1, 2 and 3 stand in the album 茶書 (77): two by its list, one says so; 5 in another. 4 and 5
    have tags.
    """
    with filled(tmp_path_factory.mktemp("fields"), list(hard_drafts(200))) as opened:
        with opened:
            opened.execute("INSERT INTO albums(id, title, url) VALUES ('77', '茶書', ?)", (_ALBUM,))
            opened.execute("INSERT INTO albums(id, title) VALUES ('78', '別的')")
            opened.executemany(
                "INSERT INTO album_members(album_id, position, address, article_id) VALUES (?,?,?,?)",
                [("77", 0, "a", 1), ("77", 1, "b", 2), ("77", 2, "c", None), ("78", 0, "d", 5)],
            )
            opened.execute(
                "INSERT INTO links(article_id, position, relation, url, address) VALUES (3, 0, 'album', ?, ?)",
                (_ALBUM, _ALBUM),
            )
            opened.execute(
                "INSERT INTO links(article_id, position, relation, url, address) VALUES (4, 0, 'text', ?, ?)",
                (_ALBUM, _ALBUM),
            )
            opened.executemany(
                "INSERT INTO tags VALUES (?, ?)", [(4, "投資"), (5, "投资"), (5, "AI")]
            )
        yield opened


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("album:茶书", {1, 2, 3}),
        ("album:书", {1, 2, 3}),
        ("album:77", {1, 2, 3}),
        ("album:7", set()),
        ("album:别的", {5}),
        ("album:没有", set()),
        ("topic:投资", {4, 5}),
        ("topic:ai", {5}),
        ("topic:投", set()),
        ("topic:投资 topic:AI", {5}),
        ("album:茶书 OR topic:投资", {1, 2, 3, 4, 5}),
        ("topic:投资 -album:别的", {4}),
        ("album:茶书 after:1990", {1, 2, 3}),
        ("album:茶书 before:1990", set()),
        ("-(-album:茶书)", {1, 2, 3}),
    ],
)
def test_albums_and_tags(conn: sqlite3.Connection, query: str, expected: set[int]) -> None:
    """By list and by what an article says of itself; found, newest first, counted and drawn
    alike.
    """
    assert expected == {hit.article_id for hit in search(conn, query)}
    newest = [hit.published for hit in search(conn, query, newest=True)]
    assert newest == sorted(
        newest, key=lambda moment: moment.timestamp() if moment else 0, reverse=True
    )
    assert len(expected) == count(conn, query).number
    dated = sum(moment is not None for moment in newest)
    assert dated == sum(number for _, number in by_year(Searcher(conn), query).counts)


@pytest.mark.parametrize("query", ["after:1990", "before:2020", "album:茶书 after:1990"])
def test_years_of_many_matches_are_those_of_each(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Counted by the index alone, as the page does where there are more than it looks at."""
    searcher = Searcher(conn)
    one_by_one = by_year(searcher, query)
    monkeypatch.setattr("archive.search.histogram.EXACT", 0)
    at_once = by_year(searcher, query)

    assert one_by_one.counts
    assert (one_by_one.counts, True, False) == (at_once.counts, one_by_one.exact, at_once.exact)


def test_words_within_an_album(conn: sqlite3.Connection) -> None:
    """Together with words both hold."""
    everywhere = {hit.article_id for hit in search(conn, "的 OR 一", limit=1000)}
    assert everywhere & {1, 2, 3} == {
        hit.article_id for hit in search(conn, "(的 OR 一) album:茶书")
    }
    outside = search(conn, "(的 OR 一) -album:茶书", limit=1000)
    assert everywhere - {1, 2, 3} == {hit.article_id for hit in outside}
    assert len(outside) == count(conn, "(的 OR 一) -album:茶书").number
    assert [] == [*search(conn, "(的 OR 一) -(的 OR 一) album:茶书")]


def test_articles_of_a_kind(tmp_path: Path) -> None:
    """Alone, left out, and together with words."""
    kinds = ("article", "video", "picture", "video")
    drafts = [
        replace(draft, text="融资。", kind_name=kind)
        for draft, kind in zip(hard_drafts(4), kinds, strict=True)
    ]
    queries = ("kind:video", "-kind:video", "融资 kind:picture", "kind:article OR kind:picture")
    with filled(tmp_path, drafts) as conn:
        found = [sorted(hit.article_id for hit in search(conn, query)) for query in queries]

    assert [[2, 4], [1, 3], [3], [1, 3]] == found


def test_not_reads_as_not() -> None:
    """gone:no is the opposite of gone:yes."""
    field = FIELDS["gone"]
    assert field.read(field, Value("no", "no")) == Not(field.read(field, Value("yes", "yes")))


def test_an_album_in_an_archive_that_was_never_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Articles out of order are confined as well, and each is counted in its year."""
    monkeypatch.setattr("archive.search.histogram.EXACT", 0)
    drafts = list(hard_drafts(300, longest=30))
    same = next(draft.published for draft in drafts if draft.published is not None)
    with filled(tmp_path, []) as empty:
        put(empty, [replace(draft, published=same) for draft in drafts])
        with empty:
            empty.execute("INSERT INTO albums(id, title) VALUES ('1', '合集')")
            empty.executemany(
                "INSERT INTO album_members(album_id, position, address, article_id) VALUES ('1', ?, ?, ?)",
                [(number, f"a{number}", number) for number in (5, 290)],
            )
        assert [290, 5] == [hit.article_id for hit in search(empty, "album:合集", newest=True)]
        assert ((same.year, 300),) == by_year(Searcher(empty), "after:1990").counts
