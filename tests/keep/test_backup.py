"""What is promised of ``backup``: whole while others write, an archive itself, cheap the second
time.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from archive.backup import backup
from archive.backup.databases import copy_databases
from archive.db import file_checksums, files
from archive.db.lock import Lock
from archive.document.layout import sealed
from archive.errors import BadInput, CannotCreate, Corrupt, DiskTrouble, Locked
from archive.saved.pictures import LocalImage
from archive.store.markdown_files import is_ours
from archive.verify import check
from scraper.parse import parse
from tests.command import wechat_archive
from tests.conftest import ROOT
from tests.keep.archives import NOW, contents, fill, opened
from tests.keep.articles import PICTURE, page
from tests.store.make import lose
from tests.weixin.media import png


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles, one picture, a setting, a note that the user put beside them."""
    fill(tmp_path / "a", [page(1, links=(2,)), page(2), page(3)])
    with opened(tmp_path / "a") as (store, _):
        store.add_media(PICTURE.format(1), LocalImage(png(1), "image/png", "png"), NOW)
        store.write_stale_files()
    (tmp_path / "a" / "config.toml").write_text("follow = 1\n")
    (tmp_path / "a" / "stars.json").write_text("{}")
    (tmp_path / "a" / "articles" / "notes.md").write_text("mine")
    return tmp_path / "a"


def test_the_copy_is_an_archive_that_verifies(root: Path, tmp_path: Path) -> None:
    """Same files, images, raw pages and settings; ``verify`` has nothing to say about it."""
    report = backup(root, tmp_path / "b")

    assert (3, 0) == (report.articles, report.exit_code)
    assert contents(root) == contents(tmp_path / "b")
    assert "follow = 1\n" == (tmp_path / "b" / "config.toml").read_text()
    assert "{}" == (tmp_path / "b" / "stars.json").read_text()
    assert 0 == wechat_archive("verify", "--archive", str(tmp_path / "b")).code
    with opened(tmp_path / "b") as (_, snapshots):
        assert page(1, links=(2,)) == snapshots.get(1)


def test_images_are_hard_links_and_files_are_copies(root: Path, tmp_path: Path) -> None:
    """Images never change, so one copy on the disk serves both; a Markdown file may be edited, so
    it is its own.
    """
    backup(root, tmp_path / "b")
    image = next((root / "media").rglob("*.png")).relative_to(root)
    file = next(p for p in (root / "articles").rglob("*.md") if "文章" in p.name).relative_to(root)

    assert (root / image).stat().st_ino == (tmp_path / "b" / image).stat().st_ino
    assert (root / file).stat().st_ino != (tmp_path / "b" / file).stat().st_ino


def test_again_copies_only_what_is_new(root: Path, tmp_path: Path) -> None:
    """The second time nothing is written; a new article comes along, a removed one goes, the user's
    own files stay.
    """
    first = backup(root, tmp_path / "b")
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "b" / "articles").rglob("*.md")}
    second = backup(root, tmp_path / "b")
    assert (0, first.files) == (second.files, second.kept)
    assert times == {p: p.stat().st_mtime_ns for p in times}

    (tmp_path / "b" / "articles" / "own.md").write_text("the user's")
    with opened(root) as (store, _):
        lose(store, next(iter(store.articles())))
    fill(root, [page(4)])
    third = backup(root, tmp_path / "b")

    assert (1, 1) == (third.files, third.removed)
    assert contents(root) == {
        k: v for k, v in contents(tmp_path / "b").items() if k != "articles/own.md"
    }


def test_a_copy_taken_while_articles_arrive_is_whole(root: Path, tmp_path: Path) -> None:
    """Forty articles are kept meanwhile, each linked to by the next; every backup verifies,
    whatever it caught.
    """
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
    with pytest.raises(CannotCreate, match="is a file: give a folder"):
        backup(root, tmp_path / "photos" / "1.jpg")


def test_another_archive_is_never_written_over(root: Path, tmp_path: Path) -> None:
    """Refused with what would be lost; it stays byte for byte as it is. So does the archive itself,
    where source and target are given the wrong way round."""
    fill(tmp_path / "other", [page(7), page(8)])
    backup(root, tmp_path / "b")
    fill(root, [page(5)])
    for source, target, said in (
        (root, tmp_path / "other", "is another archive.*2 articles that only it holds"),
        (tmp_path / "b", root, "is no backup but this archive itself.*1 article that only it"),
    ):
        before = everything(target)
        with pytest.raises(BadInput, match=f"(?s){said}.*--force"):
            backup(source, target)
        assert before == everything(target)


def everything(folder: Path) -> dict[str, bytes]:
    """Each file but the lock, whose note comes and goes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): path.read_bytes() for path in files if path.name != ".lock"}


def test_a_backup_that_was_used_or_is_newer_is_never_written_over(
    root: Path, tmp_path: Path
) -> None:
    """What was kept in it since exists nowhere else; nor does what the archive lost by being put
    back.
    """
    backup(root, tmp_path / "older")
    backup(root, tmp_path / "used")
    fill(tmp_path / "used", [page(6)])
    fill(root, [page(5)])
    backup(root, tmp_path / "newer")

    with pytest.raises(BadInput, match="was used as an archive since it was copied"):
        backup(root, tmp_path / "used")
    with pytest.raises(BadInput, match="is newer than the archive"):
        backup(tmp_path / "older", tmp_path / "newer")
    assert 4 == backup(root, tmp_path / "older").articles


def test_a_plain_copy_of_an_archive_is_an_archive(root: Path, tmp_path: Path) -> None:
    """Copied with ``cp``, it may have been gone on with: only a backup counts as one."""
    shutil.copytree(root, tmp_path / "copy")
    with pytest.raises(BadInput, match="or a plain copy of it"):
        backup(root, tmp_path / "copy")


def test_a_backup_from_before_archives_had_identities_goes_on(root: Path, tmp_path: Path) -> None:
    """It is this archive's own where it holds nothing that the archive lacks; else it is
    refused.
    """
    backup(root, tmp_path / "b")
    fill(tmp_path / "other", [page(7)])
    for place in (tmp_path / "b", tmp_path / "other"):
        take_identity_away(place)

    assert 3 == backup(root, tmp_path / "b").articles
    with pytest.raises(BadInput, match="may be another archive"):
        backup(root, tmp_path / "other")


def take_identity_away(root: Path) -> None:
    """The archive as an earlier version of the program left it."""
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        triggers = "SELECT name FROM sqlite_master WHERE name GLOB 'generation_*'"
        for (name,) in db.execute(triggers).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DROP TABLE meta")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm005_identity'")
    (root / "archive.db.seal").unlink()


def test_an_archive_from_before_identities_is_backed_up_again_and_again(
    root: Path, tmp_path: Path
) -> None:
    """Only a writing command gives it one; its backup must not be a stranger by then."""
    take_identity_away(root)
    backup(root, tmp_path / "b")
    backup(root, tmp_path / "b")
    fill(root, [page(5)])

    assert 4 == backup(root, tmp_path / "b").articles


def test_force_says_what_it_will_lose(root: Path, tmp_path: Path) -> None:
    """Then it does what was asked for."""
    fill(tmp_path / "other", [page(7)])
    arguments = ("backup", str(tmp_path / "other"), "--archive", str(root))
    refused, forced = wechat_archive(*arguments), wechat_archive(*arguments, "--force")

    assert (65, 0) == (refused.code, forced.code)
    assert "--force: " in forced.stderr
    assert "would lose 1 article that only it holds ('文章7" in forced.stderr
    assert 0 == wechat_archive("verify", "--archive", str(tmp_path / "other")).code
    assert contents(root) == contents(tmp_path / "other")


def test_what_a_person_changed_in_the_backup_stays(root: Path, tmp_path: Path) -> None:
    """The new text goes beside it, as in the archive; what the person changed in the archive is not
    taken for that."""
    file, note = article(root, "文章1"), Path("articles/notes.md")
    backup(root, tmp_path / "b")
    (tmp_path / "b" / file).write_text("corrected in the backup")
    (tmp_path / "b" / note).write_text("noted in the backup")
    (root / article(root, "文章2")).write_text("corrected in the archive")
    (root / note).write_text("noted in the archive")
    fill(root, [page(1, links=(2,), text="neu")])
    report = backup(root, tmp_path / "b")

    assert "corrected in the backup" == (tmp_path / "b" / file).read_text()
    assert "noted in the backup" == (tmp_path / "b" / note).read_text()
    beside = file.with_name(f"{file.stem}.new.md")
    assert sorted([beside.as_posix(), "articles/notes.new.md"]) == sorted(report.beside)
    assert (root / file).read_bytes() == (tmp_path / "b" / beside).read_bytes()
    assert "noted in the archive" == (tmp_path / "b" / "articles/notes.new.md").read_text()

    (root / article(root, "文章2")).write_text("corrected twice")
    (root / note).write_text("noted twice")
    backup(root, tmp_path / "b")
    assert "corrected twice" == (tmp_path / "b" / article(root, "文章2")).read_text()
    assert "noted twice" == (tmp_path / "b" / "articles/notes.new.md").read_text()
    assert "noted in the backup" == (tmp_path / "b" / note).read_text()


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskTrouble), (errno.EACCES, CannotCreate)]
)
def test_a_backup_that_cannot_be_written_says_so(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    """It never ends as if it were there; the archive is as it was."""
    before = contents(root)

    def failing(*_given: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("archive.backup.make_folders", failing)
    with pytest.raises(kind, match=r"is not complete: .* The archive is untouched"):
        backup(root, tmp_path / "b")
    assert before == contents(root)


def test_each_database_of_the_copy_has_its_checksums(root: Path, tmp_path: Path) -> None:
    """So that a bit that flips in the backup is found there."""
    backup(root, tmp_path / "b")

    names = ("archive.db", "snapshots.db")
    assert [[], []] == [file_checksums.broken_blocks(tmp_path / "b" / name) for name in names]


def test_a_backup_that_ends_between_its_databases_and_its_files_is_no_damage(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checksums of the databases before are gone with them, and the next backup goes on."""
    backup(root, tmp_path / "b")
    fill(root, [page(4)])

    def failing(*_given: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr("archive.backup.open_database", failing)
        with pytest.raises(DiskTrouble):
            backup(root, tmp_path / "b")
    names = ("archive.db", "snapshots.db")
    assert [None, None] == [file_checksums.broken_blocks(tmp_path / "b" / name) for name in names]

    assert 0 == backup(root, tmp_path / "b").exit_code
    assert contents(root) == contents(tmp_path / "b")


def test_a_link_in_the_place_of_a_database_is_not_followed(root: Path, tmp_path: Path) -> None:
    """An archive from somebody else may lead anywhere with it."""
    (root / "snapshots.db").rename(tmp_path / "far.db")
    (root / "snapshots.db").symlink_to(tmp_path / "far.db")

    with pytest.raises(CannotCreate, match="is a link, and links are not followed"):
        backup(root, tmp_path / "b")
    assert not (tmp_path / "b" / "snapshots.db").exists()


@pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
def test_a_note_of_the_last_backup_that_cannot_be_read_stops_none(
    root: Path, tmp_path: Path, text: str
) -> None:
    """What stands in the backup is then taken for a person's, and the new text goes beside it."""
    backup(root, tmp_path / "b")
    note = tmp_path / "b" / ".backup.json"
    note.write_bytes(text.encode("utf-8", "surrogateescape"))
    (root / "articles" / "notes.md").write_text("newer")
    report = backup(root, tmp_path / "b")

    assert (0, ["articles/notes.new.md"]) == (report.exit_code, report.beside)
    assert "mine" == (tmp_path / "b" / "articles" / "notes.md").read_text()


def test_nothing_in_a_backup_can_be_run(root: Path, tmp_path: Path) -> None:
    """A text is a text, whatever mode it has in the archive."""
    note = root / "articles" / "notes.md"
    note.chmod(0o777)
    backup(root, tmp_path / "b")

    assert 0 == (tmp_path / "b" / "articles" / "notes.md").stat().st_mode & 0o111


def test_every_text_of_a_file_that_is_changed_here_and_there_is_kept(
    root: Path, tmp_path: Path
) -> None:
    """Each beside the others, numbered from 2."""
    for number in range(1, 4):
        (root / "articles" / "notes.md").write_text(f"in the archive {number}")
        backup(root, tmp_path / "b")
        for path in (tmp_path / "b" / "articles").glob("notes*.md"):
            path.write_text(f"{path.read_text()}, in the backup {number}")

    found = sorted(path.name for path in (tmp_path / "b" / "articles").glob("notes*.md"))
    assert ["notes.md", "notes.new-2.md", "notes.new.md"] == found


def test_a_file_that_an_earlier_program_wrote_is_copied_as_it_is(
    root: Path, tmp_path: Path
) -> None:
    """The row knows it by its hash; how this program would write it is no reason to change it."""
    file = article(root, "文章1")
    written = (root / file).read_text(encoding="utf-8").replace("# 文章1", "#  文章1")
    earlier = sealed(re.sub(r"^check: .*\n", "", written, flags=re.MULTILINE))
    assert is_ours(earlier.encode())
    (root / file).write_text(earlier, encoding="utf-8")
    with opened(root) as (store, _):
        held = store.get(file.as_posix())
        digest = hashlib.sha256(earlier.encode()).hexdigest()
        store.maintenance.update_article(held.article_id, markdown_hash=digest)
    backup(root, tmp_path / "b")

    assert earlier == (tmp_path / "b" / file).read_text(encoding="utf-8")


def article(root: Path, title: str) -> Path:
    """The file of the article of that title, from the archive's folder."""
    return next(p for p in (root / "articles").rglob("*.md") if title in p.name).relative_to(root)


def test_a_backup_that_somebody_writes_to_is_left_alone(root: Path, tmp_path: Path) -> None:
    """It has a lock like any archive."""
    backup(root, tmp_path / "b")
    with Lock(tmp_path / "b", command="wechat-archive run"), pytest.raises(Locked, match="run"):
        backup(root, tmp_path / "b")


def test_what_was_private_stays_private(root: Path, tmp_path: Path) -> None:
    """Settings may hold a proxy's password, and what somebody reads is nobody's business."""
    root.chmod(0o700)
    (root / "articles").chmod(0o750)
    for path in (root / "config.toml", *root.glob("*.db"), root / article(root, "文章1")):
        path.chmod(0o600)
    backup(root, tmp_path / "b")

    def modes(place: Path) -> dict[str, str]:
        names = [".", "articles", "config.toml", "archive.db", "snapshots.db"]
        paths = [*map(Path, names), article(root, "文章1"), article(root, "文章2")]
        return {str(path): oct((place / path).stat().st_mode & 0o777) for path in paths}

    assert modes(root) == modes(tmp_path / "b")


def test_a_damaged_picture_never_replaces_a_good_copy(root: Path, tmp_path: Path) -> None:
    """Cut short by a broken disk, it is named; the backup keeps what it has."""
    image = next((root / "media").rglob("*.png"))
    backup(root, tmp_path / "b")
    copy = tmp_path / "b" / image.relative_to(root)
    good = copy.read_bytes()
    image.unlink()
    image.write_bytes(good[:9])
    assert 0 == backup(root, tmp_path / "b").exit_code
    assert good == copy.read_bytes()

    report = backup(root, tmp_path / "c")
    assert [image.relative_to(root).as_posix()] == report.missing


def test_a_damaged_file_is_made_from_its_row(root: Path, tmp_path: Path) -> None:
    """A bit flipped on the disk is nobody's edit."""
    file = article(root, "文章1")
    good = (root / file).read_bytes()
    flipped = bytearray(good)
    flipped[-3] ^= 1
    (root / file).write_bytes(flipped)
    backup(root, tmp_path / "b")

    assert good == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("closed", [True, False])
def test_a_flipped_row_never_replaces_a_good_copy(root: Path, tmp_path: Path, closed: bool) -> None:
    """Damage that SQLite cannot see: by the checksums of the file, or where a command has it open
    by those of the rows."""
    backup(root, tmp_path / "b")
    good = (tmp_path / "b" / "archive.db").read_bytes()
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute("UPDATE articles SET text = replace(text, '重点', '重占')")
    if not closed:
        (root / "archive.db.seal").unlink()

    with pytest.raises(Corrupt, match="The last backup is untouched"):
        backup(root, tmp_path / "b")
    assert good == (tmp_path / "b" / "archive.db").read_bytes()
    assert not list((tmp_path / "b").glob(".*.part"))


def test_damaged_raw_pages_replace_neither_database(root: Path, tmp_path: Path) -> None:
    """Rows and raw pages belong together: both are checked before either takes its place."""
    backup(root, tmp_path / "b")
    before = everything(tmp_path / "b")
    fill(root, [page(5)])
    data = bytearray((root / "snapshots.db").read_bytes())
    data[len(data) // 2] ^= 1
    (root / "snapshots.db").write_bytes(data)

    with pytest.raises(Corrupt, match=r"snapshots\.db is damaged"):
        backup(root, tmp_path / "b")
    after = everything(tmp_path / "b")
    assert before == {path: after[path] for path in before}


def test_a_log_left_by_a_kill_is_not_replayed_into_the_new_copy(root: Path, tmp_path: Path) -> None:
    """Beside a fresh database SQLite would take it for the database's own."""
    backup(root, tmp_path / "b")
    with closing(sqlite3.connect(tmp_path / "b" / "archive.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("UPDATE articles SET stale = 1")
        db.commit()
        shutil.copy(tmp_path / "b" / "archive.db-wal", tmp_path / "wal")
    shutil.copy(tmp_path / "wal", tmp_path / "b" / "archive.db-wal")
    fill(root, [page(5)])
    shutil.copytree(tmp_path / "b", tmp_path / "c")
    backup(root, tmp_path / "b")

    assert [] == [finding for finding in check(tmp_path / "b") if finding.is_fault]
    assert contents(root) == contents(tmp_path / "b")
    copy_databases(root, tmp_path / "c")  # whoever looked at the old copy before, or nobody
    with closing(sqlite3.connect(tmp_path / "c" / "archive.db")) as db:
        assert [(4, 0)] == db.execute("SELECT count(*), sum(stale) FROM articles").fetchall()
        assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()


@pytest.mark.parametrize(
    "spoiled",
    [
        ("archive.db", "archive.db-wal", "archive.db-journal"),
        ("archive.db-journal", "archive.db-shm"),
    ],
)
def test_the_log_of_what_is_no_database_any_more_goes_with_it(
    root: Path, tmp_path: Path, spoiled: tuple[str, ...]
) -> None:
    """The backup is made anew where a broken disk left nothing of it; nothing old is replayed, of
    whichever kind.
    """
    backup(root, tmp_path / "b")
    for name in spoiled:
        (tmp_path / "b" / name).write_bytes(b"no database " * 1000)
    copy_databases(root, tmp_path / "b")

    assert [] == list((tmp_path / "b").glob("archive.db-*"))
    with closing(sqlite3.connect(tmp_path / "b" / "archive.db")) as db:
        assert [(3,)] == db.execute("SELECT count(*) FROM articles").fetchall()


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


@pytest.mark.parametrize("how", ["lost", "a folder in its place"])
def test_an_earlier_version_that_the_archive_lost_stays_in_the_backup(
    root: Path, tmp_path: Path, how: str
) -> None:
    """Its last copy is there; it is named, and goes with no later backup either."""
    (root / "config.toml").write_text('versions = "files"\n')
    changed = tmp_path / "changed.html"
    changed.write_bytes(page(2, text="und neu").body)
    wechat_archive("save", str(changed), "--archive", str(root))
    backup(root, tmp_path / "b")
    version = next(path for path in (root / "articles").rglob("*.v1.md"))
    copy = tmp_path / "b" / version.relative_to(root)
    before = copy.read_bytes()
    version.unlink()
    if how != "lost":
        version.mkdir()
    reports = [backup(root, tmp_path / "b") for _ in range(2)]

    assert [True, True] == [version.name in " ".join(report.missing) for report in reports]
    assert [65, 65] == [report.exit_code for report in reports]
    assert before == copy.read_bytes()


@pytest.mark.parametrize("which", ["the article's file", "what stands beside it"])
def test_a_text_that_cannot_be_read_any_more_stays_in_the_backup(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """What stands beside a changed file is this program's own, and goes where the archive has it no
    more: not where its disk fails.
    """
    article = next(path for path in (root / "articles").rglob("*.md") if "文章" in path.name)
    beside = article.with_suffix(".new.md")
    beside.write_bytes(article.read_bytes())
    backup(root, tmp_path / "b")
    lost = beside if which == "what stands beside it" else article
    whole = files.read_regular

    def failing(path: Path, limit: int | None = None) -> bytes:
        if path == lost:
            raise OSError(errno.EIO, "Input/output error")
        return whole(path, limit)

    monkeypatch.setattr(files, "read_regular", failing)
    report = backup(root, tmp_path / "b")

    (told,) = report.missing
    assert lost.name in told
    assert "Input/output error" in told
    assert "unexpected" not in told
    assert (tmp_path / "b" / lost.relative_to(root)).exists()


def test_the_copy_shows_the_newest_links_and_how_far_it_came_is_told(
    root: Path, tmp_path: Path
) -> None:
    """A file that was still to be written in the archive is written in the copy."""
    before = contents(root)
    with opened(root) as (store, _):
        for number in (1, 2, 3):
            file = root / store.stored(number).path
            file.write_text(sealed("---\nx: 1\n---\nolder"))
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            store.maintenance.update_article(number, markdown_hash=digest, stale=1)
    told: list[tuple[int, int]] = []
    report = backup(root, tmp_path / "b", lambda done, total: told.append((done, total)))

    assert ([(1, 4), (2, 4), (3, 4), (4, 4)], []) == (told, report.missing)
    assert before == contents(tmp_path / "b")
    with opened(tmp_path / "b") as (store, _):
        assert 0 == store.write_stale_files()


def test_a_damaged_version_never_replaces_a_good_copy(root: Path, tmp_path: Path) -> None:
    """Where the archive was left by a kill too, without checksums of the whole file."""
    changed = tmp_path / "changed.html"
    changed.write_bytes(page(2, text="und neu").body)
    wechat_archive("save", str(changed), "--archive", str(root))
    backup(root, tmp_path / "b")
    before = (tmp_path / "b" / "archive.db").read_bytes()
    with closing(sqlite3.connect(root / "archive.db")) as db:
        db.execute("UPDATE versions SET text = text || 'x'")
        db.commit()
    (root / "archive.db.seal").unlink()

    with pytest.raises(Corrupt, match=r"version 1 of .* changed since it was written"):
        backup(root, tmp_path / "b")
    assert before == (tmp_path / "b" / "archive.db").read_bytes()


def test_the_names_of_the_new_databases_are_flushed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both bodies before the first name, and then the folder: a power cut leaves the old ones or
    the new.
    """
    told: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def flushed(handle: int) -> None:
        told.append(f"flush {Path(f'/dev/fd/{handle}').readlink().name}")
        fsync(handle)

    def renamed(source: Path, target: Path) -> Path:
        told.append(f"rename {target.name}")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    (tmp_path / "b").mkdir()
    copy_databases(root, tmp_path / "b")

    assert told == [
        *("flush .archive.db.part", "flush .snapshots.db.part"),
        *("rename snapshots.db", "rename archive.db", "flush b"),
    ]


def test_a_link_in_the_place_of_a_copied_database_is_not_written_over(
    root: Path, tmp_path: Path
) -> None:
    """What it leads to is somebody's own."""
    (tmp_path / "b").mkdir()
    (tmp_path / "own.db").write_text("mine")
    (tmp_path / "b" / "snapshots.db").symlink_to(tmp_path / "own.db")
    with pytest.raises(CannotCreate, match="is a link"):
        copy_databases(root, tmp_path / "b")
    assert "mine" == (tmp_path / "own.db").read_text()


def test_a_disk_that_does_not_know_case_keeps_every_file(tmp_path: Path) -> None:
    """Accounts ``ABC`` and ``abc`` share a folder there, which is listed under one of the names: no
    file is taken for one that the archive has no more.
    """
    root, target = tmp_path / "a", tmp_path / "b"
    with opened(root) as (store, _):
        for number, name in enumerate(("ABC", "abc"), 1):
            article = parse(page(number))
            assert article.account is not None
            named = replace(article, account=replace(article.account, name=name))
            store.keep(named, address=article.url or "", now=NOW)
    backup(root, target)
    for where in (root, target):
        (where / "articles" / "ABC").mkdir(parents=True, exist_ok=True)
        for path in sorted((where / "articles" / "abc").rglob("*.md")):
            place = where / "articles" / "ABC" / path.relative_to(where / "articles" / "abc")
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
        shutil.rmtree(where / "articles" / "abc", ignore_errors=True)
        (where / "articles" / "abc").symlink_to("ABC")  # what such a disk does with names
    reports = [backup(root, target) for _ in range(2)]

    assert [0, 0] == [report.removed for report in reports]
    assert [2, 2] == [len(list((w / "articles" / "ABC").rglob("*.md"))) for w in (root, target)]
    assert [] == [finding.what for finding in check(target) if finding.is_fault]


def test_a_log_that_somebody_deleted_costs_what_stood_in_it_alone(tmp_path: Path) -> None:
    """A command was killed, and its ``-wal`` taken for rubbish: the archive opens, and the files
    bring the articles back.
    """
    root = tmp_path / "a"
    fill(root, [page(1)])
    keep = (
        "import os, sys; from pathlib import Path; from tests.keep.archives import *;"
        "from tests.keep.articles import page\n"
        "store = Store(open_database(Path(sys.argv[1]) / 'archive.db'), Path(sys.argv[1]))\n"
        "found = parse(page(2)); store.keep(found, address=found.url, now=NOW); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", keep, str(root)], cwd=ROOT, check=True)
    before = contents(root)
    for end in ("-wal", "-shm"):
        (root / f"archive.db{end}").unlink()
    found = wechat_archive("verify", "--archive", str(root))
    assert (0, 1) == (found.code, found.stdout.count("no row names this file"))
    result = wechat_archive("import", str(root / "articles"), "--archive", str(root))

    assert 0 == result.code
    assert 0 == wechat_archive("verify", "--archive", str(root)).code
    with opened(root) as (store, _):
        assert 2 == store.count()
    assert before.keys() == contents(root).keys()


def test_the_archive_is_only_read(root: Path, tmp_path: Path) -> None:
    """Not a byte of it changes, as where it lies on a disk that cannot be written."""
    for name in ("archive.db", "snapshots.db"):
        with closing(sqlite3.connect(root / name)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
        (root / f"{name}.seal").unlink()
    before = everything(root)
    backup(root, tmp_path / "b")

    assert before == everything(root)
