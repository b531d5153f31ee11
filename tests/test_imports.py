"""The one-way traffic of docs/architecture.md: who may import whom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("scraper", "archive")

#: Libraries that one room alone may import, so that each stays replaceable: library → rooms (path
#: prefixes).
ONE_ROOM = {
    "httpx": ("scraper/fetch", "scraper/fetch/guard"),
    "httpcore": ("scraper/fetch", "scraper/fetch/guard"),
    "markdownify": ("archive/document/markdown",),
    "bs4": ("archive/document/markdown", "archive/soup"),
    "feedparser": ("scraper/feeds",),
    "mcp": ("archive/agents/server",),
    "mcp_types": ("archive/agents/server",),
    "zstandard": ("archive/snapshots", "archive/fleet"),
    "warcio": ("archive/exporters", "archive/importers"),
    "ijson": ("archive/saved/har",),
}

#: What touches the disk, the network, another process, the clock or SQL.
IO_MODULES = frozenset(
    {
        *("sqlite3", "sqlite_utils", "socket", "ssl", "subprocess", "shutil", "tempfile", "os"),
        *(
            "asyncio",
            "threading",
            "multiprocessing",
            "logging",
            "httpx",
            "httpcore",
            "time",
            "rich",
        ),
    }
)


def modules() -> list[Path]:
    """Every source file of the two packages."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, wherever in it, except under TYPE_CHECKING."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in node.body
        for inner in ast.walk(child)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction; write them out"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    """``scraper/parse/kinds/video.py`` → ``scraper/parse/kinds/video``."""
    return path.relative_to(ROOT).with_suffix("").as_posix()


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_library_is_known_to_one_room_only(path: Path) -> None:
    """Each outside library has one room that knows it, so that it can be replaced there."""
    foreign = [
        name
        for name in imports(path)
        if (rooms := ONE_ROOM.get(name.split(".")[0])) and not name_of(path).startswith(rooms)
    ]
    assert foreign == []


def says_pure(path: Path) -> bool:
    """Whether the module's docstring claims it: the word ``Pure`` as a sentence's only or first
    one.
    """
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.search(r"(?:^|\s)Pure[.:,;]", said) is not None


def file_of(name: str) -> Path | None:
    """The file of ours that a dotted name stands for; None for a package, and for what is not
    ours.
    """
    file = ROOT / f"{name.replace('.', '/')}.py"
    return file if name.split(".")[0] in PACKAGES and file.exists() else None


def reached(path: Path) -> Iterator[tuple[str, str]]:
    """Each import of ``path`` and of every file that it imports: ``(file, dotted name)``."""
    waiting, seen = [path], {path}
    while waiting:
        at = waiting.pop()
        for name in imports(at):
            yield name_of(at), name
            file = file_of(name)
            if file is not None and file not in seen:
                seen.add(file)
                waiting.append(file)


@pytest.mark.parametrize("path", [path for path in modules() if says_pure(path)], ids=name_of)
def test_what_says_pure_touches_nothing(path: Path) -> None:
    """A module that calls itself pure reaches no disk, socket, process, clock or SQL, by no
    detour.
    """
    assert [] == [(at, name) for at, name in reached(path) if name.split(".")[0] in IO_MODULES]


def test_the_rooms_are_as_the_contracts_say() -> None:
    """``lint-imports`` holds the layers that pyproject.toml draws: no arrow upwards, no room
    unnamed.
    """
    said = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == said.returncode, said.stdout


def test_no_file_imports_in_a_circle() -> None:
    """Each file can be understood after those that it imports."""
    files = {name_of(path).removesuffix("/__init__").replace("/", "."): path for path in modules()}
    arrows = {
        name: {other for other in imports(path) if other in files and other != name}
        for name, path in files.items()
    }
    # A package's own __init__ gathers what its files give; only a way back through a file is a
    # circle.
    order = TopologicalSorter(
        {n: {o for o in to if not n.startswith(f"{o}.")} for n, to in arrows.items()}
    )

    order.prepare()


def test_few_files_stand_beside_the_rooms() -> None:
    """``archive/`` has at most eight files of its own; everything else has a room."""
    assert len(list((ROOT / "archive").glob("*.py"))) <= 8


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_run_and_its_helpers_reach_the_network(path: Path) -> None:
    """In the archive, fetching is known to the run and to the command line alone."""
    allowed = (
        "archive/run",
        "archive/cli/",
        "archive/crawl/sources",
        "archive/media/",
        "archive/saved/pictures",
        "archive/crawl/albums",
        "archive/library",
        "archive/notify/ways",  # a webhook, by the same guarded client
        "archive/fleet/serving",  # a worker fetches
    )
    if name_of(path).startswith("archive/") and not name_of(path).startswith(allowed):
        assert [name for name in imports(path) if name.startswith("scraper.fetch")] == []


def test_models_and_errors_import_nothing_of_ours() -> None:
    """The words everybody shares depend on nobody; errors are made without secrets, which
    ``redact`` knows, and can be said in another language, which ``messages`` lets them; ``records``
    makes their classes.
    """
    for room in ("scraper/models.py", "scraper/errors.py", "archive/errors.py"):
        ours = {name for name in imports(ROOT / room) if name.split(".")[0] in PACKAGES}

        allowed = ("scraper.redact", "scraper.messages", "scraper.records")
        assert all(name.startswith(allowed) for name in ours)


def test_each_room_has_its_inner_layers() -> None:
    """A room of more than four files says in pyproject.toml which of them stands on which."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ordered = {
        container
        for contract in told["tool"]["importlinter"]["contracts"]
        for container in contract.get("containers", ())
    }
    rooms = {
        ".".join(room.relative_to(ROOT).parts)
        for package in PACKAGES
        for room in (path.parent for path in (ROOT / package).rglob("__init__.py"))
        if len([*room.glob("*.py")]) > 5
    }

    assert set() == rooms - ordered


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_one_place_asks_the_machine_for_the_time(path: Path) -> None:
    """``scraper.clock`` alone knows what day it is."""
    if name_of(path) != "scraper/clock":
        text = path.read_text(encoding="utf-8")
        assert [] == re.findall(r"datetime\.(?:utc)?now\(|date\.today\(|time\.time\(", text)


#: Who takes secrets out of a text, and why there: once, where a line is made or a value comes to
#: rest; every error of ours does it when it is made, so whoever shows or stores one need not.
REDACTING = {
    "scraper/errors": "errors are made",
    "archive/errors": "errors are made",
    "archive/cli/__init__": "the line of an error that is not ours is made: click's, the system's",
    "archive/cli/common": "lines of the log are made",
    "scraper/fetch/logs": "lines of another program's log are made",
    "archive/doctor/examine": "a finding is made of an error that is not ours",
    "archive/notify/ways": "what another program or library said is cut, which must come after",
    "archive/fleet/database": "what PostgreSQL said is cut, which must come after",
    "archive/fleet/answers": "what a worker sent comes in",
    "archive/db/lock": "the note in the lock is written",
    "archive/config": "a setting is shown",
    "archive/cli/watch": "a source's address is shown; it is kept whole, to be asked for",
    "archive/run/alerts": "a source's address is shown; it is kept whole, to be asked for",
    "scraper/fetch/fetcher": "headers and redirects of a page are kept",
    "scraper/traffic/clean": "a copy for others is made of what a reader received",
    "archive/snapshots/facts": "a raw page is kept",
    "archive/snapshots/keeper": "a raw page is looked for as it was kept",
    "archive/exporters/warc": "raw pages leave",
    "archive/importers/ahead": "a page is kept by --scrub",
    "archive/importers/job": "an error that is not ours becomes a result",
    "archive/web/article": "a raw page is shown",
}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_secrets_are_taken_out_where_a_line_is_made(path: Path) -> None:
    """Nowhere else, and nowhere twice."""
    takes_out = {f"scraper.redact.{name}" for name in ("redact", "redact_url", "scrub")}

    assert (name_of(path) in REDACTING) == bool(takes_out & set(imports(path)))
