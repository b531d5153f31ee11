"""What is promised of saved pages that are read in other processes: the same archive, whatever
becomes of a page or a process.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.db import processes
from archive.importers import ahead, import_files
from archive.importers.report import ImportReport, Taken
from tests.keep.archives import contents
from tests.keep.articles import PICTURE, page
from tests.weixin.media import png

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAGES = 40


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.importers.job.utc_now", lambda: NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pages, among them what is none, an article twice, one with a picture and other files."""
    place = tmp_path / "pages"
    place.mkdir()
    for number in range(PAGES):
        token = "<p>pass_ticket=ABCDEFGH12345678%2Babcdefgh</p>"
        (place / f"{number:02}.html").write_bytes(page(number, links=(1,), text=token).body)
    shown = PICTURE.format(3).encode()
    with_picture = page(3).body.replace(b'data-src="' + shown, b'src="p.png" data-src="' + shown)
    (place / "03.html").write_bytes(with_picture)
    (place / "p.png").write_bytes(png())
    (place / "05.html").write_bytes(b"\x1f\x8b cut short")
    (place / "07.html").write_bytes(b"<html><body>no article</body></html>")
    (place / "09.html").write_bytes(page(8, text="same").body)
    (place / "list.json").write_text(
        '[{"title": "a", "link": "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"}]'
    )
    return place


def taken(folder: Path, jobs: int, scrubbed: bool = False) -> tuple[ImportReport, object]:
    """What an import says, and all that it leaves."""
    root = folder.parent / f"archive-{jobs}"
    steps: list[tuple[int, int, str]] = []
    report = import_files(
        root, [folder], jobs=jobs, progress=lambda *step: steps.append(step), scrubbed=scrubbed
    )
    return report, (steps, report.as_dict(), contents(root), list(dump(root)))


def dump(root: Path) -> Iterator[str]:
    """Both databases, row for row, but for the archive's own number and when its tables were made."""
    for name in ("archive.db", "snapshots.db"):
        with closing(sqlite3.connect(root / name)) as connection:
            tables = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 "
                "AND name != '_sqlite_migrations' ORDER BY 1"
            ).fetchall()
            for (table,) in tables:
                yield table
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    if row[0] != "archive_id":
                        yield str(row)


def test_one_process_and_several_make_the_same_archive(folder: Path) -> None:
    """Row for row and byte for byte, with the same report; what is broken is told and ends nothing
    else."""
    alone, expected = taken(folder, 1, scrubbed=True)
    together, actual = taken(folder, 3, scrubbed=True)

    assert expected == actual
    assert {"05.html", "07.html"} == {Path(one.source).name for one in together.failures}
    assert (PAGES - 3, 1) == (alone.counts["new"], alone.media)


def test_few_pages_and_one_core_start_no_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process costs as much to start as it would save."""

    def pool(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(processes, "process_pool", pool)
    few = sorted(folder.glob("*.html"))[: ahead.PAGES_A_PROCESS - 1]

    assert ahead.PAGES_A_PROCESS - 4 == import_files(folder.parent / "a", few, jobs=8).saved
    assert PAGES - 3 == import_files(folder.parent / "b", [folder]).saved


def test_what_is_large_waits_in_no_process(tmp_path: Path) -> None:
    """The writer reads it itself, so that memory stays bounded."""
    place = tmp_path / "large.html"
    place.write_bytes(page(1).body + b" " * ahead.LARGEST_AHEAD)

    assert ahead.read(place, ahead.Reading(scrubbed=False, snapshots=True)) is None


def killing(path: Path, reading: ahead.Reading) -> ahead.ReadAhead | None:
    """Reads as ``read`` does; one page ends its process each time, another the first time only."""
    mark = path.parent.parent / "killed"
    if path.name == "20.html" or (path.name == "30.html" and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return ahead.read(path, reading)


def test_a_page_that_kills_its_process_is_told_and_the_others_are_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no page is lost by whoever kills a process."""
    monkeypatch.setattr(ahead, "read", killing)

    report, _ = taken(folder, 2)

    failed = {Path(one.source).name: one.error for one in report.failures}
    assert {"05.html", "07.html", "20.html"} == set(failed)
    assert "killed the process" in str(failed["20.html"])
    assert PAGES - 4 == report.saved


def test_a_signal_ends_it_with_what_was_kept_and_the_same_call_goes_on(folder: Path) -> None:
    """Nothing is left half done, no process stays, and in the end it is the archive of an import
    that nobody disturbed."""
    root = folder.parent / "archive-2"
    told: list[Taken] = []

    def tell(one: Taken) -> None:
        told.append(one)
        if len(told) == 17:
            signal.raise_signal(signal.SIGTERM)

    report = import_files(root, [folder], jobs=2, tell=tell)

    again, _ = taken(folder, 2)

    assert signal.SIGTERM == report.signal
    assert 0 < report.saved < PAGES - 3
    assert PAGES - 3 == report.saved + again.saved
