"""How far it is, of how much, and how long it will take yet: wherever something is long, while a
person watches; silence under cron.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from archive.cli import common, verify
from archive.cli import progress as bars
from tests.command import wechat_archive
from tests.keep.archives import fill
from tests.keep.articles import page

COUNT = 3
LONG = {
    "import": ("import", "{pages}"),
    "convert": ("convert", "{pages}", "--body"),
    "reparse": ("reparse", "--all", "--jobs", "1"),
    "backup": ("backup", "{new}"),
    "tag": ("tag", "--query", "重点", "+新"),
    "star": ("star", "--query", "重点"),
    "remove": ("remove", "--query", "重点", "--yes"),
    **{
        f"export {format}": ("export", format, "{new}")
        for format in ("markdown", "html", "jsonl", "csv", "epub", "warc", "feed")
    },
    "export pdf": ("export", "pdf", "{new}"),
}


class Told:
    """What the bars were told."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []

    @contextmanager
    def progress(self, app: object, what: str) -> Iterator[Any]:
        def step(done: int, total: int, name: str = "") -> None:
            self.steps.append((done, total))

        yield step


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """A person watches, and this says what they see."""
    found = Told()
    monkeypatch.setattr(bars, "progress", found.progress)
    monkeypatch.setattr(common.App, "is_interactive", property(lambda app: True))
    return found


def command(tmp_path: Path, words: tuple[str, ...]) -> list[str]:
    pages = tmp_path / "pages"
    pages.mkdir()
    for number in range(1, COUNT + 1):
        (pages / f"{number}.html").write_bytes(page(number + 10).body)
    given = [word.format(pages=pages, new=tmp_path / "new") for word in words]
    if words[0] == "export" and words[1] == "feed":
        given += ["--base-url", "https://example.org/"]
    return ["--archive", str(tmp_path / "a"), *given]


@pytest.mark.parametrize("name", LONG)
def test_what_is_long_tells_how_far_it_is_of_how_much(
    name: str, tmp_path: Path, told: Told
) -> None:
    """One step an article or file, up to all of them."""
    if name == "export pdf":
        pytest.importorskip("weasyprint")
    fill(tmp_path / "a", [page(number) for number in range(1, COUNT + 1)])

    done = wechat_archive(*command(tmp_path, LONG[name]))

    assert 0 == done.code, done.stderr
    known = [step for step in told.steps if step[1]]
    assert all(0 <= at <= total for at, total in known), known
    assert any(at == total >= COUNT for at, total in known), told.steps
    assert len({at for at, _ in known}) >= COUNT


def test_a_repair_tells_how_many_faults_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that was found, as it is mended."""
    root, steps = tmp_path / "a", []
    fill(root, [page(number) for number in range(1, COUNT + 1)])
    for file in sorted((root / "articles").rglob("*.md")):
        file.write_bytes(file.read_bytes()[:40])

    @contextmanager
    def watched(app: object) -> Iterator[Any]:
        yield lambda what, done, total: steps.append((what, done, total))

    monkeypatch.setattr(verify, "_progress", watched)
    assert 0 == wechat_archive("--archive", str(root), "verify", "--repair").code
    assert [("repairing", at, COUNT) for at in range(1, COUNT + 1)] == [
        step for step in steps if step[0] == "repairing"
    ]


@pytest.mark.parametrize("name", ["import", "tag", "export jsonl"])
def test_nobody_watches_and_nothing_is_drawn(name: str, tmp_path: Path) -> None:
    """As under cron: no bar, no cursor moved."""
    fill(tmp_path / "a", [page(number) for number in range(1, COUNT + 1)])

    done = wechat_archive(*command(tmp_path, LONG[name]))

    assert (0, False) == (done.code, "━" in done.stderr or "\x1b" in done.stderr)
