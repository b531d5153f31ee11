"""An archive in a folder, a scripted internet and a clock that jumps, with commands run inside the
process.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archive.config import Config
from archive.crawl.source_types import identify
from archive.crawl.sources import Sources
from archive.db.opening import open_database
from archive.run.inputs import Inputs, read
from archive.run.network import OpenNetwork
from archive.run.report import RunReport
from archive.run.runner import Runner
from archive.status import collect
from tests.crawl.fakes import FakeClock, Script


class World:
    """Everything a scenario needs."""

    def __init__(self, root: Path, **config: Any) -> None:
        self.root = root
        self.clock = FakeClock()
        self.script = Script(self.clock)
        self.config = Config(**{"images": "local", "recheck": "off", **config})
        self.rng = random.Random(7)
        self.network: OpenNetwork = self.script.open

    def runner(self, *, anyway: bool = False, **config: Any) -> Runner:
        settings = self.config.option(**config)
        self.script.interval = settings.interval
        return Runner(
            root=self.root,
            config=settings,
            anyway=anyway,
            clock=self.clock,
            network=self.network,
            rng=self.rng,
        )

    def save(
        self, *addresses: str, refresh: bool = False, anyway: bool = False, **config: Any
    ) -> RunReport:
        inputs: Inputs = read(addresses)
        return self.runner(anyway=anyway, **config).save(inputs, refresh=refresh)

    def run(self, *, anyway: bool = False, **config: Any) -> RunReport:
        return self.runner(anyway=anyway, **config).run()

    def watch(self, text: str, *, every: float = 21600.0, follow: int | None = None) -> None:
        db = open_database(self.root / "archive.db")
        try:
            address, type = identify(text)
            steps = type.follow if follow is None else follow
            Sources(db.conn).add(address, type.name, self.clock.now(), every=every, follow=steps)
        finally:
            db.close()

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        db = open_database(self.root / "archive.db", readonly=True)
        try:
            return [dict(row) for row in db.conn.execute(sql, values).fetchall()]
        finally:
            db.close()

    def status(self) -> dict[str, Any]:
        db = open_database(self.root / "archive.db", readonly=True)
        try:
            return collect(db.conn, self.root, self.clock.now())
        finally:
            db.close()

    def titles(self) -> list[str]:
        return [row["title"] for row in self.rows("SELECT title FROM articles ORDER BY mid")]

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Every file that a person sees, with its modification time."""
        found = [
            p
            for folder in ("articles", "media")
            for p in (self.root / folder).rglob("*")
            if p.is_file()
        ]
        return {
            p.relative_to(self.root).as_posix(): (p.read_bytes(), p.stat().st_mtime_ns)
            for p in found
        }

    def pass_time(self, seconds: float) -> None:
        self.clock.time += seconds


def titles_of(numbers: Iterable[int]) -> list[str]:
    return [f"第{number}篇" for number in numbers]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
