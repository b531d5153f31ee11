"""What a run leaves behind besides articles."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.db.opening import open_database
from archive.search.index import is_current
from archive.snapshots import Snapshots
from tests.crawl.archives import World
from tests.crawl.fakes import short
from tests.crawl.pages import page


def test_the_index_is_made_and_raw_pages_are_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `save` makes the index; raw pages, which nobody waits for, wait for the next `run`."""
    monkeypatch.setattr("archive.snapshots.keeper.WORTH_REPACKING", 0)
    world = World(tmp_path)
    world.script.on(short(1), page(1))
    world.script.on(short(2), page(2))
    world.save(short(1), short(2))
    with Snapshots(world.root / "snapshots.db", readonly=True) as kept:
        assert 2 == kept.waiting()
    with open_database(world.root / "archive.db", readonly=True) as db:
        assert is_current(db.conn)

    assert 0 == world.run().exit_code
    with Snapshots(world.root / "snapshots.db", readonly=True) as kept:
        assert 0 == kept.waiting()
