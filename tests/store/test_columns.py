"""A column of ``articles`` is declared once; everything else follows, for old archives too."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.db import article_columns, article_tables, checksums, file_checksums, migrations
from archive.db.article_columns import ARTICLES, Stored
from archive.db.columns import Column, Table, column
from archive.db.migrations import ARCHIVE, MigrationSet
from archive.db.opening import open_database
from archive.store.rows import article_row
from archive.verify import check
from tests.command import wechat_archive
from tests.store.make import NOW, article, keep, opened

LATER = "m999_rating"

#: As the first release made it, column by column: archives of then are opened for ever.
FIRST_RELEASE = """CREATE TABLE articles (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,     -- 10 characters; stands in the file's name
        account_id INTEGER REFERENCES accounts(id),
        biz TEXT, mid TEXT, idx TEXT, -- the identity; NULL where the page gives none
        title TEXT NOT NULL,
        author TEXT,
        account TEXT,                 -- the account's name as this page shows it; accounts change theirs
        kind INTEGER NOT NULL,        -- WeChat's item_show_type
        kind_name TEXT NOT NULL,
        published TEXT,
        modified TEXT,                -- by the author, as the page says
        place TEXT,
        digest TEXT,
        cover TEXT,
        url TEXT,                     -- the page's own permanent link
        path TEXT NOT NULL UNIQUE,    -- of the Markdown file, from the archive's folder, with /
        text TEXT NOT NULL,           -- the lines a reader sees
        body TEXT NOT NULL,           -- clean HTML
        record TEXT NOT NULL,         -- JSON: everything else the page said
        content_hash TEXT NOT NULL,   -- over what an author can change, volatile parts left out
        markdown_hash TEXT NOT NULL,  -- sha256 of the file as this program wrote it
        snapshot_id INTEGER,          -- in snapshots.db; NULL without one
        parser_version INTEGER NOT NULL,
        archived TEXT NOT NULL,       -- first kept
        checked TEXT NOT NULL,        -- last compared with the server's page
        changed TEXT,                 -- when this content was first seen, if it is not the first
        changes TEXT,                 -- JSON: what differs from the version before
        version INTEGER NOT NULL DEFAULT 1,
        gone TEXT,                    -- when it was found deleted; NULL while it is there
        gone_reason TEXT,
        gone_shown TEXT,              -- as the page says it
        stale INTEGER NOT NULL DEFAULT 0,  -- 1: the file does not show the newest links or images yet
        edited TEXT,                  -- when a hand-made change of the file was noticed
        head_check TEXT NOT NULL,     -- over every column but text, body and record (see archive/db/checks.py)
        content_check TEXT NOT NULL,  -- over text, body and record
        UNIQUE (biz, mid, idx)
    )"""

#: The short columns of one row, and its checksum as the first release wrote it.
ROW = {name: f"{name} 一" for name in ARTICLES.checked} | {
    "id": 7, "account_id": None, "kind": 0, "version": 2, "parser_version": 3, "snapshot_id": 12,
}  # fmt: skip
CHECKSUM = "6bfcc99e10268de4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated(Stored):
    """The declaration of a later version of the program: one line more."""

    rating: int | None = column("what a reader thinks of it", since=LATER, csv=True)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An archive of today, of two articles."""
    with opened(tmp_path) as store:
        keep(store, article(1))
        keep(store, article(2, links=(1,)))
    return tmp_path


@pytest.fixture
def rated(old: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same archive, and the later version of the program."""
    later: Table[Any] = Table("articles", Rated, article_columns._OTHERS, ARTICLES.constraints)
    step = (LATER, lambda conn: later.add_columns(conn, LATER))
    monkeypatch.setattr(article_columns, "ARTICLES", later)
    monkeypatch.setattr(migrations, "ARCHIVE", MigrationSet("archive", (*ARCHIVE.steps, step)))
    for module in ("archive.db.opening", "archive.verify.structure", "archive.library"):
        monkeypatch.setattr(f"{module}.ARCHIVE", migrations.ARCHIVE)
    return old


def rate(root: Path, value: int | None) -> None:
    with opened(root) as store:
        store.maintenance.update_article(1, rating=value)


def test_a_column_added_later_leaves_every_older_row_as_it_was(rated: Path) -> None:
    """The archive opens, has the column, and not one checksum is another one."""
    with closing(sqlite3.connect(rated / "archive.db")) as conn:
        before = conn.execute("SELECT id, head_check FROM articles").fetchall()
    open_database(rated / "archive.db").close()

    assert [] == list(check(rated))
    with closing(sqlite3.connect(rated / "archive.db")) as conn:
        assert before == conn.execute("SELECT id, head_check FROM articles").fetchall()
        assert [(None,), (None,)] == conn.execute("SELECT rating FROM articles").fetchall()


def test_a_column_added_later_is_everywhere(rated: Path) -> None:
    """In ``list --json``, CSV, the objects, the row's checksum: by one line."""
    rate(rated, 5)

    assert [] == list(check(rated))
    listed = wechat_archive("--archive", str(rated), "list", "--json", "--oldest-first").stdout
    assert [5, None] == [json.loads(line)["rating"] for line in listed.splitlines()]
    exported = wechat_archive("--archive", str(rated), "export", "csv", "-").stdout
    rows = csv.DictReader(io.StringIO(exported.removeprefix("\ufeff")))
    assert ["", "5"] == sorted(row["rating"] for row in rows)
    with opened(rated) as store:
        assert [5, None] == [one.rating for one in store.articles(newest_first=False)]  # type: ignore[attr-defined]


def test_a_later_column_that_changes_unseen_is_found(rated: Path) -> None:
    """Its value is under the row's checksum as every other is."""
    rate(rated, 5)
    with closing(sqlite3.connect(rated / "archive.db")) as conn, conn:
        conn.execute("UPDATE articles SET rating = 4 WHERE id = 1")
    file_checksums.path_of(rated / "archive.db").unlink()

    assert ["row"] == [finding.sort for finding in check(rated)]


def test_an_archive_of_the_first_release_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other order of columns, other comments; what it holds is read, written and verified."""
    with monkeypatch.context() as then:
        then.setattr(
            "archive.db.article_tables.DDL",
            tuple(
                FIRST_RELEASE if statement.startswith("CREATE TABLE articles") else statement
                for statement in article_tables.DDL
            ),
        )
        open_database(tmp_path / "archive.db").close()
    with opened(tmp_path) as store:
        keep(store, article(1, links=(2,)))
        keep(store, article(1, text="改"), now=NOW)

    assert [] == list(check(tmp_path))
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        columns = [row[1] for row in conn.execute("PRAGMA table_info(articles)")]
    assert ["id", "key", "account_id", "biz"] == columns[:4]


def test_the_checksum_of_a_row_never_changes() -> None:
    """What an archive of years ago says of a row is what is worked out today."""
    assert CHECKSUM == checksums.head_checksum(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "一行\n两行\t",
        'a "quoted" \\ word',
        "\\n",
        "\x01 \x00 \x1f \r",
        "\x7f\u2028é😀",
        '", "',
        "\x0b",
    ],
)
def test_bytes_are_judged_as_the_texts_they_are(text: str) -> None:
    """Whatever stands in them, and wherever: the quick way and the exact one say the same."""
    values = {"record": "{}", "body": f"<p>{text}</p>", "text": text}
    check = checksums.content_checksum(values)
    written = [value.encode() for value in values.values()]

    assert checksums.is_content(written, check)
    for place in range(3):
        spoiled = [one + b"x" * (at == place) for at, one in enumerate(written)]
        assert not checksums.is_content(spoiled, check)


def test_what_is_declared_is_what_a_new_archive_has(tmp_path: Path) -> None:
    """Name, type and whether it may be empty, of every column."""
    with open_database(tmp_path / "archive.db") as db:
        made = {
            row["name"]: f"{row['type']}{' NOT NULL' if row['notnull'] else ''}"
            for row in db.conn.execute("PRAGMA table_info(articles)")
        }

    declared = {one.name: one for one in ARTICLES.columns}
    assert declared.keys() == made.keys()
    assert all(declared[name].sql.startswith(sql) for name, sql in made.items())


def test_what_came_later_has_its_migration() -> None:
    """A column whose step was forgotten would be missing in every older archive."""
    steps = {name for name, _ in ARCHIVE.steps}

    assert {one.since for one in ARTICLES.columns if one.since} <= steps


def test_what_a_page_says_is_written_under_the_declared_names() -> None:
    """``article_row`` fills declared columns, and with what an ``Article`` has."""
    row = article_row(article(1), 3)

    assert row.keys() <= {one.name for one in ARTICLES.columns}
    assert ("第1篇", "2022-10-27T04:18:00+00:00") == (row["title"], row["published"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(Stored):
    rating: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Required(Stored):
    rating: int = column(since=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Stored):
    rating: list[int] = column()


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (Plain, "rating is no column"),
        (Required, "rating came later"),
        (Listed, "rating: a column is str, int or datetime"),
    ],
)
def test_a_column_cannot_be_half_declared(declared: type[Stored], said: str) -> None:
    """A field without its column, or one that rows of before cannot have, stops the program's own
    tests.
    """
    with pytest.raises(TypeError, match=said):
        Table("articles", declared, (Column(name="stale"),))
