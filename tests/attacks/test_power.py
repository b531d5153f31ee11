"""Power cuts: what is written but not flushed may be lost or torn; nothing that was told as kept
is.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.db import alert_tables
from archive.db.migrations import ARCHIVE
from archive.db.opening import open_database
from archive.store.markdown_files import is_ours
from archive.verify import check
from tests.attacks.power import Call, Disk, record, states, told, wake
from tests.command import wechat_archive
from tests.keep.archives import fill
from tests.keep.articles import page
from tests.killer import strace_works
from tests.share import drawn_for, share
from tests.weixin.server import Internet

pytestmark = pytest.mark.skipif(not strace_works(), reason="strace cannot trace here")


def keys(root: Path) -> dict[str, tuple[str, str]]:
    """Each article's key, path and content, of a database that passes SQLite's own check."""
    found: dict[str, tuple[str, str]] = {}
    for name in ("archive.db", "snapshots.db"):
        if not (root / name).exists() or not (root / name).stat().st_size:
            continue
        with closing(sqlite3.connect(root / name)) as db:
            assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
            made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles'").fetchone()
            if made:
                rows = db.execute("SELECT key, path, content_hash FROM articles").fetchall()
                found = {key: (path, digest) for key, path, digest in rows}
    return found


def survives(
    tmp_path: Path, root: Path, before: Path, calls: list[Call], kept: dict[str, tuple[str, str]]
) -> int:
    """Look at a share of the states that ``root`` may be left in; how many there were. ``before``
    is its folder as it was before the command; ``kept``: what was told as kept then."""
    root.rename(tmp_path / "after")
    shutil.copytree(before, root) if before.exists() else root.mkdir()
    found = list(states(Disk(str(root)), calls))
    chosen = drawn_for("power").sample(found, min(len(found), share(len(found), least=60)))
    for number, way, left in [*chosen, found[-1], *found[-3:-1]]:
        place = wake(left, str(root), tmp_path / "woken" / f"{number}-{way}")
        held = keys(place)
        where = f"{way} after call {number}: {calls[number].name} {calls[number].paths}"
        assert kept.keys() <= held.keys(), where
        for path, _ in held.values():
            assert (place / path).exists(), f"{path} is missing: {where}"
            assert is_ours((place / path).read_bytes()), f"{path} is torn: {where}"
        shutil.rmtree(place)
    return len(found)


def end(root: Path, calls: list[Call], before: Path, tmp_path: Path) -> dict[str, tuple[str, str]]:
    """What is there for sure when the command has ended."""
    root.rename(tmp_path / "after-end")
    shutil.copytree(before, root) if before.exists() else root.mkdir()
    disk = Disk(str(root))
    for call in calls:
        disk.do(call)
    held = keys(wake(disk.left("flushed"), str(root), tmp_path / "at-the-end"))
    shutil.rmtree(root)
    (tmp_path / "after-end").rename(root)
    return held


@pytest.mark.long
@pytest.mark.parametrize("command", ["import", "save", "reparse", "repair"])
def test_a_power_cut_loses_nothing_that_was_told_as_kept(tmp_path: Path, command: str) -> None:
    """Both databases open in every state, each row has its whole file, and at the end all is
    there.
    """
    root, before = tmp_path / "a", tmp_path / "before"
    given = tmp_path / "given"
    given.mkdir()
    for number in (4, 5):
        (given / f"{number}.html").write_bytes(page(number, links=(1,)).body)
    fill(root, [page(1), page(2, links=(1,)), page(3, links=(2,))])
    (root / "config.toml").write_text('images = "none"\nrecheck = "off"\n')
    if command == "repair":
        next((root / "articles").rglob("*.md")).unlink()
        fill(tmp_path / "unused", [])
    kept = keys(root) if command != "repair" else {}
    shutil.copytree(root, before)
    argv = {
        "import": ("import", str(given)),
        "save": ("save", str(given / "4.html"), str(given / "5.html")),
        "reparse": ("reparse", "--all", "--jobs", "1"),
        "repair": ("verify", "--repair"),
    }[command]
    calls = record(tmp_path / "log", *argv, "--archive", str(root))

    assert keys(root) == end(root, calls, before, tmp_path)
    if command != "repair":
        assert survives(tmp_path, root, before, calls, kept) > 20


@pytest.mark.long
def test_a_power_cut_leaves_the_last_backup_or_the_new_one(tmp_path: Path) -> None:
    """Whatever the target is left as, it opens, and the same command makes it whole."""
    root, target, before = tmp_path / "a", tmp_path / "b", tmp_path / "before"
    fill(root, [page(1), page(2, links=(1,))])
    record(tmp_path / "log", "backup", str(target), "--archive", str(root))
    shutil.copytree(target, before)
    kept = keys(target)
    fill(root, [page(3, links=(2,))])
    calls = record(tmp_path / "log", "backup", str(target), "--archive", str(root))

    assert keys(root) == end(target, calls, before, tmp_path)
    target.rename(tmp_path / "after")
    shutil.copytree(before, target)
    found = list(states(Disk(str(target)), calls))
    chosen = drawn_for("backup").sample(found, min(len(found), share(len(found), least=40)))
    for number, way, left in chosen:
        place = wake(left, str(target), tmp_path / "woken" / f"{number}-{way}")
        assert kept.keys() <= keys(place).keys(), f"{way} after {number}: {calls[number]}"
        shutil.rmtree(place)


@pytest.mark.long
def test_a_power_cut_during_a_run_keeps_what_was_told(tmp_path: Path, internet: Internet) -> None:
    """Each article is there from the moment that the run names it, whole, with its pictures or with
    their absence noted, although that its address is done and that a picture came are not waited
    for: the next run finds out.
    """
    root, before = tmp_path / "a", tmp_path / "before"
    fill(root, [page(1)])
    names = tmp_path / "names.txt"
    shared = internet.site.image()
    articles = [
        internet.site.article(f"文章{number}", pictures=[internet.site.image(), shared])
        for number in range(3)
    ]
    names.write_text("\n".join(article.short for article in articles), encoding="utf-8")
    wechat_archive("watch", str(names), "--archive", str(root))
    kept = keys(root)
    shutil.copytree(root, before)
    argv = ("run", "-v", "--interval", "0", "--archive", str(root))
    calls = record(tmp_path / "log", *argv, env=internet.env, codes=(0, 1))
    after = keys(root)

    assert len(after) == len(kept) + 3
    assert after == end(root, calls, before, tmp_path)
    assert survives(tmp_path, root, before, calls, kept) > 50
    found = list(states(Disk(str(root)), calls))
    chosen = drawn_for("run").sample(found, min(len(found), share(len(found), least=60)))
    named = 0
    for number, way, left in [*chosen, found[-1]]:
        place = wake(left, str(root), tmp_path / "woken" / f"{number}-{way}")
        said = told(calls[: number + 1])
        names_told = {key for key, (path, _) in after.items() if f"{path}\n" in said}
        where = f"{way} after call {number}: {calls[number].name} {calls[number].paths}"
        assert names_told <= keys(place).keys(), where
        assert [] == [finding.what for finding in check(place) if finding.is_fault], where
        named += len(names_told)
        shutil.rmtree(place)
    assert named


@pytest.mark.long
@pytest.mark.parametrize("form", ["markdown", "html", "epub"])
def test_a_power_cut_leaves_no_half_an_export(tmp_path: Path, form: str) -> None:
    """Each file is the earlier one or the new one, whole; at the end all are there; a person's own
    stays.
    """
    root, target, before = tmp_path / "a", tmp_path / "out", tmp_path / "before"
    fill(root, [page(1), page(2, links=(1,))])
    to = target if form != "epub" else target / "book.epub"
    argv = ("export", form, str(to), "--archive", str(root))
    record(tmp_path / "log", *argv)
    (target / "own.md").write_text("mine")
    shutil.copytree(target, before)
    fill(root, [page(2, links=(1,), text="und neu"), page(3, links=(2,))])
    calls = record(tmp_path / "log", *argv)
    new, old = visible(target), visible(before)

    target.rename(tmp_path / "after")
    shutil.copytree(before, target)
    disk = Disk(str(target))
    found = list(states(disk, calls))
    chosen = drawn_for(form).sample(found, min(len(found), share(len(found), least=60)))
    for number, way, left in chosen:
        place = wake(left, str(target), tmp_path / "woken" / f"{number}-{way}")
        where = f"{way} after call {number}: {calls[number].name} {calls[number].paths}"
        there = visible(place)
        assert old.keys() <= there.keys(), where
        for name, data in there.items():
            assert data in (old.get(name), new.get(name)), f"{name} is torn: {where}"
        shutil.rmtree(place)
    assert new == visible(wake(disk.left("flushed"), str(target), tmp_path / "at-the-end"))


def visible(folder: Path) -> dict[str, bytes]:
    """Files by their paths, but those whose names begin with a dot."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.long
def test_a_power_cut_during_a_migration_leaves_the_old_schema_or_the_new(tmp_path: Path) -> None:
    """Both open, nothing that was kept is missing, and the next command goes on from there."""
    root, before = tmp_path / "a", tmp_path / "before"
    fill(root, [page(1), page(2, links=(1,))])
    older(root / "archive.db")
    shutil.copytree(root, before)
    kept, steps = keys(root), [applied(root)]
    calls = record(tmp_path / "log", "retry", "--archive", str(root), codes=(0, 1))
    steps.append(applied(root))
    assert len(steps[0]) < len(steps[1])

    root.rename(tmp_path / "after")
    shutil.copytree(before, root)
    found = list(states(Disk(str(root)), calls))
    chosen = drawn_for("migration").sample(found, min(len(found), share(len(found), least=60)))
    reached = set()
    for number, way, left in [*chosen, found[-1]]:
        place = wake(left, str(root), tmp_path / "woken" / f"{number}-{way}")
        where = f"{way} after call {number}: {calls[number].name} {calls[number].paths}"
        assert kept == keys(place), where
        assert applied(place) == steps[1][: len(applied(place))], where
        reached.add(len(applied(place)))
        with open_database(place / "archive.db"):
            pass
        assert (kept, steps[1]) == (keys(place), applied(place)), where
        shutil.rmtree(place)
    assert len(steps[1]) in reached


def applied(root: Path) -> list[str]:
    """The migrations that the database had."""
    with closing(sqlite3.connect(root / "archive.db")) as db:
        sql = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid"
        return [row[0] for row in db.execute(sql, (ARCHIVE.name,))]


def older(database: Path) -> None:
    """The archive as before a migration that only makes tables: it is undone."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        known = {
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        for table in re.findall(r"CREATE TABLE (\w+)", " ".join(alert_tables.DDL)):
            assert table in known
            db.execute(f"DROP TABLE {table}")
        step = next(name for name, _ in ARCHIVE.steps if "alert" in name)
        db.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (step,))
        db.commit()


@pytest.mark.long
def test_a_flush_left_out_is_noticed(tmp_path: Path) -> None:
    """Of those of the program's own files each one counts: without it, something told as kept may
    be lost.
    """
    root, before = tmp_path / "a", tmp_path / "before"
    given = tmp_path / "4.html"
    given.write_bytes(page(4).body)
    calls = record(tmp_path / "log", "import", str(given), "--archive", str(root))
    flushed = [
        number
        for number, call in enumerate(calls)
        if call.name == "flush" and "/.tmp/" in call.paths[0]
    ]
    whole = {path for path, _ in end(root, calls, before, tmp_path).values()}

    assert flushed
    assert whole
    for number in flushed:
        without = [call for at, call in enumerate(calls) if at != number]
        disk = Disk(str(tmp_path / "nothing"))
        disk.root = str(root)
        for call in without:
            disk.do(call)
        left = disk.left("names")
        assert not all(is_ours(left[str(root / path)]) for path in whole), calls[number]


@pytest.mark.long
def test_without_flushes_nothing_is_there_for_sure(tmp_path: Path) -> None:
    """So that the tests above see what they claim to see."""
    root, given = tmp_path / "a", tmp_path / "4.html"
    given.write_bytes(page(4).body)
    calls = record(tmp_path / "log", "import", str(given), "--archive", str(root))
    unflushed = [call for call in calls if call.name != "flush"]

    assert 1 == len(end(root, calls, tmp_path / "before", tmp_path))
    (tmp_path / "at-the-end").rename(tmp_path / "flushed")
    assert {} == end(root, unflushed, tmp_path / "before", tmp_path)
