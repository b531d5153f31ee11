"""What a query says of an article before it is fetched: yes, no, or only its page can tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.search.announced import Announced, decided
from archive.search.query import parse

KNOWN = Announced(
    title="红杉领投 A轮融资",
    digest="估值十亿",
    published=datetime(2024, 6, 15, 4, tzinfo=UTC),
    account_names=("投资实习所", "gh_abc"),
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("title:融资", True),
        ("title:岩茶", False),
        ("融资", True),
        ("估值", True),
        ("岩茶", None),
        ("-融资", False),
        ("-岩茶", None),
        ("title:融资 岩茶", None),
        ("title:岩茶 融资", False),
        ("title:岩茶 OR 融资", True),
        ("title:岩茶 OR 上市", None),
        ("-(title:岩茶 OR title:酒)", True),
        ("account:实习", True),
        ("account:gh_abc", True),
        ("account:别的", False),
        ("since:2024-06", True),
        ("since:2024-07", False),
        ("before:2024-01", False),
        ("date:2024", True),
        ("2023..2024-05", False),
        ("since:2024-06-15", None),
        ("kind:video", None),
        ("tag:投资", None),
        ("has:code", None),
        ("mine:融资", None),
        ("title:融资 kind:video", None),
        ("title:岩茶 kind:video", False),
        ("title:RONGZI", False),
        ("title:a轮", True),
    ],
)
def test_what_a_line_of_a_list_decides(query: str, expected: bool | None) -> None:
    """Title, account and day decide; a day beside a border, the text, the kind and marks do not."""
    assert expected == decided(parse(query), KNOWN)


@pytest.mark.parametrize("query", ["title:融资", "融资", "account:甲", "since:2024", "-title:融资"])
def test_what_is_not_said_decides_nothing(query: str) -> None:
    """A list of addresses alone: everything waits for the page."""
    assert decided(parse(query), Announced()) is None


@pytest.mark.parametrize("title", ["今天的长标题…", "今天的长标题..."])
def test_a_title_that_a_list_cut_says_nothing_of_its_end(title: str) -> None:
    """What stands in it stands in it; what does not may follow."""
    assert decided(parse("title:融资"), Announced(title=title)) is None
    assert decided(parse("title:今天"), Announced(title=title)) is True
