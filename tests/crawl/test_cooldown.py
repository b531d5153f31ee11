"""A block rests an exit, here as in the archive that met it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.crawl.cooldown import (
    Block,
    CoolDown,
    known_exits,
    last_asked,
    note_use,
    take_over,
)
from archive.crawl.frontier import stamp
from archive.db.opening import open_database
from scraper.errors import Blocked

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_block_that_another_archive_met_holds_here_too(tmp_path: Path) -> None:
    """Its number in a row with it, so that the next rest is twice as long; until it is over."""
    with open_database(tmp_path / "archive.db") as db:
        cooldown = CoolDown(db.conn, "a")
        met = {"level": 3, "blocked_until": NOW, "reason": "frequency", "shown": "访问过于频繁"}
        take_over(cooldown, met)

        block = Block(3, NOW - 4 * HOUR, NOW, "frequency", "访问过于频繁")
        assert block == cooldown.last() == cooldown.in_force(NOW - HOUR)
        assert [None, None] == [cooldown.in_force(NOW), CoolDown(db.conn, "b").last()]
        assert 8 * HOUR == cooldown.blocked(Blocked("x", reason="captcha"), NOW).until - NOW


def test_what_another_archive_does_not_say_is_a_first_captcha(tmp_path: Path) -> None:
    """Whatever it left out."""
    with open_database(tmp_path / "archive.db") as db:
        cooldown = CoolDown(db.conn)
        take_over(cooldown, {"level": 0, "blocked_until": NOW, "reason": None, "shown": None})

        assert Block(1, NOW - HOUR, NOW, "captcha", None) == cooldown.last()


@pytest.mark.parametrize(
    ("until", "level"), [(NOW, 1), (NOW + HOUR, 1), (NOW + 2 * HOUR, 2)], ids=str
)
def test_of_two_blocks_the_one_that_ends_later_holds(
    tmp_path: Path, until: datetime, level: int
) -> None:
    """One that is known here already stays as it was met here."""
    with open_database(tmp_path / "archive.db") as db:
        cooldown = CoolDown(db.conn)
        cooldown.blocked(Blocked("x", reason="captcha"), NOW)
        take_over(cooldown, {"level": 2, "blocked_until": until, "reason": "verify", "shown": None})

        found = cooldown.last()
        assert found is not None
        assert (level, max(until, NOW + HOUR)) == (found.level, found.until)


def test_what_was_asked_through_an_exit_is_told(tmp_path: Path) -> None:
    """All requests together, when the last one went out and when the last answer came; a command
    that asked for nothing leaves it as it was.
    """
    with open_database(tmp_path / "archive.db") as db:
        note_use(db.conn, "a", NOW, requests=3, failures=0, error=None)
        note_use(db.conn, "a", NOW + HOUR, requests=2, failures=2, error="no route")
        note_use(db.conn, "a", NOW + 2 * HOUR, requests=0, failures=0, error=None)

        shown = {"name": "a", "requests": 5, "failures": 2, "error": "no route"}
        times = {"asked": stamp(NOW + HOUR), "answered": stamp(NOW), "blocked_until": None}
        assert [{**shown, **times}] == known_exits(db.conn, NOW)
        assert {"a": NOW + HOUR} == last_asked(db.conn)
