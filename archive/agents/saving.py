"""Fetching for a model: ``save`` in a process of its own, since a run wants a main thread and its
signals.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio

from archive.agents import untrusted
from archive.errors import BadInput
from scraper import urls
from scraper.messages import mark

MOST_ADDRESSES = 20
MOST_FOLLOW = 2
_MOST_RESULTS = 100


async def save(root: Path, text: str, follow: int) -> str:
    """Fetch the addresses in ``text`` and say what became of each. Only addresses are passed on:
    what looks like the name of a file would be one of this machine's. Raises BadInput."""
    found = {one.canonical: one.fetch for one in urls.find(text)}
    if not found:
        raise BadInput(mark("there is no address of an article on mp.weixin.qq.com in this"))
    if len(found) > MOST_ADDRESSES:
        raise BadInput(
            mark(
                "at most {most_addresses} addresses in one call; these are {n}",
                most_addresses=MOST_ADDRESSES,
                n=len(found),
            )
        )
    done = await anyio.run_process(
        _command(root, list(found.values()), follow), check=False, stdin=subprocess.DEVNULL
    )
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise BadInput(_last_line(done.stderr) or f"save ended with {done.returncode}") from None
    return _told(report)


def _command(root: Path, addresses: list[str], follow: int) -> list[str]:
    program = [sys.executable, "-m", "archive.cli", "--archive", str(root), "save", "--json"]
    return [*program, "--follow", str(follow), "--", *addresses]


def _told(report: dict[str, Any]) -> str:
    facts = {name: report[name] for name in ("exit_code", "message", "blocked_until", "requests")}
    results = report["results"][:_MOST_RESULTS]
    kept = ("address", "change", "key", "title", "due", "error")
    rows = [{name: one[name] for name in kept if name in one} for one in results]
    text, shown = untrusted.lines(rows, 24_000)
    return untrusted.answer({**facts, "shown": shown, "results": len(report["results"])}, text)


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:500] if lines else ""
