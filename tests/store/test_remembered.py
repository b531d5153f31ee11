"""What is asked of the whole database is asked when somebody wrote, and not all the time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.library import Remembered


def test_it_is_asked_again_after_a_write_and_a_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that took a second holds for twenty more, however much is written meanwhile; as
    long as nobody writes it holds for good.
    """
    now = [0.0]
    monkeypatch.setattr("archive.library.time.monotonic", lambda: now[0])
    path = tmp_path / "some.db"

    def ask(conn: sqlite3.Connection) -> int:
        now[0] += 1
        return int(conn.execute("SELECT count(*) FROM some").fetchone()[0])

    with closing(sqlite3.connect(path)) as writer, closing(sqlite3.connect(path)) as reader:
        writer.execute("CREATE TABLE some (x)")
        counted = Remembered(ask)
        said = []
        for moment in (0, 2, 20.9, 21.1, 1000):
            now[0] = moment
            said.append(counted.of(reader))
            if moment < 21:
                with writer:
                    writer.execute("INSERT INTO some VALUES (1)")

    assert [0, 0, 0, 3, 3] == said
