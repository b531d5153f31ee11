"""What ``reparse --all`` costs with 1 and 2 processes, over real pages where they are at hand.

``python -m benchmarks.reparse [FOLDER] [--copies 4] [--jobs 1 2] [--json]``

``--copies``: how many articles are made of each page (under other identities), so that starting
processes weighs as little as it does in a real archive. Each time a command of its own: wall
seconds, CPU of all its processes and the memory of the largest. 2 processes on a machine that does
other things show less.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

from archive.db.opening import open_database
from archive.snapshots import Snapshots
from archive.store import Store
from benchmarks.pages import pages
from scraper.errors import ScrapeError
from scraper.models import Page
from scraper.parse import parse
from tests.keep.archives import NOW


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "archive"
        root.mkdir()
        # In a process of its own: a child's memory counts from that of who starts it.
        with get_context("spawn").Pool(1) as pool:
            count = pool.apply(prepare, (root, options.folder, options.copies))
        found = {jobs: measured(root, jobs) for jobs in options.jobs}
    if options.json:
        print(json.dumps({"pages": count, "cores": os.cpu_count(), "processes": found}))
        return
    print(f"{count} pages, {os.cpu_count()} cores")
    for jobs, one in found.items():
        print(
            f"{jobs} process{'es' if jobs > 1 else '  '} {count / one['seconds']:6.1f} pages a second, "
            f"{one['cpu'] / count * 1000:.1f} ms of CPU a page, {one['megabytes']:.0f} MB the largest"
        )


def prepare(root: Path, folder: Path | None, copies: int) -> int:
    """The archive to measure with; how many articles it has."""
    with tempfile.TemporaryDirectory() as scratch:
        return fill(root, pages(folder, Path(scratch)), copies)


def fill(root: Path, found: Sequence[tuple[str, bytes]], copies: int) -> int:
    """An archive with ``copies`` articles of each page; how many there are."""
    count = 0
    with (
        open_database(root / "archive.db") as db,
        Snapshots(root / "snapshots.db") as snapshots,
    ):
        store = Store(db, root, eager=False)
        for copy in range(copies):
            for _, body in found:
                page = Page(url=f"https://mp.weixin.qq.com/s/{count:022d}", body=body)
                try:
                    article = parse(page)
                    if copy:  # the same page under another identity: another article
                        if not article.mid:
                            continue
                        mid = f"{int(article.mid) + copy:0{len(article.mid)}d}"
                        body_of_copy = body.replace(article.mid.encode(), mid.encode())
                        page = Page(url=page.url, body=body_of_copy)
                        article = parse(page)
                except ScrapeError:
                    continue
                kept = snapshots.put(page, address=page.url)
                store.keep(article, address=page.url, now=NOW, snapshot_id=kept)
                count += 1
        store.write_stale_files()
    return count


def measured(root: Path, jobs: int) -> dict[str, float]:
    """Seconds, CPU seconds and the MB of the largest process of one command."""
    argv = [sys.executable, "-m", "archive.cli", "--archive", str(root), "reparse", "--all"]
    begun = time.perf_counter()
    process = subprocess.Popen([*argv, "--jobs", str(jobs)], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)  # of this one and those that it waited for
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"reparse ended with {process.returncode}")
    return {
        "seconds": time.perf_counter() - begun,
        "cpu": used.ru_utime + used.ru_stime,
        "megabytes": used.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
