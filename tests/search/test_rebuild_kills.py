"""A rebuild of the index killed anywhere: the index in use is as it was, or the new one is whole;
nothing is left.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archive.search.api import search
from archive.search.index import get_meta, set_meta
from archive.search.rebuild import reindex
from tests.search.library import filled, hard_drafts

#: Rebuilds the index of an archive; is killed before the step it is told, and prints how many there
#: are.
STORY = """
import os, signal, sqlite3, sys, tempfile
from pathlib import Path

from archive.search import build

database, left = Path(sys.argv[1]), int(sys.argv[2])
STEPS = ("made", "BEGIN", "COMMIT", "ATTACH", "DROP", "DELETE", "INSERT INTO archive")

def step(statement):
    global left
    if not statement.startswith(STEPS):
        return  # of what fills the new index nothing is in the archive yet
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1

class Connection(sqlite3.Connection):
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.set_trace_callback(step)

make, connect = tempfile.mkstemp, sqlite3.connect
tempfile.mkstemp = lambda **named: (make(**named), step("made"))[0]
build.sqlite3.connect = lambda *given, **named: connect(*given, factory=Connection, **named)
build.build_index(database)
print(left)
"""
STEPS = 1_000_000


def rebuild(folder: Path, steps: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STORY, str(folder / "archive.db"), str(steps)],
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("kills")
    with filled(made, list(hard_drafts(150, longest=40))) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        yield made


@pytest.fixture(scope="module")
def steps(folder: Path) -> int:
    done = rebuild(folder, STEPS)
    assert done.returncode == 0, done.stderr
    return STEPS - int(done.stdout)


def kill_and_look(folder: Path, at: int) -> None:
    with closing(sqlite3.connect(folder / "archive.db")) as conn:
        expected = [hit.key for hit in search(conn, "的", newest=True, limit=1000)]
        with conn:
            set_meta(conn, "mark", "the old index")
    killed = rebuild(folder, at)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with closing(sqlite3.connect(folder / "archive.db")) as conn:
        assert expected == [hit.key for hit in search(conn, "的", newest=True, limit=1000)], at
        conn.execute("INSERT INTO search_terms(search_terms) VALUES ('integrity-check')")
        conn.rollback()
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        reindex(conn)
        assert get_meta(conn, "mark") is None
        assert expected == [hit.key for hit in search(conn, "的", newest=True, limit=1000)], at
    left = {path.name for path in folder.iterdir()} - {"archive.db-wal", "archive.db-shm"}
    assert {"archive.db", "archive.db.seal", ".lock-index"} >= left, at


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_killed_rebuild_leaves_a_whole_index(folder: Path, steps: int, share: float) -> None:
    """The first step is while the new file still has its name, the last ones are the swap."""
    kill_and_look(folder, int(steps * share))


@pytest.mark.long
def test_a_rebuild_may_be_killed_at_any_step(folder: Path, steps: int) -> None:
    """The same before every statement but those that fill the new index."""
    for at in range(steps):
        kill_and_look(folder, at)


WITH_PROCESSES = """
import concurrent.futures, os, signal, sys
from pathlib import Path
from archive.search import build

def kill(name, done, total):
    assert len(pool._processes) == 2
    os.kill(os.getpid(), signal.SIGKILL)

class Pool(concurrent.futures.ProcessPoolExecutor):
    def __init__(self, *given, **named):
        global pool
        pool = self
        super().__init__(*given, **named)

if __name__ == "__main__":
    build._PROCESSES_FROM, build._PROCESS_BATCH, build._BATCH = 10, 5, 5
    concurrent.futures.ProcessPoolExecutor = Pool
    build.build_index(Path(sys.argv[1]), kill, jobs=2)
"""


def test_the_processes_of_a_killed_rebuild_end(folder: Path, tmp_path: Path) -> None:
    """Nobody would ever give them work again."""
    story = tmp_path / "story.py"
    story.write_text(WITH_PROCESSES, encoding="utf-8")
    killed = subprocess.run(
        [sys.executable, str(story), str(folder / "archive.db")],
        check=False,
        stdout=subprocess.PIPE,  # open as long as one of them lives: else this waits for ever
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL
