"""Lists stand in columns where a sign takes two of them, whatever the width of the terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archive.cli.list import lines
from archive.cli.widths import width
from archive.db.opening import open_database
from tests.command import wechat_archive
from tests.store.make import ACCOUNT, BIZ, article, keep, opened

ACCOUNTS = ("投资实习所", "x", "A very long English name indeed", "深圳卫健委")
SUMMARY = (
    "save: 15 new, 14 followed, 2 failed (1 deleted, 1 blocked), 1 waiting, 17 requests in 1.8 s"
)
TITLE = "红杉领投的这家公司，三年做到十亿美元估值：一份给早期投资人的完整复盘 and English words"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with opened(tmp_path) as store:
        for number, name in enumerate(ACCOUNTS, 1):
            account = replace(ACCOUNT, name=name, biz=f"{BIZ[:-4]}{number}A==")
            keep(store, article(number, title=TITLE, account=account))
    return tmp_path


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_titles_stand_under_each_other(root: Path, columns: int) -> None:
    """However long the account's name is and in whatever script; a long title goes on under its
    beginning, and none is cut."""
    with opened(root) as store:
        shown = [*lines(store.articles(), columns)]

    firsts = [one.splitlines()[0] for one in shown]
    assert 1 == len({width(line[: line.index("红杉")]) for line in firsts})
    assert all(width(line) <= columns for one in shown for line in one.splitlines())
    assert all("".join(TITLE.split()) in "".join(one.split()) for one in shown)


def test_in_a_narrow_terminal_the_title_stands_below(root: Path) -> None:
    """Forty columns: key, day and account, then the title, indented."""
    with opened(root) as store:
        shown = [*lines(store.articles(), 40)]

    assert all(width(line) <= 40 for one in shown for line in one.splitlines())
    assert all(line.startswith("  ") for one in shown for line in one.splitlines()[1:])


def test_elsewhere_nothing_is_cut_or_broken(root: Path) -> None:
    """A file or another program gets one line an article, whole."""
    with opened(root) as store:
        shown = [*lines(store.articles(), None)]

    assert [f"{name}  {TITLE}" for name in reversed(ACCOUNTS)] == [
        one.partition("2022-10-27  ")[2] for one in shown
    ]


@pytest.mark.parametrize("columns", [46, 70])
def test_what_status_says_stands_beside_its_label(
    root: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long lines go on under their beginning, in both languages; elsewhere none is broken."""
    with open_database(root / "archive.db") as db, db.conn:
        sql = "INSERT INTO runs (command, started, summary) VALUES ('save', ?, ?)"
        db.conn.execute(sql, ("2026-11-29T16:00:00.000+00:00", SUMMARY))
    asked = ("--lang", "zh", "--archive", str(root), "status")
    whole = wechat_archive(*asked).stdout
    monkeypatch.setattr("archive.cli.console.screen_columns", lambda: columns)
    shown = wechat_archive(*asked).stdout

    archive, *lines = shown.splitlines()
    assert archive == whole.splitlines()[0]
    assert all(width(line) <= columns for line in lines)
    assert any(line.startswith(" " * 9) for line in lines)
    assert "".join(whole.split()) == "".join(shown.split())
