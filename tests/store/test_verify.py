"""What is damaged is found, said exactly, and mended where that can be."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import scraper
from archive.db import file_checksums
from archive.db.opening import ArchiveDatabase, open_database
from archive.document.paths import path_of
from archive.errors import Corrupt, NewerArchive, NotHeld
from archive.search import documents
from archive.search import index as search_index
from archive.search.rebuild import reindex
from archive.snapshots import Snapshots
from archive.store import Store
from archive.verify import Finding, check, index, looks, repair, work
from archive.verify.flips import unflipped
from archive.verify.pieces import Piece
from scraper.errors import Gone
from scraper.messages import Message
from scraper.models import Page
from tests.command import wechat_archive
from tests.keep.test_backup import take_identity_away
from tests.store.make import LATER, NOW, Download, article, keep, opened, short_address, snapshot
from tests.weixin.pages import article_page

#: The module, whose name in its room is that of its function.
CHECK = import_module("archive.verify.check")
PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/AAAAID/640"
TEXT = "正文很长，" * 40


def make(root: Path) -> None:
    """An archive with links, an image, a version and a tombstone's worth of rows."""
    with opened(root) as store:
        store.add_media(PICTURE, Download(b"\x89PNG" + bytes(range(256))), NOW)
        keep(store, article(1, links=(2,), images=(PICTURE,), text=TEXT, tags=("甲",)))
        keep(store, article(2, links=(1,)))
        keep(
            store,
            article(1, links=(2,), images=(PICTURE,), text=TEXT + "改", tags=("甲",)),
            now=LATER,
        )


def test_what_a_person_changed_does_not_make_it_slow(tmp_path: Path) -> None:
    """It is taken in, and the checksums of the file hold after it: without them every word of the
    index would be read."""
    make(tmp_path)
    place = tmp_path / path_of(article(2))
    place.write_text(place.read_text(encoding="utf-8") + "\n我的话\n", encoding="utf-8")
    result = wechat_archive("verify", "--archive", str(tmp_path))
    assert (result.code, result.stderr.splitlines()[0]) == (
        0,
        "taken in: 1 file that was changed by hand",
    )
    assert [] == file_checksums.broken_blocks(tmp_path / "archive.db")


@contextmanager
def tampered(root: Path) -> Iterator[sqlite3.Connection]:
    """The database as another program writes it; the seal then tells nothing."""
    with closing(sqlite3.connect(root / "archive.db")) as conn, conn:
        triggers = conn.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            conn.execute(f"DROP TRIGGER {name}")
        yield conn
        for _, sql in triggers:
            conn.execute(sql)
    file_checksums.path_of(root / "archive.db").unlink()


def faults(root: Path) -> list[Finding]:
    return [finding for finding in check(root) if finding.is_fault]


def mend(root: Path) -> list[Finding]:
    return list(repair(root, list(check(root)), LATER))


def test_a_sound_archive_has_nothing_to_say(tmp_path: Path) -> None:
    """Sealed or not."""
    make(tmp_path)
    assert list(check(tmp_path)) == []
    file_checksums.path_of(tmp_path / "archive.db").unlink()
    assert list(check(tmp_path)) == []


@pytest.mark.parametrize(
    ("sql", "sort"),
    [
        ("UPDATE articles SET title = '另一个' WHERE mid = '1'", "row"),
        ("UPDATE articles SET published = '2022-10-27T04:18:01+00:00' WHERE mid = '1'", "row"),
        ("UPDATE articles SET checked = '2020' WHERE mid = '1'", "row"),
        ("UPDATE articles SET text = text || 'x' WHERE mid = '1'", "content"),
        ("UPDATE articles SET body = replace(body, '正', '政') WHERE mid = '1'", "content"),
        ("UPDATE articles SET record = replace(record, '甲', '乙') WHERE mid = '1'", "content"),
        ("UPDATE articles SET body = CAST(body AS BLOB) WHERE mid = '1'", "content"),
        ("UPDATE articles SET record = CAST(record AS BLOB) WHERE mid = '1'", "content"),
        ("UPDATE versions SET text = text || 'x'", "version"),
        ("UPDATE links SET url = 'https://evil.example' WHERE article_id = 1", "parts"),
        ("UPDATE links SET target_id = 1", "parts"),
        ("DELETE FROM images", "parts"),
        ("UPDATE tags SET tag = '乙'", "parts"),
        ("INSERT INTO losses VALUES (1, 'x', NULL, 1)", "parts"),
        (
            "UPDATE OR REPLACE addresses SET address = 'https://mp.weixin.qq.com/s/xxxxxxxxxxxxxxxxxxxxxx'",
            "address",
        ),
        ("UPDATE media SET bytes = 1", "media"),
        ("DELETE FROM search_documents WHERE article_id = 1", "index"),
        ("UPDATE search_documents SET fingerprint = fingerprint + 1", "index"),
        ("UPDATE search_documents SET seal = seal + 1", "index"),
        ("UPDATE search_documents SET published = published + 86400 * 30", "index"),
        ("DELETE FROM search_spans", "index"),
        ("UPDATE search_spans SET number = number + 1", "index"),
        ("UPDATE articles SET account_id = 77", "database"),
    ],
)
def test_a_changed_row_is_found_and_mended(tmp_path: Path, sql: str, sort: str) -> None:
    """Also where the seal is gone: by the row's own hash, or by what it follows from."""
    make(tmp_path)
    with tampered(tmp_path) as conn:
        before = snapshot(tmp_path)
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute(sql)

    assert sort in {finding.sort for finding in faults(tmp_path)}
    mend(tmp_path)
    left = {finding.sort for finding in faults(tmp_path)}
    # Many bits cannot be told from a hash: a text comes back from its raw page, and here there is
    # none.
    assert left == ({sort} if sort in ("content", "version") else set())
    assert {
        path: data for path, (data, _) in snapshot(tmp_path).items() if "media/" not in path
    }.keys() >= {path for path in before if "media/" not in path}


def test_lost_triggers_and_indexes_are_made_again(tmp_path: Path) -> None:
    """The search index relies on them; they follow from the migrations."""
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        conn.execute("DROP TRIGGER search_update")
        conn.execute("DROP INDEX links_target")
    file_checksums.path_of(tmp_path / "archive.db").unlink()

    assert {finding.what for finding in faults(tmp_path)} == {
        "archive.db: trigger search_update is missing",
        "archive.db: index links_target is missing",
    }
    mend(tmp_path)
    assert faults(tmp_path) == []


def redefined(root: Path, name: str, old: str, new: str) -> None:
    """The definition of a table, index, trigger or view as another program would have written
    it.
    """
    with closing(sqlite3.connect(root / "archive.db")) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        changed = conn.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = ?", (old, new, name)
        )
        assert changed.rowcount == 1
        conn.commit()
    file_checksums.path_of(root / "archive.db").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("articles", "-- WeChat's item_show_type", "-- another word on it, at length"),
        ("links", "\n        id INTEGER", " id   INTEGER"),
        ("search", "SELECT search_terms.rowid", "SELECT  /* the row */\n search_terms.rowid"),
        ("search_update", "BEGIN", "BEGIN -- remember"),
        ("articles_stale", "WHERE stale", "WHERE  stale"),
    ],
)
def test_comments_and_blanks_of_a_definition_mean_nothing(
    tmp_path: Path, name: str, old: str, new: str
) -> None:
    """An archive made by a version that said the same in other words is sound."""
    make(tmp_path)
    redefined(tmp_path, name, old, new)

    assert [] == list(check(tmp_path))


def test_an_own_column_is_no_fault(tmp_path: Path) -> None:
    """Nor an own index or table: they are somebody's, and stay, also when the table is mended."""
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        conn.execute("ALTER TABLE media ADD COLUMN mine TEXT")
        conn.execute("UPDATE media SET mine = 'a note'")
        conn.execute("CREATE TABLE notes (x)")
    file_checksums.path_of(tmp_path / "archive.db").unlink()
    assert [] == list(check(tmp_path))
    redefined(tmp_path, "media", "type TEXT NOT NULL", "type TEXT")
    assert ["archive.db: table media has another column type"] == [
        finding.what for finding in faults(tmp_path)
    ]
    mend(tmp_path)

    assert [] == faults(tmp_path)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert [("a note",)] == conn.execute("SELECT mine FROM media").fetchall()
        assert 0 == conn.execute("SELECT count(*) FROM notes").fetchone()[0]


@pytest.mark.parametrize("column", ["cover", "digest", "gone_reason", "edited"])
def test_a_lost_column_is_told_and_made_again(tmp_path: Path, column: str) -> None:
    """With what stood in it, from the record and the row's own checksum; not a file changes."""
    make(tmp_path)
    before = snapshot(tmp_path)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        rows = conn.execute(f"SELECT id, {column} FROM articles ORDER BY id").fetchall()
        extras = [
            sql
            for name, sql in conn.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')"
            ).fetchall()
            if not conn.execute(
                f"DROP {'VIEW' if name == 'search' else 'TRIGGER'} {name}"
            ).fetchone()
        ]
        conn.execute(f"ALTER TABLE articles DROP COLUMN {column}")
        for sql in extras:
            conn.execute(sql)
    file_checksums.path_of(tmp_path / "archive.db").unlink()

    assert f"archive.db: table articles lacks the column {column}" in {
        finding.what for finding in faults(tmp_path)
    }
    mend(tmp_path)

    assert [] == faults(tmp_path)
    assert before == snapshot(tmp_path)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert rows == conn.execute(f"SELECT id, {column} FROM articles ORDER BY id").fetchall()


def test_a_lost_table_is_made_again(tmp_path: Path) -> None:
    """Empty; what follows from the articles fills it."""
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        tags = conn.execute("SELECT * FROM tags").fetchall()
        conn.execute("DROP TABLE tags")
    file_checksums.path_of(tmp_path / "archive.db").unlink()

    assert "archive.db: table tags is missing" in {finding.what for finding in faults(tmp_path)}
    mend(tmp_path)
    assert [] == faults(tmp_path)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert tags == conn.execute("SELECT * FROM tags").fetchall()


def test_flipped_rows_are_never_served(tmp_path: Path) -> None:
    """list, show and export stop with 65 rather than hand out what nobody wrote."""
    make(tmp_path)
    with tampered(tmp_path) as conn:
        conn.execute("UPDATE articles SET text = replace(text, '正', '政') WHERE mid = '1'")
        conn.execute("UPDATE articles SET title = '假' WHERE mid = '2'")
    with opened(tmp_path) as store:
        with pytest.raises(Corrupt, match="verify --repair"):
            store.article(1)
        with pytest.raises(Corrupt, match="verify --repair"):
            store.stored(2)
        with pytest.raises(Corrupt):
            list(store.articles())
    for command in (
        ["list"],
        ["list", "--json"],
        ["show", path_of(article(1))],
        ["search", "正文"],
        ["search", "第2篇"],
    ):
        result = wechat_archive("--archive", str(tmp_path), *command)
        assert (result.code, result.stdout) == (65, "")


def test_work_that_is_left_is_no_fault(tmp_path: Path) -> None:
    """While a save runs, or after a kill: files that wait for their links end 0, and are written by
    a repair as by the next run."""
    make(tmp_path)
    with opened(tmp_path, eager=False) as store:
        keep(store, article(3, links=(4,)))
        keep(store, article(4))
        stale = store.stored(3)

    done = wechat_archive("--archive", str(tmp_path), "verify")
    assert (0, 1) == (done.code, done.stdout.count("the next `run` writes it"))
    assert ["due"] == [finding.sort for finding in check(tmp_path)]
    assert [(True, "written")] == [(one.repaired, one.how) for one in mend(tmp_path)]
    assert [] == list(check(tmp_path))
    assert ".md)" in (tmp_path / stale.path).read_text(encoding="utf-8")


def test_files_that_no_row_names_are_told(tmp_path: Path) -> None:
    """Each once, in order, whatever they are called; those of articles and versions are named."""
    with opened(tmp_path, versions="files") as store:
        keep(store, article(1))
        keep(store, article(1, text="改"), now=LATER)
    names = sorted([*(f"{number:03}.md" for number in range(250)), '"引\\号\n.md'])
    folder = path_of(article(1)).rpartition("/")[0]
    for name in names:
        (tmp_path / folder / name).write_bytes(b"")
    assert [f"{folder}/{name}" for name in names] == [one.path for one in check(tmp_path)]


def test_a_stray_file_may_have_a_name_that_is_no_text(tmp_path: Path) -> None:
    """As archives that were unpacked in another encoding have them."""
    make(tmp_path)
    try:
        (tmp_path / "articles" / os.fsdecode(b"\xff\xfe.md")).write_bytes(b"")
    except OSError:
        pytest.skip("a name on this disk is always a text")
    assert [("stray", "articles/??.md")] == [
        (one.sort, one.as_dict()["path"]) for one in check(tmp_path)
    ]


def test_a_missing_file_is_written_again(tmp_path: Path) -> None:
    """Equal to the lost one."""
    make(tmp_path)
    before = {path: data for path, (data, _) in snapshot(tmp_path).items()}
    lost = next(path for path in before if path.endswith(".md"))
    (tmp_path / lost).unlink()

    assert [(finding.sort, finding.path) for finding in faults(tmp_path)] == [("markdown", lost)]
    assert [finding.repaired for finding in mend(tmp_path)] == [True]
    assert {path: data for path, (data, _) in snapshot(tmp_path).items()} == before


@pytest.mark.parametrize("damage", ["flip", "cut", "zeros", "latin"])
def test_a_damaged_file_is_written_again_and_kept_beside(tmp_path: Path, damage: str) -> None:
    """Whatever it is that broke it: nothing is thrown away that may be somebody's."""
    make(tmp_path)
    path = next(path for path in snapshot(tmp_path) if path.endswith(".md"))
    good = (tmp_path / path).read_bytes()
    bad = {
        "flip": good[:-9] + bytes([good[-9] ^ 4]) + good[-8:],
        "cut": good[: len(good) // 2].decode("utf-8", "ignore").encode(),
        "zeros": good[:-20] + bytes(20),
        "latin": good[:-20] + b"\xff" * 20,
    }[damage]
    (tmp_path / path).write_bytes(bad)

    assert [(finding.sort, finding.path) for finding in faults(tmp_path)] == [("markdown", path)]
    mend(tmp_path)
    assert (tmp_path / path).read_bytes() == good
    assert (tmp_path / path.replace(".md", ".damaged.md")).read_bytes() == bad
    assert faults(tmp_path) == []


def test_a_hand_made_change_is_told_but_is_no_fault(tmp_path: Path) -> None:
    """And no repair touches it."""
    make(tmp_path)
    path = next(path for path in snapshot(tmp_path) if path.endswith(".md"))
    mine = (tmp_path / path).read_text(encoding="utf-8") + "\n我的笔记\n"
    (tmp_path / path).write_text(mine, encoding="utf-8")
    (tmp_path / "articles" / "笔记.md").write_text("自己的文件")

    found = list(check(tmp_path))
    assert sorted(finding.sort for finding in found) == ["edited", "stray"]
    assert not any(finding.is_fault for finding in found)
    mend(tmp_path)
    assert (tmp_path / path).read_text(encoding="utf-8") == mine
    assert wechat_archive("--archive", str(tmp_path), "verify").code == 0


def test_a_damaged_image_is_fetched_again(tmp_path: Path) -> None:
    """Until then its article shows the far address."""
    make(tmp_path)
    path = next(path for path in snapshot(tmp_path) if path.startswith("media/"))
    (tmp_path / path).write_bytes(b"rotten")

    assert [(finding.sort, finding.path) for finding in faults(tmp_path)] == [("media", path)]
    assert "fetched again" in str(mend(tmp_path)[0].how)
    assert faults(tmp_path) == []
    with opened(tmp_path) as store:
        assert [image.url for image in store.missing_media(LATER)] == [PICTURE]
        assert PICTURE in store.markdown(1)
        store.add_media(PICTURE, Download(b"\x89PNG" + bytes(range(256))), LATER)
        store.write_stale_files()
        assert f"](../../../{path})" in store.markdown(1)


def test_a_database_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    """And the command ends with 65."""
    make(tmp_path)
    (tmp_path / "archive.db").write_bytes(b"x" * 5000)

    result = wechat_archive("--archive", str(tmp_path), "verify")
    assert result.code == 65
    assert "not a database" in result.stdout


def test_the_command_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    """Findings on stdout, talk on stderr, 65; repaired: 0."""
    make(tmp_path)
    lost = next(path for path in snapshot(tmp_path) if path.endswith(".md"))
    (tmp_path / lost).write_bytes((tmp_path / lost).read_bytes()[:100])

    found = wechat_archive("--archive", str(tmp_path), "verify")
    mended = wechat_archive("--archive", str(tmp_path), "verify", "--repair", "--json")
    again = wechat_archive("--archive", str(tmp_path), "verify")

    assert (found.code, mended.code, again.code) == (65, 0, 0)
    assert lost in found.stdout
    assert "--repair" in found.stderr
    assert '"repaired": true' in mended.stdout
    assert ".damaged.md" in again.stdout  # put aside, and named


@pytest.mark.parametrize("name", ["snapshots.db", "snapshots.db.seal"])
def test_a_bit_flipped_beside_the_raw_pages_is_found_and_mended(tmp_path: Path, name: str) -> None:
    """Also in the room of ``snapshots.db`` that nothing uses, and in the seal that tells."""
    make(tmp_path)
    with Snapshots(tmp_path / "snapshots.db") as kept:
        kept.put(
            Page(url="https://mp.weixin.qq.com/s/a", body=b"<html>" * 99),
            address="https://mp.weixin.qq.com/s/a",
        )
    place = tmp_path / name
    data = bytearray(place.read_bytes())
    data[(data.find(bytes(64)) + 32) if name.endswith(".db") else 99] ^= 1
    place.write_bytes(data)

    found = wechat_archive("--archive", str(tmp_path), "verify")
    mended = wechat_archive("--archive", str(tmp_path), "verify", "--repair")
    again = wechat_archive("--archive", str(tmp_path), "verify")

    assert (65, 0, 0) == (found.code, mended.code, again.code)
    assert "snapshots.db" in found.stdout
    with Snapshots(tmp_path / "snapshots.db", readonly=True) as kept:
        assert b"<html>" * 99 == kept.get(1).body


def flip_and_check(root: Path, rng: random.Random, flips: int, sealed: bool) -> None:
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.name != ".lock")
    for _ in range(flips):
        place = rng.choice(files)
        data = place.read_bytes()
        at, bit = rng.randrange(len(data)), rng.randrange(8)
        place.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
        found = faults(root)
        place.write_bytes(data)
        assert found, f"bit {bit} of byte {at} of {place.name} was not found"


def test_flipped_bits_are_found(tmp_path: Path) -> None:
    """Wherever in the archive one flips: articles, images, the database's every byte, the seal
    itself.
    """
    make(tmp_path)
    flip_and_check(tmp_path, random.Random(1), 60, sealed=True)


@pytest.mark.long
def test_a_thousand_flipped_bits_are_found(tmp_path: Path) -> None:
    """Row 22 of docs/reliability.md."""
    make(tmp_path)
    with Snapshots(tmp_path / "snapshots.db") as kept:
        for seed in range(4):
            kept.put(
                Page(url=short_address(seed), body=article_page(title=f"{seed}")),
                address=short_address(seed),
            )
    flip_and_check(tmp_path, random.Random(2), 1000, sealed=True)


def contents(path: Path) -> object:
    """Everything that a query can see."""
    try:
        with closing(sqlite3.connect(path)) as conn:
            tables = [
                row[0]
                for row in conn.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_%'"
                ).fetchall()
            ]
            # When a migration was applied is a note that nothing reads, and that a flip may make
            # unreadable; its name is looked at.
            columns = {"_sqlite_migrations": "id, migration_set, name"}
            return {
                table: conn.execute(f'SELECT {columns.get(table, "*")} FROM "{table}"').fetchall()
                for table in tables
                if table != "runs"
            }
    except sqlite3.Error as error:
        return str(error)


@pytest.mark.long
def test_without_a_seal_no_flip_in_a_row_goes_unseen(tmp_path: Path) -> None:
    """After a kill there is no seal: a flip is found, or no query can see it."""
    make(tmp_path)
    path = tmp_path / "archive.db"
    file_checksums.path_of(path).unlink()
    sound, data, rng = contents(path), path.read_bytes(), random.Random(3)
    for _ in range(300):
        at, bit = rng.randrange(len(data)), rng.randrange(8)
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
        try:
            found = bool(faults(tmp_path))
        except (
            NewerArchive
        ):  # a migration's name that is none: nothing is read, and the command says why
            found = True
        assert found or contents(path) == sound, (at, bit)


@pytest.mark.parametrize(
    ("values", "mended"),
    [
        ({"a": "早安", "n": 5, "x": None}, {"a": "早安", "n": 5, "x": None}),
        ({"a": "晚安", "n": 6, "x": None}, None),
        ({"a": "早安", "n": 5 ^ 1 << 40, "x": None}, {"a": "早安", "n": 5, "x": None}),
    ],
)
def test_one_flipped_bit_can_be_flipped_back(
    values: dict[str, object], mended: dict[str, object] | None
) -> None:
    """The hash tells which one it was; two are too many."""

    def hashed(row: dict[str, object]) -> str:
        import hashlib

        return hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()

    right = hashed({"a": "早安", "n": 5, "x": None})
    assert unflipped(values, hashed, right) == mended


def test_a_spoiled_row_is_made_again_from_its_raw_page(tmp_path: Path) -> None:
    """However many bits are wrong; so is a version that the raw page of then is kept of."""
    pages = [
        Page(
            url=short_address(1),
            body=article_page(title="一篇", body=f"<p>{text}</p>" * 9),
            fetched=NOW,
        )
        for text in ("从前的正文", "现在的正文")
    ]
    with opened(tmp_path) as store, Snapshots(tmp_path / "snapshots.db") as snapshots:
        for page, now in zip(pages, (NOW, LATER), strict=True):
            number = snapshots.put(page, address=page.url)
            kept = keep(store, scraper.parse(page), page.url, now=now, snapshot_id=number)
    with tampered(tmp_path) as conn:
        conn.execute("UPDATE articles SET text = 'wrong', body = 'wrong', record = 'no JSON'")
        conn.execute("UPDATE versions SET text = 'wrong', title = 'wrong'")

    assert {finding.sort for finding in faults(tmp_path)} >= {"content", "version"}
    assert all(finding.repaired for finding in mend(tmp_path))
    assert faults(tmp_path) == []
    with opened(tmp_path) as store:
        assert store.article(kept.article_id) == scraper.parse(pages[1])
        assert store.version(kept.article_id, 1) == scraper.parse(pages[0])


def test_bytes_that_are_no_text_are_mended(tmp_path: Path) -> None:
    """A flipped bit often leaves what is no UTF-8, which SQLite refuses to read."""
    make(tmp_path)
    with tampered(tmp_path) as conn:
        conn.execute("UPDATE articles SET title = CAST(x'E7AC2C32E7AF87' AS TEXT) WHERE mid = '2'")

    assert ("row", 2) in {(finding.sort, finding.article_id) for finding in faults(tmp_path)}
    assert "第\udcac" not in wechat_archive("--archive", str(tmp_path), "verify").stdout
    assert wechat_archive("--archive", str(tmp_path), "list").code == 65
    mend(tmp_path)
    assert faults(tmp_path) == []
    with opened(tmp_path) as store:
        assert store.stored(2).title == "第2篇"


def test_facts_that_only_the_archive_knew_come_from_the_file(tmp_path: Path) -> None:
    """When it was kept, whether it is gone: the front matter says so too."""
    make(tmp_path)
    with opened(tmp_path) as store:
        store.gone(
            "http://mp.weixin.qq.com/s?__biz=MzIyMDA3MjMwNw==&mid=2&idx=1",
            Gone("x", reason="deleted"),
            LATER,
        )
    with tampered(tmp_path) as conn:
        conn.execute(
            "UPDATE articles SET archived = '1999', gone = NULL, key = 'wrong' WHERE mid = '2'"
        )
    mend(tmp_path)

    assert faults(tmp_path) == []
    with opened(tmp_path) as store:
        found = store.stored(2)
        assert (found.archived, found.gone, found.gone_reason) == (NOW, LATER, "deleted")


def test_damaged_raw_pages_are_told(tmp_path: Path) -> None:
    """With the address to fetch again; they cannot be derived from anything."""
    make(tmp_path)
    with Snapshots(tmp_path / "snapshots.db") as snapshots:
        snapshots.put(
            Page(url=short_address(1), body=article_page(title="x"), fetched=NOW),
            address=short_address(1),
        )
    with closing(sqlite3.connect(tmp_path / "snapshots.db")) as conn, conn:
        conn.execute("UPDATE bodies SET frame = zeroblob(length(frame))")

    result = wechat_archive("--archive", str(tmp_path), "verify", "--repair")
    assert result.code == 65
    assert "fetches what is still there" in result.stdout
    assert [short_address(1)] == [one.name for one in check(tmp_path) if one.sort == "snapshot"]
    (tmp_path / "snapshots.db").write_bytes(b"x" * 999)
    said = wechat_archive("--archive", str(tmp_path), "verify").stdout
    assert "snapshots.db is damaged" in said
    assert "put it back from a backup, or move it away" in said


def test_the_file_of_a_version_is_written_again(tmp_path: Path) -> None:
    """With versions = "files"."""
    with opened(tmp_path, versions="files") as store:
        keep(store, article(1, text="旧"))
        keep(store, article(1, text="新"), now=LATER)
        path = str(store.versions(1)[0].path)
    before = (tmp_path / path).read_bytes()
    (tmp_path / path).unlink()

    assert [(finding.sort, finding.path) for finding in faults(tmp_path)] == [("version", path)]
    mend(tmp_path)
    assert (tmp_path / path).read_bytes() == before


def _damaged(root: Path) -> None:
    """Something of every kind that pieces are made of."""
    make(root)
    with tampered(root) as conn:
        conn.execute("UPDATE articles SET title = '另一个' WHERE mid = '1'")
        conn.execute("UPDATE versions SET title = '另一个'")
        conn.execute(
            "UPDATE addresses SET fetch = 'https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA'"
        )
        conn.execute("UPDATE media SET bytes = 1")
        conn.execute("DELETE FROM search_documents WHERE article_id = 2")
        conn.execute("DELETE FROM tags")
    (root / "articles" / "mine.md").write_text("mine")


def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    """The same, in the same order, and translatable as ever; progress ends at the end."""
    _damaged(tmp_path)
    told: dict[str, tuple[int, int]] = {}

    def tell(what: str, done: int, of: int) -> None:
        told[what] = done, of

    alone = list(check(tmp_path, jobs=1))
    together = list(check(tmp_path, tell, jobs=2))

    assert together == alone
    assert {
        "database",  # WeChat's tags are not as many as was counted
        "row",
        "version",
        "address",
        "media",
        "index",
        "parts",
        "stray",
    } == {finding.sort for finding in alone}
    assert [message_template(one.what) for one in together] == [
        message_template(one.what) for one in alone
    ]
    assert {"articles", "search index", "files"} <= told.keys()
    assert all(done == of for done, of in told.values())


def message_template(what: str) -> str | None:
    return what.template if isinstance(what, Message) else None


def test_a_process_that_dies_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each piece that was under way is looked at by itself; the one that kills again is named."""
    monkeypatch.setattr("archive.verify.work._look", _dies_at_versions)
    _damaged(tmp_path)
    sound = [one for one in check(tmp_path, jobs=1) if one.sort != "version"]
    found = list(check(tmp_path, jobs=2))
    (told,) = [one for one in found if one not in sound]

    assert [one for one in found if one is not told] == sound
    assert "killed the process" in told.what


def _dies_at_versions(piece: Piece) -> list[Finding]:
    if piece.part == "versions":
        os._exit(9)
    looker = work._looker
    assert looker is not None
    return looker.look(piece)


def test_sound_checksums_save_cutting_texts_into_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file is what was written, the index is compared by what it shows; else by each of
    its words."""
    make(tmp_path)
    cut: list[int] = []
    real = documents.analyse

    def analyse(doc: documents.Document, frequent: frozenset[str]) -> documents.Analysis:
        cut.append(doc.article_id)
        return real(doc, frequent)

    monkeypatch.setattr(documents, "analyse", analyse)

    assert (list(check(tmp_path)), len(cut)) == ([], 0)
    file_checksums.path_of(tmp_path / "archive.db").unlink()
    assert (list(check(tmp_path)), len(cut)) == ([], 2)


def _statements(root: Path) -> int:
    """How many a look at the rows of all articles executes."""
    with open_database(root / "archive.db", readonly=True) as db:
        looker = looks.Looker(Store(db, root))
        said: list[str] = []
        db.conn.set_trace_callback(said.append)
        found = [looker.look(Piece(part, 1, 9)) for part in ("articles", "index", "addresses")]
        assert found == [[], [], []]
    return len(said)


def test_sound_articles_are_read_together(tmp_path: Path) -> None:
    """A statement a table, however many they are."""
    with opened(tmp_path) as store:
        keep(store, article(1, links=(2,), images=(PICTURE,)))
    few = _statements(tmp_path)
    with opened(tmp_path) as store:
        for number in range(2, 8):
            keep(store, article(number, links=(1,), images=(PICTURE,), tags=("甲",)))
    assert few == _statements(tmp_path)


def test_what_each_article_needs_is_made_in_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays flat however many there are; what all of them need is read once a piece."""
    with opened(tmp_path) as store:
        for number in range(1, 7):
            keep(store, article(number))
    file_checksums.path_of(tmp_path / "archive.db").unlink()
    monkeypatch.setattr("archive.verify.pieces.ROWS", 2)
    steps: list[str] = []

    def noted(step: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*given: object) -> object:
            steps.append(step)
            return real(*given)

        return noting

    for where, name, step in (
        (index.Postings, "of", "sums"),
        (search_index, "read_meta", "pairs"),
        (looks, "check_document", "look"),
    ):
        monkeypatch.setattr(where, name, noted(step, getattr(where, name)))

    assert list(check(tmp_path, jobs=1)) == []
    assert steps == ["sums", "pairs", "look", "look"] * 3


def test_what_is_saved_meanwhile_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An article that came, and one that changed, after the index was read are as they should
    be."""
    make(tmp_path)
    file_checksums.path_of(tmp_path / "archive.db").unlink()
    real = index.postings

    def postings(conn: sqlite3.Connection) -> index.Postings:
        held = real(conn)
        with opened(tmp_path) as store:
            keep(store, article(3))
            keep(store, article(2, links=(1,), text="一篇改过的正文"), now=LATER)
        return held

    monkeypatch.setattr(index, "postings", postings)

    assert list(check(tmp_path, jobs=1)) == []


def everything(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def with_raw_pages(root: Path) -> None:
    """``make`` with a raw page, and no seals, as a kill leaves it."""
    make(root)
    with Snapshots(root / "snapshots.db") as kept:
        kept.put(Page(url=short_address(1), body=b"<html>"), address=short_address(1))
    for seal in root.glob("*.seal"):
        seal.unlink()


def test_a_look_writes_nothing(tmp_path: Path) -> None:
    """Not even the seals that are missing; and how far it came is told to the end of each part."""
    with_raw_pages(tmp_path)
    before = everything(tmp_path)
    told: dict[str, tuple[int, int]] = {}

    assert [] == list(check(tmp_path, lambda what, done, of: told.update({what: (done, of)})))
    assert before == everything(tmp_path)
    parts = {"database", "articles", "versions", "addresses", "images", "files"}
    assert {*parts, "search index", "raw pages"} == told.keys()
    assert all(done == of for done, of in told.values())


def test_a_look_closes_what_it_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that nobody reads to its end."""
    make(tmp_path)
    made: list[ArchiveDatabase] = []

    def opening(*args: Any, **options: Any) -> ArchiveDatabase:
        made.append(open_database(*args, **options))
        return made[-1]

    monkeypatch.setattr(CHECK, "open_database", opening)
    list(check(tmp_path))
    (tmp_path / "articles" / "mine.md").write_text("mine")
    found = check(tmp_path)
    next(found)
    found.close()  # type: ignore[attr-defined]

    assert 2 == len(made)
    for db in made:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            db.conn.execute("SELECT 1")


def test_where_nothing_is_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    """It is said, and nothing is made."""
    with pytest.raises(NotHeld, match="there is no archive in"):
        list(check(tmp_path / "none"))
    assert [] == list(tmp_path.iterdir())


def test_a_bit_flipped_where_nothing_stands_is_told_by_its_place(tmp_path: Path) -> None:
    """By the seal alone, and nothing else is blamed."""
    make(tmp_path)
    place = tmp_path / "archive.db"
    data = bytearray(place.read_bytes())
    data[data.rfind(bytes(64))] ^= 1
    place.write_bytes(data)

    (found,) = faults(tmp_path)
    assert "database" == found.sort
    assert found.what.startswith("archive.db differs from its checksums in bytes ")


def test_each_damaged_article_is_told_and_what_cannot_be_read_once(tmp_path: Path) -> None:
    """However many pieces of it there are."""
    make(tmp_path)
    with tampered(tmp_path) as conn:
        conn.execute("UPDATE articles SET title = title || '?'")
    rows = [finding.article_id for finding in faults(tmp_path) if finding.sort == "row"]
    assert [1, 2] == rows

    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        conn.execute("DROP TABLE addresses")
    file_checksums.path_of(tmp_path / "archive.db").unlink(missing_ok=True)
    told = [finding.what for finding in faults(tmp_path) if finding.sort == "database"]
    assert ["archive.db cannot be read: no such table: addresses"] == told


@pytest.mark.parametrize(
    ("cores", "least", "jobs"), [(7, 2, 7), (2, 2, 2), (None, 2, None), (1, 2, None), (7, 3, None)]
)
def test_large_archives_are_looked_at_by_all_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int | None, least: int, jobs: int | None
) -> None:
    """Small ones, and where there is one core or nobody knows, in this process (``None``)."""
    make(tmp_path)
    asked: list[int] = []

    def look(root: Path, pieces: list[Piece], jobs: int) -> Iterator[list[Finding]]:
        asked.append(jobs)
        return iter([[] for _ in pieces])

    monkeypatch.setattr("archive.verify.work.look_at_all", look)
    monkeypatch.setattr(CHECK, "_PROCESSES_FROM", least)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    list(check(tmp_path))

    assert {jobs} - {None} == {*asked}


def test_an_archive_whose_articles_cannot_be_read_is_looked_at_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes would each fail at the same."""
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute("DROP TABLE articles")
    file_checksums.path_of(tmp_path / "archive.db").unlink(missing_ok=True)
    monkeypatch.setattr("archive.verify.work.look_at_all", lambda *_: pytest.fail("processes"))

    said = "archive.db cannot be read: no such table: articles"
    assert said in [finding.what for finding in faults(tmp_path)]


@pytest.mark.parametrize(
    ("finding", "how"),
    [
        (Finding(sort="comment", what="x"), "nothing says which one it is"),
        (Finding(sort="comment", what="x", article_id=1), "nothing says which one it is"),
        (Finding(sort="comment", what="x", name="1"), "nothing says which one it is"),
        (Finding(sort="row", what="x", article_id=77), "the row is not there any more"),
        (Finding(sort="due", what="x", article_id=77), "the archive holds no article number 77"),
        (Finding(sort="stray", what="x"), None),
    ],
)
def test_what_cannot_be_mended_says_why(tmp_path: Path, finding: Finding, how: str | None) -> None:
    """One of them stops no other."""
    make(tmp_path)
    due = Finding(sort="due", what="x", article_id=1)
    first, second = repair(tmp_path, [finding, due], LATER)

    assert {(first.how, bool(first.repaired)), (second.how, bool(second.repaired))} == {
        (how, False),
        ("written", True),
    }


@pytest.mark.parametrize(
    ("sql", "sort", "repaired", "how"),
    [
        (
            "UPDATE articles SET account_id = 77",
            "database",
            True,
            "the database file was written anew and is sound",
        ),
        (
            "UPDATE OR REPLACE addresses SET address = 'https://mp.weixin.qq.com/s/xxxxxxxxxxxxxxxxxxxxxx'",
            "address",
            True,
            "made again from the address that was asked for",
        ),
        (
            "UPDATE addresses SET fetch = 'nowhere'",
            "address",
            True,
            "forgotten: it opens nothing",
        ),
        (
            "UPDATE versions SET text = 'quite another'",
            "version",
            False,
            "no raw page of this version is kept",
        ),
        (
            "UPDATE articles SET text = 'quite another' WHERE mid = '1'",
            "content",
            False,
            "no raw page of it is kept: `save --refresh` fetches it again",
        ),
    ],
)
def test_what_was_done_is_told(
    tmp_path: Path, sql: str, sort: str, repaired: bool, how: str
) -> None:
    """And whether it is right now; the mended archive is sealed."""
    make(tmp_path)
    with tampered(tmp_path) as conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute(sql)

    told = {(one.repaired, one.how) for one in mend(tmp_path) if one.sort == sort}
    assert {(repaired, how)} == told
    assert [] == file_checksums.broken_blocks(tmp_path / "archive.db")


def test_the_index_is_built_again_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much of it is wrong."""
    make(tmp_path)
    with tampered(tmp_path) as conn:
        conn.execute("DELETE FROM search_documents")
    built: list[sqlite3.Connection] = []

    def build(conn: sqlite3.Connection) -> None:
        built.append(conn)
        reindex(conn)

    monkeypatch.setattr("archive.search.rebuild.reindex", build)
    mended = [one for one in mend(tmp_path) if one.sort == "index"]

    assert [True] * len(mended) == [one.repaired for one in mended]
    assert (1, True) == (len(built), len(mended) > 1)
    assert [] == faults(tmp_path)


def test_facts_are_not_taken_from_a_file_that_a_person_changed(tmp_path: Path) -> None:
    """It may say anything; the row stays as it is, and what helps is said."""
    make(tmp_path)
    with opened(tmp_path) as store:
        place = tmp_path / store.stored(2).path
    place.write_text(place.read_text("utf-8").replace("2026-11-23", "2020-01-01"), "utf-8")
    with tampered(tmp_path) as conn:
        conn.execute("UPDATE articles SET archived = '1999', key = 'wrong' WHERE mid = '2'")
        before = conn.execute("SELECT * FROM articles WHERE mid = '2'").fetchall()

    told = [(one.repaired, one.how) for one in mend(tmp_path) if one.sort == "row"]
    how = "its facts cannot be told from its hash: `save --refresh` fetches it again"
    assert [(False, how)] == told
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert before == conn.execute("SELECT * FROM articles WHERE mid = '2'").fetchall()


@pytest.mark.parametrize(
    ("named", "text", "repaired", "how"),
    [
        (True, "的正文", True, "made again from its raw page"),
        (True, "别的正文", True, "made again from its raw page"),
        (False, "的正文", True, "made again from a raw page"),
        (
            False,
            "别的正文",
            False,
            "no raw page of it is kept: `save --refresh` fetches it again",
        ),
    ],
)
def test_only_the_articles_own_raw_page_may_say_something_else(
    tmp_path: Path, named: bool, text: str, repaired: bool, how: str
) -> None:
    """The one that its row names, which an older parser may have read otherwise; any other capture
    of its address counts where it says the same.
    """

    def captured(text: str) -> Page:
        body = article_page(title="一篇", body=f"<p>{text}</p>" * 9)
        return Page(url=short_address(1), body=body, fetched=NOW)

    with opened(tmp_path) as store, Snapshots(tmp_path / "snapshots.db") as snapshots:
        number = snapshots.put(captured(text), address=short_address(1))
        found = scraper.parse(captured("的正文"))
        keep(store, found, short_address(1), snapshot_id=number if named else None)
    with tampered(tmp_path) as conn:
        conn.execute("UPDATE articles SET text = 'wrong', body = 'wrong', record = 'no JSON'")

    assert [(repaired, how)] == [
        (one.repaired, one.how) for one in mend(tmp_path) if one.sort == "content"
    ]


def test_damage_in_room_that_no_row_uses_is_gone_with_it(tmp_path: Path) -> None:
    """The file is written anew without that room."""
    make(tmp_path)
    place = tmp_path / "archive.db"
    with closing(sqlite3.connect(place)) as conn, conn:
        conn.execute("CREATE TABLE big (x)")
        conn.execute("INSERT INTO big VALUES (zeroblob(100000))")
        conn.execute("DROP TABLE big")
    file_checksums.path_of(place).unlink()
    data = bytearray(place.read_bytes())
    free = slice(36, 40)  # how many pages are free, in the header
    data[free] = (int.from_bytes(data[free], "big") + 1).to_bytes(4, "big")
    place.write_bytes(data)

    assert ["database"] == [finding.sort for finding in faults(tmp_path)]
    assert [True] == [one.repaired for one in mend(tmp_path)]
    assert [] == list(check(tmp_path))


def test_no_piece_is_passed_over_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever becomes of the processes: an archive is not called sound that was not looked at."""
    make(tmp_path)
    monkeypatch.setattr("archive.verify.work.look_at_all", lambda *_: iter(()))
    with pytest.raises(ValueError, match="shorter"):
        list(check(tmp_path, jobs=2))


def test_what_cannot_be_read_at_all_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of each piece that it stopped; what is wrong with a row is told of every row."""
    make(tmp_path)
    once = Finding(sort="database", what="it cannot be read")

    def look(root: Path, pieces: list[Piece], jobs: int) -> Iterator[list[Finding]]:
        return iter(
            [
                [once, Finding(sort="row", what="damaged", article_id=n)]
                for n, _ in enumerate(pieces)
            ]
        )

    monkeypatch.setattr("archive.verify.work.look_at_all", look)
    found = list(check(tmp_path, jobs=2))
    rows = [finding.article_id for finding in found if finding.sort == "row"]

    assert 4 < len(rows)
    assert 2 >= sum(finding == once for finding in found) >= 1  # of the tables, and of the index
    assert once == found[0]


def test_an_archive_of_an_older_version_is_looked_at_as_it_is(tmp_path: Path) -> None:
    """It is sound, and stays what it is."""
    make(tmp_path)
    take_identity_away(tmp_path)
    before = everything(tmp_path)

    assert [] == list(check(tmp_path))
    assert before == everything(tmp_path)
