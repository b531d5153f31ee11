"""Removing articles: everything of them, back for thirty days, and never back by itself."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from archive.errors import BadInput, NotHeld
from archive.search import search
from archive.snapshots import Snapshots
from archive.store import Store
from archive.store.own import Marking
from archive.store.removal import KEPT
from archive.verify import check
from scraper import urls
from scraper.models import Page
from scraper.zone import for_people
from tests.command import Result, wechat_archive
from tests.store.make import LATER, NOW, article, keep, long_address, opened
from tests.web.pages import visiting

PNG = b"\x89PNG"
PICTURE, OTHER = (f"https://mmbiz.qpic.cn/mmbiz_png/{name}/640" for name in ("ONLY", "SHARED"))


def files(root: Path) -> set[str]:
    """The archive's files outside its databases."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(("archive.db", "snapshots.db", ".lock"))
    }


def rows(root: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the database says, but for the search index and its own notes."""
    with closing(sqlite3.connect(root / "archive.db")) as conn:
        tables = [
            name
            for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(("search_", "sqlite_", "meta", "_", "article_changes"))
        ]
        return {
            table: sorted(conn.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr)
            for table in tables
        }


def make(root: Path, store: Store) -> str:
    """Two articles that link to each other and share a picture; the first has all that can be."""
    for url, body in ((PICTURE, PNG), (OTHER, PNG + b"2")):
        store.add_media(url, _Download(body), NOW)
    kept = keep(store, article(1, links=(2,), images=(PICTURE, OTHER), tags=("微信",), text="旧"))
    keep(
        store, article(1, links=(2,), images=(PICTURE, OTHER), tags=("微信",), text="新"), now=LATER
    )
    keep(store, article(2, links=(1,), images=(OTHER,), text="另一篇"))
    store.edits.mark(store.stored(kept.article_id), Marking.of(add=["投资"], note="好"), NOW)
    place = root / kept.path
    place.write_text(place.read_text(encoding="utf-8") + "\n我的话\n", encoding="utf-8")
    store.edits.take_in(kept.article_id, NOW)
    conn = store.db.conn
    conn.execute(
        "INSERT INTO comments (id, article_id, parent_id, comment_id, position, text, likes, by_author, "
        "liked_by_author, pinned, reply_count, first_seen, last_seen, row_check) VALUES "
        "(7, ?, NULL, 'a', 1, '评', 0, 0, 0, 0, 1, '', '', ''), "
        "(8, ?, 7, 'a/1', 1, '复', 0, 0, 0, 0, 0, '', '', '')",
        (kept.article_id, kept.article_id),
    )
    conn.commit()
    return kept.key


class _Download:
    type, extension = "image/png", "png"

    def __init__(self, body: bytes) -> None:
        self.body = body


def test_everything_of_it_goes_and_comes_back(tmp_path: Path) -> None:
    """Rows of every table, the file, its own picture; what others show stays."""
    with opened(tmp_path) as store:
        key = make(tmp_path, store)
        held = store.get(key)
        text = (tmp_path / held.path).read_bytes()
        before, there = rows(tmp_path), files(tmp_path)

        tombstone = store.removal.remove(held, NOW)
        store.write_stale_files()

        assert (key, NOW, NOW + KEPT) == (tombstone.key, tombstone.removed, tombstone.until)
        gone = there - files(tmp_path)
        assert {held.path, store_path(before, PICTURE)} == gone
        after = rows(tmp_path)
        left = {
            table
            for table, found in after.items()
            if table not in ("removed", "removed_addresses", "removed_files", "accounts")
            and any(held.article_id in row[:2] and key in map(str, row) for row in found)
        }
        assert (set(), [1, 1]) == (left, [len(after["articles"]), len(after["media"])])
        assert [] == list(search(store.db.conn, "我的话"))
        assert [] == faults(tmp_path)

        store.removal.undo(key, LATER)
        store.write_stale_files()

        assert before == {**rows(tmp_path), "removed": [], "removed_addresses": []}
        assert (there, text) == (files(tmp_path), (tmp_path / held.path).read_bytes())
        assert [held.article_id] == [hit.article_id for hit in search(store.db.conn, "mine:我的话")]
        assert [] == faults(tmp_path)


def store_path(before: dict[str, list[tuple[object, ...]]], url: str) -> str:
    (digest,) = (row[2] for row in before["media_addresses"] if row[0] == url)
    return next(str(row[1]) for row in before["media"] if row[0] == digest)


def faults(root: Path) -> list[str]:
    """Damage; comments are made up here, without their checksums."""
    return [f.what for f in check(root) if f.is_fault and "comment" not in f.what]


def test_what_was_removed_comes_back_beside_others(tmp_path: Path) -> None:
    """Another article has its numbers by then."""
    with opened(tmp_path) as store:
        key = make(tmp_path, store)
        store.removal.remove(store.get(key), NOW)
        keep(store, article(3, text="后来的"))

        held = store.removal.undo(key, LATER)

        assert ("新", Marking().applied(store.own(held.article_id))) == (
            store.article(held.article_id).text,
            store.own(held.article_id),
        )
        found = store.db.conn.execute(
            "SELECT c.text, p.text FROM comments c JOIN comments p ON p.id = c.parent_id "
            "WHERE c.article_id = ?",
            (held.article_id,),
        ).fetchall()
        assert [("复", "评")] == [tuple(row) for row in found]
        assert [] == faults(tmp_path)


def test_it_goes_for_good_after_thirty_days(tmp_path: Path) -> None:
    """Its files and rows are swept; that it was removed is remembered."""
    with opened(tmp_path) as store:
        key = make(tmp_path, store)
        store.removal.remove(store.get(key), NOW)

        assert 0 == store.removal.sweep(NOW + KEPT - timedelta(seconds=1))
        assert 1 == store.removal.sweep(NOW + KEPT + timedelta(seconds=1))
        assert not (tmp_path / ".trash" / key).exists()
        assert [None] == [one.until for one in store.removal.all()]
        with pytest.raises(BadInput, match="longer ago"):
            store.removal.undo(key, LATER)
        with pytest.raises(BadInput, match="was removed"):
            keep(store, article(1))
        store.removal.forget(key)
        assert "new" == keep(store, article(1)).change


def test_files_that_a_kill_left_are_moved_by_the_next_command(tmp_path: Path) -> None:
    """Between the rows and the files."""
    with opened(tmp_path) as store:
        key = make(tmp_path, store)
        path = store.get(key).path
        store.removal.remove(store.get(key), NOW)
        store.files.move(f".trash/{key}/{path}", path)

        store.removal.finish()

        assert not (tmp_path / path).exists()
        assert path == store.removal.undo(key, LATER).path


def run(root: Path, *words: str) -> Result:
    return wechat_archive("--archive", str(root), *words)


def test_remove_from_the_command_line(tmp_path: Path) -> None:
    """By key and by query, listed, brought back; what is not held is named."""
    with opened(tmp_path) as store:
        keys = [keep(store, article(number)).key for number in (1, 2, 3)]

    done = run(tmp_path, "remove", keys[0], "zzzzzzzzzz")
    assert (1, f"{keys[0]}  removed  第1篇\n") == (done.code, done.stdout)
    assert "zzzzzzzzzz" in done.stderr
    assert 130 == run(tmp_path, "remove", "--query", "正文").code
    assert 0 == run(tmp_path, "remove", "--query", "正文", "--yes").code
    assert "" == run(tmp_path, "list").stdout
    listed = [
        json.loads(line)["key"]
        for line in run(tmp_path, "remove", "--list", "--json").stdout.splitlines()
    ]
    assert set(keys) == set(listed)
    assert 0 == run(tmp_path, "remove", "--undo", *keys).code
    assert 3 == len(run(tmp_path, "list").stdout.splitlines())
    assert 0 == run(tmp_path, "verify").code
    assert 64 == run(tmp_path, "remove").code


def test_raw_pages_go_with_it(tmp_path: Path) -> None:
    """Also one that others are packed against, which are whole afterwards."""
    pages = [(f"<p>{'茶' * 400}{number}</p>" * 30).encode() for number in (1, 2, 3)]
    with opened(tmp_path) as store, Snapshots(tmp_path / "snapshots.db") as snapshots:
        ids = [
            snapshots.put(
                Page(url=long_address(n), body=body, fetched=NOW),
                address=urls.canonical(long_address(n)),
            )
            for n, body in enumerate(pages, 1)
        ]
        for number, snapshot_id in enumerate(ids, 1):
            keep(store, article(number), snapshot_id=snapshot_id)

    done = run(tmp_path, "remove", long_address(1), "--raw")

    assert 0 == done.code, done.stderr
    with Snapshots(tmp_path / "snapshots.db") as snapshots:
        assert pages[1:] == [snapshots.get(one).body for one in ids[1:]]
        with pytest.raises(NotHeld):
            snapshots.get(ids[0])
        assert [] == list(snapshots.check())
    assert 0 == run(tmp_path, "remove", "--undo", long_address(1)).code
    assert 0 == run(tmp_path, "verify").code


def test_the_time_of_a_removal_reads_the_same_everywhere(tmp_path: Path) -> None:
    """To the minute, in this machine's zone and with it: listed, on the page, and told to whoever
    meets the article again."""
    with opened(tmp_path) as store:
        key = keep(store, article(1)).key
        store.removal.remove(store.get(key), NOW)
        with pytest.raises(BadInput, match=re.escape(for_people(NOW))):
            keep(store, article(1))

    assert for_people(NOW) in run(tmp_path, "remove", "--list").stdout
    with visiting(tmp_path) as client:
        page = client.get("/removed").text
    assert (for_people(NOW) in page, for_people(NOW + KEPT) in page) == (True, True)
