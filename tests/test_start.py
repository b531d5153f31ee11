"""What a command loads before it does anything: counted in modules, since time says nothing on a
busy machine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from archive.db.opening import open_database
from tests.crawl.nursery import ROOT
from tests.weixin.server import Internet

#: What reads an archive has no use for any of these.
NETWORK_AND_PARSER = {
    "asyncio", "bs4", "feedparser", "httpx", "jinja2", "lxml", "markdownify", "multiprocessing", "rich",
    "sqlite_utils", "starlette", "yaml", "zstandard",
}  # fmt: skip
#: What only other commands, other forms of input and searches with CSS need.
BESIDES_SAVING = {
    "archive.run.looking", "archive.run.periodic", "archive.run.rechecks", "archive.crawl.source_types",
    "archive.exporters", "archive.fleet", "archive.importers", "archive.search.query", "archive.web", "feedparser",
    "jinja2", "multiprocessing", "plistlib", "procrastinate", "psycopg", "pygments", "rich",
    "scraper.body.cards.unknown", "scraper.parse.status", "soupsieve.css_parser", "sqlite_utils", "starlette",
}  # fmt: skip

#: Modules that the standard library of a Python after 3.11 loads besides, at most (3.13: 5).
NEWER = 8 if sys.version_info >= (3, 12) else 0

SCRIPT = """
import json, re, sys

def compiled(pattern, flags=0, make=re.compile):
    caller = sys._getframe(1).f_globals["__name__"]
    made.append(caller) if caller.split(".")[0] in ("archive", "scraper") else None
    return make(pattern, flags)

made, re.compile = [], compiled
import archive.cli
code = archive.cli.run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules), len(made)]))
"""


class Loaded(NamedTuple):
    """What stands in a process when a command has ended: its modules, and how many patterns this
    program's own have compiled.
    """

    modules: set[str]
    patterns: int


def loaded(argv: list[str], env: dict[str, str] | None = None) -> Loaded:
    """Of a command that ends well."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, *argv],
        env={**os.environ, **(env or {}), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules, patterns = json.loads(ran.stdout.splitlines()[-1])
    assert code == 0, ran.stderr
    return Loaded(set(modules), patterns)


@pytest.mark.parametrize(
    ("command", "most", "patterns"), [("status", 197, 6), ("list", 234, 27), ("search", 199, 13)]
)
def test_reading_starts_light(command: str, most: int, patterns: int, tmp_path: Path) -> None:
    """``status`` and ``list`` load as little as ``search``, and none of them crawler or parser or
    patterns that they do not use.
    """
    open_database(tmp_path / "archive.db").close()
    words = ["融资"] if command == "search" else []

    found = loaded([command, *words, "--archive", str(tmp_path)])

    assert found.modules & NETWORK_AND_PARSER == set()
    assert len(found.modules) <= most + NEWER
    assert found.patterns <= patterns


def test_saving_loads_what_saving_needs(internet: Internet, tmp_path: Path) -> None:
    """One article: no source, no recheck, no process pool, no CSS."""
    article = internet.site.article("一篇")

    found = loaded(["save", article.short, "-q", "--archive", str(tmp_path)], internet.env)

    assert found.modules & BESIDES_SAVING == set()
    assert len(found.modules) <= 631 + NEWER
    assert found.patterns <= 150


def test_saving_what_is_held_loads_no_client(internet: Internet, tmp_path: Path) -> None:
    """The same command once more asks nobody and reads no page: no client, no parser."""
    article = internet.site.article("一篇")
    same = ["save", article.short, "-q", "--archive", str(tmp_path)]
    loaded(same, internet.env)

    modules = loaded(same, internet.env).modules

    unwanted = {"anyio", "bs4", "h11", "httpcore", "httpx", "lxml", "markdownify", "yaml"}
    assert modules & unwanted == set()
    assert len(modules) <= 380 + NEWER


ENDING = """
import atexit, gc, os, sys
from pathlib import Path

def told():
    held = {entry.stat().st_ino for entry in Path(sys.argv[1]).rglob("*") if entry.is_file()}
    still_open = []
    for number in map(int, os.listdir("/dev/fd")):
        try:
            still_open += [number] if os.fstat(number).st_ino in held else []
        except OSError:
            pass  # that of the listing itself
    print(still_open, len(gc.get_objects()) < 1000, file=sys.stderr)

atexit.register(told)
import archive.cli
archive.cli.main([*sys.argv[2:], "--archive", sys.argv[1]])
"""


def test_ending_looks_for_no_garbage_and_leaves_nothing_to_it(
    internet: Internet, tmp_path: Path
) -> None:
    """When a command ends, every file of the archive has been closed without the collector's help,
    and none of what is left in memory is looked through once more.
    """
    article = internet.site.article("一篇")
    commands = [["save", article.short, "-q"], ["save", "-q", article.short], ["status"]]
    commands += [["list"], ["search", "一篇"], ["verify"]]

    said = []
    for command in commands:
        ran = subprocess.run(
            [sys.executable, "-c", ENDING, str(tmp_path), *command],
            env={**os.environ, **internet.env, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(ran.stderr.splitlines()[-1])

    assert said == ["[] True"] * len(commands)


def test_classes_of_what_saving_loads_cost_nothing_before_they_are_used(
    internet: Internet, tmp_path: Path
) -> None:
    """They come from ``scraper.records``, not from ``dataclasses``, which generates every method
    at once.
    """
    article = internet.site.article("一篇")

    modules = loaded(
        ["save", article.short, "-q", "--archive", str(tmp_path)], internet.env
    ).modules

    ours = {name for name in modules if name.split(".")[0] in ("archive", "scraper")}
    paths = [
        ROOT / Path(*name.split(".")).with_suffix(".py") for name in ours - {"scraper.records"}
    ]
    sources = {str(path): path.read_text(encoding="utf-8") for path in paths if path.exists()}
    generated = [path for path, text in sources.items() if _GENERATES.search(text)]
    assert (len(sources) > 100, generated) == (True, [])


_GENERATES = re.compile(r"^from dataclasses import .*\bdataclass\b", re.M)


def test_what_bs4_puts_off_is_there_when_it_is_used() -> None:
    """A program that imports this one and selects by CSS gets what it always got."""
    script = (
        "import archive.document.markdown, sys, bs4\n"
        "before = 'soupsieve.css_parser' in sys.modules\n"
        "print(before, bs4.BeautifulSoup('<p class=a>x</p>', 'lxml').select('p.a'))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == 'False [<p class="a">x</p>]'
