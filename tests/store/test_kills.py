"""Killed anywhere between two writes, an archive is sound, and the same work again ends where it
would have ended.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archive.db.transactions import transaction
from archive.store.markdown_files import is_ours
from archive.verify import check
from tests.store.make import opened, snapshot

#: What a story tells its steps with: each may be the last.
KILLER = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path

from archive.db.files import Disk
from archive.verify import check, repair
from scraper.errors import Gone
from tests.store.make import *

root, left = Path(sys.argv[1]), int(sys.argv[2])

def step(*_):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1

class Killing(Disk):
    def write(self, handle, data):
        step()
        return super().write(handle, data[:max(1, len(data) // 2)])
    def fsync(self, handle):
        step()
    def replace(self, source, target):
        step()
        super().replace(source, target)
        step()
    def mkdir(self, folder):
        super().mkdir(folder)
        step()
    def unlink(self, path):
        step()
        super().unlink(path)

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/AAAAID/640"
"""

#: Keeps, changes, links, merges and buries a few articles; is killed at the step it is told.
STORY = """
with opened(root, disk=Killing(), versions="files") as store:
    store.files.sweep()
    store.db.conn.execute("PRAGMA synchronous=OFF")
    store.db.conn.set_trace_callback(lambda sql: step() if sql.startswith(("BEGIN", "COMMIT")) else None)
    store.write_stale_files()
    store.add_media(PICTURE, Download(b"png" * 99), NOW)
    keep(store, article(1, links=(2,), images=(PICTURE,)))
    half = replace(nameless(3, text="?"), address=short_address(3))
    other = replace(nameless(1, text="!"), address=short_address(1))
    if store.find(short_address(1)) is None:
        keep(store, other, short_address(1))
    if store.find(short_address(3)) is None:
        keep(store, half, short_address(3))
    if not (found := store.find(long_address(2))) or found.version == 1:
        keep(store, article(2, links=(1, 3)))
    keep(store, article(2, links=(1, 3), text="new"), now=LATER)
    keep(store, article(3), short_address(3), now=LATER)
    keep(store, article(1, links=(2,), images=(PICTURE,)), short_address(1), now=LATER)
    store.gone(long_address(1), Gone("x", reason="deleted"), LATER)
    store.write_stale_files()
print(left)
"""

#: Mends an archive in which something of every kind is wrong.
MENDING = """
for finding in list(repair(root, list(check(root)), LATER, disk=Killing())):
    step()
print(left)
"""
STEPS = 1_000_000


def tell(root: Path, steps: int, story: str = STORY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", KILLER + story, str(root), str(steps)],
        check=False,
        capture_output=True,
        text=True,
    )


def contents(root: Path) -> dict[str, bytes]:
    return {path: data for path, (data, _) in snapshot(root).items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], int]:
    """What the story leaves when nobody kills it, and how many steps it has."""
    root = tmp_path_factory.mktemp("whole")
    done = tell(root, STEPS)
    assert done.returncode == 0, done.stderr
    return contents(root), STEPS - int(done.stdout)


def kill_and_tell_again(root: Path, at: int, expected: dict[str, bytes]) -> None:
    killed = tell(root, at)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if (root / "archive.db").exists():
        with opened(root) as store:
            for article in store.articles():
                assert is_ours((root / article.path).read_bytes()), (
                    f"killed at {at}: {article.path}"
                )
            for row in store.db.conn.execute("SELECT path, bytes FROM media"):
                assert (root / row["path"]).stat().st_size == row["bytes"]
            assert store.db.conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    again = tell(root, STEPS)
    assert again.returncode == 0, f"killed at {at}: {again.stderr}"
    assert contents(root) == expected, f"killed at {at}"
    assert [finding for finding in check(root) if finding.is_fault] == []


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_kill_loses_nothing_that_was_done(
    tmp_path: Path, whole: tuple[dict[str, bytes], int], share: float
) -> None:
    """No row names a missing or half-written file; again, the same files come out, byte for
    byte.
    """
    expected, steps = whole
    kill_and_tell_again(tmp_path, int(steps * share), expected)


@pytest.mark.long
def test_a_kill_may_come_at_any_step(tmp_path: Path, whole: tuple[dict[str, bytes], int]) -> None:
    """The same at every write, fsync, rename and commit."""
    expected, steps = whole
    for at in range(steps):
        kill_and_tell_again(tmp_path / str(at), at, expected)


def damaged(root: Path) -> dict[str, bytes]:
    """An archive with a lost, a cut and a flipped file, a lost image and a changed row; what it was
    before.
    """
    assert tell(root, STEPS).returncode == 0
    sound = contents(root)
    files = sorted(path for path in sound if path.endswith(".md") and ".v1." not in path)
    (root / files[0]).unlink()
    (root / files[1]).write_bytes(sound[files[1]][:-30])
    flipped = bytearray(sound[files[2]])
    flipped[-3] ^= 1
    (root / files[2]).write_bytes(flipped)
    (root / next(path for path in sound if path.startswith("media/"))).unlink()
    with opened(root) as store, transaction(store.db.conn):
        store.db.conn.execute("UPDATE articles SET place = 'x' WHERE id = 1")
        store.db.conn.execute("DELETE FROM images")
    return sound


def mend_killed(root: Path, at: int) -> bool:
    """Kill a repair at a step and let it run again; whether it was killed before its end."""
    sound = damaged(root)
    killed = tell(root, at, MENDING)
    again = tell(root, STEPS, MENDING)
    assert again.returncode == 0, again.stderr
    assert [finding for finding in check(root) if finding.is_fault] == [], f"killed at {at}"
    texts = {path.rpartition("/")[2] for path in contents(root)}
    assert {path.rpartition("/")[2] for path in sound if path.endswith(".md")} <= texts
    return killed.returncode == -signal.SIGKILL


@pytest.mark.parametrize("at", [3, 12, 24])
def test_a_killed_repair_is_finished_by_the_next(tmp_path: Path, at: int) -> None:
    """Whatever it was doing: nothing is worse than before, and again makes it whole."""
    assert mend_killed(tmp_path, at)


@pytest.mark.long
def test_a_repair_may_be_killed_at_any_step(tmp_path: Path) -> None:
    """The same at every write, fsync and rename."""
    at = 0
    while mend_killed(tmp_path / str(at), at):
        at += 1
    assert at > 20
