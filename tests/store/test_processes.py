"""Pools of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.crawl.nursery import ROOT

_KILLED = """
import os, signal, sys
from archive.db.processes import process_pool
from tests.store.test_processes import hold_open

pool = process_pool(2, hold_open, sys.argv[1])
assert list(pool.map(abs, range(-8, 0))) == [8, 7, 6, 5, 4, 3, 2, 1]
os.kill(os.getpid(), signal.SIGKILL)
"""
_held: list[int] = []


def hold_open(path: str) -> None:
    """In a process of the pool: whoever reads ``path`` gets to its end when the process is gone."""
    _held.append(os.open(path, os.O_WRONLY))


def test_processes_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """They would wait for work for ever, with the archive open."""
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = subprocess.Popen(["cat", str(alive)])

    parent = subprocess.run(
        [sys.executable, "-c", _KILLED, str(alive)], cwd=ROOT, check=False, timeout=120
    )

    assert parent.returncode == -signal.SIGKILL
    assert reader.wait(timeout=120) == 0
