"""Block pages, unknown pages, full disks, jumping clocks: what a whole command must show of
docs/reliability.md.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.store.markdown_files import MarkdownFiles
from scraper.errors import Blocked
from scraper.models import Page
from tests.crawl.archives import World, titles_of
from tests.crawl.fakes import at, short
from tests.crawl.nursery import ROOT
from tests.crawl.pages import page
from tests.weixin.pages import STATUS_PAGES, status_page
from tests.weixin.server import Internet

_PAUSE = {"captcha", "frequency", "verify"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "archive")


@pytest.mark.parametrize("name", sorted(STATUS_PAGES))
def test_no_status_page_becomes_an_article(world: World, name: str) -> None:
    """Rows 1 and 3: each known kind, Chinese and English, is named, costs one request, and leaves
    no article row.
    """
    world.script.on(short(1), Page(url="", body=status_page(name)))
    world.script.otherwise = Page(url="", body=status_page("deleted"))  # where a migrated one leads
    report = world.save(short(1))

    assert world.titles() == []
    assert world.script.asked.count(at(short(1))) == 1
    assert (report.failed >= 1, report.exit_code in (1, 75)) == (True, True)
    assert (report.exit_code == 75) == (world.status()["blocked"] is not None)


def test_damaged_articles_whose_files_are_due_keep_no_run_from_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: each is looked at once, and the files of the others are written."""
    numbers = range(1, 62)
    for number in numbers:
        world.script.on(short(number), page(number))
    world.save(*map(short, numbers))
    with closing(sqlite3.connect(world.root / "archive.db")) as db, db:
        db.execute("UPDATE articles SET stale = 1")
        db.execute("UPDATE articles SET text = 'damaged' WHERE id < 61")
    looked_at: list[int] = []
    rerender = MarkdownFiles.rerender

    def once(files: MarkdownFiles, article_id: int, **how: Any) -> str | None:
        looked_at.append(article_id)
        if looked_at.count(article_id) > 1:
            raise OSError(errno.ENOSPC, "this would go on for ever")
        return rerender(files, article_id, **how)

    monkeypatch.setattr(MarkdownFiles, "rerender", once)
    report = world.save(short(1))

    assert (None, list(numbers)) == (report.disk, looked_at)
    assert [{"n": 60}] == world.rows("SELECT count(*) AS n FROM articles WHERE stale")


def test_a_redirect_to_the_verification_is_a_block(world: World) -> None:
    """Row 2: decided by the fetcher before the body; the command ends with 75."""
    world.script.on(short(1), Blocked("sent to a verification", reason="verify"))
    world.script.on(short(2), page(2))

    assert world.save(short(1), short(2)).exit_code == 75
    assert len(world.script.log) == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(STATUS_PAGES)), data=st.data())
def test_mutated_status_pages_never_become_articles(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    """Row 1: whatever is cut out of a status page, no article row comes from it."""
    body = status_page(name)
    begin = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(begin, min(len(body), begin + 200)))
    world = World(tmp_path / f"a{abs(hash((name, begin, end)))}", snapshots=False)
    world.script.on(short(1), Page(url="", body=body[:begin] + body[end:]))
    world.script.otherwise = Page(url="", body=status_page("deleted"))
    world.save(short(1))

    assert world.titles() == []


def test_the_good_copy_outlives_every_status_page(world: World) -> None:
    """Row 3: a held article met by any status page keeps its text and its file's body."""
    answers = [
        Page(url="", body=status_page(name)) for name in sorted(STATUS_PAGES) if name not in _PAUSE
    ]
    world.script.on(short(1), page(1), *answers)
    world.script.otherwise = Page(url="", body=status_page("deleted"))
    world.save(short(1))
    for _ in answers:
        world.pass_time(90000)
        world.save(short(1), refresh=True, anyway=True)

    row = world.rows("SELECT title, text FROM articles")[0]
    assert (row["title"], "正文。" in row["text"]) == ("第1篇", True)


def test_clocks_may_jump(world: World) -> None:
    """Row 21: back by a day, into summer, past 2038: waits stay as long as they are, and times are
    stored in UTC.
    """
    for number in range(4):
        world.script.on(short(number), page(number))
    for number, shift in enumerate(
        (timedelta(), timedelta(days=-1), timedelta(days=200), timedelta(days=365 * 15))
    ):
        world.clock.shift = shift
        world.save(short(number))

    gaps = [b[0] - a[0] for a, b in zip(world.script.log, world.script.log[1:], strict=False)]
    assert gaps == [3.0, 3.0, 3.0]
    rows = world.rows("SELECT archived FROM articles ORDER BY mid")
    assert all(row["archived"].endswith("+00:00") for row in rows)
    assert rows[3]["archived"].startswith("2041")


@pytest.mark.long
@pytest.mark.parametrize("kilobytes", [150, 400, 700])
def test_a_full_disk_is_74_and_the_next_run_goes_on(
    internet: Internet, tmp_path: Path, kilobytes: int
) -> None:
    """Row 17: a clear message, the database opens, and with room again everything is fetched."""
    big = "<p>" + "很长的正文。" * 3000 + "</p>"
    articles = [internet.site.article(f"文章{n}", body=big) for n in range(12)]
    command = [
        sys.executable,
        "-m",
        "archive.cli",
        "save",
        *(a.short for a in articles),
        "--interval",
        "0",
    ]
    env = {**os.environ, **internet.env}

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024,) * 2)

    root = tmp_path / "a"
    tight = subprocess.run(
        [*command, "--archive", str(root)],
        env=env,
        capture_output=True,
        text=True,
        preexec_fn=little_room,
        cwd=ROOT,
    )
    assert tight.returncode == 74, tight.stderr
    assert "Traceback" not in tight.stderr
    assert "room" in tight.stderr

    roomy = subprocess.run(
        [*command, "--archive", str(root)], env=env, capture_output=True, text=True, cwd=ROOT
    )
    assert roomy.returncode == 0, roomy.stderr
    with sqlite3.connect(root / "archive.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("SELECT count(*) FROM articles").fetchone()[0] == 12
    db.close()


def test_secrets_of_an_address_reach_no_table(world: World) -> None:
    """Row 23: readers' tokens are taken off before anything is stored or told."""
    canary = "CANARY0123456789"
    world.script.on(short(1), page(1))
    address = f"{short(1)}?key={canary}&pass_ticket={canary}&uin={canary}&exportkey={canary}"
    report = world.save(address, f"https://example.com/?pass_ticket={canary}")

    assert canary not in str(report.as_dict())
    for name in ("archive.db", "archive.db-wal", "snapshots.db"):
        path = world.root / name
        assert not path.exists() or canary.encode() not in path.read_bytes()


def test_what_was_not_understood_is_kept_for_a_better_parser(world: World) -> None:
    """Row 4: the raw page of an unknown kind is in the snapshots."""
    from archive.snapshots import Snapshots

    world.script.on(short(1), Page(url="", body="<html><body>一种新页面</body></html>".encode()))
    world.save(short(1))

    with Snapshots(world.root / "snapshots.db") as snapshots:
        newest = snapshots.latest_id(at(short(1)))
        assert newest is not None
        kept = snapshots.get(newest)
    assert "一种新页面".encode() in kept.body
    assert titles_of([]) == world.titles()
