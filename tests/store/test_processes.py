"""Work in processes: each item's result in its place, whatever dies meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool

import pytest

from archive.db import processes
from archive.db.processes import in_processes, process_pool, submitted

Begin = Callable[[], None]
Work = Callable[[int], int]


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


@pytest.mark.parametrize("ahead", [1, 3, 50])
def test_however_many_wait_only_the_first_are_tried_alone(
    ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item that kills its process costs the others no process of their own."""
    alone: list[int] = []
    by_itself = processes._by_itself

    def noted(begin: Begin, work: Work, item: int, lost: Work) -> int:
        alone.append(item)
        return by_itself(begin, work, item, lost)

    monkeypatch.setattr(processes, "_by_itself", noted)
    found = list(in_processes(begin, doubled, range(40), 2, lost=lambda item: -item, ahead=ahead))

    assert [-3 if item == 3 else 2 * item for item in range(40)] == found
    assert 3 in alone
    assert len(alone) <= 6


def test_a_pool_that_died_unnoticed_answers_like_one_that_dies() -> None:
    """While whoever asked was busy with an earlier result: what is asked next does not raise at
    once, so that it is tried again like what was under way.
    """
    with process_pool(1, begin) as pool:
        assert isinstance(pool.submit(doubled, 3).exception(), BrokenProcessPool)

        assert isinstance(submitted(pool, doubled, 1).exception(), BrokenProcessPool)
