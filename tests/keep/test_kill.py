"""Killed at any system call, ``import``, ``reparse`` and ``backup`` lose nothing; the same call
finishes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from archive.document.layout import is_untouched
from archive.importers import import_files
from archive.verify import check
from scraper.parse import parse
from tests.crawl.nursery import Nursery
from tests.keep.archives import NOW, contents, fill, opened
from tests.keep.articles import page
from tests.killer import Killer
from tests.share import share

ARTICLES = 10
KILLS = 40


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Starts commands quickly."""
    with Nursery({}) as found:
        yield found


class Sweep:
    """Runs one command again and again, killed somewhere, until it was killed often enough; then to
    its end.
    """

    def __init__(self, nursery: Nursery, seed: int) -> None:
        self.nursery, self.killer = nursery, Killer(nursery, seed)

    def run(
        self, *argv: str, sound: Callable[[], None], again: Callable[[], None], kills: int
    ) -> None:
        """``sound`` is asked after each kill; ``again`` makes work where the command was quicker
        than the kill.
        """
        done = 0
        for _ in range(kills * 3):
            if done >= kills:
                break
            if self.killer.kills(*argv):
                done += 1
                sound()
            else:
                again()
        assert done >= kills // 2, "hardly any kill met the command at work"
        self.nursery.start(*argv)
        assert self.nursery.wait() == 0
        sound()


def sound(root: Path) -> None:
    """Databases pass their own checks; every article has its whole file and its raw page."""
    for name in ("archive.db", "snapshots.db"):
        if (root / name).exists() and (root / name).stat().st_size:
            with closing(sqlite3.connect(root / name)) as db:
                assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
                assert [] == db.execute("PRAGMA foreign_key_check").fetchall()
    if not (root / "archive.db").exists():
        return
    with closing(sqlite3.connect(root / "archive.db")) as db:
        made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles'").fetchone()
        rows = db.execute("SELECT path, snapshot_id FROM articles").fetchall() if made else []
    for path, snapshot_id in rows:
        # A kill between file and row leaves a file that is newer than its row, but whole.
        assert is_untouched((root / path).read_text(encoding="utf-8")), path
        assert snapshot_id is not None
    with closing(sqlite3.connect(root / "snapshots.db")) as db:
        held = {row[0] for row in db.execute("SELECT id FROM snapshots")} if rows else set()
    assert {row[1] for row in rows} <= held


def _pages() -> list[tuple[int, tuple[int, ...]]]:
    return [(number, tuple(range(max(1, number - 2), number))) for number in range(1, ARTICLES + 1)]


@pytest.mark.long
def test_import_killed_anywhere(nursery: Nursery, tmp_path: Path) -> None:
    """From the first migration of an empty folder to the last article: what comes out is what one
    whole run gives.
    """
    folder, root = tmp_path / "in", tmp_path / "a"
    folder.mkdir()
    for number, links in _pages():
        (folder / f"{number}.html").write_bytes(page(number, links=links).body)
    import_files(tmp_path / "whole", [folder])
    batch = iter(range(1000, 9000))

    def more() -> None:
        number = next(batch)
        (folder / f"{number}.html").write_bytes(page(number, links=(1,)).body)

    Sweep(nursery, 1).run(
        "import",
        str(folder),
        "--archive",
        str(root),
        sound=lambda: sound(root),
        again=more,
        kills=share(KILLS),
    )

    whole = contents(tmp_path / "whole")
    assert whole.keys() <= contents(root).keys()
    assert [] == [finding for finding in check(root) if finding.is_fault]


@pytest.mark.long
def test_reparse_killed_anywhere(nursery: Nursery, tmp_path: Path) -> None:
    """Articles that an older parser made are all made again, once each, and come out as a fresh
    save gives them.
    """
    root = tmp_path / "a"
    fill(tmp_path / "whole", [page(number, links=links) for number, links in _pages()])

    def older() -> None:
        with opened(root) as (store, snapshots):
            for number, links in _pages():
                found = page(number, links=links)
                article = replace(parse(found), author="von früher")
                address = article.url or ""
                kept = snapshots.put(found, address=address)
                store.keep(
                    article,
                    address=address,
                    now=NOW,
                    snapshot_id=kept,
                    parser_version=0,
                    again=True,
                )

    root.mkdir()
    older()
    Sweep(nursery, 2).run(
        *("reparse", "--jobs", "1", "--archive", str(root)),
        sound=lambda: sound(root),
        again=older,
        kills=share(KILLS),
    )

    assert contents(tmp_path / "whole") == contents(root)
    assert [] == [finding for finding in check(root) if finding.is_fault]


@pytest.mark.long
def test_backup_killed_anywhere(nursery: Nursery, tmp_path: Path) -> None:
    """A backup into the same folder, killed at any point, never leaves a database there that does
    not open whole.
    """
    root, target = tmp_path / "a", tmp_path / "b"
    fill(root, [page(number, links=links) for number, links in _pages()])
    numbers = iter(range(100, 900))

    def whole() -> None:
        for name in ("archive.db", "snapshots.db"):
            if (target / name).exists():
                with closing(sqlite3.connect(target / name)) as db:
                    assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()

    def more() -> None:
        fill(root, [page(next(numbers))])

    Sweep(nursery, 3).run(
        "backup",
        str(target),
        "--archive",
        str(root),
        sound=whole,
        again=more,
        kills=share(KILLS // 2),
    )

    assert contents(root) == contents(target)
    assert [] == [finding for finding in check(target) if finding.is_fault]
