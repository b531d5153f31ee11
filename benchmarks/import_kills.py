"""``import`` of many small files, killed again and again: what is there in the end, and what it cost.

    python -m benchmarks.import_kills [--files 20000] [--kills 5] [--folder DIR]

Each invented article (`synthetic`) is a Markdown file of about 3 KB. The command is killed (SIGKILL)
when the archive holds so many of them, and started again until it ends by itself; then once more
with everything held. Every article must be there once, each of its words in the index, and `verify` silent.
``--folder`` keeps files and archive; where all is held there already, only the last start is made.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from archive.db.file_checksums import path_of
from archive.db.opening import open_database
from archive.search.rebuild import wants_reindex
from archive.verify import check
from benchmarks.synthetic import Writer


@dataclass(frozen=True, slots=True)
class Run:
    """One start of the command: how many articles were held at its end, and what it took."""

    code: int
    held: int
    seconds: float
    cpu: float


def write(folder: Path, count: int) -> None:
    """The files, a thousand a folder."""
    for draft in Writer().drafts(count):
        place = folder / f"{draft.number // 1000:04d}"
        place.mkdir(parents=True, exist_ok=True)
        address = f"https://mp.weixin.qq.com/s/{draft.number:022d}"
        text = f"# {draft.title}\n\n原文链接: {address}\n\n{draft.text}\n"
        (place / f"{draft.number:07d}.md").write_text(text, encoding="utf-8")


def held(root: Path) -> int:
    """Articles that are on the disk now; none is ever taken away here."""
    try:
        with open_database(root / "archive.db", readonly=True, outdated=True) as db:
            return int(db.conn.execute("SELECT coalesce(max(id), 0) FROM articles").fetchone()[0])
    except Exception:  # the database is just being made
        return 0


def run(root: Path, folder: Path, until: int | None) -> Run:
    """Import, to the end or until so many are held."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    argv = [sys.executable, "-m", "archive.cli", "--archive", str(root), "import", str(folder)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while until is not None and process.poll() is None:
        if held(root) >= until:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.5)
    code = process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(code, held(root), time.monotonic() - begun, cpu)


def wrong(root: Path, files: int) -> Iterator[str]:
    """What is not as it should be; every word of the index is looked at."""
    with closing(sqlite3.connect(root / "archive.db")) as conn:
        (articles, addresses) = conn.execute(
            "SELECT count(*), (SELECT count(DISTINCT article_id) FROM addresses) FROM articles"
        ).fetchone()
        if (articles, addresses) != (files, files):
            yield f"{articles} articles, {addresses} with addresses, of {files}"
        if why := wants_reindex(conn):
            yield f"the index is to be made anew: {why}"
    path_of(root / "archive.db").unlink()
    yield from (finding.what for finding in check(root) if finding.is_fault)


def main() -> None:
    """Import with kills; tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    rng = random.Random(options.files)
    stops = sorted(rng.sample(range(options.files // 20, options.files), options.kills))
    kept = nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory()
    with kept as scratch:
        root, folder = Path(scratch) / "archive", Path(scratch) / "files"
        if not folder.exists():
            write(folder, options.files)
        runs = []
        for until in (*stops, None, None) if held(root) < options.files else (None,):
            runs.append(run(root, folder, until))
            print(
                f"exit {runs[-1].code}, {runs[-1].held:,} held, {runs[-1].seconds:.0f} s, "
                f"CPU {runs[-1].cpu:.0f} s",
                flush=True,
            )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        faults = list(wrong(root, options.files))
        taken = sum(one.cpu for one in runs[:-1]) / options.files * 1000
        print(
            f"{taken:.1f} ms of CPU an article, {options.kills} kills included; once more with "
            f"all held {runs[-1].cpu / options.files * 1000:.2f} ms a file; {peak:.0f} MB the "
            f"largest process; load {os.getloadavg()[1]:.0f}"
        )
        print("\n".join(faults) or f"all {options.files:,} there once, indexed, and sound")
        sys.exit(bool(faults))


if __name__ == "__main__":
    main()
