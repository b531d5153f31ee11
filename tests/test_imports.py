"""The one-way traffic of DESIGN.md: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("scraper", "archive")

#: Libraries that one room alone may import, so that each stays replaceable: library → rooms (path prefixes).
ONE_ROOM = {
    "httpx": ("scraper/fetch", "scraper/fetch/guard"),
    "httpcore": ("scraper/fetch", "scraper/fetch/guard"),
    "markdownify": ("archive/document/markdown",),
    "bs4": ("archive/document/markdown", "archive/soup"),
    "feedparser": ("scraper/feeds",),
    "zstandard": ("archive/snapshots",),
    "warcio": ("archive/exporters", "archive/importers"),
}

#: Rooms of scraper that are pure: no disk, no network, no clock, no SQL.
PURE = (
    "scraper/models",
    "scraper/errors",
    "scraper/urls",
    "scraper/parse/cgidata",
    "scraper/parse/page",
    "scraper/parse/meta",
    "scraper/body",
    "scraper/parse/links",
    "scraper/parse/kinds",
    "scraper/parse",
    "scraper/parse/album",
    "scraper/feeds",
    "scraper/text",
    "archive/document/markdown",
    "archive/store/decide",
    "archive/search/terms",
    "archive/search/query",
)
IMPURE_MODULES = frozenset(
    {
        "sqlite3",
        "sqlite_utils",
        "socket",
        "ssl",
        "subprocess",
        "pathlib",
        "shutil",
        "tempfile",
        "os",
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
def test_scraper_knows_nothing_of_archive(path: Path) -> None:
    """The scraper can be used without the archive: nothing in it imports from there."""
    if name_of(path).startswith("scraper/"):
        assert [name for name in imports(path) if name.split(".")[0] == "archive"] == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_library_is_known_to_one_room_only(path: Path) -> None:
    """Each outside library has one room that knows it, so that it can be replaced there."""
    foreign = [
        name
        for name in imports(path)
        if (rooms := ONE_ROOM.get(name.split(".")[0])) and not name_of(path).startswith(rooms)
    ]
    assert foreign == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_pure_rooms_touch_nothing(path: Path) -> None:
    """What is called pure imports neither files, sockets nor SQL."""
    if name_of(path).startswith(PURE):
        assert [name for name in imports(path) if name.split(".")[0] in IMPURE_MODULES] == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_the_command_line_is_the_roof(path: Path) -> None:
    """Only the command line imports the command line."""
    if not name_of(path).startswith("archive/cli/"):
        assert [name for name in imports(path) if name.startswith("archive.cli")] == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_run_and_its_helpers_reach_the_network(path: Path) -> None:
    """In the archive, fetching is known to the run and to the command line alone."""
    allowed = (
        "archive/run",
        "archive/cli/",
        "archive/crawl/sources",
        "archive/media/images",
        "archive/saved/beside",
        "archive/crawl/albums",
        "archive/library",
    )
    if name_of(path).startswith("archive/") and not name_of(path).startswith(allowed):
        assert [name for name in imports(path) if name.startswith("scraper.fetch")] == []


def test_models_and_errors_import_nothing_of_ours() -> None:
    """The words everybody shares depend on nobody."""
    for room in ("scraper/models.py", "scraper/errors.py", "archive/errors.py"):
        ours = [name for name in imports(ROOT / room) if name.split(".")[0] in PACKAGES]

        assert ours == []
