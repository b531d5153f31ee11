"""What is counted is kept as it changes, so that nobody counts: status, lists and pages take as long
in an archive of a million articles as in one of a thousand.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archive.db import tallies
from archive.db.migrations import ARCHIVE
from archive.db.opening import open_database
from archive.status import collect
from archive.store import Store, browse
from archive.verify import check, repair
from scraper.errors import Gone
from tests.store.make import LATER, NOW, Download, article, keep, long_address, opened
from tests.store.older import without_tallies

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/AAAAID/640"
#: Tables with a row or more an article.
LARGE = {
    "articles",
    "addresses",
    "links",
    "images",
    "embeds",
    "tags",
    "versions",
    "losses",
    "frontier",
    "media",
    "media_addresses",
    "recordings",
    "article_recordings",
    "search_documents",
}


def fill(store: Store) -> None:
    """Articles with all that is counted."""
    store.add_media(PICTURE, Download(b"\x89PNG" + bytes(range(256))), NOW)
    for number in range(1, 8):
        keep(store, article(number, links=(1,), images=(PICTURE,), tags=("甲", f"乙{number % 2}")))
    keep(store, article(1, text="改了"), now=LATER)
    store.gone(long_address(2), Gone("deleted", reason="deleted"), LATER)


def test_numbers_are_those_of_a_count(tmp_path: Path) -> None:
    """After articles came, changed, went from WeChat and were removed."""
    with opened(tmp_path) as store:
        fill(store)
        conn = store.db.conn
        assert tallies.wrong(conn) == []
        assert tallies.number(conn, "article") == 7
        assert tallies.number(conn, "gone") == 1
        assert tallies.numbers(conn, "version") == {"": 1}
        with store.transaction():
            conn.execute("DELETE FROM articles WHERE id IN (1, 3)")
        assert tallies.wrong(conn) == []
        assert tallies.number(conn, "article") == store.count() == 5


def test_any_change_of_any_row_is_counted(tmp_path: Path) -> None:
    """A thousand random ones of every table that counts, by whatever SQL."""
    rng = random.Random(17)
    with opened(tmp_path) as store:
        fill(store)
        conn = store.db.conn
        for _ in range(1000):
            rng.choice(_CHANGES)(conn, rng)
        conn.commit()

        assert tallies.wrong(conn) == []


def _queued(conn: sqlite3.Connection, rng: random.Random) -> None:
    conn.execute(
        "INSERT OR IGNORE INTO frontier (address, fetch, form, state, open, why, depth, follow, "
        "scope, refresh, due, added, updated, error_code) "
        "VALUES (?, '', 'short', 'waiting', ?, 'given', 0, 0, 'any', 0, ?, '', '', ?)",
        (str(rng.randrange(50)), rng.randrange(2), str(rng.random()), rng.choice(_CODES)),
    )


_HELD = ("NULL", "(SELECT sha256 FROM media LIMIT 1)")
_CODES = (None, "deleted", "blocked", "with blanks in it")
_CHANGES: tuple[Callable[[sqlite3.Connection, random.Random], object], ...] = (
    _queued,
    lambda conn, rng: conn.execute(
        "UPDATE frontier SET open = ?, error_code = ? WHERE address = ?",
        (rng.randrange(2), rng.choice(_CODES), str(rng.randrange(50))),
    ),
    lambda conn, rng: conn.execute(
        "DELETE FROM frontier WHERE address = ?", (str(rng.randrange(50)),)
    ),
    lambda conn, rng: conn.execute(
        "UPDATE articles SET published = ?, gone = ?, parser_version = ?, account_id = NULL WHERE id = ?",
        (
            rng.choice(
                (None, "nonsense", "2024-12-31T16:00:00+00:00", "2024-12-31T15:59:59+00:00")
            ),
            rng.choice((None, "2026-01-01T00:00:00+00:00")),
            rng.randrange(3),
            rng.randrange(9),
        ),
    ),
    lambda conn, rng: conn.execute(
        "INSERT OR IGNORE INTO tags SELECT id, ? FROM articles WHERE id = ?",
        (rng.choice("甲乙丙"), rng.randrange(9)),
    ),
    lambda conn, rng: conn.execute(
        "DELETE FROM tags WHERE article_id = ? AND tag = ?", (rng.randrange(9), rng.choice("甲乙"))
    ),
    lambda conn, rng: conn.execute(
        "INSERT OR IGNORE INTO recordings (address, sort, due) VALUES (?, 'audio', ?)",
        (str(rng.randrange(9)), rng.choice((None, "2026"))),
    ),
    lambda conn, rng: conn.execute(
        f"UPDATE recordings SET sha256 = {rng.choice(_HELD)}, due = ? WHERE address = ?",
        (rng.choice((None, "2026")), str(rng.randrange(9))),
    ),
    lambda conn, rng: conn.execute(
        "INSERT OR IGNORE INTO media_addresses (url, due) VALUES (?, ?)",
        (str(rng.randrange(9)), rng.choice((None, "2026"))),
    ),
    lambda conn, rng: conn.execute(
        f"UPDATE media_addresses SET sha256 = {rng.choice(_HELD)} WHERE url = ?",
        (str(rng.randrange(9)),),
    ),
)


def test_a_new_year_begins_in_china() -> None:
    """Where an article was published just before and just after its midnight."""
    with sqlite3.connect(":memory:") as conn:
        ARCHIVE.apply(conn)
        for number, when in enumerate(("2024-12-31T15:59:59+00:00", "2024-12-31T16:00:00+00:00")):
            _bare(conn, number, when)
        assert tallies.numbers(conn, "year") == {"2024": 1, "2025": 1}
        assert [(one.name, one.articles) for one in browse.years(conn)] == [
            ("2025", 1),
            ("2024", 1),
        ]
    conn.close()


def _bare(conn: sqlite3.Connection, number: int, published: str) -> None:
    columns = [row for row in conn.execute("PRAGMA table_info(articles)") if row[3] or row[5]]
    values = {row[1]: number if row[5] or "INT" in row[2] else str(number) for row in columns}
    values["published"] = published
    conn.execute(
        f"INSERT INTO articles ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
        tuple(values.values()),
    )


def test_an_archive_of_before_is_counted_as_ever(tmp_path: Path) -> None:
    """Read before a writing command brought it up to date, it says the same; that command counts."""
    with opened(tmp_path) as store:
        fill(store)
        _queued(store.db.conn, random.Random(1))
        store.db.conn.commit()
    path = tmp_path / "archive.db"
    with open_database(path, readonly=True) as db:
        now = collect(db.conn, tmp_path, LATER)
        shelves = browse.shelves(db.conn)
    with older(path):
        pass
    with open_database(path, readonly=True) as db:
        assert collect(db.conn, tmp_path, LATER) == now
        assert browse.shelves(db.conn) == shelves
    with open_database(path) as db:
        assert tallies.exist(db.conn)
        assert tallies.wrong(db.conn) == []


@contextmanager
def older(path: Path) -> Iterator[sqlite3.Connection]:
    """The database as it was before there were tallies."""
    with sqlite3.connect(path) as conn:
        without_tallies(conn)
        yield conn
    conn.close()


def test_a_wrong_number_is_found_and_mended(tmp_path: Path) -> None:
    """By `verify`, which counts."""
    with opened(tmp_path) as store:
        fill(store)
        store.db.conn.execute("UPDATE tallies SET number = 5 WHERE kind = 'topic' AND name = '甲'")
        store.db.conn.commit()
    (found,) = check(tmp_path)
    (mended,) = repair(tmp_path, [found], LATER)

    assert (found.sort, found.is_fault, mended.repaired) == ("database", True, True)
    assert list(check(tmp_path)) == []


def listing(store: Store, **wanted: object) -> None:
    list(store.articles(limit=5, **wanted))


ASKED: dict[str, Callable[[Store], object]] = {
    "status": lambda store: collect(store.db.conn, store.root, LATER),
    "home": lambda store: browse.newest(store.db.conn),
    "deep in the list": lambda store: browse.newest(
        store.db.conn, before=browse.Place("2024-01-01T00:00:00+00:00", 5)
    ),
    "by publication": lambda store: browse.newest(
        store.db.conn,
        order="published",
        before=browse.Place("2024-01-01T00:00:00+00:00", 5),
    ),
    "an account's": lambda store: browse.newest(store.db.conn, account_id=1, order="published"),
    "shelves": lambda store: browse.shelves(store.db.conn),
    "an account": lambda store: browse.account(store.db.conn, "1"),
    "list": listing,
    "list --sort archived": lambda store: listing(store, sort="archived"),
    "list --oldest-first": lambda store: listing(store, newest_first=False),
    "list --gone": lambda store: listing(store, gone=True),
    "list --topic": lambda store: listing(store, topic="甲"),
    "list --starred": lambda store: listing(store, starred=True),
    "list --starred --sort starred": lambda store: listing(store, starred=True, sort="starred"),
    "list --read": lambda store: listing(store, read=True),
    "list --tag": lambda store: listing(store, tag="我的"),
    "list --note": lambda store: listing(store, note="读过"),
    "list --missing": lambda store: listing(store, missing=True),
    "how many": lambda store: store.count(),
}
#: Of few articles among many: reading on in the list until enough are found would read all.
FEW = (
    "list --starred",
    "list --read",
    "list --tag",
    "list --note",
    "list --missing",
    "list --topic",
)

_SCAN = re.compile(r"^SCAN (\w+)")


@pytest.mark.parametrize("what", ASKED)
def test_nothing_reads_through_a_large_table(tmp_path: Path, what: str) -> None:
    """SQLite's own plans: rows are found by an index. Where a list is cut off, it stands in the
    order that is asked for."""
    with opened(tmp_path) as store:
        fill(store)
        asked: list[str] = []
        store.db.conn.set_trace_callback(asked.append)
        ASKED[what](store)
        store.db.conn.set_trace_callback(None)
        queries = {sql for sql in asked if sql.lstrip().upper().startswith("SELECT")}

        assert queries
        is_few = what.startswith(FEW)
        assert [] == [sql for sql in queries if reads_all(store.db.conn, sql, to_the_end=is_few)]


def reads_all(conn: sqlite3.Connection, sql: str, *, to_the_end: bool) -> bool:
    """Whether a query reads every row of a large table; ``to_the_end``: also where it says how many
    are enough."""
    # The steps of the query itself: one for each row of a few may sort its tags.
    plan = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {sql}") if not row[1]]
    names = aliases(sql)
    scanned = {names.get(found[1], found[1]) for line in plan if (found := _SCAN.match(line))}
    is_cut = not to_the_end and "LIMIT" in sql and not any("TEMP B-TREE" in line for line in plan)
    is_end = bool(re.match(r"\s*SELECT (min|max)\(\w+\) FROM \w+\s*$", sql))
    return bool(scanned & LARGE) and not is_cut and not is_end


def aliases(sql: str) -> dict[str, str]:
    """What tables are called in a query."""
    return {
        alias: table
        for table, alias in re.findall(r"(?:FROM|JOIN) (\w+) (?:AS )?(\w+)", sql)
        if alias.upper() not in ("WHERE", "ON", "LEFT", "JOIN", "GROUP", "ORDER", "LIMIT")
    }
