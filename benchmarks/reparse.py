"""Pages a second of ``reparse --all`` with 1 and 2 processes, over real pages where they are at
hand.

``python -m benchmarks.reparse [FOLDER] [--copies 4] [--jobs 1 2] [--json]``

``--copies``: how many articles are made of each page (under other identities), so that starting
processes weighs as little as it does in a real archive. Wall seconds; 2 processes on a machine that
does other things show less.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from archive.db.opening import open_database
from archive.reparse import reparse
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
        count = fill(root, pages(options.folder, Path(scratch)), options.copies)
        speeds = {jobs: measured(root, jobs) for jobs in options.jobs}
    if options.json:
        print(json.dumps({"pages": count, "cores": os.cpu_count(), "pages_a_second": speeds}))
        return
    print(f"{count} pages, {os.cpu_count()} cores")
    for jobs, speed in speeds.items():
        print(f"{jobs} process{'es' if jobs > 1 else '  '} {speed:6.1f} pages a second")


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


def measured(root: Path, jobs: int) -> float:
    """Pages a second."""
    begun = time.perf_counter()
    report = reparse(root, scope="all", jobs=jobs)
    return report.pages / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
