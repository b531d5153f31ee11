"""Work in processes: each item's result in its place, whatever dies meanwhile."""

from __future__ import annotations

import os
from concurrent.futures.process import BrokenProcessPool

from archive.db.processes import in_processes, process_pool, submitted


def begin() -> None:
    """Nothing to begin."""


def doubled(item: int) -> int:
    """3 kills its process."""
    if item == 3:
        os._exit(9)
    return 2 * item


def test_one_that_kills_its_process_is_lost_alone() -> None:
    """The others' results in order."""
    found = in_processes(begin, doubled, range(6), 2, lost=lambda item: -item)

    assert [0, 2, 4, -3, 8, 10] == list(found)


def test_a_pool_that_died_unnoticed_answers_like_one_that_dies() -> None:
    """While whoever asked was busy with an earlier result: what is asked next does not raise at
    once, so that it is tried again like what was under way.
    """
    with process_pool(1, begin) as pool:
        assert isinstance(pool.submit(doubled, 3).exception(), BrokenProcessPool)

        assert isinstance(submitted(pool, doubled, 1).exception(), BrokenProcessPool)
