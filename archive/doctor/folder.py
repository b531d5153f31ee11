"""The archive's folder: may it be read and written, is there room, does it open, is the clock
behind it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.crawl.cooldown import CoolDown, known_exits
from archive.db.lock import holder_of
from archive.db.names import ARCHIVE_DB, CONFIG
from archive.db.opening import open_database
from archive.db.tallies import number
from archive.doctor.finding import Finding, fail, ok, warn
from archive.doctor.surroundings import Surroundings
from archive.errors import BadConfig
from archive.run.alerts import LITTLE_ROOM, MEBIBYTE
from scraper.messages import mark, mark_plural, message_of
from scraper.zone import for_people

NO_ROOM = 100 * MEBIBYTE
FEW_FILES = 1000
#: SQLite's write-ahead log needs shared memory, which these do not have between machines.
SHARED = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.rclone"})
#: Before this the program was not written: a clock that says so has lost its time.
WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)
DISK, CANNOT_CREATE = 74, 73


def nearest(root: Path) -> Path:
    """The folder, or the nearest one above that is there."""
    place = root.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def permissions(root: Path, around: Surroundings) -> Iterator[Finding]:
    """Reading and writing, whose it is, and on what kind of disk."""
    place = nearest(root)
    if not os.access(place, os.R_OK | os.X_OK):
        advice = mark("mend its permissions, or choose another with --archive")
        yield fail("folder", mark("{place} cannot be read", place=place), advice, CANNOT_CREATE)
    elif not os.access(place, os.W_OK):
        advice = mark("reading works; to keep articles mend its permissions")
        yield warn("folder", mark("{place} cannot be written", place=place), advice)
    else:
        yield ok("folder", str(root.absolute()))
    kind = around.file_system(place)
    if kind in SHARED:
        advice = mark("keep the archive on a disk of this machine and `backup` it there")
        yield warn("folder", mark("is on a network file system ({kind})", kind=kind), advice)


def disk(root: Path, around: Surroundings) -> Iterator[Finding]:
    """Room for bytes and for files."""
    place = nearest(root)
    free, files = around.free_bytes(place), around.free_files(place)
    said = mark("{n:,} MiB free", n=free // MEBIBYTE)
    advice = mark("make room, or move the archive to a larger disk")
    if free < NO_ROOM:
        yield fail("disk", said, advice, DISK)
    elif free < LITTLE_ROOM:
        yield warn("disk", said, advice)
    elif files is not None and files < FEW_FILES:
        yield warn(
            "disk", mark("{said}, {files} files can still be made", said=said, files=files), advice
        )
    else:
        yield ok("disk", said)


def settings(root: Path, _around: Surroundings) -> Iterator[Finding]:
    """config.toml can be read, and by nobody else where it holds a secret."""
    from archive.config import load

    place = root / CONFIG
    try:
        config = load(root)
    except BadConfig as error:
        yield fail(
            "settings", message_of(error), mark("mend it; `wechat-archive config` shows what holds")
        )
        return
    yield ok("settings", str(place) if place.exists() else mark("all defaults"))
    cookies = Path(config.cookies).expanduser() if config.cookies else None
    if cookies is not None and not cookies.exists():
        yield fail(
            "settings",
            mark("the cookies file {cookies} is not there", cookies=cookies),
            mark("name another"),
        )
    has_secrets = any((config.proxy, config.ping_url, config.exits, config.notify))
    for file in (cookies, place if has_secrets else None):
        if file is not None and _others_may_read(file):
            yield warn("settings", mark("others may read {file}", file=file), f"chmod 600 {file}")


def _others_may_read(file: Path) -> bool:
    return file.exists() and bool(stat.S_IMODE(file.stat().st_mode) & 0o077)


def archive(root: Path, _around: Surroundings) -> Iterator[Finding]:
    """It opens, and who writes to it now."""
    if not (root / ARCHIVE_DB).exists():
        advice = mark("`wechat-archive save ADDRESS` makes one; --archive DIR names another")
        yield warn("archive", mark("none in {root} yet", root=root.absolute()), advice)
        return
    with _opened(root) as conn:
        count = number(conn, "article")
    yield ok("archive", mark_plural("{n} article", "{n} articles", count))
    holder = holder_of(root)
    if holder is not None:
        yield ok(
            "archive",
            mark(
                "{command} (process {pid}) is writing since {since}",
                command=holder[1],
                pid=holder[0],
                since=holder[2],
            ),
        )


def clock(root: Path, around: Surroundings) -> Iterator[Finding]:
    """Not before the program was written, nor before anything that the archive knows."""
    said = for_people(around.now)
    advice = mark("set the clock (timedatectl set-ntp true): certificates and pauses depend on it")
    latest = _latest(root)
    if around.now < WRITTEN:
        yield fail("clock", mark("{said}, before this program was written", said=said), advice)
    elif latest is not None and around.now < latest - timedelta(minutes=5):
        at = for_people(latest)
        yield fail(
            "clock", mark("{said}, before the newest article ({at})", said=said, at=at), advice
        )
    else:
        yield ok("clock", said)


def _latest(root: Path) -> datetime | None:
    """The latest time at which something was kept or published."""
    if not (root / ARCHIVE_DB).exists():
        return None
    with _opened(root) as conn:
        row = conn.execute("SELECT max(archived), max(published) FROM articles").fetchone()
    return max((datetime.fromisoformat(text) for text in row if text), default=None)


def pause(root: Path, around: Surroundings) -> Iterator[Finding]:
    """Whether WeChat asked for one."""
    if not (root / ARCHIVE_DB).exists():
        return
    with _opened(root) as conn:
        blocked = {
            exit["name"]: datetime.fromisoformat(exit["blocked_until"])
            for exit in known_exits(conn, around.now)
            if exit["blocked_until"]
        }
        last = CoolDown(conn).in_force(around.now)
    if last is not None:
        blocked.setdefault("direct", last.until)
    if not blocked:
        yield ok("pause", mark("none in force"))
    for name, until in blocked.items():
        advice = mark("wait: `run` goes on by itself; a cookies file of your own session may help")
        yield warn(
            "pause",
            mark("exit {name} rests until {until}", name=name, until=for_people(until)),
            advice,
        )


@contextlib.contextmanager
def _opened(root: Path) -> Iterator[sqlite3.Connection]:
    with open_database(root / ARCHIVE_DB, readonly=True, outdated=True) as db:
        yield db.conn
