"""A sound archive on a disk that nobody can write to: a DVD, a mounted backup, somebody else's
folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.archives import Place
from tests.conftest import ROOT

#: Runs each line of stdin as a command and says how it ended; one process, as starting one takes
#: longest.
RUNNER = """
import json, sys
from tests.command import wechat_archive
for line in sys.stdin:
    result = wechat_archive(*json.loads(line))
    print(json.dumps([result.code, result.stdout, result.stderr]), flush=True)
"""


def _may_mount() -> bool:
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return done.returncode == 0


def closed(place: Place) -> None:
    """As a command leaves it: no log."""


def empty_log(place: Place) -> None:
    """The log's file is there, with nothing in it."""
    for name in ("archive.db-wal", "snapshots.db-wal"):
        (place.archive / name).touch()


def _changed(place: Place, *ends: str) -> None:
    """The newest title stands in the log alone."""
    database = place.archive / "archive.db"
    with_log = place.home / "with-log"
    with_log.mkdir()
    conn = sqlite3.connect(database)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("UPDATE meta SET value = 41 WHERE name = 'generation'")
    conn.commit()
    for end in ("", *ends):
        shutil.copy(f"{database}{end}", with_log)
    conn.close()
    for path in with_log.iterdir():
        path.replace(place.archive / path.name)


def log(place: Place) -> None:
    """Copied while a command was writing: a log, without the index that SQLite reads it by."""
    _changed(place, "-wal")


def log_and_index(place: Place) -> None:
    """The same with the index."""
    _changed(place, "-wal", "-shm")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("readonly") / "home")
    place.home.mkdir()
    place.make()
    return place


@pytest.mark.parametrize("state", [closed, empty_log, log, log_and_index])
def test_everything_that_reads_works(
    sound: Place, tmp_path: Path, state: Callable[[Place], None]
) -> None:
    """list, show, search, similar, diff, status, verify, config, each export, and backup as source:
    0, and the archive is byte for byte as it was."""
    import json

    place = sound.copy(tmp_path / "home")
    state(place)
    (place.out).mkdir()
    key = place.key
    asked: list[tuple[str, ...]] = [
        ("list",), ("show", key), ("show", key, "--versions"), ("show", key, "--json"), ("search", "岩茶"),
        ("similar", key), ("diff", key), ("status",), ("verify",), ("config",),
        *(("export", form, str(place.out / f"x.{form}")) for form in ("jsonl", "csv", "epub", "warc")),
        *(("export", form, str(place.out / form)) for form in ("markdown", "html")),
        ("backup", str(place.out / "copy")), ("backup", str(place.out / "copy")),
    ]  # fmt: skip
    lines = "".join(json.dumps([*argv, "--archive", str(place.archive)]) + "\n" for argv in asked)
    before = {p: p.read_bytes() for p in place.archive.rglob("*") if p.is_file()}
    command = [sys.executable, "-c", RUNNER]
    if os.geteuid() == 0:
        if not _may_mount():
            pytest.skip("root may write anywhere, and nothing can be mounted here")
        folder = shlex.quote(str(place.archive))
        mount = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
        command = ["unshare", "-m", "sh", "-c", f"{mount} && exec {shlex.join(command)}"]
    else:
        _forbid(place.archive, writing=False)
    try:
        done = subprocess.run(
            command, input=lines, capture_output=True, text=True, cwd=ROOT, check=True
        )
    finally:
        _forbid(place.archive, writing=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    failed = {
        argv: (code, err) for argv, (code, _, err) in zip(asked, answers, strict=True) if code != 0
    }

    assert {} == failed
    assert before == {p: p.read_bytes() for p in place.archive.rglob("*") if p.is_file()}
    with sqlite3.connect(place.out / "copy" / "archive.db") as copy:
        row = copy.execute("SELECT value FROM meta WHERE name = 'backup_generation'").fetchone()
    copy.close()
    assert (41 in row) == (state in (log, log_and_index))


def _forbid(folder: Path, *, writing: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode & 0o555
        path.chmod(mode | 0o200 if writing else mode)
