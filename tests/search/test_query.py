"""Anything typed is understood or answered with a sentence; never an error from SQLite."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from archive.errors import BadQuery
from archive.search.api import count, search
from archive.search.query import And, Dates, Members, Not, Or, Tag, Text, advice, parse
from archive.search.searcher import Searcher
from tests.search.library import filled, hard_drafts
from tests.share import share

A, B, C = Text("a"), Text("b"), Text("c")


@given(
    st.lists(
        st.sampled_from(["AND", "OR", "NOT", "and", "AI", "9", "融", "資", "资金", "title"]),
        min_size=1,
    ),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
@seed(7)
def test_words_alone_mean_the_same_without_the_lexer(words: list[str], contains: bool) -> None:
    """Plain words are cut a shorter way; a blank before them asks for the lexer, and nothing else
    changes.
    """
    typed = " ".join(words)
    assert parse(f" {typed}", contains=contains) == parse(typed, contains=contains)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a OR b c", Or((A, And((B, C))))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("a -b", And((A, Not(B)))),
        ("a NOT b", And((A, Not(B)))),
        ("-(a OR b)", Not(Or((A, B)))),
        ("岩茶 -香", And((Text("岩茶"), Not(Text("香"))))),
        ('"AI 机器打工"', Text("ai机器打工")),
        ("“你好 吗”", Text("你好吗")),
        ('"x', Text("x")),
        ("種子輪", Text("种子轮")),
        ("ＡＩ", Text("ai")),
        ("C++", Text("c++")),
        ("%", Text("%")),
        ("-", Text("-")),
        ("*", Text("*")),
        ("AND", Text("and")),
        ("OR", Text("or")),
        ("a OR", And((A, Text("or")))),
        ("NOT", Text("not")),
        ("stab*", Text("stab", open_right=True)),
        ("title:融资", Text("融资", "title")),
        ("TITLE:融资", Text("融资", "title")),
        ("title：融资", Text("融资", "title")),
        ('title:"a b"', Text("a b", "title")),
        ("title:(a OR b)", Or((Text("a", "title"), Text("b", "title")))),
        ("-title:a", Not(Text("a", "title"))),
        (
            "account:投资 author:张三 place:北京",
            And(
                (Text("投资", "account", True, True), Text("张三", "author"), Text("北京", "place"))
            ),
        ),
        ("kind:video", Tag("：kvideo")),
        ("kind:5", Tag("：kvideo")),
        ("has:code", Tag("：hcode")),
        ("gone:yes", Tag("：gone")),
        ("gone:", Tag("：gone")),
        ("gone:no", Not(Tag("：gone"))),
        ("after:2024-01", Dates(after=1704038400)),
        ("since:2024-01", Dates(after=1704038400)),
        ("until:2023-12-31", Dates(before=1704038400)),
        ("until:2023-12", Dates(before=1704038400)),
        ("until:2023年", Dates(before=1704038400)),
        ("date:2023", Dates(1672502400, 1704038400)),
        ("date:2023-12", Dates(1701360000, 1704038400)),
        ("date:2023-12-31", Dates(1703952000, 1704038400)),
        ("date:2023..2023-12-31", Dates(1672502400, 1704038400)),
        ("2023..2023", Dates(1672502400, 1704038400)),
        ("2024..", Dates(after=1704038400)),
        ("..2023", Dates(before=1704038400)),
        ('"2023..2024"', Text("2023..2024")),
        ("2023...2024", Text("2023...2024")),
        ("..", Text("..")),
        ("1..2", Text("1..2")),
        ("2023-13..2024", Text("2023-13..2024")),
        ("album:读书", Members("album", "读书")),
        ("-tag:投資", Not(Members("tag", "投资"))),
        ('"autor:x"', Text("autor:x")),
        ("AI：未来", Text("ai:未来")),
        ("remark: a", And((Text("remark:"), A))),
        ("std::x", Text("std::x")),
        ("localhost:80", Text("localhost:80")),
        ("before:2024", Dates(before=1704038400)),
        ("after:2024年1月1日", Dates(after=1704038400)),
        ("https://a.b/c", Text("https://a.b/c")),
        ("12:30", Text("12:30")),
        ("f(x)", Text("f(x)")),
        ("(上)", Text("上")),
        ("（上）", Text("(上)")),
        ("（a OR b） c", And((Or((A, B)), C))),
        ("title：（a OR b）", Or((Text("a", "title"), Text("b", "title")))),
        ("岩茶　－香", And((Text("岩茶"), Not(Text("香"))))),
        ("－（a OR b）", Not(Or((A, B)))),
        ("(a", A),
        ("a)", Text("a)")),
        ("((a) b)", And((A, B))),
    ],
)
def test_typed_words_mean(typed: str, meant: object) -> None:
    """What people type has the meaning that the help promises, slips of the hand included."""
    assert meant == parse(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "nothing to search for"),
        ('""', "nothing to search for"),
        ("(((", "nothing to search for"),
        ("title:", "title: needs a value, like: title:融资"),
        ("after:yesterday", "after:yesterday is no date; write a year, month or day"),
        ("before:2024-13", "is no date"),
        ("kind:film", "kind:film means nothing; write one of: article, video"),
        ("autor:x", "there is no field autor: the fields are title, account, author"),
        ("a -(b OR autor:x)", 'put quotes around it: "autor:x"'),
        ("album:", "album: needs a value, like: album:读书"),
        ("until:morgen", "until:morgen is no date; write a year, month or day"),
        ("date:2024-02-30", "is no date"),
        ("has:soul", "has:soul means nothing; write one of: has:code"),
        ("gone:maybe", "write gone:yes or gone:no"),
        ("a " * 300, "more than 256 words"),
        ("(" * 60 + "a", "parentheses stand more than 20 deep"),
    ],
)
def test_a_query_that_means_nothing_is_told_what_to_write(typed: str, said: str) -> None:
    """The message says what is wrong and shows what would be right; the exit code is 64."""
    with pytest.raises(BadQuery) as error:
        parse(typed)
    assert said in str(error.value)
    assert error.value.exit_code == 64


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("岩茶 or 红茶", "or"),
        ("岩茶 And 红茶 not 香", "And, not"),
        ("岩茶 AND", "AND"),
        ("OR 岩茶", "OR"),
    ],
)
def test_an_operator_that_was_none_is_told(typed: str, words: str) -> None:
    """Where nothing is found it is said which words were searched for as words."""
    said = advice(typed)
    assert said is not None
    assert said.startswith(f"{words}: searched for as a word.")


@pytest.mark.parametrize("typed", ["岩茶 OR 红茶", "NOT 岩茶", '岩茶 "or" 红茶', "or", "android"])
def test_a_query_without_such_a_word_is_not_advised(typed: str) -> None:
    """Operators that work, words in quotes, and one word alone."""
    assert advice(typed) is None


@pytest.fixture(scope="module")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    with filled(tmp_path_factory.mktemp("fuzz"), list(hard_drafts(150, seed=3))) as opened:
        yield opened


_TYPED = """AND OR NOT ( ) " “ ” - * : title: account: author: place: kind: kind:video after: after:2024 has:
before:2025-02 has:code gone: 融资 的 我们 机器学习 C++ node.js 3.14 a* -香
😀 👨‍👩‍👧 é ｶﾞ ㎏ ½ % ' \\ \0 \a ^ + ~ {} NEAR a:b"""
_WORDS = st.sampled_from(_TYPED.split())
QUERIES = st.one_of(
    st.text(max_size=40),
    st.lists(_WORDS, max_size=12).map(" ".join),
    st.lists(_WORDS, max_size=12).map("".join),
    st.lists(st.one_of(_WORDS, st.text(max_size=4)), max_size=10).map(" ".join),
)


def _answers(conn: sqlite3.Connection, typed: str, newest: bool, contains: bool) -> None:
    searcher = Searcher(conn)
    started = time.process_time()
    try:
        results = search(searcher, typed, newest=newest, contains=contains, limit=5)
        number = count(searcher, typed, contains=contains).number
    except BadQuery as error:
        assert error.exit_code == 64
        return
    finally:
        assert time.process_time() - started < 1, typed
    assert min(5, number) == len(results)
    for hit in results:
        for start, end in hit.snippet.marks:
            assert 0 <= start < end <= len(hit.snippet.text)


@given(QUERIES, st.booleans(), st.booleans())
@settings(max_examples=400, suppress_health_check=list(HealthCheck), deadline=None)
def test_fuzzed_queries_are_answered(
    conn: sqlite3.Connection, typed: str, newest: bool, contains: bool
) -> None:
    """Whatever is typed: results or BadQuery, in under a second; the count agrees with what is
    listed.
    """
    _answers(conn, typed, newest, contains)


@pytest.mark.long
@pytest.mark.parametrize("part", range(20))
def test_100000_fuzzed_queries_are_answered(conn: sqlite3.Connection, part: int) -> None:
    """The same for 10^5 queries, in parts: Hypothesis remembers every example of one and becomes
    slower with each.
    """

    @seed(part)
    @settings(
        max_examples=share(5000, least=100),
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
    )
    @given(QUERIES, st.booleans(), st.booleans())
    def ask(typed: str, newest: bool, contains: bool) -> None:
        _answers(conn, typed, newest, contains)

    ask()


@pytest.mark.parametrize(
    "typed",
    [
        "融资，机器学习。" * 700,
        "word " * 200,
        "a" * 10_000,
        '"' + "x y " * 2500 + '"',
        "(" * 5000,
        "-" * 10_000,
        "a OR " * 120 + "b",
        "-" + "的" * 3000,
        "NOT " * 250 + "a",
        "-(a OR " * 20 + "b",
        "(a (b OR " * 10 + "c",
        "-(a -(b OR -" * 10 + "c",
        "\ud800融资",
    ],
)
def test_ten_kilobytes_of_text_are_answered(conn: sqlite3.Connection, typed: str) -> None:
    """A pasted page, thousands of parentheses or one endless word: an answer in under a second."""
    _answers(conn, typed, False, False)
    _answers(conn, typed, True, True)
