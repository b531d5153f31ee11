"""The ways that alerts go by: what each needs is there, and it took its last message."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from archive.config import load
from archive.db.names import ARCHIVE_DB
from archive.db.opening import open_database
from archive.doctor.finding import Finding, fail, ok, warn
from archive.doctor.surroundings import Surroundings
from archive.notify import outbox, searches
from archive.notify.outbox import WayState
from archive.notify.ways import configured
from scraper.messages import mark, mark_plural


def alerts(root: Path, _around: Surroundings) -> Iterator[Finding]:
    """One line where nothing is wrong; nothing where nobody asked to be told."""
    config = load(root)
    ways = configured(config)
    saved, states = _known(root, [way.name for way in ways])
    if not ways:
        yield from _without_a_way(saved)
        return
    if any(way.url for way in ways) and find_spec("apprise") is None:
        yield fail(
            "alerts",
            mark("a service is set, and the extra is not installed"),
            "pip install 'wechat-archive[notify]'",
        )
    failing = list(_failing(states))
    yield from failing or [ok("alerts", ", ".join(way.name for way in ways))]


def _without_a_way(saved: int) -> Iterator[Finding]:
    if saved:
        said = mark_plural("{n} saved search", "{n} saved searches", saved)
        advice = mark("no way is set: write a table [[notify]] into config.toml")
        yield warn("alerts", said, advice)


def _failing(states: dict[str, WayState]) -> Iterator[Finding]:
    for name, state in states.items():
        if state.failures:
            yield warn(
                "alerts",
                mark("{way} failed: {error}", way=name, error=state.error),
                mark("mend it, then `wechat-archive alert test`; what waits goes with a later run"),
            )


def _known(root: Path, names: list[str]) -> tuple[int, dict[str, WayState]]:
    """How many searches are saved, and how each way did."""
    if not (root / ARCHIVE_DB).exists():
        return 0, {}
    with open_database(root / ARCHIVE_DB, readonly=True, outdated=True) as db:
        if not searches.exist(db.conn):
            return 0, {}
        states = {name: outbox.state_of(db.conn, name) for name in names}
        return len(searches.saved(db.conn)), states
