"""How fast sound and video come, and with how much memory: ``python -m benchmarks.media``.

A film of 20 MB and one of 200 MB, each saved by the command itself in a process of its own, from a
small WeChat in another process on the same machine: what is measured is the program, not a network.
The second is then broken off at half and gone on with. Memory is the most that the process held.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.weixin import media
from tests.weixin.recordings import Recordings, cut
from tests.weixin.server import Internet

_ROOT = Path(__file__).resolve().parent.parent
#: Runs a command and says what it took: seconds, and MB at most.
_CHILD = """
import json, sys, time
from archive import cli
from tests.memory import peak_mb
begun = time.monotonic()
code = cli.run(sys.argv[1:])
print(json.dumps({"code": code, "seconds": time.monotonic() - begun, "mb": peak_mb()}))
"""


def main() -> None:
    """Prints a line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, nargs="+", default=[1, 20, 200])
    sizes = parser.parse_args().mb
    with tempfile.TemporaryDirectory(prefix="media-") as folder, Internet() as internet:
        recordings = Recordings(internet.site)
        for number, mb in enumerate(sizes, start=1):
            id_ = f"wxv_{number:019d}"
            forms = recordings.video(id_, {720: media.mp4(number, mb * 1_000_000)})
            film = internet.site.article(f"{mb} MB", kind=5, video_id=id_, transcodings=forms)
            _measure(Path(folder) / f"{mb}", internet, film.short, mb, "whole")
            if mb == max(sizes):
                recordings.faults.append(cut(mb * 500_000))
                _measure(Path(folder) / f"{mb}-broken", internet, film.short, mb, "broken at half")


def _measure(root: Path, internet: Internet, address: str, mb: int, what: str) -> None:
    argv = ["save", address, "--media", "all", "--interval", "0", "-q", "--archive", str(root)]
    env = {**os.environ, **internet.env}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *argv], capture_output=True, env=env, cwd=_ROOT, check=True
    )
    said = json.loads(done.stdout.splitlines()[-1])
    kept = sum(place.stat().st_size for place in (root / "media").rglob("*.mp4"))
    assert (said["code"], kept) == (0, mb * 1_000_000), done.stderr.decode()
    print(
        f"{mb:4} MB {what:15} {said['seconds']:6.1f} s  {mb / said['seconds']:6.1f} MB/s  {said['mb']:5.0f} MB memory"
    )


if __name__ == "__main__":
    begun = time.monotonic()
    main()
    print(f"in {time.monotonic() - begun:.0f} s")
