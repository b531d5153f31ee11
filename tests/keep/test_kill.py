"""Killed at any system call, ``import``, ``reparse``, ``backup`` and ``remove`` lose nothing; the same
call finishes.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from archive.document.layout import is_untouched
from archive.importers import import_files
from archive.saved.pictures import LocalImage
from archive.store.own import Marking
from archive.verify import check
from scraper.parse import parse
from tests.crawl.nursery import Nursery
from tests.keep.archives import NOW, contents, fill, opened
from tests.keep.articles import PICTURE, fields, page
from tests.killer import Killer
from tests.share import share
from tests.weixin.media import png

ARTICLES = 10
KILLS = 40
#: How many kills each command gets at full length.
SWEEPS = {
    "import": KILLS,
    "reparse": KILLS,
    "backup": KILLS // 2,
    "remove": KILLS,
    "remove --raw": KILLS // 2,
}
OUT, BACK = ("remove",), ("remove", "--undo")


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
        kills=share(SWEEPS["import"]),
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
        kills=share(SWEEPS["reparse"]),
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
        kills=share(SWEEPS["backup"]),
    )

    assert contents(root) == contents(target)
    assert [] == [finding for finding in check(target) if finding.is_fault]


def _rows(root: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the database says but for its index and its own notes."""
    with closing(sqlite3.connect(root / "archive.db")) as db:
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(("search_", "sqlite_", "meta", "_", "article_changes", "runs"))
        ]
        return {
            table: sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr)
            for table in tables
        }


def _is_whole(root: Path) -> None:
    """Both databases are sound, and each article is wholly there or wholly removed: its file stands
    where its row says, or in the trash, or where the next command finds it on the way there."""
    with closing(sqlite3.connect(root / "snapshots.db")) as db:
        assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
    with closing(sqlite3.connect(root / "archive.db")) as db:
        assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
        assert [] == db.execute("PRAGMA foreign_key_check").fetchall()
        held = dict(db.execute("SELECT key, path FROM articles").fetchall())
        media = [path for (path,) in db.execute("SELECT path FROM media")]
        removed = {key for (key,) in db.execute("SELECT key FROM removed")}
        moving = db.execute("SELECT key, path FROM removed_files").fetchall()
    assert not held.keys() & removed
    assert [] == [path for path in (*held.values(), *media) if not (root / path).is_file()]
    articles = [(key, path) for key, path in moving if path.startswith("articles/")]
    files = {key for key, path in articles if _lies_somewhere(root, key, path)}
    assert removed == files


def _lies_somewhere(root: Path, key: str, path: str) -> bool:
    return (root / path).is_file() or (root / ".trash" / key / path).is_file()


def _with_a_persons_work(root: Path) -> list[str]:
    """Linked articles with pictures of their own and one that all share, each marked, one of them
    edited; the keys."""
    keys = fill(root, [page(number, links=links) for number, links in _pages()])
    with opened(root) as (store, _):
        for number in range(1, ARTICLES + 1):
            picture = LocalImage(png(number), "image/png", "png")
            store.add_media(PICTURE.format(number), picture, NOW)
        for key in keys:
            marking = Marking.of(add=["投资"], starred=True, note=f"第 {key} 篇的笔记\n第二行")
            store.edits.mark(store.get(key), marking, NOW)
        store.write_stale_files()
        edited = store.get(keys[0])
        place = root / edited.path
        place.write_text(place.read_text(encoding="utf-8") + "\n我写的\n", encoding="utf-8")
        store.edits.take_in(edited.article_id, NOW)
    return keys


@pytest.mark.long
def test_remove_and_undo_killed_anywhere(nursery: Nursery, tmp_path: Path) -> None:
    """At each kill an article is there or removed, never half; the same command finishes, and what
    comes back is every row, file and mark as before."""
    root = tmp_path / "a"
    keys = _with_a_persons_work(root)
    gone = keys[:3]
    before, files = _rows(root), contents(root)
    killer = Killer(nursery, 4)
    done, kills, turns = 0, share(SWEEPS["remove"]), itertools.cycle((OUT, BACK))
    for words in itertools.islice(turns, kills * 6):
        if done >= kills:
            break
        command = (*words, *gone, "--archive", str(root))
        done += killer.kills(*command)
        _is_whole(root)
        nursery.start(*command)
        nursery.wait()  # 1 where the killed one had done some of them: they are not held any more
        _is_whole(root)
        if words == OUT:
            assert {*gone} == {str(row[0]) for row in _rows(root)["removed"]}
            assert 3 == len(files) - len(contents(root)) - 3  # an article and its picture each
        else:
            assert before == _rows(root)
            assert files == contents(root)
            assert [] == [*(root / ".trash").iterdir()]
    assert done >= kills // 2, "hardly any kill met the command at work"
    assert [] == [finding for finding in check(root) if finding.is_fault]


@pytest.mark.long
def test_remove_with_raw_pages_killed_anywhere(nursery: Nursery, tmp_path: Path) -> None:
    """Raw pages are packed against each other: whichever goes, those of the others stay readable."""
    root = tmp_path / "a"
    keys = fill(root, [page(number, links=links) for number, links in _pages()])
    killer = Killer(nursery, 5)
    done, kills = 0, share(SWEEPS["remove --raw"])
    for turn in range(kills * 3):
        if done >= kills:
            break
        number, links = _pages()[turn % ARTICLES]
        command = ("remove", "--raw", keys[turn % ARTICLES], "--archive", str(root))
        done += killer.kills(*command)
        _is_whole(root)
        nursery.start(*command)
        nursery.wait()
        _is_whole(root)
        with opened(root) as (store, snapshots):
            assert [] == list(snapshots.check())
            assert ARTICLES - 1 == len([*store.articles()])
            assert snapshots.latest_id(fields(number).long.removesuffix("#rd")) is None
            store.removal.forget(keys[turn % ARTICLES])
        fill(root, [page(number, links=links)])
    assert done >= kills // 2, "hardly any kill met the command at work"
    assert [] == [finding for finding in check(root) if finding.is_fault]
