"""What grows with an archive: search, lists, `status`, the page, feeds, adding an article, `verify`.

    python -m benchmarks.archives FOLDER --articles 1000
    python -m benchmarks.archives LARGE --articles 100000 --no-index
    python -m benchmarks.clones LARGE && python -m benchmarks.clones LARGE --index
    python -m benchmarks.scale FOLDER … LARGE [--draw docs/scale.svg] [--json FILE]
    python -m benchmarks.scale --earlier FILE … --draw docs/scale.svg

Where the archives are not all there at the same time, ``--earlier`` adds what ``--json`` wrote then.

CPU milliseconds, warm, of archives that are there already; nothing of them is changed. For the page and
feeds that of the server. `verify` looks at ten thousand articles spread over the archive, in one
process, as each of its processes does.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from subprocess import DEVNULL
from typing import TypeVar

from archive.db.opening import open_database
from archive.search.api import count, open_readonly, search
from archive.search.documents import documents
from archive.search.index import Index
from archive.search.searcher import Searcher
from archive.status import collect
from archive.store import Store, browse
from archive.verify.looks import Looker
from archive.verify.pieces import ROWS, Piece
from archive.verify.texts import tolerant
from benchmarks import web
from benchmarks.filling import insert
from benchmarks.growth import Point, draw
from benchmarks.search import WARMING, milliseconds, newest, times_of, uncollected
from benchmarks.search_queries import mixed
from benchmarks.synthetic import Writer
from scraper.clock import utc_now

Figures = dict[str, tuple[float, ...]]
Measured = TypeVar("Measured")

_COLOURS = {
    "search, newest 20": "#0a7d45",
    "search, best 20": "#1f5fbf",
    "search, count": "#8a5a00",
    "status": "#b5452c",
    "home page": "#7a3fb0",
    "list 20": "#555555",
    "adding to the index": "#c2185b",
    "GET /": "#2f7f9f",
}


def searches(root: Path) -> Iterator[tuple[str, tuple[float, ...]]]:
    """p50 and p95 over a hundred mixed queries."""
    with closing(open_readonly(root / "archive.db")) as conn:
        queries, searcher = mixed(conn), Searcher(conn)
        for name, ask in (
            ("search, newest 20", newest),
            ("search, best 20", search),
            ("search, count", count),
        ):
            yield name, times_of([partial(ask, searcher, query) for query in queries], 3)[:2]


def lists(root: Path) -> Iterator[tuple[str, tuple[float, ...]]]:
    """What is asked of an open archive; the median."""
    asked: dict[str, Callable[[Store], object]] = {
        "status": lambda store: collect(store.db.conn, root, utc_now()),
        "home page": lambda store: (browse.newest(store.db.conn), browse.shelves(store.db.conn)),
        "list 20": lambda store: list(store.articles(limit=20)),
        "list 20 --sort archived": lambda store: list(store.articles(limit=20, sort="archived")),
        "how many": lambda store: store.count(),
    }
    with open_database(root / "archive.db", readonly=True) as db:
        store = Store(db, root)
        for name, ask in asked.items():
            yield name, (milliseconds(partial(ask, store)),)
    yield (
        "opening",
        (milliseconds(lambda: open_database(root / "archive.db", readonly=True).close()),),
    )


def _served(root: Path) -> Iterator[tuple[str, tuple[float, ...]]]:
    """CPU of the server a request."""
    paths = {"GET /": "/", "GET /status": "/status", "GET /feeds/all.atom": "/feeds/all.atom"}
    with web.server(root) as (port, pid):
        for name, path in paths.items():
            found = web.measure(port, pid, [path] * 20)
            yield name, (found["cpu_p50_ms"], found["cpu_p95_ms"])


def command(root: Path, *arguments: str) -> float:
    """CPU milliseconds of a whole command, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    argv = [sys.executable, "-m", "archive.cli", "--archive", str(root), *arguments]
    subprocess.run(argv, stdout=DEVNULL, stderr=DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def adding(root: Path, articles: int = 200) -> tuple[float, ...]:
    """One more article with its index, less the same without it; median, 95 % and mean, warm as all
    here: the first ones, which bring pages of the file and characters, are not counted. All of it
    is taken back."""
    taken = []
    path = root / "archive.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as conn, uncollected():
        held = conn.execute("SELECT max(id) FROM articles").fetchone()[0]
        conn.execute("BEGIN")
        for draft in Writer().drafts(WARMING + articles, seed=99):
            one = replace(draft, number=held + draft.number, account=f"{draft.account} neu")
            insert(conn, one)
            begun = time.process_time_ns()
            for document in documents(conn, [one.number]):
                Index(conn).put(document)
            conn.execute("SAVEPOINT flushed")  # FTS5 writes its segment, as a commit makes it
            conn.execute("RELEASE flushed")
            taken.append((time.process_time_ns() - begun) / 1e6)
        conn.execute("ROLLBACK")
    taken = sorted(taken[WARMING:])
    return taken[len(taken) // 2], taken[int(len(taken) * 0.95)], sum(taken) / len(taken)


def verifying(root: Path, articles: int = 10_000) -> float:
    """Articles that `verify` looks at in a second of CPU: rows, parts, file, index and an address of
    each."""
    with open_database(root / "archive.db", readonly=True, outdated=True) as db:
        db.conn.text_factory = tolerant
        looker = Looker(Store(db, root))
        held = int(db.conn.execute("SELECT max(id) FROM articles").fetchone()[0])
        pieces = min(articles, held) // ROWS
        step = held // pieces
        begun = time.process_time()
        for number in range(pieces):
            first = 1 + number * step
            looker.look(Piece("articles", first, first + ROWS - 1))
            looker.look(Piece("addresses", first, first + ROWS - 1))
            looker.look(Piece("index", first, first + ROWS - 1))
        return float(pieces * ROWS / (time.process_time() - begun))


def _apart(work: Callable[[Path], Measured], root: Path) -> Measured:
    """In a process of its own, as a command is: what thousands of searches leave scattered in the
    memory of this one costs whatever comes next a twentieth."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, root).result()


def measure(root: Path) -> tuple[int, Figures]:
    """Every figure of an archive, told as it is known."""
    with closing(open_readonly(root / "archive.db")) as conn:
        (articles,) = conn.execute("SELECT count(*) FROM articles").fetchone()
        (documents,) = conn.execute("SELECT count(*) FROM search_documents").fetchone()
        is_indexed = 2 * documents > articles
    print(f"\n{articles:,} articles\n\n| | ms |\n| --- | --- |", flush=True)
    figures: Figures = {}

    def note(name: str, values: tuple[float, ...]) -> None:
        figures[name] = values
        print(f"| {name} | {', '.join(f'{value:.2f}' for value in values)} |", flush=True)

    for part in (lists, searches, _served) if is_indexed else (lists, _served):
        for name, values in part(root):
            note(name, values)
    if is_indexed:
        note("adding to the index", _apart(adding, root))
    note("verify, articles a second of CPU", (_apart(verifying, root),))
    note("list --limit 20, the whole command", (command(root, "list", "--limit", "20"),))
    note("search, the whole command", (command(root, "search", "融资 市场"),))
    return articles, figures


def main() -> None:
    """Measure each archive; draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--earlier", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--draw", type=Path, metavar="SVG")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    known = {
        int(size): figures
        for file in options.earlier
        for size, figures in json.loads(file.read_text(encoding="utf-8")).items()
    }
    found = sorted({**known, **dict(map(measure, options.folders))}.items())
    if options.json:
        options.json.write_text(json.dumps(dict(found), indent=2) + "\n", encoding="utf-8")
    if options.draw:
        points = [
            Point(size, {name: values[:2] for name, values in figures.items() if name in _COLOURS})
            for size, figures in found
        ]
        title = "What grows with the archive (CPU ms, warm; — p50, - - p95)"
        options.draw.write_text(draw(points, title, _COLOURS), encoding="utf-8")


if __name__ == "__main__":
    main()
