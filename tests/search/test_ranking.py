"""The best first, as a reader would have it; and the snippet that shows why."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import log2
from pathlib import Path

import pytest

from archive.search.api import search
from archive.search.order import OVERFLOW
from archive.search.snippet import cut
from benchmarks.synthetic import Draft
from scraper.zone import CHINA
from tests.search.judged import ARTICLES, FLOOR, JUDGED
from tests.search.library import filled
from tests.search.test_in_step import put


@pytest.fixture(scope="module")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    drafts = [
        Draft(
            number, title, text, account, None, None, "article", None, _day(day), frozenset(), False
        )
        for number, title, account, day, text in ARTICLES
    ]
    with filled(tmp_path_factory.mktemp("judged"), drafts) as opened:
        yield opened


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def ndcg(found: list[int], wanted: dict[int, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain of the first ``depth``: 1.0 is the order a reader
    wants.
    """

    def gain(grades: list[int]) -> float:
        return sum(
            (2.0**grade - 1) / log2(position + 2) for position, grade in enumerate(grades[:depth])
        )

    return gain([wanted.get(number, 0) for number in found]) / gain(
        sorted(wanted.values(), reverse=True)
    )


def test_the_judged_queries_stay_as_good_as_they_were(conn: sqlite3.Connection) -> None:
    """Fifty-four queries; the mean nDCG does not fall below the floor, and none is bad."""
    scores = {
        query: ndcg([hit.article_id for hit in search(conn, query)], wanted)
        for query, wanted in JUDGED.items()
    }
    assert len(scores) == 54
    assert min(scores.values()) > 0.9, sorted(scores.items(), key=lambda one: one[1])[:5]
    assert sum(scores.values()) / 54 >= FLOOR, sorted(scores.items(), key=lambda one: one[1])[:8]


def test_pages_of_results_join_without_gap_or_double(conn: sqlite3.Connection) -> None:
    """--offset leafs on in one order."""
    whole = [hit.key for hit in search(conn, "的", limit=100)]
    pages = [
        hit.key
        for start in range(0, len(ARTICLES) + 7, 7)
        for hit in search(conn, "的", limit=7, offset=start)
    ]
    assert whole == pages
    assert len(set(whole)) == len(whole)
    assert search(conn, "的", limit=3).more
    assert not search(conn, "的", limit=100).more


def test_many_articles_out_of_order_hide_nothing(tmp_path: Path) -> None:
    """Older articles that were archived last, more than their span holds, do not keep newer ones
    from being ranked.
    """
    old = datetime(2015, 1, 1, tzinfo=UTC)
    new = Draft(
        1,
        "茶",
        "茶茶茶茶",
        "号",
        None,
        None,
        "article",
        None,
        old.replace(year=2024),
        frozenset(),
        False,
    )
    only_said = [
        replace(new, number=n, title="无", text="喝茶", published=old.replace(year=2025))
        for n in range(500, 540)
    ]
    with filled(tmp_path, [new, *only_said]) as conn:
        put(conn, [replace(new, number=n, title=f"茶 {n}", published=old) for n in range(2, 400)])
        assert conn.execute("SELECT min(id) FROM search_documents").fetchone()[0] < OVERFLOW
        assert [hit.article_id for hit in search(conn, "茶", limit=1)] == [1]


def test_many_cross_word_bigrams_hide_no_title_that_says_the_word(tmp_path: Path) -> None:
    """Two hundred newer titles with 中国学生, and the three with 国学 come first."""
    new = datetime(2025, 1, 1, tzinfo=UTC)
    word = Draft(
        1,
        "国学入门",
        "国学很老",
        "号",
        None,
        None,
        "article",
        None,
        new.replace(year=2015),
        frozenset(),
        False,
    )
    crowd = [
        replace(
            word,
            number=n,
            title=f"中国学生 {n}",
            text="中国。学生。",
            published=new + timedelta(hours=n),
        )
        for n in range(2, 202)
    ]
    others = [
        replace(word, number=n, title="国学", text="学", published=new.replace(year=2012))
        for n in (900, 901)
    ]
    with filled(tmp_path, [word, *crowd, *others]) as conn:
        found = [hit.article_id for hit in search(conn, "国学", limit=5)]
        assert {1, 900, 901} == set(found[:3])


def test_newest_first(conn: sqlite3.Connection) -> None:
    """--newest sorts by publish time, whatever the words."""
    times = [hit.published for hit in search(conn, "的", newest=True, limit=100)]
    assert len(times) > 20
    assert times == sorted(times, key=lambda moment: moment or datetime.min, reverse=True)


def test_a_hit_tells_what_is_needed(conn: sqlite3.Connection) -> None:
    """Key, title, account, time in UTC, path, score and marks on the original text."""
    hit = search(conn, "種子輪 stability", limit=1)[0]
    assert (hit.key, hit.account, hit.path) == ("k000000001", "投资实习所", "articles/1.md")
    assert hit.published is not None
    assert hit.published.isoformat() == "2022-10-26T16:00:00+00:00"
    assert ["种子轮", "Stability"] == [hit.title[start:end] for start, end in hit.title_marks]
    assert "Stability" in [hit.snippet.text[start:end] for start, end in hit.snippet.marks]
    assert hit.score > 0


def test_marks_in_a_long_title_stand_where_the_words_do(tmp_path: Path) -> None:
    """Also behind as many characters as a snippet would cut off."""
    title = "从前有一个很长很长的标题：它的后面才说到资本扩张和资本，以及扩张"
    draft = Draft(
        1, title, "无", "号", None, None, "article", None, _day("2024-01-01"), frozenset(), False
    )
    with filled(tmp_path, [draft]) as conn:
        (hit,) = search(conn, "资本 扩张 本扩")
        assert ["资本扩张", "资本", "扩张"] == [
            hit.title[start:end] for start, end in hit.title_marks
        ]


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("甲乙丙", [], "甲乙丙"),
        ("甲乙丙", [[(1, 2)]], "甲[乙]丙"),
        ("甲乙丙丁", [[(1, 3)], [(2, 4)]], "甲[乙丙丁]"),
        ("前句。甲乙丙", [[(4, 5)]], "…甲[乙]丙"),
        ("长" * 60 + "甲" + "长" * 200, [[(60, 61)]], "…" + "长" * 24 + "[甲]" + "长" * 65 + "…"),
        (
            "甲" + "长" * 200 + "甲乙",
            [[(0, 1), (201, 202)], [(202, 203)]],
            "…" + "长" * 24 + "[甲][乙]",
        ),
        ("甲\n乙", [[(0, 3)]], "[甲 乙]"),
    ],
)
def test_snippets(text: str, found: list[list[tuple[int, int]]], expected: str) -> None:
    """The window with the most different words, marks joined where they touch over each other, …
    where text goes on.
    """
    assert expected == cut(text, found).marked() == str(cut(text, found))


@dataclass(frozen=True)
class Paper:
    """What two articles differ in; all else is the same."""

    title: str = "无题"
    text: str = "今日无事。" * 60
    digest: str | None = None
    year: int = 2024


def filled_up(start: str, end: str = "", length: int = 300) -> str:
    """A text of that length that begins and ends so."""
    return start + ("今日无事。" * length)[: length - len(start) - len(end)] + end


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("融资", Paper("融资", filled_up("融资")), Paper("无题", filled_up("融资"))),
        (
            "融资",
            Paper("谈融资", filled_up("融资")),
            Paper("谈融资以及其他许多的事", filled_up("融资")),
        ),
        ("融资", Paper("融资一二三四"), Paper("一二三四融资")),
        (
            "融资",
            Paper(text=filled_up("融资。融资。融资。")),
            Paper(text=filled_up("融资。今日。今日。")),
        ),
        ("融资", Paper(text=filled_up("融资")), Paper(text=filled_up("融资", length=3000))),
        ("融资", Paper(text=filled_up("融资")), Paper(text=filled_up("", "融资"))),
        ("融资 上市", Paper(text=filled_up("融资上市")), Paper(text=filled_up("上市融资"))),
        ("融资 上市", Paper(text=filled_up("上市、融资")), Paper(text=filled_up("上市", "融资"))),
        ("融资 上市", Paper("融资上市", filled_up("融资")), Paper("上市融资", filled_up("融资"))),
        ("融资 上市", Paper("上市融资", filled_up("上融")), Paper("某公司融资", filled_up("上市"))),
        ("融资", Paper("谈融资"), Paper(text=filled_up("融资。" * 50))),
        ("融资", Paper(text=filled_up("融资")), Paper(digest="融资")),
        (
            "stability ai",
            Paper(text=filled_up("Stability AI ")),
            Paper(text=filled_up("AI Stability ")),
        ),
        ("ai", Paper("AI", filled_up("AI。")), Paper("无题", filled_up("AI。"))),
        ("融资", Paper("融资", year=2024), Paper("融资", year=2016)),
        (
            "融资",
            Paper("融资", filled_up("融资"), year=2016),
            Paper(text=filled_up("融资"), year=2024),
        ),
        ("种子轮", Paper("種子輪一二三"), Paper(text=filled_up("种子轮"))),
        ("融资", Paper(text=filled_up("A融资A融资A融资")), Paper(text=filled_up("A融资A融资"))),
        ("ai", Paper(text=filled_up("ai。ai。")), Paper(text=filled_up("ai。aid。"))),
        ("ai", Paper(text=filled_up("ai。ai。")), Paper(text=filled_up("ai。xai。"))),
        # A word of the digest says more than one far down in a long text.
        ("融资", Paper(digest="融资"), Paper(text=filled_up("", "融资", length=3000))),
        # Words side by side far down, before words far apart that begin the text.
        (
            "融资 上市",
            Paper(text=filled_up("", "上市融资", length=600)),
            Paper(text=filled_up(filled_up("上市", "融资", length=64), length=600)),
        ),
        ("title:融资 上市", Paper("融资", filled_up("上市")), Paper("融资", filled_up("", "上市"))),
        # Both words in a title, before one there and both in the text.
        (
            "融资 上市",
            Paper("上市融资", filled_up("上融")),
            Paper("某公司融资", filled_up("上市融资")),
        ),
        # Two words near each other, before one of them at the end of a long title.
        (
            "融资 上市",
            Paper(text=filled_up("上市今日融资")),
            Paper("今日无事明日也没有什么事后日融资", filled_up("上市")),
        ),
        # Two years weigh more than half a screen, and less than most of one.
        (
            "融资",
            Paper(text=filled_up(filled_up("", "融资", length=216))),
            Paper(text=filled_up("融资"), year=2022),
        ),
        (
            "融资",
            Paper(text=filled_up("融资"), year=2022),
            Paper(text=filled_up(filled_up("", "融资", length=290))),
        ),
    ],
)
def test_of_two_articles_the_better_comes_first(
    tmp_path: Path, query: str, better: Paper, worse: Paper
) -> None:
    """They differ in one thing: title, its part of the title, place, frequency, length, order,
    nearness, time.

    Where the scores are the same the first comes first, and that is the worse.
    """
    drafts = [
        Draft(
            number,
            paper.title,
            paper.text,
            "号",
            None,
            paper.digest,
            "article",
            None,
            datetime(paper.year, 1, 1, tzinfo=UTC),
            frozenset(),
            False,
        )
        for number, paper in ((1, worse), (2, better))
    ]
    with filled(tmp_path, drafts) as conn:
        found = search(conn, query)
        assert [2, 1] == [hit.article_id for hit in found]
        assert found[0].score > found[1].score > 0
