"""A title that holds two characters only where one word ends and another begins does not say the
word.
"""

from __future__ import annotations

import pytest

from archive.search.cross_word import CrossWordBigrams

#: In how many of 4,000 articles each stands, as in an archive about business.
TIMES = {
    **{"融": 900, "资": 1500, "金": 1600, "本": 2400, "轮": 500, "消": 700, "的": 3900},
    **{"中": 3000, "国": 2800, "学": 1700, "生": 2300, "经": 2200},
    **{"融资": 480, "金融": 620, "资本": 700, "轮融": 160, "资消": 9, "的融": 60},
    **{"国学": 210, "中国": 2400, "学生": 700, "学经": 20},
}


@pytest.mark.parametrize(
    ("pair", "title", "expected"),
    [
        ("融资", "金融资本主义", True),
        ("融资", "a轮融资消息", False),
        ("融资", "融资", False),
        ("融资", "融资本主义", False),
        ("融资", "金融资本与融资", False),
        ("融资", "金融资本与金融资本", True),
        ("融资", "金融", False),
        ("融资", "的融资本主义", False),
        ("国学", "中国学生在海外", True),
        ("国学", "中国学经典", False),
        ("未见", "从未见过", False),
    ],
)
def test_a_cross_word_bigram_is_told_from_a_word(pair: str, title: str, expected: bool) -> None:
    """True only where every place lies between two pairs that hold together as firmly as the one
    asked for.
    """
    assert expected == CrossWordBigrams(lambda token: TIMES.get(token, 0)).only_across_words(
        pair, title
    )
