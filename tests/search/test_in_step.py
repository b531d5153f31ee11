"""The index follows the rows: what is put is found, what is changed or removed leaves nothing
behind.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.db.opening import open_database
from archive.db.search_tables import CRISISMERGE, VERSION
from archive.errors import NotIndexed
from archive.search.api import count, search
from archive.search.documents import documents
from archive.search.index import Index, get_meta, set_meta
from archive.search.order import (
    NO_SPAN,
    OVERFLOW,
    SPAN,
    TOP,
    rowid_range,
    span_number,
    undated_rowid,
)
from archive.search.rebuild import maintain_index, reindex, wants_reindex
from archive.search.searcher import Searcher
from archive.search.terms import IS_CJK
from benchmarks.filling import insert
from benchmarks.synthetic import Draft
from tests.search.library import hard_drafts


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    open_database(tmp_path / "archive.db").close()
    with closing(sqlite3.connect(tmp_path / "archive.db")) as opened:
        opened.execute("PRAGMA synchronous=OFF")
        yield opened


def put(conn: sqlite3.Connection, drafts: list[Draft]) -> None:
    """As the store does: the rows, then the index, in one transaction."""
    with conn:
        index = Index(conn)
        for draft in drafts:
            insert(conn, draft)
            for doc in documents(conn, [draft.number]):
                index.put(doc)


def postings(conn: sqlite3.Connection) -> list[tuple[str, int]]:
    """Every token and in how many articles it is.

    But for trigrams, whose pairs each rebuild chooses anew, and authors and places, which it
    numbers anew.
    """
    rows = conn.execute("SELECT term, doc FROM search_vocabulary ORDER BY term").fetchall()
    return [
        (term, times)
        for term, times in rows
        if not (
            len(is_plain_cjk := term.lstrip("＾＋")) == 3
            and all(IS_CJK[part] for part in is_plain_cjk)
        )
        and term[:2] not in ("：u", "：p")
    ]


def keys(conn: sqlite3.Connection, query: str) -> list[str]:
    return [hit.key for hit in search(conn, query, newest=True, limit=10_000)]


def change(conn: sqlite3.Connection, number: int, **columns: str | None) -> None:
    with conn:
        names = ", ".join(f"{name} = ?" for name in columns)
        conn.execute(f"UPDATE articles SET {names} WHERE id = ?", (*columns.values(), number))
        for doc in documents(conn, [number]):
            Index(conn).put(doc)


def test_removing_everything_leaves_nothing(conn: sqlite3.Connection) -> None:
    """Put, change, put again, remove: no token, row, author or place is left, and FTS5 finds itself
    whole.
    """
    drafts = list(hard_drafts(60))
    put(conn, drafts)
    for draft in drafts[:20]:
        change(
            conn,
            draft.number,
            text=draft.text + "新的",
            title="改了" + draft.title,
            author="另一个人",
        )
    with conn:
        index = Index(conn)
        for draft in drafts:
            if draft.number % 2:
                index.remove(draft.number)
                conn.execute("DELETE FROM articles WHERE id = ?", (draft.number,))
            else:
                conn.execute("DELETE FROM articles WHERE id = ?", (draft.number,))
                index.remove(draft.number)
    assert [] == postings(conn)
    for table in ("search_documents", "search_values", "search_before"):
        assert 0 == conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0], table
    assert get_meta(conn, "leftover") is None


def test_changes_leave_the_index_that_a_rebuild_would_make(conn: sqlite3.Connection) -> None:
    """After many random puts, changes and removals the tokens are those of the rows as they are."""
    rng = random.Random(5)
    drafts = list(hard_drafts(80))
    put(conn, drafts)
    for _ in range(120):
        draft = rng.choice(drafts)
        if rng.random() < 0.2:
            with conn:
                Index(conn).remove(draft.number)
                for doc in documents(conn, [draft.number]):
                    Index(conn).put(doc)
        else:
            change(
                conn, draft.number, text=rng.choice(drafts).text, digest=rng.choice(drafts).digest
            )
    before = postings(conn)
    assert 80 == reindex(conn)
    assert before == postings(conn)
    conn.execute("INSERT INTO search_terms(search_terms) VALUES ('integrity-check')")


def test_what_is_not_committed_is_not_found(conn: sqlite3.Connection) -> None:
    """Row and index are one transaction: rolled back, both are as before."""
    put(conn, list(hard_drafts(5)))
    before = postings(conn)
    first = next(hard_drafts(1))
    insert(conn, replace(first, number=99, title="回滚"))
    for doc in documents(conn, [99]):
        Index(conn).put(doc)
    assert ["k000000099"] == keys(conn, "回滚")
    conn.rollback()
    assert [] == keys(conn, "回滚")
    assert before == postings(conn)


def test_a_row_changed_behind_our_back_damages_nothing(conn: sqlite3.Connection) -> None:
    """Another program changes or deletes rows: the old words are remembered until the index forgets
    them.
    """
    put(conn, list(hard_drafts(6)))
    with conn:
        conn.execute("UPDATE articles SET text = '甲乙丙' WHERE id = 1")
        conn.execute("UPDATE articles SET text = '丁戊己' WHERE id = 1")
        conn.execute("DELETE FROM articles WHERE id = 2")
    with conn:
        for doc in documents(conn, [1]):
            Index(conn).put(doc)
        Index(conn).remove(2)
    assert ["k000000001"] == keys(conn, "丁戊己")
    assert get_meta(conn, "leftover") is None
    before = postings(conn)
    reindex(conn)
    assert before == postings(conn)


@pytest.mark.parametrize("number", [3, 6])
def test_words_left_behind_are_found_by_nobody(conn: sqlite3.Connection, number: int) -> None:
    """Where the old words cannot be known (damage), what stays of them never means an article
    again.
    """
    drafts = list(hard_drafts(6))
    drafts[2] = replace(
        drafts[2], published=None
    )  # the one with the undated place, the other with the newest
    drafts[5] = replace(drafts[5], published=datetime(2031, 1, 1, tzinfo=UTC))
    drafts = [replace(draft, title=f"甲乙{draft.number}") for draft in drafts]
    put(conn, drafts)
    with conn:
        conn.execute("UPDATE search_documents SET fingerprint = 0 WHERE article_id = ?", (number,))
    change(conn, number, title="丙丁")
    assert wants_reindex(conn) == "words of replaced articles are left in it"
    change(conn, number, title="戊己")
    assert f"k{number:09d}" not in keys(conn, "甲乙")
    assert [] == keys(conn, "丙丁")
    assert [f"k{number:09d}"] == keys(conn, "戊己")
    reindex(conn)
    assert wants_reindex(conn) is None
    assert 5 == len(keys(conn, "甲乙"))


def test_an_archive_that_has_grown_wants_new_frequent_pairs(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first so many articles, and each eightfold after, are worth a rebuild; otherwise none is
    asked for.
    """
    monkeypatch.setattr("archive.search.rebuild.REBUILD_MIN_ARTICLES", 200)
    put(conn, list(hard_drafts(50, longest=30)))
    assert wants_reindex(conn) is None
    put(
        conn,
        [
            replace(draft, number=draft.number + 50)
            for draft in hard_drafts(150, seed=4, longest=30)
        ],
    )
    assert wants_reindex(conn) == "it was made for fewer articles than the 200 of now"
    assert maintain_index(conn)
    reindex(conn)
    assert wants_reindex(conn) is None
    assert not maintain_index(conn)


def test_an_account_that_changes_its_name_is_found_by_the_new_one(conn: sqlite3.Connection) -> None:
    """Account names are looked up, not indexed: a new name needs no work on its articles."""
    put(conn, list(hard_drafts(20)))
    (number,) = conn.execute("SELECT account_id FROM articles WHERE id = 7").fetchone()
    with conn:
        conn.execute("UPDATE accounts SET name = '全新的名字' WHERE id = ?", (number,))
    assert "k000000007" in keys(conn, "account:全新的名字")
    assert "k000000007" in keys(conn, "全新的名字")


def test_order_holds_for_any_order_of_coming(conn: sqlite3.Connection) -> None:
    """Articles archived in any order, more of one month than fit together: still exactly the newest
    first.
    """
    drafts = list(hard_drafts(900, longest=30))
    crowded = [replace(draft, published=drafts[0].published) for draft in drafts[: 2 * SPAN]]
    rest = drafts[2 * SPAN :]
    random.Random(1).shuffle(rest)
    put(conn, crowded + rest)
    assert conn.execute("SELECT min(id) FROM search_documents").fetchone()[0] < OVERFLOW
    expected = [
        row[0] for row in conn.execute("SELECT key FROM articles ORDER BY published DESC, id DESC")
    ]
    assert expected == keys(conn, "after:1990 OR -after:1990")
    late = [row[0] for row in conn.execute(
        """SELECT key FROM articles WHERE published < '2023-12-31T16:00' AND published >= '2019-12-31T16:00'
           ORDER BY published DESC, id DESC"""
    )]  # fmt: skip
    assert late == keys(conn, "after:2020 before:2024")
    assert mixed(conn) > 10
    reindex(conn)
    assert conn.execute("SELECT min(id) FROM search_documents").fetchone()[0] > OVERFLOW
    assert mixed(conn) == 0
    assert expected == keys(conn, "after:1990 OR -after:1990")
    assert late == keys(conn, "after:2020 before:2024")


def mixed(conn: sqlite3.Connection) -> int:
    """Spans whose hits a search has to sort."""
    return int(conn.execute("SELECT count(*) FROM search_spans WHERE mixed").fetchone()[0])


def test_another_time_mixes_a_span_until_the_next_rebuild(conn: sqlite3.Connection) -> None:
    """An article that moves within its week keeps its place, and the order is right all the
    same.
    """
    start = datetime(2031, 1, 1, tzinfo=UTC)
    put(
        conn,
        [
            replace(d, published=start + timedelta(hours=n))
            for n, d in enumerate(hard_drafts(9, longest=30))
        ],
    )
    places = dict(conn.execute("SELECT article_id, id FROM search_documents"))
    change(conn, 2, published=(start + timedelta(hours=20)).isoformat())
    assert places == dict(conn.execute("SELECT article_id, id FROM search_documents"))
    assert mixed(conn) == 1
    assert "k000000002" == keys(conn, "after:2030")[0]


def test_other_words_mix_nothing(conn: sqlite3.Connection) -> None:
    """An article that only changes its title keeps its place, which is still in order."""
    drafts = [*hard_drafts(9, longest=30)]
    put(conn, drafts)
    before = mixed(conn)
    for draft in drafts:
        change(conn, draft.number, title="别的题目")

    assert before == mixed(conn)


@pytest.mark.parametrize("number", [0, 1, 2, 1000])
def test_a_place_says_in_which_span_it_lies(number: int) -> None:
    """The first and the last of a span, and their neighbours: the newer, the smaller."""
    low, high = rowid_range(number)

    assert [number + 1, number, number, number - 1] == [
        span_number(place) for place in (low - 1, low, high, high + 1)
    ]


def test_span_0_ends_where_what_has_no_time_begins() -> None:
    """What has no time lies in no span, however far behind."""
    places = (TOP - 1, TOP, undated_rowid(1, ()), undated_rowid(10**6, ()))

    assert [0, NO_SPAN, NO_SPAN, NO_SPAN] == [span_number(place) for place in places]


def test_newer_articles_get_new_spans(conn: sqlite3.Connection) -> None:
    """An archive that grows at its newest end never gets out of order."""
    start = datetime(2031, 1, 1, tzinfo=UTC)
    put(
        conn,
        [
            replace(draft, published=start + timedelta(hours=number))
            for number, draft in enumerate(hard_drafts(700, longest=30))
        ],
    )
    assert conn.execute("SELECT min(id) FROM search_documents").fetchone()[0] > OVERFLOW
    assert mixed(conn) == 0
    expected = [
        row[0] for row in conn.execute("SELECT key FROM articles ORDER BY published DESC, id DESC")
    ]
    assert expected == keys(conn, "after:2030")


def test_articles_that_come_one_by_one_leave_few_segments(conn: sqlite3.Connection) -> None:
    """Each segment of FTS5's costs every search: of a size there are never eight; a rebuild leaves
    one.
    """
    for draft in hard_drafts(150, longest=30):
        put(conn, [draft])
    fts5_settings = "SELECT count(DISTINCT segid) FROM search_terms_idx"
    assert conn.execute(fts5_settings).fetchone()[0] <= 2 * CRISISMERGE
    reindex(conn)
    assert conn.execute(fts5_settings).fetchone()[0] == 1
    settings = dict(conn.execute("SELECT k, v FROM search_terms_config"))
    assert (settings["automerge"], settings["crisismerge"]) == (0, CRISISMERGE)


class Killed(Exception):
    pass


def files(tmp_path: Path) -> set[str]:
    return {path.name for path in tmp_path.iterdir()} - {
        "archive.db-wal",
        "archive.db-shm",
        ".lock-index",
    }


def test_a_rebuild_that_ends_early_changes_nothing(
    conn: sqlite3.Connection, tmp_path: Path
) -> None:
    """Whatever ends it, the index in use is as it was, nothing lies about, and the next one is
    whole.
    """
    put(conn, list(hard_drafts(1200, longest=30)))
    expected, before = keys(conn, "的"), files(tmp_path)

    def kill(name: str, done: int, of: int) -> None:
        assert (name, of) == ("indexing", 1200)
        if done >= 500:
            raise Killed

    with pytest.raises(Killed):
        reindex(conn, kill)
    assert before == files(tmp_path)
    assert expected == keys(conn, "的")
    change(conn, 1, title="期间改了")
    assert ["k000000001"] == keys(conn, "title:期间改了")
    assert 1200 == reindex(conn)
    assert before == files(tmp_path)
    assert ["k000000001"] == keys(conn, "title:期间改了")
    assert wants_reindex(conn) is None


def test_nothing_is_searched_in_an_index_of_another_version(conn: sqlite3.Connection) -> None:
    """Its tokens may be others; also a rebuild that ends early leaves it so, until one is whole."""
    put(conn, list(hard_drafts(20, longest=30)))
    with conn:
        set_meta(conn, "version", "0.0")
    assert wants_reindex(conn) == "the index was made by another version"

    def kill(*_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        reindex(conn, kill)
    with pytest.raises(NotIndexed):
        search(conn, "的")
    reindex(conn)
    assert get_meta(conn, "version") == VERSION
    assert keys(conn, "的")


def test_a_search_meanwhile_answers_from_the_index_in_use(
    conn: sqlite3.Connection, tmp_path: Path
) -> None:
    """In this process and in others, a searcher that is kept open and one that is new: at every
    moment, exactly.
    """
    put(conn, list(hard_drafts(1200, longest=30)))
    expected = keys(conn, "的")
    seen = []
    with closing(sqlite3.connect(tmp_path / "archive.db", timeout=0)) as reader:
        searcher = Searcher(reader)

        def look(*_: object) -> None:
            with closing(sqlite3.connect(tmp_path / "archive.db", timeout=0)) as other:
                seen.append(keys(other, "的"))
            seen.append([hit.key for hit in search(searcher, "的", newest=True, limit=10_000)])

        reindex(conn, look)
        look()
    assert len(seen) == 8
    assert all(found == expected for found in seen)


def test_what_another_program_changes_meanwhile_is_in_the_new_index(
    conn: sqlite3.Connection, tmp_path: Path
) -> None:
    """Rows changed, deleted and added by somebody who does not ask for the lock."""
    drafts = list(hard_drafts(1200, longest=30))
    put(conn, drafts)

    def meddle(_name: str, done: int, _of: int) -> None:
        if done != 500:
            return
        with closing(sqlite3.connect(tmp_path / "archive.db")) as other, other:
            for number in (1, 1200):  # of one the new index has the old text, of the other not yet
                other.execute("UPDATE articles SET title = '期间改了' WHERE id = ?", (number,))
            other.execute("DELETE FROM articles WHERE id IN (2, 1199)")
            insert(other, replace(drafts[0], number=5000, title="期间来了"))

    reindex(conn, meddle)
    assert ["k000000001", "k000001200"] == sorted(keys(conn, "title:期间改了"))
    assert ["k000005000"] == keys(conn, "title:期间来了")
    assert wants_reindex(conn) is None
    before = postings(conn)
    reindex(conn)
    assert before == postings(conn)


def test_processes_make_the_same_index(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut into tokens in two processes, byte for byte the index that one makes."""
    put(conn, list(hard_drafts(1200, longest=30)))
    reindex(conn)
    alone = whole_index(conn)
    monkeypatch.setattr("archive.search.build._PROCESSES_FROM", 100)
    assert 1200 == reindex(conn, jobs=2)
    assert alone == whole_index(conn)
    conn.execute("INSERT INTO search_terms(search_terms) VALUES ('integrity-check')")


def whole_index(conn: sqlite3.Connection) -> list[object]:
    tables = ("documents", "values", "spans", "meta", "vocabulary")
    return [conn.execute(f"SELECT * FROM search_{table} ORDER BY 1").fetchall() for table in tables]


def test_an_archive_with_articles_from_before_there_was_search(conn: sqlite3.Connection) -> None:
    """Without a version the index counts as unfinished: nothing is found in half of it."""
    with conn:
        conn.execute("DELETE FROM search_meta")
    with pytest.raises(NotIndexed):
        count(conn, "的")
    assert wants_reindex(conn) == "the index is not finished"


def test_another_connections_writes_are_seen(conn: sqlite3.Connection, tmp_path: Path) -> None:
    """A searcher that is kept open finds what was archived meanwhile, accounts and spans
    included.
    """
    with closing(sqlite3.connect(tmp_path / "archive.db")) as reader:
        searcher = Searcher(reader)
        assert 0 == count(searcher, "的 OR 一").number
        put(conn, list(hard_drafts(30)))
        assert count(searcher, "的 OR 一").number > 0
        (name,) = conn.execute("SELECT name FROM accounts LIMIT 1").fetchone()
        assert count(searcher, f"account:{name}").number > 0
