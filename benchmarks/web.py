"""How quick the page is: CPU of the server a request, and what fifty readers beside a writer wait.

    python -m benchmarks.web [--articles 100000] [--keep DIR]

Figures of issue 13: at 100,000 articles search as it is typed p95 15 ms, an article 25 ms, the
newest 30 ms of CPU; fifty readers at once beside a crawl no error and p95 under 300 ms; memory
flat, at most 150 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from urllib.parse import quote

from archive.db.opening import open_database
from archive.store.browse import newest
from benchmarks.filling import create
from benchmarks.synthetic import KNOWN, Writer

_TICK = os.sysconf("SC_CLK_TCK")
_SERVER = """
import sys
from pathlib import Path
from archive.web.server import serve
from archive.web.settings import Settings
serve(Path(sys.argv[1]), Settings(port=int(sys.argv[2])), lambda address: print(address, flush=True))
"""


@contextmanager
def server(root: Path) -> Iterator[tuple[int, int]]:
    """A server in a process of its own; its port and number."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(root), str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def cpu(pid: int) -> float:
    """Seconds of CPU a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory(pid: int) -> float:
    """Memory of a process's own, MB: pages of the database file that the system keeps anyway are
    not counted.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return 0.0


def ask(connection: HTTPConnection, path: str) -> tuple[int, int]:
    """Status and size of an answer."""
    connection.request("GET", path, headers={"accept-language": "zh-CN"})
    answer = connection.getresponse()
    return answer.status, len(answer.read())


def measure(port: int, pid: int, paths: list[str]) -> dict[str, float]:
    """Ask for each path once; milliseconds of CPU of the server on average, of waiting at 50 and 95
    %, and KB.
    """
    connection = HTTPConnection("127.0.0.1", port)
    for path in paths[:20]:
        ask(connection, path)
    before, waits, size = cpu(pid), [], 0
    for path in paths:
        begun = time.perf_counter()
        status, length = ask(connection, path)
        waits.append(1000 * (time.perf_counter() - begun))
        size += length
        assert status == 200, (status, path)
    spent = 1000 * (cpu(pid) - before) / len(paths)
    waits.sort()
    return {
        "cpu_ms": round(spent, 2),
        "p50_ms": round(waits[len(waits) // 2], 2),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 2),
        "kb": round(size / len(paths) / 1000, 1),
    }


def crowd(port: int, paths: list[str], readers: int, each: int) -> dict[str, float]:
    """So many readers at once; errors, and what they wait."""
    waits: list[float] = []
    errors: list[int] = []

    def read(seed: int) -> None:
        rng = random.Random(seed)
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(each):
            begun = time.perf_counter()
            try:
                status, _size = ask(connection, rng.choice(paths))
            except (
                RemoteDisconnected,
                ConnectionResetError,
            ):  # idle for 5 s: a browser connects anew
                connection.close()
                continue
            waits.append(1000 * (time.perf_counter() - begun))
            errors.extend([status] * (status >= 500))
            time.sleep(rng.expovariate(1))  # a reader reads

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waits.sort()
    return {
        "errors": len(errors),
        "p50_ms": round(waits[len(waits) // 2], 1),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 1),
    }


def typed(rng: random.Random, count: int) -> list[str]:
    """Searches as they are typed: each longer by a sign than the one before."""
    paths: list[str] = []
    while len(paths) < count:
        query = " ".join(rng.sample(KNOWN, rng.choice((1, 1, 2))))
        paths += [
            f"/search?q={quote(query[:end])}&part=1"
            for end in range(1, len(query) + 1)
            if query[end - 1] != " "
        ]
    return paths[:count]


def main() -> None:
    """Build, or take, an archive, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument(
        "--keep", type=Path, help="An archive made by this before, or where to make it."
    )
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=20, help="How long fifty readers read.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        if not (root / "archive.db").exists():
            make(root, options.articles)
        report(root, options.requests, options.seconds)


def make(root: Path, articles: int) -> None:
    """An archive of so many invented articles, with its search index."""
    root.mkdir(parents=True, exist_ok=True)
    create(root / "archive.db", Writer(seed=1).drafts(articles))


def report(root: Path, requests: int, seconds: int) -> None:
    """Print the figures as JSON."""
    rng = random.Random(5)
    with open_database(root / "archive.db", readonly=True) as db:
        (count,) = db.conn.execute("SELECT count(*) FROM articles").fetchone()
        ids = [rng.randrange(1, count + 1) for _ in range(requests)]
        keys = [
            row[0]
            for one in ids
            for row in db.conn.execute("SELECT key FROM articles WHERE id = ?", (one,))
        ]
        deep = newest(db.conn, before=None, limit=30).next
    found: dict[str, object] = {"articles": count}
    kinds: dict[str, list[str]] = {
        "home": ["/"] * requests,
        "deep in the list": [f"/?before={quote(str(deep))}"] * requests,
        "search as typed": typed(rng, requests),
        "article": [f"/articles/{key}" for key in keys],
        "years of a query": [f"/search/years?q={quote(word)}" for word in KNOWN[:60]],
        "similar": [f"/articles/{key}/similar?part=1" for key in keys[:60]],
        "status": ["/status"] * 20,
    }
    with server(root) as (port, pid):
        for kind, paths in kinds.items():
            found[kind] = measure(port, pid, paths)
            print(kind, found[kind], file=sys.stderr, flush=True)
        found["memory_mb"] = round(memory(pid))
        mixed = [*kinds["home"][:20], *kinds["search as typed"], *kinds["article"]]
        with writing(root):
            found["50 readers beside a writer"] = crowd(port, mixed, 50, seconds)
        found["memory_mb after"] = round(memory(pid))
    print(json.dumps(found, indent=2, ensure_ascii=False))


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Somebody who writes meanwhile, as a crawl does: a small transaction ten times a second."""
    stop = threading.Event()

    def write() -> None:
        with open_database(root / "archive.db") as db:
            while not stop.wait(0.1):
                now = datetime.now(UTC).isoformat()
                db.conn.execute("UPDATE articles SET stale = stale WHERE id = 1")
                db.conn.execute(
                    "INSERT OR REPLACE INTO cooldown (id, level, since, until, reason) VALUES (1, 0, ?, ?, 'x')",
                    (now, now),
                )
                db.conn.commit()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    main()
