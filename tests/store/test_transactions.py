"""One way to write: all of a block, or nothing of it."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from archive.db.transactions import (
    Together,
    transaction,
    unsynced_transaction,
    whole_transaction,
)
from archive.saved.pictures import LocalImage
from archive.store import Store
from scraper.errors import Gone
from scraper.models import Account
from tests.store.make import (
    LATER,
    NOW,
    article,
    keep,
    long_address,
    opened,
    short_address,
    written_at_once,
)
from tests.weixin.media import png

ARCHIVE = Path(__file__).resolve().parents[2] / "archive"
PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/a/640"


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    """A database with one empty table."""
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE TABLE t (x)")
    yield conn
    conn.close()


def rows(conn: sqlite3.Connection) -> list[int]:
    return [row[0] for row in conn.execute("SELECT x FROM t ORDER BY x")]


def test_of_a_whole_nothing_stays_where_a_part_fails(conn: sqlite3.Connection) -> None:
    """Even where somebody catches what the part raised: it is raised at the end. The next one is as
    any other.
    """
    with pytest.raises(ValueError, match="a part"):
        _with_a_part_that_fails(conn)
    with whole_transaction(conn), transaction(conn):
        conn.execute("INSERT INTO t VALUES (4)")
    with transaction(conn):
        with suppress(ValueError), whole_transaction(conn):
            conn.execute("INSERT INTO t VALUES (5)")
            raise ValueError
        conn.execute("INSERT INTO t VALUES (6)")

    assert [4, 6] == rows(conn)
    assert not conn.in_transaction


def _with_a_part_that_fails(conn: sqlite3.Connection) -> None:
    with whole_transaction(conn):
        with transaction(conn):
            conn.execute("INSERT INTO t VALUES (1)")
        with suppress(ValueError), unsynced_transaction(conn):
            conn.execute("INSERT INTO t VALUES (2)")
            raise ValueError("a part")
        conn.execute("INSERT INTO t VALUES (3)")


def test_parts_of_a_whole_begin_no_savepoint(conn: sqlite3.Connection) -> None:
    """Each would keep the pages that change behind it a second time."""
    asked: list[str] = []
    conn.set_trace_callback(asked.append)
    with whole_transaction(conn), transaction(conn), unsynced_transaction(conn):
        conn.execute("INSERT INTO t VALUES (1)")

    assert asked == ["BEGIN IMMEDIATE", "INSERT INTO t VALUES (1)", "COMMIT"]


def test_what_raises_writes_nothing(conn: sqlite3.Connection) -> None:
    """And the connection is free for the next one."""
    with suppress(ValueError), transaction(conn):
        conn.execute("INSERT INTO t VALUES (1)")
        raise ValueError
    with transaction(conn):
        conn.execute("INSERT INTO t VALUES (2)")

    assert [2] == rows(conn)
    assert not conn.in_transaction


def test_an_inner_one_takes_back_its_own_writes_only(conn: sqlite3.Connection) -> None:
    """However deep; the outer one goes on."""
    with transaction(conn):
        conn.execute("INSERT INTO t VALUES (1)")
        with suppress(ValueError), transaction(conn):
            conn.execute("INSERT INTO t VALUES (2)")
            with transaction(conn):
                conn.execute("INSERT INTO t VALUES (3)")
            raise ValueError
        with transaction(conn):
            conn.execute("INSERT INTO t VALUES (4)")

    assert [1, 4] == rows(conn)


def test_together_commits_a_group_at_a_time(tmp_path: Path) -> None:
    """Nobody sees a group before it is whole; what ends the block keeps what was written, and a
    write that failed has taken back itself alone.
    """
    with (
        closing(sqlite3.connect(tmp_path / "t.db", isolation_level=None)) as conn,
        closing(sqlite3.connect(tmp_path / "t.db")) as other,
    ):
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("CREATE TABLE t (x)")
        seen: list[list[int]] = []
        told: list[list[int]] = []
        with suppress(KeyError), Together(partial(transaction, conn)) as group:
            conn.execute("INSERT INTO t VALUES (1)")
            group.once_kept(lambda: told.append(rows(other)))
            seen.append(rows(other))
            assert [] == told
            group.commit()
            seen.append(rows(other))
            conn.execute("INSERT INTO t VALUES (2)")
            group.once_kept(lambda: told.append(rows(other)))
            with suppress(ValueError), transaction(conn):
                conn.execute("INSERT INTO t VALUES (3)")
                raise ValueError
            raise KeyError

        assert [[], [1]] == seen
        assert [[1], [1, 2]] == told
        assert [1, 2] == rows(other)


def test_a_commit_that_fails_is_rolled_back(conn: sqlite3.Connection) -> None:
    """A constraint that is looked at only then, as a full disk is noticed."""
    conn.execute("PRAGMA foreign_keys = ON")
    conn.execute("CREATE TABLE p (id INTEGER PRIMARY KEY)")
    conn.execute("CREATE TABLE c (p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError), transaction(conn):
        conn.execute("INSERT INTO c VALUES (7)")

    assert not conn.in_transaction


def test_an_error_that_ended_the_outer_transaction_is_the_one_that_is_told(
    conn: sqlite3.Connection,
) -> None:
    """Not the savepoint that went with it."""
    conn.execute(
        "CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'refused'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="refused"), transaction(conn):  # noqa: SIM117
        with transaction(conn):
            conn.execute("INSERT INTO t VALUES (1)")
    assert not conn.in_transaction


def test_the_next_commit_waits_for_the_disk_again(conn: sqlite3.Connection) -> None:
    """Also after a light one that raised."""
    with suppress(ValueError), unsynced_transaction(conn):
        assert [(1,)] == conn.execute("PRAGMA synchronous").fetchall()  # NORMAL
        raise ValueError

    assert [(2,)] == conn.execute("PRAGMA synchronous").fetchall()  # FULL


def sources() -> Iterator[tuple[str, str]]:
    for path in sorted(ARCHIVE.rglob("*.py")):
        yield path.relative_to(ARCHIVE).as_posix(), path.read_text(encoding="utf-8")


def strings(source: str) -> Iterator[str]:
    """Every text in a file that is no docstring."""
    tree = ast.parse(source)
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_transactions_are_begun_in_one_place() -> None:
    """Every other room says ``with transaction(conn)``; search and the deep check read one moment,
    and a new index is built in a file of its own.
    """
    begun = {
        name
        for name, source in sources()
        for text in strings(source)
        if re.match(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b", text)
    }

    reading_one_moment = {"search/searcher.py", "verify/index.py"}
    assert {"db/transactions.py", "search/build.py", *reading_one_moment} == begun


def test_databases_are_opened_in_one_place() -> None:
    """So that every connection has its foreign keys and waits for the disk."""
    opened = {name for name, source in sources() if "sqlite3.connect(" in source}

    # The backup's copy and an index in the making are no archive yet; the wanted schema stands in
    # memory, as does what `doctor` tries SQLite with; an import reads other programs' databases, and
    # what somebody else changed is no database of ours.
    others = {
        "db/foreign.py",
        "backup/databases.py",
        "search/build.py",
        "verify/structure.py",
        "doctor/machine.py",
        "importers/sqlite_files.py",
    }
    assert {"db/opening.py", *others} == opened


def test_files_are_named_in_one_place() -> None:
    """``archive.db`` is written out in ``db/names.py`` alone."""
    named = {
        name
        for name, source in sources()
        for text in strings(source)
        if text in ("archive.db", "snapshots.db", ".lock", ".tmp")
    }

    assert {"db/names.py"} == named


def test_a_list_that_is_not_read_to_its_end_ends_quietly(tmp_path: Path) -> None:
    """Also when the database was closed meanwhile, as by ``list | head``."""
    with opened(tmp_path) as store:
        keep(store, article(1))
        keep(store, article(2))
        rows = iter(store.articles())
        next(rows)

    rows.close()  # type: ignore[attr-defined]


def test_a_transaction_keeps_others_out_from_its_beginning(tmp_path: Path) -> None:
    """Nobody writes between what is read in it and what is written then."""
    with closing(sqlite3.connect(tmp_path / "x.db", timeout=0)) as one:
        one.execute("CREATE TABLE t (x)")
        with closing(sqlite3.connect(tmp_path / "x.db", timeout=0)) as other:
            with transaction(one):
                states = [one.in_transaction]
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    other.execute("INSERT INTO t VALUES (1)")
            assert [True, False] == [*states, one.in_transaction]
            other.execute("INSERT INTO t VALUES (2)")
            other.commit()
        assert [2] == rows(one)


def damaged_version(store: Store) -> sqlite3.Row:
    row: sqlite3.Row = store.db.conn.execute("SELECT * FROM versions").fetchone()
    return row


#: What each way to write does to an archive that holds article 1 in two versions, and article 2.
WRITING: dict[str, Callable[[Store], object]] = {
    "keep a new one": lambda store: keep(store, article(3)),
    "keep a changed one": lambda store: keep(store, article(2, text="neu"), now=LATER),
    "look again": lambda store: keep(store, article(2), now=LATER, refresh=True),
    "gone": lambda store: store.gone(long_address(2), Gone("x", reason="deleted"), LATER),
    "account": lambda store: store.know_account(Account(name="new", biz="MzA="), NOW),
    "address": lambda store: store.remember(short_address(9), 1, NOW),
    "earlier content": lambda store: store.remake_version(1, 1, article(1, text="anders"), 9),
    "write the file": lambda store: store.rerender(2),
    "picture": lambda store: store.add_media(PICTURE, LocalImage(png(2), "image/png", "png"), NOW),
    "no picture": lambda store: store.media_failed(PICTURE, OSError("no"), NOW, LATER),
    "damaged picture": lambda store: store.maintenance.forget_media("0" * 64, None, NOW),
    "columns": lambda store: store.maintenance.update_article(1, digest="other"),
    "content": lambda store: store.maintenance.replace_content(2, article(2, links=(1,)), LATER),
    "parts": lambda store: store.maintenance.derive_again(1, LATER),
    "version": lambda store: store.maintenance.replace_version(damaged_version(store), article(1)),
    "damaged address": lambda store: store.maintenance.replace_address(
        store.canonical_addresses(2)[0], short_address(8)
    ),
    "restored version": lambda store: store.maintenance.restore_version(
        2, 7, article(2, text="alt"), NOW, 1, None
    ),
    "no raw pages": lambda store: store.maintenance.forget_pages(1),
    "awaited": lambda store: store.maintenance.expect_address(2),
    "when changed": lambda store: store.maintenance.set_changed(2, LATER),
}


@pytest.mark.parametrize("way", WRITING)
def test_each_way_to_write_is_one_transaction(tmp_path: Path, way: str) -> None:
    """A kill leaves the state before or the one after."""
    with opened(tmp_path, eager=False) as store:
        keep(store, article(1, text="eins"))
        keep(store, article(1, text="zwei", links=(2,), images=(PICTURE,)), now=LATER)
        keep(store, article(2))
        store.write_stale_files()
        store.maintenance.update_article(2, markdown_hash="of an older state")

        assert written_at_once(store.db.conn, lambda: WRITING[way](store))
