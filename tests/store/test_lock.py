"""One writer at a time."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive.db.lock import Lock, holder_of
from archive.errors import CannotCreate, DiskTrouble, Locked

HOLD = """
import sys, time
from pathlib import Path
from archive.db.lock import Lock
with Lock(Path(sys.argv[1]), wait=sys.argv[2] == "wait", command=sys.argv[3]):
    print("held", flush=True)
    sys.stdin.readline()
"""

COUNT = """
import sys
from pathlib import Path
from archive.db.lock import Lock
root = Path(sys.argv[1])
for _ in range(5):
    with Lock(root, wait=True):
        number = int((root / "n").read_text())
        (root / "n").write_text(str(number + 1))
"""


def hold(
    root: Path, how: str = "now", command: str = "wechat-archive run"
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root), how, command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def let_go(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=20)


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    """Process, command, since when; exit code 75."""
    process = hold(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(
        Locked, match=rf"'wechat-archive run' \(process {process.pid}\).*since 20.*--wait"
    ) as caught:
        Lock(tmp_path).acquire()
    let_go(process)

    assert caught.value.exit_code == 75
    with Lock(tmp_path, command="me"):
        assert holder_of(tmp_path) is not None
    assert holder_of(tmp_path) is None


def test_waiting_waits(tmp_path: Path) -> None:
    """And goes on as soon as the other is done."""
    with Lock(tmp_path):
        process = hold(tmp_path, "wait")
        time.sleep(0.3)
        assert process.poll() is None
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    let_go(process)


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """The system lets go of the lock; no stale file has to be removed by hand."""
    process = hold(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate()
    with Lock(tmp_path):
        found = holder_of(tmp_path)

    assert found is not None
    assert found[0] == os.getpid()


def test_many_take_turns(tmp_path: Path) -> None:
    """Nobody is ever inside together with another."""
    (tmp_path / "n").write_text("0")
    processes = [subprocess.Popen([sys.executable, "-c", COUNT, str(tmp_path)]) for _ in range(6)]

    assert [process.wait(timeout=60) for process in processes] == [0] * 6
    assert (tmp_path / "n").read_text() == "30"


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    """Exit code 73."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotCreate, match="file"):
        Lock(tmp_path / "file" / "archive").acquire()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_lock_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """Somebody else's folder may hold a link by that name: what it leads to is neither written nor
    read.
    """
    own = tmp_path / "own.txt"
    own.write_text('{"pid": 7, "command": "x", "since": "y"}')
    root = tmp_path / "archive"
    root.mkdir()
    if kind == "link":
        (root / ".lock").symlink_to(own)
    elif kind == "pipe":
        os.mkfifo(root / ".lock")
    else:
        (root / ".lock").mkdir()

    with pytest.raises(CannotCreate, match=r"\.lock|archive"):
        Lock(root).acquire()
    assert holder_of(root) is None
    assert own.read_text() == '{"pid": 7, "command": "x", "since": "y"}'


def test_the_note_of_the_holder_has_no_secrets(tmp_path: Path) -> None:
    """A command line may hold a reader's own address."""
    with Lock(tmp_path, command="wechat-archive save https://mp.weixin.qq.com/s?key=CANARY&x=1"):
        assert "CANARY" not in (tmp_path / ".lock").read_text()


def test_a_new_archive_has_no_folder_yet(tmp_path: Path) -> None:
    """The lock makes it, and those above it."""
    with Lock(tmp_path / "new" / "archive"):
        assert (tmp_path / "new" / "archive" / ".lock").is_file()


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOLCK, "has no locks"), (errno.EIO, "cannot lock")]
)
def test_a_disk_without_locks_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    """Exit code 74, and no handle is left open; nobody goes on without the lock."""
    opened = len(list(Path("/dev/fd").iterdir()))

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(DiskTrouble, match=said):
        Lock(tmp_path).acquire()
    assert opened == len(list(Path("/dev/fd").iterdir()))


def test_the_note_is_the_holders_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left of a longer one before it, nor of its own when it is let go; without a name
    it is the command line.
    """
    (tmp_path / ".lock").write_text('{"pid": 1, "command": "' + "x" * 500 + '", "since": "y"}')
    monkeypatch.setattr(sys, "argv", ["/usr/bin/wechat-archive", "save", "a b"])
    with Lock(tmp_path):
        holder = holder_of(tmp_path)
        assert holder is not None
        assert (os.getpid(), "wechat-archive save 'a b'") == holder[:2]

    assert b"" == (tmp_path / ".lock").read_bytes()


def test_a_link_in_place_of_the_lock_is_named(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / ".lock").symlink_to("own.txt")
    with pytest.raises(CannotCreate, match="is a link, and links are not followed: remove it"):
        Lock(tmp_path).acquire()


def test_who_is_refused_keeps_no_handle(tmp_path: Path) -> None:
    """One that waits and is interrupted neither; the holder's lock stays."""
    with Lock(tmp_path, command="a"):
        opened = len(list(Path("/dev/fd").iterdir()))
        for _ in range(3):
            with pytest.raises(Locked):
                Lock(tmp_path).acquire()
        assert opened == len(list(Path("/dev/fd").iterdir()))
        assert holder_of(tmp_path) is not None


def test_a_wait_that_is_interrupted_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends; it neither takes itself for the holder nor keeps a handle."""

    def interrupted(_handle: int, _how: int) -> None:
        raise KeyboardInterrupt

    (tmp_path / ".lock").touch()
    before = len(list(Path("/dev/fd").iterdir()))
    with monkeypatch.context() as broken:
        broken.setattr("archive.db.lock.fcntl.flock", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Lock(tmp_path, wait=True).acquire()

    assert before == len(list(Path("/dev/fd").iterdir()))
    assert "" == (tmp_path / ".lock").read_text()
    with Lock(tmp_path):
        assert holder_of(tmp_path) is not None
