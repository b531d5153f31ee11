"""How fast and how large search is, beside LIKE, FTS5 trigram and tantivy, on the same invented
articles in one run.

::

    python -m benchmarks.search                       # 100,000 articles, about half an hour on one core
    python -m benchmarks.search --documents 10000 --peers tantivy
    python -m benchmarks.search --growth benchmarks/search-growth.svg
    python -m benchmarks.search --prose FILE …        # articles put together from real text instead of invented ones

Times are CPU time of the process in milliseconds, warm: each query once before it counts, then the
median of five.
"""

from __future__ import annotations

import argparse
import gc
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, run

import archive
from archive.db.search_tables import INDEX_TABLES
from archive.search.api import count, open_readonly, search
from archive.search.documents import documents
from archive.search.index import Index
from archive.search.query import Node, parse
from archive.search.searcher import Searcher
from archive.search.snippet import Snippet
from benchmarks.filling import create, insert
from benchmarks.growth import Point, draw
from benchmarks.prose import Prose
from benchmarks.search_peers import Tantivy, build_trigram, like, trigram
from benchmarks.search_queries import frequent_pairs, mixed
from benchmarks.synthetic import Writer

Times = tuple[float, float, int]  # p50, p95, of how many queries
Hits = list[tuple[str, str]]  # key and title
#: Articles added before those that count.
WARMING = 20
LIMITS = {
    "newest 20": (0.3, 3.0),
    "relevance 20": (3.0, 6.0),
    "two frequent pairs, newest 20": (None, 12.0),
    "two frequent pairs, relevance 20": (None, 12.0),
    "count to 1,000": (None, 12.0),
    "library.search, newest 20": (0.3, 3.0),
    "library.search, relevance 20": (3.0, 6.0),
    "adding one article": (1.5, None),
}


def milliseconds(work: Callable[[], object], times: int = 5) -> float:
    """The median CPU time of one call, warm."""
    work()
    taken = []
    for _ in range(times):
        start = time.process_time_ns()
        work()
        taken.append(time.process_time_ns() - start)
    return sorted(taken)[times // 2] / 1e6


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is measured while Python looks for cycles."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def times_of(works: list[Callable[[], object]], repeat: int = 5) -> Times:
    with uncollected():
        return _percentiles([milliseconds(work, repeat) for work in works])


def newest(searcher: Searcher, query: str) -> list[tuple[str, str]]:
    """From what was typed to keys and titles, and all else a hit says but its snippet, which is cut
    when asked for.
    """
    return [(hit.key, hit.title) for hit in search(searcher, query, newest=True)]


def snippets(searcher: Searcher, query: str) -> list[Snippet]:
    """The best 20, each with its marked snippet: what the command prints."""
    return [hit.snippet for hit in search(searcher, query)]


def ours(
    searcher: Searcher, queries: list[str], frequent: list[str]
) -> Iterator[tuple[str, Times]]:
    """Each figure of ours with its times."""

    def timed(work: Callable[[Searcher, str], object], asked: list[str]) -> Times:
        return times_of([partial(work, searcher, query) for query in asked])

    yield "newest 20", timed(newest, queries)
    yield "relevance 20", timed(search, queries)
    yield "relevance 20, with their snippets", timed(snippets, queries)
    yield "two frequent pairs, newest 20", timed(newest, frequent)
    yield "two frequent pairs, relevance 20", timed(search, frequent)
    yield "count to 1,000", timed(count, queries)


def through_the_library(folder: Path, queries: list[str]) -> Iterator[tuple[str, Times]]:
    """The same through ``archive.open``, the door that other people's programs use."""
    with archive.open(folder) as library:
        for name, options in (("newest 20", {"newest": True}), ("relevance 20", {})):

            def ask(query: str, options: dict[str, bool] = options) -> list[tuple[str, str]]:
                return [(hit.key, hit.title) for hit in library.search(query, limit=20, **options)]

            yield f"library.search, {name}", times_of([partial(ask, query) for query in queries])


def interleaved(
    one: Sequence[Callable[[], object]], other: Sequence[Callable[[], object]]
) -> tuple[Times, Times]:
    """Two ways to answer the same questions, timed in turns: what else the machine does hits both
    alike.
    """
    taken: tuple[list[float], list[float]] = ([], [])
    with uncollected():
        for works in zip(one, other, strict=True):
            rounds = [[milliseconds(work, 1) for work in works] for _ in range(7)]
            for number in (0, 1):
                taken[number].append(sorted(times[number] for times in rounds)[3])
    return _percentiles(taken[0]), _percentiles(taken[1])


def agreement(one: Sequence[Callable[[], Hits]], other: Sequence[Callable[[], Hits]]) -> float:
    """The part of the hits of one that the other found too."""
    pairs = [(set(a()), set(b())) for a, b in zip(one, other, strict=True)]
    return sum(len(a & b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))


def _percentiles(taken: list[float]) -> Times:
    taken = sorted(taken)
    return taken[len(taken) // 2], taken[min(len(taken) - 1, int(len(taken) * 0.95))], len(taken)


def sizes(conn: sqlite3.Connection) -> tuple[int, int]:
    """Bytes of the index's tables, and of the text it covers."""
    names = [
        row[0]
        for row in conn.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'search%' OR name LIKE 'sqlite_auto%search%'"
        )
        if row[0].startswith((*INDEX_TABLES, "sqlite_autoindex_search"))
    ]
    marks = ",".join("?" * len(names))
    index = conn.execute(
        f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({marks})", names
    ).fetchone()[0]
    text = conn.execute(
        "SELECT sum(length(CAST(text AS BLOB)) + length(CAST(title AS BLOB))) FROM articles"
    ).fetchone()[0]
    return int(index), int(text)


def adding(path: Path, writer: Writer | Prose, held: int) -> tuple[Times, float]:
    """One more article with its index, less the same without it: rows, index and commit in one
    transaction.

    Percentiles of a hundred, and their mean: segments are joined now and then, which the median
    does not see. Those before them only warm.
    """
    drafts = [
        replace(draft, number=held + number)
        for number, draft in enumerate(writer.drafts(WARMING + 100, seed=99), 1)
    ]
    taken = []
    with closing(sqlite3.connect(path)) as conn, uncollected():
        conn.execute("PRAGMA synchronous=OFF")  # what the disk takes is the same for both
        for draft in drafts:
            took = []
            for indexed in (False, True):
                start = time.process_time_ns()
                with conn:
                    insert(conn, draft)
                    if indexed:
                        for doc in documents(conn, [draft.number]):
                            Index(conn).put(doc)
                took.append(time.process_time_ns() - start)
                if not indexed:
                    with conn:
                        remove_rows(conn, draft.number)
            taken.append((took[1] - took[0]) / 1e6)
    taken = taken[WARMING:]
    return _percentiles(taken), sum(taken) / len(taken)


def remove_rows(conn: sqlite3.Connection, number: int) -> None:
    for table, name in (("images", "article_id"), ("embeds", "article_id"), ("articles", "id")):
        conn.execute(f"DELETE FROM {table} WHERE {name} = ?", (number,))


def as_before(path: Path, held: int) -> None:
    """Without the articles that `adding` added, the index in one piece again: the folder may be
    measured once more.
    """
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        with conn:
            for (number,) in conn.execute(
                "SELECT id FROM articles WHERE id > ?", (held,)
            ).fetchall():
                Index(conn).remove(number)
                remove_rows(conn, number)
            conn.execute("INSERT INTO search_terms(search_terms) VALUES ('optimize')")


def whole_process(folder: Path) -> float:
    """CPU seconds of ``wechat-archive search`` from its start to its end."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable,
        "-m",
        "archive.cli",
        "--archive",
        str(folder),
        "search",
        "融资",
        "市场",
    ]
    run(command, stdout=DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def peers(
    wanted: list[str], path: Path, folder: Path, queries: list[str]
) -> Iterator[tuple[str, Times]]:
    nodes: list[Node] = [parse(query) for query in queries]
    with closing(open_readonly(path)) as conn:
        if "like" in wanted:
            works = [work for node in nodes[:30] if (work := like(conn, node))]
            yield "LIKE, newest 20", times_of(works, 1)
        if "trigram" in wanted:
            with closing(sqlite3.connect(folder / "trigram.db")) as other:
                other.execute("PRAGMA synchronous=OFF")
                build_trigram(other, conn)
                works = [work for node in nodes if (work := trigram(other, node))]
                yield (
                    f"FTS5 trigram, newest 20 (the {len(works)} queries it can answer)",
                    times_of(works),
                )
                size = other.execute("SELECT sum(pgsize) FROM dbstat").fetchone()[0]
                print(f"trigram's index: {size / sizes(conn)[1]:.2f} × text", file=sys.stderr)
        if "tantivy" in wanted:
            try:
                (folder / "tantivy").mkdir()
                index = Tantivy(folder / "tantivy", conn)
            except ImportError:
                print(
                    "tantivy is not installed: pip install 'wechat-archive[bench]'", file=sys.stderr
                )
                return
            searcher = Searcher(conn)
            our = [partial(newest, searcher, query) for query in queries]
            theirs = [partial(index.newest, query) for query in queries]
            mine, their = interleaved(our, theirs)
            yield "newest 20, in turns with tantivy", mine
            yield "tantivy, newest 20", their
            print(f"tantivy found {agreement(our, theirs):.1%} of our newest 20", file=sys.stderr)
            yield (
                "tantivy, relevance 20",
                times_of([partial(index.relevance, query) for query in queries]),
            )
            size = sum(file.stat().st_size for file in (folder / "tantivy").iterdir())
            print(f"tantivy's index: {size / sizes(conn)[1]:.2f} × text", file=sys.stderr)


@contextmanager
def library(folder: Path, documents: int, writer: Writer | Prose) -> Iterator[Path]:
    path = folder / "archive.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        create(path, writer.drafts(documents))
    yield path


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--documents", type=int, default=100_000)
    options.add_argument(
        "--peers", default="like,trigram,tantivy", help="of these, between commas; empty for none"
    )
    options.add_argument(
        "--growth", type=Path, metavar="SVG", help="draw the times from 1,000 articles on"
    )
    options.add_argument(
        "--steps", default=STEPS, help="sizes to draw before --documents [default: %(default)s]"
    )
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options.add_argument(
        "--prose", type=Path, nargs="+", metavar="FILE", help="text to make the articles from"
    )
    options.add_argument(
        "--folder", type=Path, help="where the archive is made, or lies from an earlier run"
    )
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.folder or Path(made)
        writer = Prose(given.prose) if given.prose else Writer()
        wanted = [name for name in given.peers.split(",") if name]
        figures = measure(folder, Path(made), given.documents, wanted, writer)
        if given.growth:
            points = [
                growth_point(Path(made) / str(size), size, writer)
                for size in map(int, given.steps.split(","))
                if size < given.documents
            ]
            points.append(
                Point(
                    given.documents,
                    {name: value[:2] for name, value in figures.items() if name in _DRAWN},
                )
            )
            given.growth.write_text(draw(points), encoding="utf-8")
        if given.json:
            given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


STEPS = "1000,3000,10000,30000"
_DRAWN = ("newest 20", "relevance 20", "LIKE, newest 20")


def growth_point(folder: Path, documents: int, writer: Writer | Prose) -> Point:
    with library(folder, documents, writer) as path, closing(open_readonly(path)) as conn:
        queries = mixed(conn)
        searcher = Searcher(conn)
        found = {
            "newest 20": times_of([partial(newest, searcher, query) for query in queries]),
            "relevance 20": times_of([partial(search, searcher, query) for query in queries]),
        }
        works = [work for query in queries[:30] if (work := like(conn, parse(query)))]
        found["LIKE, newest 20"] = times_of(works, 1)
    return Point(documents, {name: found[name][:2] for name in _DRAWN})


def measure(
    folder: Path, scratch: Path, documents: int, wanted: list[str], writer: Writer | Prose
) -> dict[str, Times]:
    """Measure, and print each figure when it is known."""
    figures: dict[str, Times] = {}

    def note(name: str, times: Times) -> None:
        figures[name] = times
        low, high = LIMITS.get(name, (None, None))
        must = " / ".join(f"≤ {limit:g}" for limit in (low, high) if limit is not None)
        print(f"| {name} | {times[0]:.2f} | {times[1]:.2f} | {must} |", flush=True)

    with library(folder, documents, writer) as path:
        with closing(open_readonly(path)) as conn:
            queries, frequent = mixed(conn), frequent_pairs(conn)
            index, text = sizes(conn)
            print(f"{documents:,} articles, {text / 1e6:.0f} MB of text; CPU ms, warm\n")
            print("| figure | p50 | p95 | must be |\n|---|---|---|---|")
            print(f"| index against text | {index / text:.3f} × | | ≤ 0.65 |")
            for name, times in ours(Searcher(conn), queries, frequent):
                note(name, times)
        for name, times in through_the_library(folder, queries):
            note(name, times)
        print(
            f"| the command, whole process | {whole_process(folder):.2f} s | | ≤ 0.35 s |",
            flush=True,
        )
        for name, times in peers(wanted, path, scratch, queries):
            note(name, times)
        times, mean = adding(path, writer, documents)
        note("adding one article", times)
        print(f"| adding one article, mean of {times[2]} | {mean:.2f} | | |", flush=True)
        with closing(open_readonly(path)) as conn:
            searcher = Searcher(conn)
            note(
                f"newest 20 after {WARMING + 100} came one by one",
                times_of([partial(newest, searcher, one) for one in queries]),
            )
        as_before(path, documents)
    return figures


if __name__ == "__main__":
    main()
