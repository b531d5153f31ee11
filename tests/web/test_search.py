"""The page of search: results with marks, chips that write the query, an address for every
state.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.web import chips
from tests.store.make import article, keep, opened
from tests.web.pages import filled, visiting


def years_of(root: Path) -> None:
    """Three articles with 茶 in two years, one without in a third."""
    with opened(root) as store:
        for number, year in enumerate((2020, 2022, 2022), start=1):
            published = datetime(year, 5, 1, tzinfo=UTC)
            keep(store, article(number, text=f"喝<b>茶</b>的第{number}天", published=published))
        keep(store, article(9, text="咖啡", published=datetime(2024, 1, 1, tzinfo=UTC)))


def test_results_have_marks_and_a_number(tmp_path: Path) -> None:
    """What was found, where, how many; what was searched for stands in the field; text is text."""
    years_of(tmp_path)
    with visiting(tmp_path) as client:
        html = client.get("/search?q=茶").text
        part = client.get("/search?q=茶&part=1").text

    assert "3 found" in html
    assert "喝&lt;b&gt;<mark>茶</mark>&lt;/b&gt;" in html
    assert 'value="茶"' in html
    assert "<html" not in part
    assert "3 found" in part


def test_the_picture_of_years(tmp_path: Path) -> None:
    """A bar a year from the first hit to the last; a click is the query of that year."""
    years_of(tmp_path)
    with visiting(tmp_path) as client:
        html = client.get("/search/years?q=茶").text
        one_year = client.get("/search/years?q=咖啡").text
        nonsense = client.get("/search/years?q=(")

    assert ["2020: 1", "2021: 0", "2022: 2"] == [
        line.partition("</title>")[0] for line in html.split("<title>")[1:]
    ]
    assert "/search?q=%E8%8C%B6+after%3A2020+before%3A2021" in html
    assert "" == one_year.strip()
    assert (200, "") == (nonsense.status_code, nonsense.text.strip())


def test_a_click_on_a_year_finds_what_its_bar_says(tmp_path: Path) -> None:
    """The filters that are written mean the year in China."""
    years_of(tmp_path)
    with visiting(tmp_path) as client:
        counts = [
            client.get("/search", params={"q": chips.of_year("茶", year)}).text.count(
                'class="entry hit"'
            )
            for year in (2020, 2021, 2022)
        ]

    assert [1, 0, 2] == counts


def test_pages_sort_and_folding_stand_in_the_address(tmp_path: Path) -> None:
    """Further pages, the order and folding are kept when another of them changes."""
    filled(tmp_path, 45)
    with visiting(tmp_path) as client:
        first = client.get("/search?q=正文&sort=newest").text
        last = client.get("/search?q=正文&sort=newest&from=40").text
        beyond = client.get("/search?q=正文&from=99999999999").text

    assert "sort=newest&amp;from=20" in first
    assert 20 == first.count('class="entry hit"')
    assert 5 == last.count('class="entry hit"')
    assert 'rel="next"' not in last
    assert 'rel="prev"' in last
    assert 20 == beyond.count('class="entry hit"')


def test_a_query_that_means_nothing_is_explained(tmp_path: Path) -> None:
    """With a sentence, not an error page; while it is typed the page stays."""
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        whole, part = (
            client.get("/search?q=kind:nonsense"),
            client.get("/search?q=kind:nonsense&part=1"),
        )
        empty = client.get("/search")

    assert [400, 200, 200] == [whole.status_code, part.status_code, empty.status_code]
    assert "Not understood" in whole.text
    assert "has:code" in empty.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("茶", []),
        ("茶 kind:video", [("kind:video", "茶")]),
        (
            'account:"a b" 茶 -place:北京',
            [('account:"a b"', "茶 -place:北京"), ("-place:北京", 'account:"a b" 茶')],
        ),
        ("http://a.example kind :x", []),
        ("after:2024 before:2025", [("after:2024", "before:2025"), ("before:2025", "after:2024")]),
    ],
)
def test_filters_are_chips(query: str, expected: list[tuple[str, str]]) -> None:
    """Each filter in a query can be taken out with a click."""
    assert expected == [(chip.text, chip.query) for chip in chips.in_force(query)]


def test_offered_filters_are_those_that_are_not_there() -> None:
    """A filter of a field that the query names already is not offered again."""
    offered = [
        ("kind:picture", "图片"),
        ("has:code", "有代码"),
        (chips.account_filter('a"b'), 'a"b'),
    ]
    found = chips.to_add("茶 kind:video", offered)

    assert [
        ("有代码", "茶 kind:video has:code", "has:code"),
        ('a"b', '茶 kind:video account:"a b"', 'account:"a b"'),
    ] == [(chip.text, chip.query, chip.adds) for chip in found]


def test_a_year_replaces_the_dates_of_a_query() -> None:
    """A click on a bar after a click on another one."""
    assert "茶 after:2022 before:2023" == chips.of_year("茶 after:2020 before:2021", 2022)
