"""What a new index costs, and what other commands meet meanwhile.

    python -m benchmarks.beside FOLDER [--pause 20]

``reindex`` of an archive that is there (`archives`), as a process of its own. Meanwhile, again and
again, one note is imported and one search asked, as processes, too: none may fail. At the end
every note must be found in the new index. The notes stay in the archive.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.search.api import count, open_readonly

#: What every note says, and no invented article.
_SAID = "同时写进去的笔记"


@dataclass(frozen=True, slots=True)
class Met:
    """One command beside the index: how it ended, its wall seconds and its CPU seconds."""

    name: str
    code: int
    seconds: float
    cpu: float


def command(root: Path, name: str, *arguments: str) -> Met:
    """Run one, and wait for it."""
    begun, before = time.monotonic(), _cpu_of_children()
    argv = [sys.executable, "-m", "archive.cli", "--archive", str(root), name, *arguments]
    done = subprocess.run(argv, capture_output=True, check=False)
    return Met(name, done.returncode, time.monotonic() - begun, _cpu_of_children() - before)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def meanwhile(
    root: Path, scratch: Path, maker: subprocess.Popen[bytes], pause: float
) -> Iterator[Met]:
    """Import and search until the index is there."""
    number = 0
    while maker.poll() is None:
        number += 1
        note = scratch / f"{number}.md"
        address = f"https://mp.weixin.qq.com/s/{os.getpid():011d}{number:011d}"
        note.write_text(f"# 笔记{number}\n\n原文链接: {address}\n\n{_SAID}\n", encoding="utf-8")
        yield command(root, "import", str(note))
        yield command(root, "search", "融资 市场", "--limit", "5")
        try:
            maker.wait(pause)
        except subprocess.TimeoutExpired:
            continue


def main() -> None:
    """Make the index, tell what was met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pause", type=float, default=20, help="seconds between two looks")
    options = parser.parse_args()
    root: Path = options.folder
    argv = [sys.executable, "-m", "archive.cli", "--archive", str(root), "reindex"]
    begun = time.monotonic()
    maker = subprocess.Popen(argv)
    met: list[Met] = []
    with tempfile.TemporaryDirectory() as scratch:
        for one in meanwhile(root, Path(scratch), maker, options.pause):
            met.append(one)
            print(
                f"{one.name}: exit {one.code}, {one.seconds:.1f} s, CPU {one.cpu:.2f} s", flush=True
            )
    seconds = time.monotonic() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = _cpu_of_children() - sum(one.cpu for one in met)
    print(
        f"reindex: exit {maker.returncode}, {seconds:.0f} s, CPU {cpu:.0f} s in all its processes, "
        f"the largest {used.ru_maxrss / 1024:.0f} MB; load {os.getloadavg()[1]:.0f}"
    )
    conn = open_readonly(root)
    notes = sum(one.name == "import" for one in met)
    print(
        f"{notes} notes imported meanwhile; found in the index: {count(conn, _SAID).number} of all"
    )
    failed = [one for one in met if one.code]
    print(f"{len(met)} commands meanwhile, {len(failed)} failed")
    sys.exit(bool(failed or maker.returncode))


if __name__ == "__main__":
    main()
