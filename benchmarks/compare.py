"""Two states of the program beside each other: the CPU of the same work, by turns in one run.

``python -m benchmarks.compare CHECKOUT [CHECKOUT] [--rounds 5] [--only search …] [--articles 20000]``

The first folder is how it was before, the second (default: this one) how it is now; both are
checkouts. One with a ``.venv`` of its own runs in it, so that each has the libraries it asked for;
else in the Python this runs in. Each piece of work is a process of its
own that uses nothing but public doors both states have, so it is the program that differs and not
the benchmark. The two take turns, each first as often as second; what is said is the ratio of the
medians, now ÷ before. What starting costs is measured by itself (``start``) and in ``crawl``.

``start``      the command ``search`` over an empty archive, from start to end
``parse``      each page of the corpus: bytes → article → Markdown file
``search``     100 queries over invented articles (``--articles``): newest 20 with snippets, best 20
``adding``     2,000 invented articles into the index
``snapshots``  each page of the corpus kept as it was received, and packed
``crawl``      ``save`` of 150 pages of 60 KB from a server on this machine, raw pages kept
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from benchmarks.crawl import ROOT, address, serve
from benchmarks.pages import pages
from tests.weixin.server import Internet
from tests.weixin.site import Site

#: What every script below begins with: its folder, and the CPU seconds of a piece of work as JSON.
_HEAD = """
import json, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
def told(**seconds): print(json.dumps(seconds))
"""
#: Read as files, warmed by one page, then twice all of them.
_PARSE = """
import archive, scraper
from scraper.errors import ScrapeError
bodies = [path.read_bytes() for path in sorted((folder / "pages").iterdir())]
def work(body):
    try:
        archive.to_markdown(scraper.parse(scraper.Page(url="https://mp.weixin.qq.com/s/x", body=body)))
    except ScrapeError:
        pass  # a status page: no article to make
work(bodies[0])
began = time.process_time()
for body in bodies * 2: work(body)
told(parse=time.process_time() - began)
"""
_SEARCH = """
import archive, sqlite3
from benchmarks.filling import create
from benchmarks.search_queries import mixed
from benchmarks.synthetic import Writer
root = folder / sys.argv[2]
if not root.exists():
    root.mkdir()
    create(root / "archive.db", Writer().drafts(int(sys.argv[3])))
with sqlite3.connect(root / "archive.db") as conn: queries = mixed(conn)
conn.close()
with archive.open(root) as library:
    for order in (True, False):  # warm
        for query in queries: library.search(query, limit=20, newest=order)
    began = time.process_time()
    for query in queries:
        for hit in library.search(query, limit=20, newest=True): hit.snippet
    newest = time.process_time() - began
    began = time.process_time()
    for query in queries: library.search(query, limit=20)
told(**{"search, newest 20": newest, "search, best 20": time.process_time() - began})
"""
_ADDING = """
import tempfile
from benchmarks.filling import create
from benchmarks.synthetic import Writer
drafts = list(Writer().drafts(2_000))
with tempfile.TemporaryDirectory() as scratch:
    began = time.process_time()
    create(Path(scratch) / "archive.db", drafts)
    told(adding=time.process_time() - began)
"""
_SNAPSHOTS = """
import tempfile
from datetime import UTC, datetime
from archive.snapshots import Snapshots
from scraper import Page
bodies = [path.read_bytes() for path in sorted((folder / "pages").iterdir())][:40]
with tempfile.TemporaryDirectory() as scratch:
    began = time.process_time()
    with Snapshots(Path(scratch) / "snapshots.db") as kept:
        for n, body in enumerate(bodies):
            address = f"https://mp.weixin.qq.com/s/{n:022d}"
            kept.put(Page(url=address, body=body, fetched=datetime(2026, 7, 1, tzinfo=UTC)), address=address)
        seconds = time.process_time() - began
        if hasattr(kept, "repack"): kept.repack(jobs=1)
    packed = time.process_time() - began
    size = (Path(scratch) / "snapshots.db").stat().st_size
told(**{"snapshots, kept": seconds, "snapshots, kept and packed": packed, "snapshots, MB": size / 1e6})
"""
SCRIPTS = {"parse": _PARSE, "search": _SEARCH, "adding": _ADDING, "snapshots": _SNAPSHOTS}
NAMES = ("start", *SCRIPTS, "crawl")


@dataclass(frozen=True, slots=True)
class State:
    """One of the two: its checkout, and what it is called in the table."""

    name: str
    checkout: Path
    articles: int

    @property
    def python(self) -> str:
        """Its own environment's where it has one, else this one's."""
        own = self.checkout / ".venv/bin/python"
        return str(own) if own.exists() else sys.executable

    def run(self, *command: str, env: dict[str, str] | None = None) -> tuple[float, str]:
        """CPU seconds and output of Python in this checkout. Raises CalledProcessError."""
        before = getrusage(RUSAGE_CHILDREN)
        done = subprocess.run(
            [self.python, *command],
            cwd=self.checkout,
            env={**os.environ, **(env or {}), "PYTHONPATH": str(self.checkout)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        after = getrusage(RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, done.stdout

    def measured(self, work: str, folder: Path, internet: Internet) -> dict[str, float]:
        """Do this piece of work once; CPU seconds by name."""
        if work == "start":
            root = folder / f"empty-{self.name}"
            search = ("-m", "archive.cli", "--archive", str(root), "search", "融资", "-q")
            if not root.exists():
                self.run("-c", "import archive, sys; archive.open(sys.argv[1]).close()", str(root))
            return {work: self.run(*search)[0]}
        if work == "crawl":
            with tempfile.TemporaryDirectory(dir=folder) as archive:
                save = ("-m", "archive.cli", "--archive", archive, "save", "--interval", "0", "-q")
                command = (*save, "-i", str(folder / "list.txt"))
                return {work: self.run(*command, env=internet.env)[0]}
        words = (str(folder), f"filled-{self.name}", str(self.articles))
        said = self.run("-c", _HEAD + SCRIPTS[work], *words)[1]
        found: dict[str, float] = json.loads(said)
        return found


def by_turns(states: Sequence[State], rounds: int) -> Iterator[State]:
    """Each as often first as second."""
    for number in range(rounds):
        yield from states if number % 2 == 0 else reversed(states)


def compare(
    states: Sequence[State], works: Sequence[str], rounds: int, folder: Path, internet: Internet
) -> dict[str, dict[str, list[float]]]:
    """The measured values by name and state; one round more comes first and does not count."""
    found: dict[str, dict[str, list[float]]] = {}
    for work in works:
        for state in states:
            state.measured(work, folder, internet)
        for state in by_turns(states, rounds):
            for name, value in state.measured(work, folder, internet).items():
                found.setdefault(name, {}).setdefault(state.name, []).append(value)
    return found


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """Medians and their ratio, a line each."""
    lines = [f"{'':28} {'before':>9} {'now':>9} {'ratio':>7}   smallest of each"]
    for name, values in found.items():
        before, now = (statistics.median(values[which]) for which in ("before", "now"))
        least = " ".join(f"{min(values[which]):.3f}" for which in ("before", "now"))
        lines.append(f"{name:28} {before:9.3f} {now:9.3f} {now / before:7.2f}   {least}")
    return "\n".join(lines)


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("now", type=Path, nargs="?", default=ROOT)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--articles", type=int, default=20_000, help="that search looks through")
    parser.add_argument("--corpus", type=Path, help="a folder of pages instead of the shared ones")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as an installed program
    states = [
        State("before", options.before.resolve(), options.articles),
        State("now", options.now.resolve(), options.articles),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "pages").mkdir()
        for number, (_, body) in enumerate(pages(options.corpus, folder)):
            (folder / "pages" / f"{number:04}.html").write_bytes(body)
        (folder / "list.txt").write_text("\n".join(address(n) for n in range(150)))
        site = Site()
        site.host("mp.weixin.qq.com", serve)
        with Internet(site) as internet:
            found = compare(states, options.only, options.rounds, folder, internet)
    print(json.dumps(found) if options.json else table(found), flush=True)


if __name__ == "__main__":
    main()
