"""When WeChat changes its template: what pages no longer give is told in one line, once by a run
and by `status`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.run import drift
from archive.run.drift import Drift, drift_of
from scraper.models import Page
from scraper.parse import template
from tests.crawl.archives import World
from tests.crawl.fakes import short
from tests.weixin.pages import Fields, article_page

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def _days(lacking: str) -> Iterator[tuple[datetime, bool]]:
    """One article a day, the newest first: ``x`` lacks the field."""
    for days, letter in enumerate(lacking):
        yield NOW - timedelta(days=days), letter == "x"


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [
        ("", None),
        ("........", None),
        ("xx......", None),  # too few
        ("xxx.....", (2, 3, 3)),
        ("x.xx....", (3, 3, 4)),
        ("xxxxx....x....x", (4, 5, 5)),  # odd ones of long ago are no drift
        ("...x....x...x", None),
        (".......xxxxx", None),  # it has passed
    ],
)
def test_drift_is_most_of_the_newest(lacking: str, expected: tuple[int, int, int] | None) -> None:
    """Since when, how many, of how many."""
    found = drift_of("album", _days(lacking))

    if expected is None:
        assert found is None
    else:
        days, pages, of = expected
        since = NOW - timedelta(days=days)

        assert Drift(field="album", since=since, pages=pages, of=of) == found


def test_the_kinds_of_losses_are_the_parsers() -> None:
    """Written down twice so that `status` starts without the parser."""
    assert drift.PREFIX == template.PREFIX


def _serve(world: World, numbers: range, *, renamed: bool) -> list[str]:
    for number in numbers:
        fields = Fields(title=f"第{number}篇", mid=str(2247480000 + number), sn=f"{number:032x}")
        body = article_page(fields)
        assert b"nick_name:" in body
        body = body.replace(b"nick_name:", b"nickname_of_today:") if renamed else body
        world.script.on(short(number), Page(url="", body=body))
    return [short(number) for number in numbers]


def test_a_run_tells_it_once_and_status_from_then_on(tmp_path: Path) -> None:
    """The field, since when, how many of how many."""
    world = World(tmp_path)
    before = world.save(*_serve(world, range(1, 5), renamed=False))
    world.pass_time(86400)
    first = world.save(*_serve(world, range(5, 9), renamed=True))
    world.pass_time(3600)
    again = world.save(*_serve(world, range(9, 11), renamed=True))

    assert [before.drift, again.drift] == [[], []]
    assert [("account", 4, 4)] == [(d.field, d.pages, d.of) for d in first.drift]
    assert "pages give no account (4 of 4)" in first.drift[0].line()
    assert [("account", 6, 6)] == [
        (d["field"], d["pages"], d["of"]) for d in world.status()["drift"]
    ]
