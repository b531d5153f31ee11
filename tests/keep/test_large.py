"""What is promised of a large archive: the memory of every command stays what it was with a tenth
of the articles.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.keep.articles import page
from tests.keep.pages import template
from tests.share import share

#: More articles may cost this much more memory, in MB: lists of ids and names, and a cache of pages
#: that fills up.
ALLOWED = 64


#: The command, and at its end the high-water mark of its own memory (that of the starting process
#: does not count).
RUN = """
import re, sys
from archive.cli import run
code = run(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(code)
"""


def peak(*argv: str) -> float:
    """The largest resident size of ``wechat-archive ARGV…`` in MB; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, "-q", *argv], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (argv, done.stderr)
    return int(done.stderr.split()[-1]) / 1024


def _write(folder: Path, numbers: range) -> None:
    folder.mkdir()
    script = b"<script>" + template(1, size=30_000) + b"</script>"
    for number in numbers:
        body = page(number, links=(number - 1,) if number > 1 else ()).body
        (folder / f"{number:06d}.html").write_bytes(body.replace(b"</body>", script + b"</body>"))


def _commands(root: Path, out: Path) -> dict[str, tuple[str, ...]]:
    out.mkdir()
    return {
        "reparse": ("reparse", "--all", "--jobs", "1"),
        "backup": ("backup", str(out / "backup")),
        "export jsonl": ("export", "jsonl", str(out / "a.jsonl")),
        "export html": ("export", "html", str(out / "html")),
        "export epub": ("export", "epub", str(out / "a.epub")),
        "export warc": ("export", "warc", str(out / "a.warc.gz")),
        "import of its files": ("import", str(root / "articles")),
    }


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_memory_stays_flat(tmp_path: Path) -> None:
    """Every command of this room over ten times as many articles: no more than a few MB above."""
    many = share(10_000, least=500)
    peaks: list[dict[str, float]] = []
    root = tmp_path / "a"
    for step, numbers in enumerate((range(1, many // 10 + 1), range(many // 10 + 1, many + 1))):
        _write(tmp_path / f"in{step}", numbers)
        found = {"import": peak("import", str(tmp_path / f"in{step}"), "--archive", str(root))}
        for name, command in _commands(root, tmp_path / f"out{step}").items():
            found[name] = peak(*command, "--archive", str(root))
        peaks.append(found)

    grown = {name: round(peaks[1][name] - peaks[0][name]) for name in peaks[0]}
    assert {name: mb for name, mb in grown.items() if mb > ALLOWED} == {}
