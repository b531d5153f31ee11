"""Which archive it is, and which of two copies is newer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import archive
from archive.db.identity import Identity
from archive.db.migrations import ARCHIVE
from archive.verify import check
from tests.command import wechat_archive
from tests.store.make import article, keep, opened


def identity_of(root: Path) -> Identity:
    with archive.open(root) as library:
        return library.identity


def test_every_archive_is_another_one(tmp_path: Path) -> None:
    """And stays itself, while what is kept in it makes it newer."""
    first, second = identity_of(tmp_path / "a"), identity_of(tmp_path / "b")
    with opened(tmp_path / "a") as store:
        keep(store, article(1))
    later = identity_of(tmp_path / "a")

    assert second.archive_id != first.archive_id == later.archive_id
    assert later.generation > first.generation
    assert later == identity_of(tmp_path / "a")


def before_it(root: Path) -> None:
    """The archive as the version before this migration left it."""
    with opened(root) as store:
        keep(store, article(1))
    with closing(sqlite3.connect(root / "archive.db")) as conn, conn:
        triggers = conn.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'generation_*'"
        ).fetchall()
        for (name,) in triggers:
            conn.execute(f"DROP TRIGGER {name}")
        conn.execute("DROP TABLE meta")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm005_identity'")
    (root / "archive.db.seal").unlink()


def test_an_archive_of_before_is_read_and_verified_as_it_is(tmp_path: Path) -> None:
    """Reading commands need no identity, and change nothing to get one."""
    before_it(tmp_path)
    before = (tmp_path / "archive.db").read_bytes()
    for command in (["list"], ["show", "第1篇"], ["search", "正文"], ["verify"], ["status"]):
        done = wechat_archive("--archive", str(tmp_path), *command)
        assert (0 if command[0] != "show" else 1) == done.code, done.stderr

    assert before == (tmp_path / "archive.db").read_bytes()
    assert [] == list(check(tmp_path))


def test_the_next_writing_command_gives_it_one(tmp_path: Path) -> None:
    """With nothing else changed."""
    before_it(tmp_path)
    with opened(tmp_path) as store:
        assert [] == ARCHIVE.pending(store.db.conn)

    assert identity_of(tmp_path).archive_id is not None
    assert [] == list(check(tmp_path))
