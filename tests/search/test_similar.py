"""Copies, reprints and linked articles are found; unrelated ones are not."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from archive.errors import NotHeld
from archive.search.api import search
from archive.search.datasette import SQL_FORM, metadata
from archive.search.similar import likeness, shingles, similar
from benchmarks.synthetic import Writer
from tests.search.library import filled

_ADDRESS = "https://mp.weixin.qq.com/s?__biz=Mz&mid=1&idx=1"


@pytest.fixture(scope="module")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    drafts = list(Writer(subjects=20).drafts(60, seed=4, shortest=300, longest=500))
    first = drafts[0]
    drafts += [
        replace(first, number=61, title="转载：" + first.title, account="别的号"),
        replace(
            first,
            number=62,
            text="编者按，本文转自别处。\n" + first.text[90:] + "\n关注我们，了解更多。" * 3,
        ),
        replace(first, number=63, text=first.text[:150] + drafts[1].text),
    ]
    folder = tmp_path_factory.mktemp("similar")
    with filled(folder, drafts) as opened:
        with opened:
            links = [(5, _ADDRESS, None), (6, _ADDRESS, None), (7, None, 8)]
            opened.executemany(
                "INSERT INTO links(article_id, position, relation, url, address, target_id) VALUES (?,0,'text','',?,?)",
                links,
            )
        yield opened


def test_copies_and_reprints_come_first(conn: sqlite3.Connection) -> None:
    """A copy under another title, one with head and foot, one that quotes a part; in this order."""
    found = similar(conn, "k000000001")
    assert [("k000000061", "duplicate"), ("k000000062", "reprint"), ("k000000063", "near")] == [
        (one.key, one.relation) for one in found[:3]
    ]
    assert all(one.relation == "near" for one in found[3:])
    assert 1.0 == found[0].score > found[1].score > found[2].score > 0


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """Two dozen articles, and of every third what becomes of articles: copied, cut,
    framed, quoted, written in traditional characters, taken up into a long one; some in English."""
    drafts = list(Writer(subjects=20).drafts(24, seed=9, shortest=200, longest=900))
    english = "Whoever keeps a diary for ten years has learnt what patience is. "
    drafts[5] = replace(drafts[5], text="".join(f"{n} {english}" for n in range(40)))
    foot = "\n长按二维码关注我们，点击阅读原文了解更多精彩内容。"
    drafts = [replace(one, text=one.text + foot) for one in drafts]
    for first in drafts[5:24:3]:
        text = first.text
        half, third = len(text) // 2, len(text) // 3
        forms = (
            text,
            text.translate({ord(a): b for a, b in zip("资学习机国", "資學習機國", strict=True)}),
            text[half:] + "\n后来的事，请看下回。",
            drafts[0].text + text[third : 2 * third],
            "按：" + text[:third] + drafts[1].text[:third] + drafts[3].text[:third],
            drafts[0].text + text[:120] + drafts[1].text + drafts[4].text,
        )
        drafts += [
            replace(first, number=len(drafts) + 1 + number, text=form)
            for number, form in enumerate(forms)
        ]
    with filled(tmp_path_factory.mktemp("families"), drafts) as opened:
        yield opened


def test_every_copy_is_found(families: sqlite3.Connection) -> None:
    """As if the texts of all articles had been compared with each other, one by one."""
    rows = families.execute("SELECT key, text FROM articles").fetchall()
    cut = {key: shingles(text) for key, text in rows}
    for key, mine in cut.items():
        compared = {other: likeness(mine, theirs)[0] for other, theirs in cut.items()}
        expected = {other: said for other, said in compared.items() if said and other != key}
        found = {one.key: one.relation for one in similar(families, key, limit=200)}

        assert len(expected) < 40  # as many as are compared
        assert expected == found, key


def test_what_is_asked_of_the_index_is_bounded(families: sqlite3.Connection) -> None:
    """However long an article is, and whoever holds its phrases."""
    (key,) = families.execute("SELECT key FROM articles ORDER BY length(text) DESC").fetchone()
    asked: list[str] = []
    families.set_trace_callback(asked.append)
    similar(families, key)
    families.set_trace_callback(None)

    searched = [one for one in asked if "MATCH" in one]
    assert 20 < len(searched) < 40
    assert all("LIMIT 401" in one for one in searched)
    assert [] == [one for one in asked if "vocabulary" in one]


def test_linked_articles(conn: sqlite3.Connection) -> None:
    """Who links to the same address, to this one, and where this one links."""
    assert ("k000000006", "shared-links") in [
        (one.key, one.relation) for one in similar(conn, "k000000005")
    ]
    assert ("k000000008", "links-to") in [
        (one.key, one.relation) for one in similar(conn, "k000000007")
    ]
    assert ("k000000007", "linked-from") in [
        (one.key, one.relation) for one in similar(conn, "k000000008")
    ]


def test_a_key_may_be_short_but_not_ambiguous(conn: sqlite3.Connection) -> None:
    """Nine characters name one article, six of sixty are too few."""
    with pytest.raises(NotHeld, match="more than one key"):
        similar(conn, "k00000")
    with pytest.raises(NotHeld, match="no article with the key zzzzzz"):
        similar(conn, "zzzzzz")


def test_fold_lists_copies_under_the_best(conn: sqlite3.Connection) -> None:
    """--fold: one place for an article and its reprints, and nothing lost."""
    (text,) = conn.execute("SELECT text FROM articles WHERE id = 1").fetchone()
    word = max(re.findall("[\u4e00-\u9fff]+", text[100:200]), key=len)
    plain = {hit.key for hit in search(conn, f'"{word}"', limit=50)}
    folded = search(conn, f'"{word}"', limit=50, fold=True)
    assert {"k000000001", "k000000061", "k000000062"} <= plain
    groups = [{hit.key, *hit.folded} for hit in folded]
    assert [{"k000000001", "k000000061", "k000000062"}] == [
        group for group in groups if "k000000001" in group
    ]
    assert plain == set().union(*groups)


def test_short_texts_are_copies_only_when_they_are_the_same() -> None:
    """Ten characters in common say nothing."""
    assert likeness(shingles("祝大家新年快乐"), shingles("祝大家新年快乐！")) == ("duplicate", 1.0)
    assert likeness(shingles("祝大家新年快乐"), shingles("祝大家新年快乐呀")) == (None, 0.0)


@pytest.mark.parametrize("word", ["融资", "市场", "stability", "我们"])
def test_plain_sql_finds_what_search_finds(conn: sqlite3.Connection, word: str) -> None:
    """The documented statement, in any sqlite3: the newest first; what it lacks of what `search`
    finds is written in traditional characters."""
    rows = [(row[0], row[3]) for row in conn.execute(SQL_FORM, {"q": word})]
    assert rows == sorted(rows, key=lambda row: row[1], reverse=True)
    found = {hit.key: hit for hit in search(conn, f"{word} -account:{word}", newest=True, limit=50)}
    keys = {key for key, _ in rows}
    assert keys
    assert keys <= found.keys()
    for key in found.keys() - keys:
        assert word not in found[key].snippet.marked("", "")


#: Texts in which a statement of SQL can go wrong.
MIXED = (
    *(
        "买A股的人",
        "说A股。",
        "USA股市",
        "甲A股b",
        "2023年的事",
        "12023年",
        "在2023年AI编程入门",
        "OpenAI编程",
        "用C++写",
    ),
    *(
        "c + +",
        "Node.js 与 node",
        "价格[1]*?",
        "15%的",
        "1.15%",
        "café",
        "cafe",
        "a_b",
        "股\n市",
        "机 器 学 习",
        "！？",
    ),
)


WORDS = (
    *(
        "A股",
        "a股",
        "2023年",
        "2023年AI编程",
        "编程入门",
        "c++",
        "C++",
        "node.js",
        "[1]*?",
        "15%",
        "1.15%",
    ),
    *("caf", "cafe", "股", "股市", "机器学习", "a_b", "！", "！？", "年", "没有"),
)


@pytest.mark.parametrize("word", WORDS)
def test_plain_sql_is_exact_for_mixed_scripts(tmp_path: Path, word: str) -> None:
    """Letters and digits beside Chinese, marks, what GLOB reads as its own: neither more nor less
    than `search`.
    """
    plain = next(Writer(subjects=5).drafts(1))
    drafts = [
        replace(plain, number=number, title="无", text=text, digest=None, author=None, account="号")
        for number, text in enumerate(MIXED, 1)
    ]
    with filled(tmp_path, drafts) as conn:
        expected = {hit.key for hit in search(conn, f'"{word}"', limit=50)}
        assert expected == {row[0] for row in conn.execute(SQL_FORM, {"q": word})}


@pytest.mark.parametrize(
    ("word", "text"), [("融资", "融資"), ("AI编程", "AI 编程"), ("ai", "ＡＩ")]
)
def test_plain_sql_is_not_more_than_the_manual_says(tmp_path: Path, word: str, text: str) -> None:
    """Traditional, full width, blanks in mixed scripts: `search` finds them, plain SQL does not."""
    draft = replace(
        next(Writer(subjects=5).drafts(1)), title="无", text=text, digest=None, author=None
    )
    with filled(tmp_path, [draft]) as conn:
        assert 1 == len(search(conn, word))
        assert [] == conn.execute(SQL_FORM, {"q": word}).fetchall()


def test_the_view_takes_tokens(conn: sqlite3.Connection) -> None:
    """``SELECT … FROM search WHERE words MATCH …`` with AND, OR and NOT."""
    both = conn.execute("SELECT count(*) FROM search WHERE words MATCH '的 AND 一'").fetchone()[0]
    assert (
        0 < both <= conn.execute("SELECT count(*) FROM search WHERE words MATCH '的'").fetchone()[0]
    )


def test_datasette_metadata_names_only_tables_that_exist(tmp_path: Path) -> None:
    """The file written on request fits the schema, and its statements run."""
    tables = metadata()["databases"]["archive"]["tables"]
    with (
        filled(tmp_path, list(Writer(subjects=5).drafts(3))) as conn,
        closing(conn.cursor()) as cursor,
    ):
        held = {
            row[0]
            for row in cursor.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            )
        }
        assert set(tables) <= held
        for query in metadata()["databases"]["archive"]["queries"].values():
            cursor.execute(query["sql"], dict.fromkeys(query["params"], "融资")).fetchall()


def test_posts_without_text_are_no_copies_of_each_other(tmp_path: Path) -> None:
    """Pictures only: found by their titles, each for itself, also with --fold."""
    draft = next(Writer(subjects=5).drafts(1))
    drafts = [
        replace(draft, number=number, title=f"风景 {number}", text="", digest=None)
        for number in (1, 2)
    ]
    with filled(tmp_path, drafts) as conn:
        assert [(), ()] == [hit.folded for hit in search(conn, "风景", fold=True)]
        assert [] == similar(conn, "k000000001")
