"""Whatever a page says, the article can be stored: numbers, times, characters and lengths have
bounds.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scraper
from archive import record
from scraper.models import Album, Article, Image, Loss, Media
from scraper.parse.bounds import within
from tests.weixin.pages import article_page

URL = "https://mp.weixin.qq.com/s/boundsboundsboundsboun"


def day(year: int, month: int, number: int) -> datetime:
    """The begin of a day."""
    return datetime(year, month, number, tzinfo=UTC)


def parsed(page: bytes) -> scraper.Article:
    """The article of a page."""
    return scraper.parse(scraper.Page(url=URL, body=page))


@pytest.mark.parametrize(
    ("given", "field", "left"),
    [
        ({"item_show_type": "99999999999999999999"}, "kind", 0),
        ({"appmsgalbuminfo": {"album_id": "3001", "content_size": 10**30}}, "size", None),
    ],
)
def test_a_number_that_no_column_holds_is_left_out(
    given: dict[str, object], field: str, left: object
) -> None:
    """SQLite keeps 64 bits; the article is kept without the number and says so."""
    page = article_page(extra=given)
    article = parsed(page)
    found = getattr(article.album if field == "size" else article, field)

    assert left == found
    assert [field] == [
        (loss.where or "").split(":")[0] for loss in article.losses if loss.kind == "out-of-range"
    ]


def test_times_beyond_the_calendar_are_none() -> None:
    """Neither year 1 nor year 9999 is when an article came out."""
    for year in (1, 1989, 2101, 9999):
        article = within(Article(title="t", published=datetime(year, 1, 1, tzinfo=UTC)))

        assert article.published is None
        assert ["out-of-range"] == [loss.kind for loss in article.losses]


@pytest.mark.parametrize(
    ("field", "last", "first_beyond", "left", "said"),
    [
        ("published", day(1990, 1, 1), day(1989, 12, 31), None, "1989-12-31 00:00:00+00:00"),
        ("modified", day(2100, 12, 31), day(2101, 1, 1), None, "2101-01-01 00:00:00+00:00"),
        ("kind", 2**63 - 1, 2**63, 0, "9223372036854775808"),
        ("digest", "长" * 20_000, "长" * 20_001, "长" * 20_000, "20,001 characters"),
        ("author", "长" * 8_000, "长" * 8_001, "长" * 8_000, "8,001 characters"),
        ("claims", ("a",) * 100_000, ("a",) * 100_001, ("a",) * 100_000, "100,001 entries"),
        ("place", "�", "\ud800", "�", "characters that nothing can write"),
    ],
    ids=["first-year", "last-year", "number", "digest", "other-text", "entries", "characters"],
)
def test_what_is_at_the_bound_is_kept_and_what_is_beyond_is_told(
    field: str, last: Any, first_beyond: Any, left: Any, said: str
) -> None:
    """At the bound nothing changes; beyond it one field does, is named, and the others stay."""
    article = Article(title="题", body="文", kind=5, losses=(Loss(kind="empty-link"),))
    at_the_bound = replace(article, **{field: last})
    cut = within(replace(article, **{field: first_beyond}))

    assert at_the_bound is within(at_the_bound)
    told = (Loss(kind="empty-link"), Loss(kind="out-of-range", where=f"{field}: {said}"))
    assert replace(article, **{field: left}, losses=told) == cut


def test_infinity_is_no_number() -> None:
    """``1e999`` in JSON."""
    article = parsed(
        b'{"title":"t","nick_name":"n","content_noencode":"<p>x</p>","item_show_type":1e999,'
        b'"ori_create_time":1e999,"appmsgalbuminfo":{"album_id":"3","content_size":1e999}}'
    )

    assert ("t", 0, None) == (article.title, article.kind, article.published)


def test_lone_halves_of_characters_are_replaced() -> None:
    """Every field can be written as UTF-8."""
    article = parsed(
        b'{"title":"a\\ud800b","nick_name":"\\udc00","content_noencode":"<p>x\\ud83d</p>",'
        b'"desc":"\\ud800","author":"\\ud800","user_name":"gh_\\ud800","hashtags":{"hashtag":["#\\ud800"]}}'
    )

    record.dumps(article).encode()
    (article.body + article.text).encode()


def test_what_is_far_too_long_is_cut() -> None:
    """A title of a megabyte is nobody's."""
    article = parsed(article_page(title="长" * 1_000_000))

    assert 2_000 == len(article.title)
    assert ["title: 1,000,000 characters"] == [
        loss.where for loss in article.losses if loss.kind == "out-of-range"
    ]


@given(
    st.builds(
        Article,
        title=st.text(st.characters(), max_size=20),
        kind=st.integers(),
        published=st.none() | st.datetimes(timezones=st.just(UTC)),
        images=st.lists(
            st.builds(Image, url=st.text(st.characters()), width=st.none() | st.integers())
        ).map(tuple),
        media=st.lists(
            st.builds(Media, type=st.just("video"), duration=st.none() | st.floats())
        ).map(tuple),
        album=st.none() | st.builds(Album, id=st.text(st.characters()), size=st.integers()),
    )
)
def test_any_article_can_be_stored_afterwards(article: Article) -> None:
    """Its record is JSON that encodes, its numbers fit; and twice is as good as once."""
    found = within(article)

    record.dumps(found).encode()
    assert -(2**63) <= found.kind < 2**63
    assert found == within(replace(found))
    assert "\\u0000" not in record.dumps(found)
