"""What a model waits for: the tools of `mcp`, asked by the SDK's own client in this process.

    python -m benchmarks.agents [--articles 100000] [--keep DIR] [--calls 200]

Figures of issue 16: at 100,000 articles p95 at most 50 ms, and no answer longer than its bound.
Times are CPU time of this process, client and server together, in milliseconds a call; the archive
is one that ``benchmarks.web`` makes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from archive.agents import answers
from archive.agents.server import make_server
from archive.library import Library
from archive.search.api import open_readonly
from benchmarks.search_queries import mixed
from benchmarks.web import make

#: Characters of ours around what others wrote: the line of facts, the two lines that mark it.
_AROUND = 8_000
#: Characters of an answer at most.
BOUNDS = {
    "search": answers.LONGEST_LIST + _AROUND,
    "read": answers.LONGEST_SLICE + _AROUND,
    "related": answers.LONGEST_LIST + _AROUND,
    "versions": answers.LONGEST_SLICE + _AROUND,
    "status": answers.LONGEST_LIST + _AROUND,
}
_SLOWEST = 50.0


def calls(root: Path, count: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is measured: its name, the tool, its arguments."""
    with closing(open_readonly(root)) as conn:
        queries = mixed(conn, count)
        (largest,) = conn.execute("SELECT max(id) FROM articles").fetchone()
        rng = random.Random(5)
        ids = [rng.randrange(1, largest + 1) for _ in range(count)]
        marks = ",".join("?" * len(ids))
        rows = conn.execute(f"SELECT key FROM articles WHERE id IN ({marks})", ids).fetchall()
    keys = [row[0] for row in rows]
    for query in queries:
        yield "search, 10 best", "search", {"query": query}
        yield "search, 50 newest", "search", {"query": query, "limit": 50, "newest_first": True}
        yield "search, 50 best", "search", {"query": query, "limit": 50}
    for key in keys:
        yield "read", "read", {"article": key}
        yield "related", "related", {"article": key, "limit": 50}
        yield "versions", "versions", {"article": key}
    for _ in range(20):
        yield "status", "status", {}


async def measured(root: Path, count: int) -> dict[str, dict[str, float]]:
    """Each name with p50 and p95 of its calls, warm, and its longest answer."""
    taken: dict[str, list[float]] = {}
    longest: dict[str, int] = {}
    bound: dict[str, int] = {}
    with Library(root) as library:
        async with Client(make_server(library)) as client:
            for name, tool, arguments in calls(root, count):
                if name not in taken:
                    await client.call_tool(tool, arguments)
                begun = time.process_time_ns()
                result = await client.call_tool(tool, arguments)
                taken.setdefault(name, []).append((time.process_time_ns() - begun) / 1e6)
                (content,) = result.content
                text: str = getattr(content, "text", "")
                longest[name] = max(longest.get(name, 0), len(text))
                bound[name] = BOUNDS[tool]
    return {
        name: {
            "calls": len(times),
            "p50_ms": round(sorted(times)[len(times) // 2], 1),
            "p95_ms": round(sorted(times)[int(len(times) * 0.95)], 1),
            "longest_answer": longest[name],
            "bound": bound[name],
        }
        for name, times in taken.items()
    }


def main() -> int:
    """Build, or take, an archive, and measure; 1: a figure is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument(
        "--keep", type=Path, help="An archive made by this before, or where to make it."
    )
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        if not (root / "archive.db").exists():
            make(root, options.articles)
        found = anyio.run(measured, root, options.calls)
    print(json.dumps(found, indent=2))
    return int(
        any(
            one["p95_ms"] > _SLOWEST or one["longest_answer"] > one["bound"]
            for one in found.values()
        )
    )


if __name__ == "__main__":
    sys.exit(main())
