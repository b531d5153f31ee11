"""What is promised of `doctor`: each thing that can be wrong around the archive is named, with what
to do.
"""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.crawl.cooldown import CoolDown
from archive.db.opening import open_database
from archive.doctor import Finding, Surroundings, examine, exit_code, machine
from archive.doctor.examine import CHECKS
from archive.notify import outbox, searches
from scraper.errors import Blocked
from tests.command import wechat_archive
from tests.store.make import NOW, article, keep, opened

TODAY = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Machine(Surroundings):
    """One where all is well, unless told."""

    now: datetime = TODAY
    timer_places: tuple[str, ...] = ()
    mounts: Path = Path("/nowhere")
    said: Mapping[str, str] = field(default_factory=lambda: {"fc-list": "Noto Sans CJK SC\n"})
    free: int = 100 * GIB
    files: int | None = None

    def ask(self, *command: str) -> str | None:
        """What it was told to say."""
        return self.said.get(command[0])

    def free_bytes(self, place: Path) -> int:
        """As told."""
        return self.free

    def free_files(self, place: Path) -> int | None:
        """As told."""
        return self.files


def found(root: Path, around: Surroundings, check: str) -> list[Finding]:
    """What one check says."""
    return [one for one in examine(root, around) if one.check == check]


def levels(root: Path, around: Surroundings, check: str) -> list[str]:
    """Only how bad it is."""
    return [one.level for one in found(root, around, check)]


def fill(root: Path) -> Path:
    """An archive with one article."""
    with opened(root) as store:
        keep(store, article(1))
    return root


def test_all_is_well(tmp_path: Path) -> None:
    """An archive on a sound machine: every line ok, exit code 0."""
    findings = list(examine(fill(tmp_path), Machine()))

    assert [] == [one for one in findings if one.level != "ok"]
    silent = {"fonts", "alerts"}  # where nothing sets pages, and nobody asked to be told
    assert {*CHECKS} - silent == {one.check for one in findings} - silent
    assert 0 == exit_code(findings)


def test_a_folder_without_an_archive_is_no_failure(tmp_path: Path) -> None:
    """Before the first `save` there is none; it is said how to make one, and none is made."""
    root = tmp_path / "later"
    [one] = found(root, Machine(), "archive")

    assert ("warn", True) == (one.level, "save ADDRESS" in one.advice)
    assert not root.exists()


def test_what_needs_doing_says_what(tmp_path: Path) -> None:
    """No line that warns or fails is without advice."""
    bad = Machine(now=datetime(2001, 1, 1, tzinfo=UTC), free=0)
    findings = [one for one in examine(fill(tmp_path), bad) if one.level != "ok"]

    assert {"clock", "disk"} == {one.check for one in findings}
    assert [] == [one for one in findings if not one.advice]


@pytest.mark.parametrize(
    ("free", "files", "level", "code"),
    [
        (GIB, None, "ok", 0),
        (GIB - 1, None, "warn", 0),
        (99 * 1024**2, None, "fail", 74),
        (GIB, 10, "warn", 0),
    ],
)
def test_room(tmp_path: Path, free: int, files: int | None, level: str, code: int) -> None:
    """Under 1 GiB it warns, under 100 MiB it fails with the code of a full disk; files count,
    too.
    """
    findings = found(tmp_path, Machine(free=free, files=files), "disk")

    assert ([level], code) == ([one.level for one in findings], exit_code(findings))


@pytest.mark.parametrize(
    ("now", "level"),
    [
        (NOW, "ok"),
        (NOW - timedelta(minutes=4), "ok"),
        (NOW - timedelta(hours=1), "fail"),
        (datetime(1970, 1, 2, tzinfo=UTC), "fail"),
    ],
)
def test_a_clock_behind_the_newest_article_is_wrong(
    tmp_path: Path, now: datetime, level: str
) -> None:
    """The archive knows a time that has been; so does the program."""
    assert [level] == levels(fill(tmp_path), Machine(now=now), "clock")


def test_a_pause_is_told(tmp_path: Path) -> None:
    """Until when, and that nothing has to be done."""
    fill(tmp_path)
    with open_database(tmp_path / "archive.db") as db:
        CoolDown(db.conn).blocked(Blocked("asked for a captcha", reason="captcha"), TODAY)

    [one] = found(tmp_path, Machine(now=TODAY + timedelta(minutes=1)), "pause")
    assert ("warn", True) == (one.level, "rests until" in one.said)
    assert ["ok"] == levels(tmp_path, Machine(now=TODAY + timedelta(hours=2)), "pause")


@pytest.mark.parametrize(
    ("text", "check", "level"),
    [
        ("interval = 3\n", "settings", "ok"),
        ("interval = [", "settings", "fail"),
        ("intervall = 3\n", "settings", "fail"),
        ('cookies = "/nowhere/cookies.txt"\n', "settings", "fail"),
        ('proxy = "http://user:secret-word@127.0.0.1:8080"\n', "proxy", "ok"),
        ('proxy = "gopher://127.0.0.1"\n', "proxy", "fail"),
        ('ca_file = "/nowhere/ca.pem"\n', "certificates", "fail"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, text: str, check: str, level: str) -> None:
    """Each is named by the check that it belongs to; a password is never shown."""
    place = tmp_path / "config.toml"
    place.write_text(text, encoding="utf-8")
    place.chmod(0o600)
    findings = list(examine(tmp_path, Machine()))

    assert level in [one.level for one in findings if one.check == check]
    assert "secret-word" not in str(findings)


def test_a_secret_that_others_may_read(tmp_path: Path) -> None:
    """A proxy's password in a file that is open to all."""
    place = tmp_path / "config.toml"
    place.write_text('proxy = "http://user:word@127.0.0.1:8080"\n', encoding="utf-8")
    place.chmod(0o644)

    [_, one] = found(tmp_path, Machine(), "settings")
    assert ("warn", f"chmod 600 {place}") == (one.level, one.advice)


def test_a_network_file_system_is_told(tmp_path: Path) -> None:
    """SQLite's log does not work between machines."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nnas:/a {tmp_path.resolve()} nfs4 rw 0 0\n")

    assert ["ok", "warn"] == levels(tmp_path, Machine(mounts=mounts), "folder")


def test_timers(tmp_path: Path) -> None:
    """Found in cron, in a unit's file, not in a comment; missed only where something waits."""
    root = fill(tmp_path / "archive")
    units = tmp_path / "units"
    units.mkdir()
    (units / "wa.service").write_text("[Service]\nExecStart=/bin/wechat-archive run\n")
    by_cron = Machine(said={"crontab": "17 * * * * wechat-archive run\n"})
    commented = Machine(said={"crontab": "# 17 * * * * wechat-archive run\n"})
    by_unit = Machine(timer_places=(str(units / "*.service"),))

    assert ["ok"] == levels(root, commented, "timer")
    watched = wechat_archive("--archive", str(root), "watch", str(_list(tmp_path)))
    assert 0 == watched.code, watched.stderr
    assert ["warn"] == levels(root, commented, "timer")
    assert ["ok"] == levels(root, by_cron, "timer")
    assert str(units / "wa.service") in found(root, by_unit, "timer")[0].said


def _list(folder: Path) -> Path:
    place = folder / "addresses.txt"
    place.write_text("https://mp.weixin.qq.com/s/0123456789abcdefghijkl\n", encoding="utf-8")
    return place


def test_chinese_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for only where pages are set on this machine."""
    assert [] == _fonts(tmp_path, monkeypatch, False, "Noto Sans CJK SC\n")
    assert ["ok"] == _fonts(tmp_path, monkeypatch, True, "Noto Sans CJK SC\n")
    assert ["warn"] == _fonts(tmp_path, monkeypatch, True, "")
    assert ["warn"] == _fonts(tmp_path, monkeypatch, True, None)


def _fonts(
    root: Path, monkeypatch: pytest.MonkeyPatch, used: bool, listed: str | None
) -> list[str]:
    monkeypatch.setattr(machine, "find_spec", lambda name: object() if used else None)
    around = Machine(said={} if listed is None else {"fc-list": listed})
    return [one.level for one in machine.fonts(root, around)]


def test_an_old_python_or_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both fail, and say what to install."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 0))

    assert ["fail"] == [one.level for one in machine.python(tmp_path, Machine())]
    assert ["fail"] == [one.level for one in machine.sqlite(tmp_path, Machine())]


def test_a_damaged_archive(tmp_path: Path) -> None:
    """Fails with the code of corrupt data; the other checks go on."""
    (tmp_path / "archive.db").write_bytes(b"no database at all" * 100)
    findings = list(examine(tmp_path, Machine()))

    assert 65 == exit_code(findings)
    assert "certificates" in {one.check for one in findings}


def test_a_database_that_lost_all_its_bytes_is_damaged(tmp_path: Path) -> None:
    """No fault of the program's that is to be reported."""
    (fill(tmp_path) / "archive.db").write_bytes(b"")
    failed = [one for one in examine(tmp_path, Machine()) if one.level == "fail"]

    assert failed
    assert {65} == {one.exit_code for one in failed}
    assert all("is damaged" in one.said for one in failed)


def test_a_check_that_breaks_is_its_own_failure(tmp_path: Path) -> None:
    """A machine that answers with an error: that line fails, every other check is made."""

    class Broken(Machine):
        def free_bytes(self, place: Path) -> int:
            raise OSError("input/output error")

    findings = list(examine(tmp_path, Broken()))

    assert ["fail"] == [one.level for one in findings if one.check == "disk"]
    assert "timer" in {one.check for one in findings}


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line a check for people, an object a line for programs, the exit code; no socket is
    opened.
    """

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    fill(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    shown = wechat_archive("--archive", str(tmp_path), "doctor")
    told = wechat_archive("--archive", str(tmp_path), "doctor", "--json")
    rows = [json.loads(line) for line in told.stdout.splitlines()]

    assert {"check", "level", "said", "advice"} == {name for row in rows for name in row}
    assert all(row["said"] in shown.stdout for row in rows if row["check"] == "sqlite")
    (tmp_path / "config.toml").write_text("interval = [", encoding="utf-8")
    assert 78 == wechat_archive("--archive", str(tmp_path), "doctor").code


def test_alerts_say_what_they_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing where nobody asked for any; a search without a way, a service without its extra, a
    way that failed: each with what to do, and without its address."""
    assert [] == levels(tmp_path, Machine(), "alerts")
    with open_database(tmp_path / "archive.db") as db:
        searches.add(db.conn, "茶", "岩茶", NOW)
        assert ["warn"] == levels(tmp_path, Machine(), "alerts")
        (tmp_path / "config.toml").write_text('[[notify]]\nname = "a"\nurl = "bark://topsecret"\n')
        assert ["ok"] == levels(tmp_path, Machine(), "alerts")
        outbox.failed(db.conn, 1, "a", "no answer came", NOW, random.Random(1))
    [failed] = found(tmp_path, Machine(), "alerts")
    assert ("warn", "a failed: no answer came") == (failed.level, failed.said)
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert ["fail", "warn"] == levels(tmp_path, Machine(), "alerts")
    assert not [one for one in examine(tmp_path, Machine()) if "topsecret" in one.said]
