"""How quick the page is: CPU of the server a request, and what fifty readers beside a writer wait.

    python -m benchmarks.web [--articles 100000] [--keep DIR] [--many 100000]

Figures of issue 13: at 100,000 articles p95 of search as it is typed 15 ms, an article 25 ms, the
newest 30 ms, a feed of 50 60 ms of CPU; fifty readers at once beside a crawl no error and p95 under
300 ms of waiting; memory flat over 100,000 requests, at most 150 MB.
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
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from urllib.parse import quote

from archive.db.opening import open_database
from archive.store.browse import newest
from archive.store.taking_in import notice
from benchmarks.crawl import address, serve
from benchmarks.filling import create, write_files
from benchmarks.synthetic import KNOWN, Writer
from tests.weixin.server import Internet
from tests.weixin.site import Site

#: Milliseconds of CPU at 95 %.
GOALS = {"search as typed": 15.0, "article": 25.0, "home": 30.0, "feed of 50": 60.0}
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
    """Seconds of CPU a process has used, all its threads, to the nanosecond: its own clock of
    POSIX (``clock_getcpuclockid``, which Python has for threads alone)."""
    return time.clock_gettime((~pid << 3) | 2)


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
    """Ask for each path once; milliseconds of CPU of the server a request at 50 and 95 %, and KB."""
    connection = HTTPConnection("127.0.0.1", port)
    for path in paths[:20]:
        ask(connection, path)
    spent, size = [], 0
    for path in paths:
        before = cpu(pid)
        status, length = ask(connection, path)
        spent.append(1000 * (cpu(pid) - before))
        size += length
        assert status == 200, (status, path)
    spent.sort()
    return {
        "cpu_p50_ms": round(spent[len(spent) // 2], 1),
        "cpu_p95_ms": round(spent[int(len(spent) * 0.95)], 1),
        "kb": round(size / len(paths) / 1000, 1),
    }


def remembered(port: int, pid: int, paths: list[str], requests: int) -> dict[str, float]:
    """Memory of the server in MB after so many requests: it is to stay what it was."""
    rng, found = random.Random(7), {}
    connection = HTTPConnection("127.0.0.1", port)
    steps = sorted({requests * part // 100 for part in (1, 5, 10, 25, 50, 75, 100)})
    for number in range(1, requests + 1):
        ask(connection, rng.choice(paths))
        if number in steps:
            found[f"{number:,}"] = round(memory(pid), 1)
            print(number, "requests", found[f"{number:,}"], "MB", file=sys.stderr, flush=True)
    return found


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
    parser.add_argument("--many", type=int, default=100_000, help="Requests for memory.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        if not (root / "archive.db").exists():
            make(root, options.articles)
        report(root, options.requests, options.seconds, options.many)


def make(root: Path, articles: int) -> None:
    """An archive of so many invented articles, with its search index and files."""
    root.mkdir(parents=True, exist_ok=True)
    create(root / "archive.db", Writer(seed=1).drafts(articles))
    write_files(root)
    notice(root, command="benchmarks.web")


def report(root: Path, requests: int, seconds: int, many: int) -> None:
    """Print the figures as JSON."""
    found: dict[str, object] = {}
    kinds = asked(root, requests)
    with server(root) as (port, pid):
        for kind, paths in kinds.items():
            found[kind] = measure(port, pid, paths)
            goal = GOALS.get(kind)
            print(kind, found[kind], "goal", goal, file=sys.stderr, flush=True)
        found["memory_mb"] = round(memory(pid))
        mixed = [*kinds["home"][:20], *kinds["search as typed"], *kinds["article"]]
        with crawling(root):
            found["50 readers beside a crawl"] = crowd(port, mixed, 50, seconds)
        print(found["50 readers beside a crawl"], file=sys.stderr, flush=True)
        every = [path for paths in kinds.values() for path in paths[:60]]
        found["memory_mb after"] = remembered(port, pid, every + 3 * kinds["article"], many)
    print(json.dumps(found, indent=2, ensure_ascii=False))


def asked(root: Path, requests: int) -> dict[str, list[str]]:
    """What is asked for, by kind."""
    rng = random.Random(5)
    with open_database(root / "archive.db", readonly=True) as db:
        (count,) = db.conn.execute("SELECT count(*) FROM articles").fetchone()
        ids = [rng.randrange(1, count + 1) for _ in range(requests)]
        rows = [
            db.conn.execute(
                "SELECT a.key, c.biz FROM articles a JOIN accounts c ON c.id = a.account_id "
                "WHERE a.id = ?",
                (one,),
            ).fetchone()
            for one in ids
        ]
        deep = newest(db.conn, before=None, limit=30).next
    keys, accounts = (
        [row[0] for row in rows if row],
        [quote(row[1], safe="") for row in rows if row],
    )
    feeds = [f"/feeds/account/{name}" for name in accounts[: requests // 3]]
    return {
        "home": ["/"] * requests,
        "deep in the list": [f"/?before={quote(str(deep))}"] * requests,
        "search as typed": typed(rng, requests),
        "article": [f"/articles/{key}" for key in keys],
        "feed of 50": [f"{one}.{form}" for one in feeds for form in ("atom", "rss", "json")],
        "feed of all": ["/feeds/all.atom"] * 60,
        "account": [f"/accounts/{name}" for name in accounts[:60]],
        "years of a query": [f"/search/years?q={quote(word)}" for word in KNOWN[:60]],
        "similar": [f"/articles/{key}/similar?part=1" for key in keys[:60]],
        "status": ["/status"] * 20,
    }


@contextmanager
def crawling(root: Path) -> Iterator[None]:
    """A crawl into the same archive meanwhile, of a small WeChat on this machine, a page a second:
    three times as fast as WeChat would be asked."""
    site = Site()
    site.host("mp.weixin.qq.com", serve)
    with Internet(site) as internet, tempfile.TemporaryDirectory() as folder:
        names = Path(folder) / "list.txt"
        names.write_text("\n".join(address(90_000 + n) for n in range(5000)), encoding="utf-8")
        command = [sys.executable, "-m", "archive.cli", "--archive", str(root), "save", "-q"]
        process = subprocess.Popen(
            [*command, "-i", str(names), "--interval", "1", "--images", "none"],
            env={**os.environ, **internet.env},
        )
        try:
            yield
        finally:
            assert process.poll() is None, "the crawl ended before its readers did"
            process.terminate()
            process.wait(60)


if __name__ == "__main__":
    main()
