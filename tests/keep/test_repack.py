"""What is promised of packing raw pages again: smaller, the same bytes, and a kill or a stop loses
nothing.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path

import pytest

from archive.db.migrations import MigrationSet
from archive.snapshots import Snapshots, repack, tables
from archive.snapshots.choose import MAX_DEPTH, Base, Packed, dump_sketch
from archive.snapshots.packing import pack, sketch
from scraper.models import Page
from tests.command import wechat_archive
from tests.keep.pages import address, page, template
from tests.store.make import written_at_once

SCRIPT = template(1)
PAGES = 12

#: Packs again, one page a transaction, and is killed at so many statements of its connection.
KILLED = """
import os, signal, sys
from archive.snapshots import Snapshots, repack
repack.PAGES_A_COMMIT = 1
left = int(sys.argv[2])
def count(statement):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
kept = Snapshots(sys.argv[1])
kept._db.set_trace_callback(count)
kept.repack()
kept.close()
"""


@pytest.fixture(autouse=True)
def every_page_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages here are small; real ones are worth packing again at their size."""
    monkeypatch.setattr("archive.snapshots.keeper.WORTH_REPACKING", 0)


def fill(path: Path, count: int = PAGES) -> list[bytes]:
    """``count`` pages over one script, as they come; their bodies."""
    bodies = []
    with Snapshots(path) as kept:
        for seed in range(count):
            kept.put(page(seed, SCRIPT), address=address(seed))
            bodies.append(page(seed, SCRIPT).body)
    return bodies


def wordy(seed: int) -> bytes:
    """100 KB of a few hundred phrases in disorder: level 19 finds in it what a quick look does
    not.
    """
    draw = random.Random(seed)
    phrases = [bytes(draw.choices(range(97, 123), k=draw.randrange(4, 24))) for _ in range(400)]
    return b" ".join(draw.choices(phrases, k=7000))


def bodies_of(kept: Snapshots) -> list[bytes]:
    """Every page, as it is given out."""
    return [kept.get(snapshot.id).body for snapshot in kept.each()]


def test_a_repack_makes_the_file_smaller_and_changes_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes come out, nothing waits, nothing is damaged, and the file has shrunk."""
    monkeypatch.setattr("archive.snapshots.repack.UNUSED_SHARE", 0)
    bodies = [wordy(seed) for seed in range(6)]
    with Snapshots(tmp_path / "snapshots.db") as kept:
        for seed, body in enumerate(bodies):
            kept.put(Page(url=address(seed), body=body), address=address(seed))
        report = kept.repack(jobs=1)

        assert bodies == bodies_of(kept)
        assert [] == list(kept.check())
    assert (0, report.after) == (report.waiting, (tmp_path / "snapshots.db").stat().st_size)
    assert report.pages > 0
    assert report.after < report.before


def test_processes_pack_as_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames do not depend on how many processes made them."""
    monkeypatch.setattr("archive.snapshots.repack.PAGES_A_PROCESS", 1)
    frames = []
    for jobs in (1, 2):
        path = tmp_path / f"{jobs}.db"
        fill(path)
        with Snapshots(path) as kept:
            kept.repack(jobs=jobs)
            frames.append(kept.select("SELECT id, base_id, second_id, depth, frame FROM bodies"))

    assert frames[0] == frames[1]


def test_nothing_to_do_changes_nothing(tmp_path: Path) -> None:
    """A second repack packs no page."""
    fill(tmp_path / "snapshots.db")
    with Snapshots(tmp_path / "snapshots.db") as kept:
        kept.repack(jobs=1)

        assert 0 == kept.repack(jobs=1).pages


def test_a_stopped_repack_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was packed stays packed, the rest waits for the next call."""
    monkeypatch.setattr("archive.snapshots.repack.PAGES_A_COMMIT", 1)
    bodies = fill(tmp_path / "snapshots.db")
    with Snapshots(tmp_path / "snapshots.db") as kept:
        before = kept.waiting()
        answers = iter([False, True])
        first = kept.repack(jobs=1, stop=lambda: next(answers, True))

        assert (2, before - 2) == (first.pages, first.waiting)
        assert before - 2 == kept.repack(jobs=1).pages
        assert bodies == bodies_of(kept)


def test_a_page_put_in_between_is_packed_by_the_next(tmp_path: Path) -> None:
    """Pages that come after a repack stand on what it made."""
    bodies = fill(tmp_path / "snapshots.db")
    with Snapshots(tmp_path / "snapshots.db") as kept:
        kept.repack(jobs=1)
        late = page(99, SCRIPT)
        kept.put(late, address=address(99))
        kept.repack(jobs=1)

        assert [*bodies, late.body] == bodies_of(kept)
        assert [] == list(kept.check())


def test_a_damaged_page_is_passed_over(tmp_path: Path) -> None:
    """It stays as it is, `verify` names it, and the others are packed."""
    path = tmp_path / "snapshots.db"
    bodies = fill(path)
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("UPDATE bodies SET frame = zeroblob(3000) WHERE id = ?", (PAGES,))
    with Snapshots(path) as kept:
        report = kept.repack(jobs=1)

        assert 0 == report.waiting
        assert bodies[:-1] == [kept.get(number).body for number in range(1, PAGES)]
        assert any(f"page {PAGES}" in damage.what for damage in kept.check())


def test_a_base_that_is_kept_twice_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second copy of a much needed frame follows the first."""
    monkeypatch.setattr("archive.snapshots.keeper.SPARE_FROM", 3)
    fill(tmp_path / "snapshots.db")
    with Snapshots(tmp_path / "snapshots.db") as kept:
        assert kept.select("SELECT 1 FROM spares")
        kept.repack(jobs=1)

        assert [] == kept.select(
            "SELECT 1 FROM spares JOIN bodies ON id = body_id WHERE spares.frame != bodies.frame"
        )


def test_an_older_file_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of before there was a queue opens, nothing of it waits, new pages do."""
    path = tmp_path / "snapshots.db"
    with monkeypatch.context() as before:
        first = MigrationSet("snapshots", tables.MIGRATIONS.steps[:1])
        before.setattr(tables, "MIGRATIONS", first)
        before.setattr("archive.snapshots.keeper.WORTH_REPACKING", 1 << 30)
        bodies = fill(path, 3)
    with Snapshots(path, readonly=True) as kept:
        assert 0 == kept.waiting()
    with Snapshots(path) as kept:
        assert 0 == kept.waiting()
        kept.put(page(50, template(5)), address="a")
        assert 1 == kept.waiting()
        kept.repack(jobs=1)

        assert bodies == bodies_of(kept)[:3]


def _killed(path: Path, statements: int) -> int:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(statements)], check=False)
    return done.returncode


@pytest.mark.parametrize("statements", [3, 8, 12, 17, 23, 30])
def test_a_kill_loses_nothing(tmp_path: Path, statements: int) -> None:
    """Killed at any statement: every page comes out, nothing is damaged, and the next repack does
    the rest.
    """
    path = tmp_path / "snapshots.db"
    bodies = fill(path, 5)

    assert _killed(path, statements) in (-signal.SIGKILL, 0)
    with Snapshots(path) as kept:
        assert bodies == bodies_of(kept)
        assert [] == list(kept.check())
        kept.repack(jobs=1)
        assert bodies == bodies_of(kept)
        assert 0 == kept.waiting()


@pytest.mark.long
def test_a_kill_at_every_statement_loses_nothing(tmp_path: Path) -> None:
    """The same at each statement until one repack goes through."""
    for statements in range(1, 10_000):
        path = tmp_path / f"{statements}.db"
        bodies = fill(path, 4)
        code = _killed(path, statements)
        with Snapshots(path) as kept:
            assert bodies == bodies_of(kept)
            assert [] == list(kept.check())
        os.unlink(path)  # noqa: PTH108
        if code == 0:
            assert statements > 20
            return
    raise AssertionError("it never ended")


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    """`wechat-archive repack` on an archive with waiting pages, and on a folder without any."""
    fill(tmp_path / "snapshots.db")

    done = wechat_archive("--archive", str(tmp_path), "repack")
    assert 0 == done.code
    assert "raw pages packed again, 0 waiting" in done.stdout
    assert 0 != wechat_archive("--archive", str(tmp_path / "none"), "repack").code


def test_a_frame_that_does_not_give_the_page_back_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row stays as it is, and the page comes back."""
    bodies = fill(tmp_path / "snapshots.db", 3)
    monkeypatch.setattr("archive.snapshots.repack.finish", lambda *_: Packed(pack(b"another")))
    with Snapshots(tmp_path / "snapshots.db") as kept:
        kept.repack(jobs=1)
    with Snapshots(tmp_path / "snapshots.db") as kept:  # with nothing at hand any more
        assert bodies == bodies_of(kept)


def test_a_file_that_was_not_made_to_shrink_is_written_anew(tmp_path: Path) -> None:
    """An older version made it so; it shrinks in steps from then on. Progress ends at all."""
    path = tmp_path / "snapshots.db"
    fill(path, 3)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA auto_vacuum = NONE")
        db.execute("VACUUM")
        db.execute("CREATE TABLE filler AS SELECT randomblob(200000) AS x")
        db.execute("DROP TABLE filler")
        db.commit()
    told: list[tuple[int, int]] = []
    with Snapshots(path) as kept:
        report = kept.repack(jobs=1, progress=lambda done, total: told.append((done, total)))

    with closing(sqlite3.connect(path)) as db:
        assert (2,) == db.execute("PRAGMA auto_vacuum").fetchone()
        assert (0,) == db.execute("PRAGMA freelist_count").fetchone()
    assert report.after < report.before - 150_000
    assert told[-1] == (3, 3)


def test_a_process_that_dies_costs_its_page_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is packed here then, and so are those that no process takes any more."""
    monkeypatch.setattr("archive.snapshots.repack.PAGES_A_PROCESS", 1)

    class Dead:
        def __init__(self, *_: object, **__: object) -> None:
            self.begun = False

        def submit(self, *_: object) -> Future[object]:
            if self.begun:
                raise BrokenProcessPool("gone")
            self.begun = True
            failed: Future[object] = Future()
            failed.set_exception(BrokenProcessPool("gone"))
            return failed

        def shutdown(self, **_: object) -> None:
            pass

    monkeypatch.setattr("archive.snapshots.repack.process_pool", Dead)
    bodies = fill(tmp_path / "snapshots.db", 4)
    with Snapshots(tmp_path / "snapshots.db") as kept:
        report = kept.repack(jobs=2)
        assert (4, 0) == (report.pages, report.waiting)
        assert bodies == bodies_of(kept)


def test_what_was_packed_again_is_written_at_once(tmp_path: Path) -> None:
    """A kill leaves a page as it was, or with its new frame and no longer waiting."""
    fill(tmp_path / "snapshots.db")
    with Snapshots(tmp_path / "snapshots.db") as kept:
        assert written_at_once(kept._db, lambda: kept.repack(jobs=1))


def test_pages_of_two_days_are_packed_as_those_of_one(tmp_path: Path) -> None:
    """Those that were packed again before are stood on like any other."""
    frames = []
    for name, days in (("one", [range(8)]), ("two", [range(4), range(4, 8)])):
        with Snapshots(tmp_path / f"{name}.db") as kept:
            for day in days:
                for seed in day:
                    kept.put(page(seed, SCRIPT), address=address(seed))
                kept.repack(jobs=1)
            frames.append(kept.select("SELECT id, base_id, second_id, depth, frame FROM bodies"))

    assert frames[0] == frames[1]


@pytest.mark.parametrize(
    ("depth", "found"), [(MAX_DEPTH - 1, MAX_DEPTH), (MAX_DEPTH, None), (None, 1)]
)
def test_no_page_stands_deeper_than_it_may(depth: int | None, found: int | None) -> None:
    """By how deep its base came out, which was still in the making when the page was begun."""
    packed = Packed(b"", first=Base(7, 0))
    deepened = repack._deepened(packed, {} if depth is None else {7: depth})

    assert found == (deepened and deepened.depth)
    assert repack._deepened(None, {}) is None


def test_a_process_that_packs_cannot_write(tmp_path: Path) -> None:
    """One writes, the others read beside it."""
    fill(tmp_path / "snapshots.db", 1)
    repack._begin(str(tmp_path / "snapshots.db"))
    reader, repack._reader = repack._reader, None

    assert reader is not None
    with closing(reader.connection), pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.connection.execute("DELETE FROM bodies")


def test_pages_are_stood_on_that_came_just_before_or_on_an_earlier_day(tmp_path: Path) -> None:
    """Each is smaller than it was at once, which it is not on its own feet."""
    shared = template(1, size=60_000)
    with Snapshots(tmp_path / "snapshots.db") as kept:
        for day in (range(3), range(3, 6)):
            for seed in day:
                body = shared + wordy(seed + 1)[:60_000]
                kept.put(Page(url=address(seed), body=body), address=address(seed))
            before = kept.select("SELECT id, length(frame) FROM bodies")
            kept.repack(jobs=1)
            after = dict(kept.select("SELECT id, length(frame) FROM bodies"))

            assert [] == [number for number, size in before[-3:] if after[number] >= size]
        assert [(1,)] == kept.select("SELECT id FROM bodies WHERE base_id IS NULL")


def test_a_page_that_comes_to_stand_alone_may_be_stood_on(tmp_path: Path) -> None:
    """What it looks like is noted then, and its row sealed anew."""
    (body,) = fill(tmp_path / "snapshots.db", 1)
    with Snapshots(tmp_path / "snapshots.db") as kept:
        kept._db.execute("UPDATE bodies SET sketch = NULL")
        repack._replace(kept._reader, 1, Packed(pack(body, effort="thorough")))

        assert [(dump_sketch(sketch(body)),)] == kept.select("SELECT sketch FROM bodies")
        assert [] == list(kept.check())
