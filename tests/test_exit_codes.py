"""The table of exit codes in docs/cron.md, row by row: one rule for every command."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from archive.db.files import Disk
from archive.db.lock import Lock
from archive.db.names import INDEX_LOCK
from tests.command import wechat_archive
from tests.conftest import ROOT
from tests.keep.archives import fill
from tests.keep.articles import page
from tests.traffic.test_discuss import Place
from tests.weixin.server import Internet

#: One that nothing answers at, on this machine.
NOBODY = "http://127.0.0.1:9"
ADDRESS = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """``a``: an archive; ``page.html``: one more article; ``other``: files that are none."""
    fill(tmp_path / "a", [page(1), page(2)])
    (tmp_path / "a" / "config.toml").write_text('images = "none"\nrecheck = "off"\n')
    (tmp_path / "page.html").write_bytes(page(3).body)
    (tmp_path / "other").mkdir()
    for number in range(3):
        (tmp_path / "other" / f"{number}.html").write_text(f"<html><body>{number}</body></html>")
    return tmp_path


def run(home: Path, *argv: str) -> int:
    """The exit code of a command on the archive; names that begin with ``@`` lie in ``home``."""
    given = (str(home / word[1:]) if word.startswith("@") else word for word in argv)
    result = wechat_archive(*given, "--archive", str(home / "a"))
    return result.code


CASES: list[tuple[int, tuple[str, ...]]] = [
    (0, ("save", "@page.html")),
    (0, ("run",)),
    (0, ("verify",)),
    (1, ("show", "0000000000")),
    (1, ("export", "csv", "@x.csv", "--account", "nobody")),
    (1, ("import", "@other")),
    (1, ("import", "@page.html", "@not-there.html")),
    (1, ("save", "@page.html", "@other/0.html")),
    (1, ("save", "@other")),
    (1, ("watch", "@not-there.txt", ADDRESS)),
    (1, ("retry", "no-such-class", "login")),
    (64, ("save", "--no-such-option")),
    (64, ("save", "@not-there.html")),
    (64, ("save", "-i", "@not-there.txt")),
    (64, ("import", "@not-there.html")),
    (64, ("convert", "@not-there.html")),
    (64, ("watch", "@not-there.txt")),
    (64, ("search", "title:(")),
    (64, ("list", "--kind", "foo")),
    (64, ("no-such-command",)),
    (65, ("backup", "@other")),
    (73, ("backup", "@page.html")),
    (73, ("export", "csv", "@other")),
    (73, ("export", "csv", "@page.html/x.csv")),
    (76, ("convert", "@other/0.html")),
    (78, ("save", ADDRESS, "--proxy", "nonsense://x")),
]


@pytest.mark.parametrize(("code", "argv"), CASES, ids=lambda value: str(value))
def test_the_code_says_what_kind_of_trouble_it_is(
    home: Path, code: int, argv: tuple[str, ...]
) -> None:
    """The same for the same kind, whichever command meets it."""
    assert code == run(home, *argv)


def test_damage_is_65(home: Path) -> None:
    """Of the archive itself."""
    (home / "a" / "archive.db").write_bytes(b"no database" * 1000)
    assert [65] * 3 == [run(home, *argv) for argv in (["list"], ["verify"], ["search", "x"])]


def test_an_unreachable_host_is_69(home: Path) -> None:
    """Not an address that failed: the line is down."""
    assert 69 == run(home, "save", ADDRESS, "--proxy", NOBODY)


def test_a_bug_is_70(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody thought of outside any item."""
    monkeypatch.setattr("archive.status.collect", lambda *_: 1 / 0)
    assert 70 == run(home, "status")


def test_a_folder_that_cannot_be_made_is_73(home: Path) -> None:
    """A file stands in its way."""
    archive = str(home / "page.html" / "archive")
    assert 73 == wechat_archive("save", str(home / "page.html"), "--archive", archive).code


def test_a_full_disk_is_74(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it fills in the middle of an article."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Disk, "write", full)
    assert 74 == run(home, "save", "@page.html")


@pytest.mark.parametrize(
    "argv",
    [
        ("save", "@page.html"), ("run",), ("import", "@page.html"), ("verify", "--repair"), ("reparse", "--all"),
        ("watch", ADDRESS),
    ],
    ids=str,
)  # fmt: skip
def test_another_command_that_writes_is_75(home: Path, argv: tuple[str, ...]) -> None:
    """Try later; readers are never kept out."""
    with Lock(home / "a", command="another"):
        assert 75 == run(home, *argv)
        assert 0 == run(home, "list")


def test_another_command_that_makes_an_index_is_75(home: Path) -> None:
    """Who writes keeps nobody from making one, nor is kept from writing; two would do it twice."""
    with Lock(home / "a", command="another", name=INDEX_LOCK):
        assert 75 == run(home, "reindex")
        assert 0 == run(home, "save", "@page.html")


def test_an_expired_session_is_77(
    tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader whose it was can give a fresh one."""
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    place = Place(tmp_path, internet, 1)
    place.talk.ret = -3
    assert 77 == place.run("discuss", "--credentials", str(place.file), "--interval", "0")[0]


def test_a_wrong_setting_is_78(home: Path) -> None:
    """config.toml, and a folder without an archive."""
    (home / "a" / "config.toml").write_text('images = "maybe"\n')
    assert 78 == run(home, "save", ADDRESS)
    assert 78 == wechat_archive("list", "--archive", str(home / "no-archive")).code


def test_every_row_of_the_table_has_a_test() -> None:
    """130 and 143 are in tests/crawl/test_processes.py."""
    table = (ROOT / "docs" / "cron.md").read_text(encoding="utf-8").partition("## Exit codes")[2]
    rows = {int(code) for code in re.findall(r"^\| \**(\d+)\** \|", table, re.MULTILINE)}
    here = {code for code, _ in CASES} | {69, 70, 73, 74, 75, 77, 78}
    assert rows - {130, 143} == here


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["list", "--limit"], 0),
        (["list", "--offset"], 0),
        (["search", "x", "--limit"], 0),
        (["search", "x", "--offset"], 0),
        (["unwatch"], 1),
    ],
)
def test_a_number_that_no_database_has_is_no_accident(
    command: list[str], code: int, tmp_path: Path
) -> None:
    """Of more bits than SQLite counts with: as many as there are, or nothing that is held."""
    fill(tmp_path, [page(1)])

    done = wechat_archive(*command, "9" * 30, "--archive", str(tmp_path))

    assert code == done.code, done.stderr
