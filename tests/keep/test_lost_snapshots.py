"""What is promised where ``snapshots.db`` was lost, or deleted, alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

import archive
from archive.db.opening import open_database
from archive.exporters import Selection, export
from archive.snapshots import Snapshots
from archive.store import Store
from archive.verify import check, repair
from tests.command import wechat_archive
from tests.keep.archives import fill
from tests.keep.articles import page
from tests.store.make import LATER, article, keep
from tests.store.test_verify import tampered
from tests.web.pages import visiting


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles whose raw pages are lost."""
    fill(tmp_path, [page(number) for number in (1, 2, 3)])
    (tmp_path / "snapshots.db").unlink()
    return tmp_path


def put(root: Path, number: int) -> int:
    with Snapshots(root / "snapshots.db") as snapshots:
        return snapshots.put(page(number), address=page(number).url)


def test_no_number_is_given_again(root: Path) -> None:
    """Also after a command that was killed before it kept its first page."""
    Snapshots(root / "snapshots.db").close()
    assert [4, 5] == [put(root, 7), put(root, 8)]


@pytest.mark.parametrize("table", ["articles", "versions", "frontier"])
def test_whatever_names_a_raw_page_keeps_its_number(tmp_path: Path, table: str) -> None:
    """An article, an earlier version, and an address whose page waits to be read."""
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        conn.execute(f"CREATE TABLE {table} (snapshot_id INTEGER)")
        conn.execute(f"INSERT INTO {table} VALUES (70), (NULL), (69)")
    assert 71 == put(tmp_path, 7)


@pytest.mark.parametrize("name", [None, "empty", "without"])
def test_beside_no_archive_numbers_begin_at_one(tmp_path: Path, name: str | None) -> None:
    """Nor is one made there; one that has no tables yet, or no raw page, is as good as none."""
    if name == "empty":
        (tmp_path / "archive.db").touch()
    elif name == "without":
        open_database(tmp_path / "archive.db").close()
    assert 1 == put(tmp_path, 7)
    assert (name is not None) == (tmp_path / "archive.db").exists()


@pytest.mark.parametrize("anew", [False, True])
def test_no_other_page_is_shown_in_its_place(root: Path, anew: bool) -> None:
    """The page of the raw page says that it is lost."""
    if anew:
        fill(root, [page(number) for number in (5, 6, 7)])
    with archive.open(root) as library, visiting(root) as client:
        lost = [one for one in library.articles() if one.snapshot_id in (1, 2, 3)]
        assert [None] * 3 == [library.raw_page(one.key) for one in lost]
        shown = client.get(f"/articles/{lost[0].key}/raw")
        frame = client.get(f"/articles/{lost[0].key}/raw/1")
    assert "is lost" in shown.text
    assert (200, 404) == (shown.status_code, frame.status_code)


@pytest.mark.parametrize("anew", [False, True])
def test_lost_raw_pages_are_told_once_and_are_no_fault(root: Path, anew: bool) -> None:
    """Who deleted snapshots.db on purpose is not told for ever that something is wrong; no repair
    says that it brought them back.
    """
    if anew:
        fill(root, [page(5)])
    for options in ((), ("--repair",)):
        told = wechat_archive("verify", *options, "--json", "--archive", str(root))
        (finding,) = map(json.loads, told.stdout.splitlines())

        assert 0 == told.code
        assert ("lost", False) == (finding["sort"], finding["fault"])
        assert "of 3 articles" in finding["what"]
        assert "Everything else is as it was written." in told.stderr


def test_an_archive_that_was_kept_without_raw_pages_lacks_none(tmp_path: Path) -> None:
    """Only what a row names can be lost."""
    with open_database(tmp_path / "archive.db") as db:
        keep(Store(db, tmp_path), article(1))
    assert [] == list(check(tmp_path))


def test_what_is_saved_meanwhile_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look at the raw pages and one at the rows."""
    fill(tmp_path, [page(1)])
    module = import_module("archive.verify.check")
    look = module._held_pages

    def and_another(place: Path) -> set[int]:
        held: set[int] = look(place)
        fill(tmp_path, [page(2)])
        return held

    monkeypatch.setattr(module, "_held_pages", and_another)
    assert [] == [one.what for one in check(tmp_path) if one.sort == "lost"]


@pytest.mark.parametrize("table", ["articles", "versions"])
def test_no_repair_takes_another_articles_page(tmp_path: Path, table: str) -> None:
    """Where a snapshots.db has other pages under the numbers that rows name: one of another archive,
    or one that was begun before its numbers were told apart.
    """
    root, other = tmp_path / "a", tmp_path / "b"
    fill(root, [page(1)])
    fill(root, [page(1, text="später", fetched=LATER)], now=LATER)
    fill(other, [page(5), page(6)])
    shutil.copy(other / "snapshots.db", root / "snapshots.db")
    with tampered(root) as conn:
        conn.execute(f"UPDATE {table} SET text = 'wrong', body = 'wrong', record = 'no JSON'")

    (mended,) = [one for one in repair(root, list(check(root)), LATER) if one.is_fault]

    assert (False, True) == (mended.repaired, "no raw page of" in (mended.how or ""))


def test_a_warc_has_what_came_after_the_loss(root: Path) -> None:
    """Of an article one of whose raw pages is lost, which is told."""
    (key,) = fill(root, [page(1, text="später", fetched=LATER)], now=LATER)

    report = export(root, "warc", root / "one.warc", Selection(keys=(key,)))

    assert 3 == report.records, "a head, a request, a response"
    (told,) = report.problems
    assert (key, True) == (told.partition(":")[0], "is lost" in told)
