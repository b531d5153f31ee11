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

#: Rebuilds the index of an archive, by itself or as the last thing that a command does; is killed
#: before the step it is told, and prints how many there are.
STORY = """
import os, signal, sqlite3, sys, tempfile
from pathlib import Path

from archive.importers import import_files
from archive.search import build
from tests.crawl.archives import World

database, left, way = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
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
WAYS = {
    "reindex": lambda: build.build_index(database),
    "run": World(database.parent).run,
    "import": lambda: import_files(database.parent, [Path(os.devnull)], snapshots=False),
}
WAYS[way]()
print(left)
"""
STEPS = 1_000_000
WAYS = ("reindex", "run", "import")
#: How all that an archive has begins, whichever command was killed.
OWN = ("archive.db", "snapshots.db", ".lock")


def rebuild(folder: Path, steps: int, way: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STORY, str(folder / "archive.db"), str(steps), way],
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


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def steps(folder: Path, way: str) -> int:
    for _ in range(2):  # the first time a command makes files of its own
        want(folder)
        done = rebuild(folder, STEPS, way)
        assert done.returncode == 0, done.stderr
    return STEPS - int(done.stdout)


def want(folder: Path) -> None:
    """Give commands a reason for a new index, and the one in use a mark that goes with it."""
    with closing(sqlite3.connect(folder / "archive.db")) as conn, conn:
        set_meta(conn, "leftover", "7")
        set_meta(conn, "mark", "the old index")


def kill_and_look(folder: Path, at: int, way: str) -> None:
    with closing(sqlite3.connect(folder / "archive.db")) as conn:
        expected = [hit.key for hit in search(conn, "的", newest=True, limit=1000)]
    want(folder)
    killed = rebuild(folder, at, way)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with closing(sqlite3.connect(folder / "archive.db")) as conn:
        assert expected == [hit.key for hit in search(conn, "的", newest=True, limit=1000)], at
        conn.execute("INSERT INTO search_terms(search_terms) VALUES ('integrity-check')")
        conn.rollback()
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        reindex(conn)
        assert get_meta(conn, "mark") is None
        assert expected == [hit.key for hit in search(conn, "的", newest=True, limit=1000)], at
    assert [path for path in folder.iterdir() if not path.name.startswith(OWN)] == [], at


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_killed_rebuild_leaves_a_whole_index(
    folder: Path, steps: int, way: str, share: float
) -> None:
    """The first step is while the new file still has its name, the last ones are the swap; of a
    command that makes one also before, between and behind them."""
    kill_and_look(folder, int(steps * share), way)


@pytest.mark.long
def test_a_rebuild_may_be_killed_at_any_step(folder: Path, steps: int, way: str) -> None:
    """The same before every statement but those that fill the new index."""
    for at in range(steps):
        kill_and_look(folder, at, way)


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
