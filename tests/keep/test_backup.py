"""What is promised of ``backup``: whole while others write, an archive itself, cheap the second time."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from archive.backup import backup
from archive.errors import BadInput, Corrupt
from archive.saved.pictures import LocalImage
from archive.verify import check
from scraper.parse import parse
from tests.command import wechat_archive
from tests.keep.archives import NOW, contents, fill, opened
from tests.keep.articles import PICTURE, page
from tests.weixin.media import png


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles, one picture, a setting, a note that the user put beside them."""
    fill(tmp_path / "a", [page(1, links=(2,)), page(2), page(3)])
    with opened(tmp_path / "a") as (store, _):
        store.add_media(PICTURE.format(1), LocalImage(png(1), "image/png", "png"), NOW)
        store.settle()
    (tmp_path / "a" / "config.toml").write_text("follow = 1\n")
    (tmp_path / "a" / "articles" / "notes.md").write_text("mine")
    return tmp_path / "a"


def test_the_copy_is_an_archive_that_verifies(root: Path, tmp_path: Path) -> None:
    """Same files, images, raw pages and settings; ``verify`` has nothing to say about it."""
    report = backup(root, tmp_path / "b")

    assert (3, 0) == (report.articles, report.exit_code)
    assert contents(root) == contents(tmp_path / "b")
    assert "follow = 1\n" == (tmp_path / "b" / "config.toml").read_text()
    assert 0 == wechat_archive("verify", "--archive", str(tmp_path / "b")).code
    with opened(tmp_path / "b") as (_, snapshots):
        assert page(1, links=(2,)) == snapshots.get(1)


def test_images_are_hard_links_and_files_are_copies(root: Path, tmp_path: Path) -> None:
    """Images never change, so one copy on the disk serves both; a Markdown file may be edited, so it is its own."""
    backup(root, tmp_path / "b")
    image = next((root / "media").rglob("*.png")).relative_to(root)
    file = next(p for p in (root / "articles").rglob("*.md") if "文章" in p.name).relative_to(root)

    assert (root / image).stat().st_ino == (tmp_path / "b" / image).stat().st_ino
    assert (root / file).stat().st_ino != (tmp_path / "b" / file).stat().st_ino


def test_again_copies_only_what_is_new(root: Path, tmp_path: Path) -> None:
    """The second time nothing is written; a new article comes along, a removed one goes, the user's own files stay."""
    first = backup(root, tmp_path / "b")
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "b" / "articles").rglob("*.md")}
    second = backup(root, tmp_path / "b")
    assert (0, first.files) == (second.files, second.kept)
    assert times == {p: p.stat().st_mtime_ns for p in times}

    (tmp_path / "b" / "articles" / "own.md").write_text("the user's")
    with opened(root) as (store, _):
        store.forget(next(iter(store.articles())).article_id)
    fill(root, [page(4)])
    third = backup(root, tmp_path / "b")

    assert (1, 1) == (third.files, third.removed)
    assert contents(root) == {
        k: v for k, v in contents(tmp_path / "b").items() if k != "articles/own.md"
    }


def test_a_copy_taken_while_articles_arrive_is_whole(root: Path, tmp_path: Path) -> None:
    """Forty articles are kept meanwhile, each linked to by the next; every backup verifies, whatever it caught."""
    stop = threading.Event()

    def write() -> None:
        with opened(root) as (store, snapshots):
            for number in range(10, 50):
                found = page(number, links=(number - 1, number + 1))
                article = parse(found)
                kept = snapshots.put(found, address=found.url)
                store.keep(article, address=found.url, now=NOW, snapshot_id=kept)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    rounds = 0
    while not stop.is_set() or not rounds:
        backup(root, tmp_path / "b")
        faults = [finding for finding in check(tmp_path / "b") if finding.is_fault]
        assert faults == []
        rounds += 1
    writer.join()

    assert backup(root, tmp_path / "b").articles == 43
    assert contents(root) == contents(tmp_path / "b")


def test_places_that_make_no_sense_are_refused(root: Path, tmp_path: Path) -> None:
    """Not into itself, not over somebody's photographs, not without an archive."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(b"x")

    for target in (root, root / "inside", tmp_path, tmp_path / "photos"):
        with pytest.raises(BadInput):
            backup(root, target)
    with pytest.raises(BadInput, match="no archive"):
        backup(tmp_path / "nothing", tmp_path / "b")


def test_a_damaged_archive_never_replaces_a_good_copy(root: Path, tmp_path: Path) -> None:
    """The last backup is worth most when the archive is damaged: it stays as it is."""
    backup(root, tmp_path / "b")
    good = (tmp_path / "b" / "archive.db").read_bytes()
    data = bytearray((root / "archive.db").read_bytes())
    for at in range(8192, len(data), 4096):
        data[at : at + 64] = bytes(64)
    (root / "archive.db").write_bytes(data)

    with pytest.raises(Corrupt):
        backup(root, tmp_path / "b")

    assert good == (tmp_path / "b" / "archive.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "b" / "archive.db")) as db:
        assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()


def test_what_the_archive_itself_lacks_is_named(root: Path, tmp_path: Path) -> None:
    """A lost image is reported with exit code 65; a lost file is made again from the database."""
    next((root / "media").rglob("*.png")).unlink()
    lost = next(p for p in (root / "articles").rglob("*.md") if "文章1" in p.name)
    before = lost.read_bytes()
    lost.unlink()

    result = wechat_archive("backup", str(tmp_path / "b"), "--archive", str(root))

    assert 65 == result.code
    assert "missing in the archive: media/" in result.stderr
    assert before == (tmp_path / "b" / lost.relative_to(root)).read_bytes()
