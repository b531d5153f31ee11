"""What ``import`` of a folder of saved pages costs: pages a second, CPU, memory, with what it makes
of them.

``python -m benchmarks.imports [FOLDER] [--pages 2000] [--program PYTHON] [--json]``

The pages are real ones where they are at hand, each written several times under an identity of its
own, with other words and with a template that drifts (benchmarks/pages.py). The program is a
process of its own, as a person starts it: raw pages, Markdown files, index, and packing at the end.
Wall seconds of each phase are told by its own progress; of each process, CPU and the most memory
that it held are looked up in ``/proc`` while it lives.
``--program``: another Python that has the program, to compare with.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.pages import mutated, pages
from scraper.errors import ScrapeError
from scraper.models import Page
from scraper.parse import parse

_PHASE = re.compile(rb"(importing|indexing|packing)")
_PEAK = re.compile(r"^VmHWM:\s*(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """``phases``: seconds until it began; ``cpu``: seconds, of them ``main`` in the process that
    writes; ``peaks``: MB of each process, that one first."""

    pages: int
    seconds: float
    cpu: float
    main: float
    peaks: list[float]
    kilobytes: float
    phases: dict[str, float]


def write(folder: Path, found: Sequence[tuple[str, bytes]], count: int) -> int:
    """``count`` pages as files, no two of one article; how many."""
    found = [(name, body) for name, body in found if _mid(body)]
    for number, body in enumerate(mutated(found, count)):
        mid = _mid(body)
        if mid:
            own = f"{int(mid) + number + 1:0{len(mid)}d}"
            body = body.replace(mid.encode(), own.encode())
        (folder / f"{number:06d}.html").write_bytes(body)
    return count


def _mid(body: bytes) -> str | None:
    try:
        return parse(Page(url="https://mp.weixin.qq.com/s/benchmark0000000000000", body=body)).mid
    except ScrapeError:
        return None


def measure(program: str, folder: Path, root: Path) -> Result:
    """One import into an archive that is not there yet."""
    files = len(list(folder.iterdir()))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    process = subprocess.Popen(
        [program, "-m", "archive.cli", "import", str(folder), "--archive", str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    watch = _Watch(process.pid)
    watch.start()
    phases = dict(_phases(process, begun))
    process.wait()
    watch.join()
    seconds = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    kilobytes = (root / "snapshots.db").stat().st_size / 1024 / files
    return Result(files, seconds, cpu, watch.cpu, watch.peaks(), kilobytes, phases)


class _Watch(threading.Thread):
    """Looks at a process and its children until it ends. What is asked of the kernel afterwards
    would count the memory of whoever started them."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._held: dict[int, float] = {}
        #: Seconds of the process itself.
        self.cpu = 0.0

    def run(self) -> None:
        """Look five times a second."""
        with suppress(OSError):
            while True:
                self._look()
                time.sleep(0.2)

    def peaks(self) -> list[float]:
        """MB of each process, the first one's first, then the largest."""
        held = dict(self._held)
        return [held.pop(self._pid, 0.0), *sorted(held.values(), reverse=True)]

    def _look(self) -> None:
        proc = Path("/proc", str(self._pid))
        times = (proc / "stat").read_text().rpartition(")")[2].split()[11:13]
        children = (proc / "task" / str(self._pid) / "children").read_text().split()
        for pid in [self._pid, *(int(child) for child in children)]:
            with suppress(OSError):
                if found := _PEAK.search(Path("/proc", str(pid), "status").read_text()):
                    self._held[pid] = int(found[1]) / 1024
        if self._pid in self._held and any(map(int, times)):
            self.cpu = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _phases(process: subprocess.Popen[bytes], begun: float) -> Iterator[tuple[str, float]]:
    """What the progress calls its work → when it began, in seconds."""
    assert process.stderr is not None
    seen: set[bytes] = set()
    for line in iter(lambda: process.stderr.readline(), b""):  # type: ignore[union-attr]
        for phase in _PHASE.findall(line):
            if phase not in seen:
                seen.add(phase)
                yield phase.decode(), time.perf_counter() - begun


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--program", action="append", help="may be given more than once")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        folder = place / "pages"
        folder.mkdir()
        write(folder, pages(options.folder, place), options.pages)
        results = {
            program: measure(program, folder, place / f"archive-{number}")
            for number, program in enumerate(options.program or [sys.executable])
        }
    if options.json:
        print(json.dumps({program: asdict(result) for program, result in results.items()}))
        return
    for program, result in results.items():
        print(
            f"{program}: {result.pages} pages in {result.seconds:.0f} s, "
            f"{result.pages / result.seconds:.1f} a second, {result.cpu / result.pages * 1e3:.0f} ms "
            f"of CPU a page ({result.main / result.pages * 1e3:.0f} where it is written), "
            f"{', '.join(f'{peak:.0f}' for peak in result.peaks)} MB a process, "
            f"{result.kilobytes:.1f} KB a raw page; "
            + ", ".join(f"{name} from {at:.0f} s" for name, at in result.phases.items())
        )


if __name__ == "__main__":
    main()
