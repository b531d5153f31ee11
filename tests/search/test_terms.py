"""Folding, tokens and the two ways of comparing a text."""

from __future__ import annotations

import random
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.match import Matcher
from archive.search.searcher import _WORD_RANGES
from archive.search.terms import (
    HAS_COMPOSITIONS,
    HAS_EXPANSIONS,
    HAS_NUMERALS,
    HAS_VARIANTS,
    IS_CJK,
    IS_WORD,
    TokenPattern,
    fold,
    fold_flags,
    fold_flags_of,
    fold_with_flags,
    fold_with_offsets,
    term_patterns,
    tokens,
    tokens_and_salient,
)
from tests.search import oracle
from tests.search.library import TRAPS

TEXTS = st.lists(st.one_of(st.sampled_from(TRAPS), st.text(max_size=3)), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("融資", "融资"),
        ("ＡＩ", "ai"),
        ("AI 机器", "ai机器"),
        ("Stability \n AI", "stability ai"),
        ("融\n资", "融资"),
        ("ｶﾞ", "ガ"),
        ("㎏", "kg"),
        ("①", "1"),
        ("①②", "1 2"),
        ("❶x", "❶ x"),
        ("第①步", "第1步"),
        ("ｶﾞ①②", "ガ1 2"),
        ("½", "1⁄2"),
        ("……", "......"),
        ("　 ", ""),
        ("，好 ！", ",好!"),
        ("乾淨", "干净"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
    ],
)
def test_fold(raw: str, folded: str) -> None:
    """NFKC, case, traditional → simplified, white space beside CJK dropped."""
    assert folded == fold(raw)


def test_tokens_of_a_text() -> None:
    """Characters, pairs, words, marks in full width, and names like C++ and node.js as one."""
    expected = {
        "a",
        "机",
        "器",
        "机器",
        "c",
        "＋",
        "c＋",
        "c＋＋",
        "node",
        "．",
        "js",
        "node．js",
        "😀",
    }
    assert expected == tokens(fold("a 机器 C++ Node.js😀"))


def test_overlapping_frequent_pairs_are_a_token_of_three() -> None:
    """是一 and 一个 are frequent, so 是一个 is a token and decides by itself."""
    frequent_bigrams = frozenset({"是一", "一个"})
    assert {"是", "一", "个", "是一", "一个", "是一个"} == tokens("是一个", frequent_bigrams)
    assert ([TokenPattern("是一个")], True) == term_patterns("是一个", frequent_bigrams)


@pytest.mark.parametrize(
    "term", ["的的的", "```", "c++c++", "ai", "机", "机器", "机器人", "c+", "3.14", "-", "a-b-c"]
)
def test_an_exact_term_is_one_token_that_only_its_own_text_has(term: str) -> None:
    """What the index alone decides is decided right for texts made of the term's own pieces."""
    pieces, exact = term_patterns(term)
    rng = random.Random(1)
    for _ in range(300):
        text = fold("".join(rng.choices([*term, term, " ", "。"], k=rng.randint(1, 6))))
        held = {piece.token for piece in pieces} <= tokens(text)
        there = oracle.stands(term, text)
        assert held or not there, text
        if exact:
            assert held == there, text


@given(TEXTS)
def test_fold_is_what_brute_force_folds(text: str) -> None:
    """The fast fold, the fold with offsets and the plain one of the oracle agree on any text."""
    assert oracle.folded(text) == fold(text) == fold_with_offsets(text)[0]


@given(TEXTS)
def test_one_look_folds_and_flags_alike(text: str) -> None:
    """What an article is indexed with is what folding and flagging say apart, of any text."""
    assert (fold(text), fold_flags(text)) == fold_with_flags(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("薴苧", "苧苎"), ("苧薴，①❶", "苎苧, 1 ❶"), ("".join(map(chr, range(0x41, 0x250))), None)],
)
def test_changes_that_meet_are_made_at_once(text: str, folded: str | None) -> None:
    """What a character folds to is not folded again, though it may be another one's traditional
    form; nor where many change.
    """
    expected = fold(text) if folded is None else folded
    for _ in range(2):  # the second time each character is known
        assert expected == fold_with_flags(text)[0]


@given(TEXTS, TEXTS)
def test_an_article_is_cut_as_its_texts_are(text: str, beside: str) -> None:
    """All texts of an article cut at once have each token once, as their number tells that one
    changed; and those that they have one by one.
    """
    frequent = frozenset({"是一", "一个"})
    text, beside = fold(text), fold(beside)
    found, salient = tokens_and_salient(text, frequent, 2, beside)
    assert len(found) == len(set(found))
    assert set(found) == tokens(text, frequent) | tokens(beside, frequent)
    assert salient == tokens_and_salient(text, frequent, 2)[1]


@pytest.mark.parametrize(
    ("text", "beside", "salient"),
    [
        ("机器人机器人", "机器人", {"机器", "器人"}),
        ("机器人机器人", "", {"机器", "器人"}),
        ("机器，机器人，人机", "机器人", {"机器"}),
        ("机器人", "机器人机器人", set()),
        ("ai ai", "ai", {"ai"}),
        ("", "机器人机器人", set()),
    ],
)
def test_what_an_article_is_about_is_told_by_its_text(
    text: str, beside: str, salient: set[str]
) -> None:
    """What stands twice in the text itself is salient, not what stands elsewhere too."""
    assert salient == set(tokens_and_salient(fold(text), frozenset(), 2, fold(beside))[1])


@given(TEXTS, st.data())
def test_both_ways_of_comparing_agree(text: str, data: st.DataObject) -> None:
    """A term is found in the raw text exactly when it stands in the folded text, whatever the
    text's flags.
    """
    source = data.draw(st.one_of(st.just(text), TEXTS), label="source")
    start = data.draw(st.integers(0, max(0, len(source) - 1)), label="start")
    term = fold(source[start : start + data.draw(st.integers(1, 5), label="size")])
    if not term:
        return
    matcher = Matcher(term)
    expected = oracle.stands(term, oracle.folded(text))
    kind = fold_flags(text)
    assert expected == matcher.found(text, kind)
    assert expected == matcher.found_in_utf8(text.encode("utf-8", "surrogatepass"), kind)
    spans = list(matcher.spans(text, kind))
    assert expected == bool(spans)
    for begin, end in spans:
        # What is marked folds to the term, but for what stands in one unit with it (the 1 of ½).
        assert 0 <= begin < end <= len(text)
        assert (
            term in fold(text[begin:end])
            or kind & (HAS_EXPANSIONS | HAS_COMPOSITIONS | HAS_NUMERALS)
            or "…" in text
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("机器 AI，……！", 0),
        ("機", HAS_VARIANTS),
        ("机　器", HAS_VARIANTS),
        ("㎡", HAS_EXPANSIONS),
        ("½", HAS_EXPANSIONS),
        ("①②", HAS_NUMERALS),
        ("ｶﾞ", HAS_COMPOSITIONS | HAS_VARIANTS),
        ("㈱", HAS_COMPOSITIONS),
    ],
)
def test_fold_flags(text: str, expected: int) -> None:
    """Ordinary simplified Chinese needs no folding; the traps are known for what they are."""
    assert expected == fold_flags(text) | (expected & HAS_VARIANTS)


def test_the_quick_look_leaves_no_character_out() -> None:
    """What folds and flags a text at one look says of each character what is said of it alone, in
    this Python's Unicode too.
    """
    every = map(chr, range(sys.maxunicode + 1))
    characters = [one for one in every if unicodedata.category(one) not in ("Cn", "Co", "Cs")]
    plain = "".join(character for character in characters if not fold_flags_of(character))
    for start in range(0, len(plain), 1000):
        some = plain[start : start + 1000]
        assert (fold(some), 0) == fold_with_flags(some), hex(ord(some[0]))
    for character in set(characters).difference(plain):
        expected = fold(character), fold_flags_of(character)
        assert expected == fold_with_flags(character), hex(ord(character))


def test_what_hides_a_han_character_is_known() -> None:
    """Every character that folds to a Han character either stands in the term's pattern or makes
    the text be folded as a whole; so a mark or an emoji beside it need not.
    """
    for code in (*range(0xD800), *range(0xE000, sys.maxunicode + 1)):
        character = chr(code)
        for han in filter(lambda folded: "\u3400" <= folded <= "\u9fff", fold(character)):
            text = f"{character}́👍"
            assert Matcher(han).found(text, fold_flags(text)), hex(code)
            assert list(Matcher(han).spans(text, fold_flags(text))), hex(code)


def test_marks_stand_on_the_original() -> None:
    """Ranges are of the text as it was written: traditional, full width, over a line break."""
    text = "新一輪融　資：ＡＩ 机\n器打工。"
    assert ["融　資"] == [text[a:b] for a, b in Matcher("融资").spans(text, fold_flags(text))]
    assert ["ＡＩ 机\n器打工"] == [
        text[a:b] for a, b in Matcher("ai机器打工").spans(text, fold_flags(text))
    ]
    text = "价格…3.14…元，½ 1"
    assert ["3.14"] == [text[a:b] for a, b in Matcher("3.14").spans(text, fold_flags(text))]


@pytest.mark.parametrize(
    ("term", "text", "marked"),
    [
        ("ai", "ai 机器ai，xai aix AI", "[ai] 机器[ai]，xai aix [AI]"),
        ("ai", "xai", "xai"),
        ("ai", "aix", "aix"),
        ("aa", "aa aaa aa", "[aa] aaa [aa]"),
        ("融资", "融资融资", "[融资][融资]"),
        ("融资", "種融資", "種[融資]"),
        ("ai融资", "看AI 融資", "看[AI 融資]"),
        ("等...", "…等……等…好", "…[等…]…[等…]好"),
        ("...", "……", "[…][…]"),
        ("...", "甲…乙…丙…", "甲[…]乙[…]丙[…]"),
        ("..", "甲…乙", "甲[…]乙"),
        ("..", "甲…乙…丙", "甲[…]乙[…]丙"),
        ("..乙", "甲…乙…丙", "甲[…乙]…丙"),
        ("乙...", "…甲…乙…丙…", "…甲…[乙…]丙…"),
        ("丙", "…甲…乙…丙…", "…甲…乙…[丙]…"),
        ("kg", "5㎏, kgs", "5㎏, kgs"),
        ("kg", "重㎏。kg", "重[㎏]。[kg]"),
        ("が", "か\u3099ｶﾞ", "[か\u3099]ｶﾞ"),
        ("株", "甲㈱ 乙", "甲[㈱] 乙"),
        ("2", "甲② 2", "甲[②] [2]"),
    ],
)
def test_where_a_term_stands(term: str, text: str, marked: str) -> None:
    """On word edges, in the text as it was written, whichever way it is found: as it stands, with
    dots written out, or folded.
    """

    def shown(extra: str) -> str:
        whole = text + extra
        out, position = "", 0
        for start, end in Matcher(term).spans(whole, fold_flags(whole)):
            out, position = f"{out}{whole[position:start]}[{whole[start:end]}]", end
        return out + whole[position : len(text)]

    assert marked == shown("") == shown(" e\u0301")


def test_what_counts_as_cjk_and_as_a_word() -> None:
    """Every ideograph, kana, hangul and bopomofo letter is CJK; every other letter and digit is of
    a word.
    """
    names = (
        "CJK UNIFIED",
        "HIRAGANA LETTER",
        "KATAKANA LETTER",
        "HANGUL",
        "BOPOMOFO LETTER",
        "YI SYLLABLE",
    )
    for code in (
        *range(0x80, 0x3400, 3),
        *range(0x4E00, 0x4F00),
        *range(0xA000, 0xA100),
        0x20000,
        0x30000,
        0xAC00,
    ):
        character = chr(code)
        name = unicodedata.name(character, "")
        if name.startswith(names) and character.isalnum():
            assert IS_CJK[character], name
            assert not IS_WORD[character], name
        elif character.isalnum() and not name.startswith(
            ("IDEOGRAPHIC", "HANGZHOU", "KANGXI", "VERTICAL KANA")
        ):
            assert IS_CJK[character] or IS_WORD[character], name


def test_every_word_begins_where_contains_looks() -> None:
    """The ranges of the vocabulary that ``--contains`` looks through leave no word character
    out.
    """
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if (
            unicodedata.category(character)[0] not in "LNM"
            or not IS_WORD[character]
            or fold(character) != character
        ):
            continue
        assert any(low <= character <= high for low, high in _WORD_RANGES), hex(code)
