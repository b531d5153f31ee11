"""Starts commands side by side in no time: everything is imported once, each runs in a fork of
that.

A JSON line in, one out: ``{"argv": […], "env": {…}}`` gives the process id, ``{"wait": PID}`` the
exit status once that one has ended.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from importlib import import_module
from typing import Any, NoReturn

#: Whatever a worker and an archive with a queue import on the way.
_ALL = (
    "archive.cli.fleet", "archive.cli.save", "archive.cli.run_command", "archive.run.runner",
    "archive.run.fleet", "archive.run.periodic", "archive.run.work", "archive.fleet.serving",
    "archive.fleet.status", "archive.document.markdown", "archive.search.index",
    "archive.search.rebuild", "scraper.parse.article", "scraper.fetch", "procrastinate",
    "procrastinate.manager", "psycopg", "psycopg_pool", "psycopg.types.json",
    "anyio._backends._asyncio",
)  # fmt: skip


class Nursery:
    """The other end. ``start`` gives a process id; whoever is left when the block ends is
    killed.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fleet.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, argv: list[str], env: dict[str, str]) -> int:
        """Begin a command."""
        return self._ask({"argv": argv, "env": env})

    def wait(self, pid: int) -> int:
        """Its exit code; -N where signal N ended it."""
        return self._ask({"wait": pid})

    def close(self) -> None:
        """No more commands."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

    def _ask(self, order: dict[str, object]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the nursery has died"
        return int(line)


def _main() -> None:
    for name in _ALL:
        import_module(name)
    gc.freeze()  # a collection in a fork would copy every page of this
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
        elif child := os.fork():
            print(child, flush=True)
        else:
            _work(order)


def _work(order: dict[str, Any]) -> NoReturn:
    from archive.cli import run

    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.environ.update(order["env"])
    code = 70
    try:
        code = run(order["argv"])
    finally:
        os._exit(code)


if __name__ == "__main__":
    _main()
