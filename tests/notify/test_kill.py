"""A month of runs, ways that fail, kills anywhere: everything is told, nothing twice but a repeat
that carries its id."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archive.db.opening import open_database
from archive.notify import deliver, outbox, searches
from archive.notify.message import Message
from archive.notify.ways import WayFailedError
from tests.crawl.fakes import long
from tests.crawl.nursery import Nursery
from tests.killer import WRITES, Killer
from tests.notify.world import AlertWorld, hook
from tests.share import share
from tests.store.make import NOW, article, keep, opened

HOUR = 3600.0


class Killed(BaseException):
    """The process ends here."""


class Flaky:
    """A way that fails at times, and in whose process a kill may come before it took a message or
    after, when that is not noted yet."""

    only: Sequence[str] = ()
    shown = "flaky"

    def __init__(self, name: str, events: random.Random) -> None:
        self.name, self.events = name, events
        self.got: list[Message] = []
        self.troubled = True

    async def send(self, message: Message, page: str | None) -> None:
        chance = self.events.random() if self.troubled else 1.0
        if chance < 0.2:
            raise WayFailedError("not now")
        if chance < 0.3:
            raise Killed
        self.got.append(message)
        if chance < 0.4:
            raise Killed


def told(messages: Sequence[Message]) -> Counter[tuple[str, str, str]]:
    """How often each was told, of every message once: a receiver drops repeats by their id."""
    by_id = {message.id: message for message in messages}
    return Counter(
        (match["alert"], one["title"], one["change"])
        for message in by_id.values()
        for match in message.content["matches"]
        for one in match["articles"]
    )


def test_a_month_of_runs_tells_everything_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs a day, two ways that fail and die at random, and kills inside the database: both
    have each article once for each search, in the order in which they came."""
    events = random.Random(16)
    world = AlertWorld(tmp_path / "archive")
    ways = {name: Flaky(name, events) for name in ("hook", "other")}
    monkeypatch.setattr(deliver, "way_of", lambda one, around: ways[one.name])
    notify = (hook(), hook(name="other"))
    for name, query in (("all", "正文"), ("seven", "七")):
        world.alert(name, query)
    expected: Counter[tuple[str, str, str]] = Counter()
    hours = range(0, 24 * 30, 12)
    for number, _hour in enumerate(hours, 1):
        text = "正文，七" if number % 7 == 0 else "正文"
        world.publish(number, text)
        world.save(long(number))
        for name in ("all", "seven") if number % 7 == 0 else ("all",):
            expected[name, f"第{number}篇", "new"] += 1
        _run(world, notify, events)
        world.pass_time(12 * HOUR)
    for way in ways.values():
        way.troubled = False
    for _ in range(12):
        world.run(notify=notify)
        world.pass_time(7 * HOUR)

    for way in ways.values():
        assert expected == told(way.got)
        first_seen = list(dict.fromkeys(message.id for message in way.got))
        assert len(first_seen) < len(way.got)  # it was killed between a message and its note
        assert first_seen == [m.id for m in sorted(_once(way.got), key=lambda m: m.made)]
    assert [] == world.rows("SELECT * FROM alert_messages")
    assert [] == world.rows("SELECT * FROM article_changes")


def _run(world: AlertWorld, notify: Any, events: random.Random) -> None:
    """One that may be killed at a statement of the alerts, too."""
    left = events.randrange(60)

    def die(*_: object) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return 0

    with pytest.MonkeyPatch.context() as patch:
        for room, name in ((outbox, "put"), (outbox, "delivered"), (searches, "_forget_changes")):
            patch.setattr(room, name, _dying(getattr(room, name), die))
        try:
            assert world.run(notify=notify).exit_code == 0
        except Killed:
            return


def _dying(function: Any, die: Any) -> Any:
    def called(*arguments: Any, **named: Any) -> Any:
        die()
        found = function(*arguments, **named)
        die()
        return found

    return called


def _once(messages: Sequence[Message]) -> list[Message]:
    return list({message.id: message for message in messages}.values())


@pytest.mark.long
def test_sigkill_at_any_system_call_loses_no_alert(tmp_path: Path) -> None:
    """At least 200 kills: every article is told; what is told twice has the same id."""
    root = tmp_path / "archive"
    world = AlertWorld(root, recheck="off")
    (root / "config.toml").write_text('recheck = "off"\n')
    world.alert("all", "正文")
    wanted, killed, number = share(200, least=10), 0, 0
    with Nursery({}) as nursery:
        killer = Killer(nursery, 16, WRITES)
        while killed < wanted:
            number += 1
            with opened(root) as store:
                keep(store, article(number), now=NOW)
            for _ in range(6):
                killed += killer.kills("run", "--exec", world.exec, "--archive", str(root))
        for _ in range(3):
            _let_rest(root)
            nursery.start("run", "--exec", world.exec, "--archive", str(root))
            assert 0 == nursery.wait()

    by_id: dict[str, Any] = {}
    for message in world.told:
        assert by_id.setdefault(message["id"], message)["matches"] == message["matches"]
    titles = Counter(
        one["title"]
        for message in by_id.values()
        for match in message["matches"]
        for one in match["articles"]
    )
    assert Counter({f"第{n}篇": 1 for n in range(1, number + 1)}) == titles
    with closing(sqlite3.connect(root / "archive.db")) as db:
        assert "ok" == db.execute("PRAGMA integrity_check").fetchone()[0]
    with open_database(root / "archive.db", readonly=True) as archive:
        assert 0 == outbox.state_of(archive.conn, "exec").waiting


def _let_rest(root: Path) -> None:
    """A command whose own process was killed failed, and rests for a minute: over now."""
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute("UPDATE alert_deliveries SET due = ''")
    (root / "archive.db.seal").unlink(missing_ok=True)
