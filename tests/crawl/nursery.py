"""Starts commands in no time: everything is imported once, each command runs in a fork of that.

Reads one JSON line a command, ``{"argv": […], "hold": true}``, and answers with its process id;
then with its exit status once it has ended. With ``hold`` the command stands still (SIGSTOP) until
somebody continues it, so that a tracer can be attached before its first step.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from archive.db.closing import Closing

#: Imported once, so that each fork has it: whatever the commands import on the way.
_ALL = (
    *(
        "archive.cli",
        "archive.cli.save",
        "archive.cli.run_command",
        "archive.cli.verify",
        "archive.run.runner",
    ),
    *(
        "archive.crawl.albums",
        "archive.document.markdown",
        "archive.document.markdown_tree",
        "archive.search.index",
        "archive.verify",
    ),
    *(
        "archive.run.ping",
        "archive.search.documents",
        "scraper.parse.article",
        "scraper.parse.album",
        "scraper.fetch",
    ),
    *("scraper.feeds", "anyio", "anyio._backends._asyncio", "encodings.idna", "tomllib"),
)
ROOT = Path(__file__).resolve().parents[2]


class Nursery(Closing):
    """The other end: starts the helper process and talks to it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crawl.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **env},
            cwd=ROOT,
            text=True,
        )

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def start(self, *argv: str, hold: bool = False) -> int:
        """Begin a command; its process id."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"argv": argv, "hold": hold}) + "\n")
        self.process.stdin.flush()
        return int(self._answer())

    def wait(self) -> int:
        """Its exit code; -N where signal N ended it."""
        return int(self._answer())

    def _answer(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the nursery has died"
        return line


def _main() -> None:
    for name in _ALL:
        import_module(name)
    gc.freeze()  # a collection in a fork would copy every page of this
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _work(order)
        if order["hold"]:
            os.waitpid(child, os.WUNTRACED)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _work(order: dict[str, object]) -> None:
    from archive.cli import run

    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    if order["hold"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    argv = order["argv"]
    assert isinstance(argv, list)
    try:
        code = run(argv)
    except BaseException:
        code = 70
    os._exit(code)


if __name__ == "__main__":
    _main()
