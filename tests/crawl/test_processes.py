"""Real processes on one archive: locks, signals, and what they leave behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawl.nursery import ROOT, Nursery
from tests.share import share
from tests.weixin.answer import Answer
from tests.weixin.server import Internet

PROGRAM = [sys.executable, "-m", "archive.cli"]


def start(internet: Internet, root: Path, *argv: str) -> subprocess.Popen[str]:
    """A command as cron would start it."""
    env = {**os.environ, **internet.env, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*PROGRAM, *argv, "--archive", str(root), "--interval", "0"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@contextlib.contextmanager
def held_back(internet: Internet) -> Iterator[tuple[str, threading.Event]]:
    """An article whose page is sent once the event is set: its address, and the event."""
    sent = threading.Event()
    try:
        yield internet.site.article("慢", answer=Answer(hold=sent)).short, sent
    finally:
        sent.set()


def test_the_second_command_ends_at_once_and_says_who_holds_the_archive(
    internet: Internet, tmp_path: Path
) -> None:
    """75, with the holder's process and command; readers are not kept out; --wait waits."""
    with held_back(internet) as (address, sent):
        first = start(internet, tmp_path, "save", address)
        internet.log.wait_for(1)
        second = start(internet, tmp_path, "run")
        refused = second.communicate()
        status = subprocess.run(
            [*PROGRAM, "status", "--json", "--archive", str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        patient = start(internet, tmp_path, "run", "--wait")
        sent.set()
        first.communicate()
        patient.communicate()

    assert [process.returncode for process in (first, second, patient)] == [0, 75, 0]
    assert f"process {first.pid}" in refused[1]
    assert json.loads(status.stdout)["writing"]["pid"] == first.pid


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_command_within_seconds(
    internet: Internet, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """In the middle of a slow answer: soon over, nothing half-made, and the next run fetches what
    is left.
    """
    with held_back(internet) as (address, _):
        process = start(internet, tmp_path, "save", address, "--json")
        internet.log.wait_for(1)
        process.send_signal(number)
        out, _ = process.communicate()  # before the page is sent

    assert process.returncode == code
    assert json.loads(out)["exit_code"] == code
    with sqlite3.connect(tmp_path / "archive.db") as db:
        assert db.execute("SELECT state FROM frontier").fetchall() == [("waiting",)]
    db.close()


@pytest.mark.long
def test_signals_at_any_time(internet: Internet, tmp_path: Path) -> None:
    """A hundred times, at random moments: the promised code within 10 s, and in the end everything
    is there once.
    """
    rng = random.Random(3)
    articles = [
        internet.site.article(f"文章{n}", pictures=[internet.site.image()]) for n in range(6)
    ]
    begin = internet.site.article("目录", links=articles)
    with Nursery(internet.env) as nursery:
        for round_ in range(share(100, least=20)):
            root = tmp_path / f"a{round_ // 5}"
            number = rng.choice([signal.SIGTERM, signal.SIGINT])
            pid = nursery.start(
                "save", begin.short, "--follow", "1", "--interval", "0", "--archive", str(root)
            )
            time.sleep(rng.uniform(0.02, 0.6))
            sent = time.monotonic()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            code = nursery.wait()
            assert time.monotonic() - sent < 10
            assert code in (0, 128 + number, -number)
        nursery.start(
            "save", begin.short, "--follow", "1", "--interval", "0", "--archive", str(root)
        )
        assert nursery.wait() == 0
    with sqlite3.connect(root / "archive.db") as db:
        assert db.execute("SELECT count(*), count(DISTINCT title) FROM articles").fetchone() == (
            7,
            7,
        )
    db.close()


@pytest.mark.long
def test_fifty_processes_on_one_archive(internet: Internet, tmp_path: Path) -> None:
    """Fifty commands started at once: each does its work or ends with 75, and nothing is asked for
    twice.
    """
    articles = [internet.site.article(f"文章{n}") for n in range(50)]
    env = {**os.environ, **internet.env, "PYTHONPATH": str(ROOT)}
    script = (
        "import os, sys\nimport archive.cli, archive.run.runner, scraper.parse.article, scraper.fetch\n"
        "codes = []\npids = []\n"
        "for address in sys.argv[2:]:\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        wait = ['--wait'] if hash(address) % 2 else []\n"
        "        own = ['-q', 'save', address, '--interval', '0', '--archive', sys.argv[1]]\n"
        "        os._exit(archive.cli.run([*own, *wait]))\n"
        "    pids.append(pid)\n"
        "print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a"), *(a.short for a in articles)],
        env=env,
        capture_output=True,
        text=True,
        timeout=170,
        cwd=ROOT,
    )
    codes = json.loads(ran.stdout)

    assert (len(codes), set(codes) <= {0, 75}, 0 in codes) == (50, True, True)
    with sqlite3.connect(tmp_path / "a" / "archive.db") as db:
        assert db.execute("SELECT count(*) FROM articles").fetchone()[0] == codes.count(0)
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()
    assert len(internet.log) == codes.count(0)
    assert internet.log.peak("mp.weixin.qq.com") == 1


def test_a_signal_before_the_work_begins_has_its_code_too(tmp_path: Path) -> None:
    """While the program still loads, reads its settings or pings: 143, and nothing is said."""
    script = (
        "import os, signal, sys, archive.cli as cli\n"
        "cli.run = lambda argv: os.kill(os.getpid(), signal.SIGTERM)\n"
        "cli.main([])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)

    assert (ran.returncode, ran.stderr) == (143, "")
