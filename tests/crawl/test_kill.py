"""Kill it anywhere: SIGKILL at any system call, and the next run goes on as if nothing had
happened.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from scraper import urls
from tests.crawl.nursery import Nursery
from tests.killer import WRITES_AND_TALK, Killer
from tests.weixin.server import Internet
from tests.weixin.site import Published, Site

ARTICLES = 9
KILLS = 300
#: In parts, so that both cores work at it.
PARTS = 4


def build(site: Site) -> tuple[str, list[Published]]:
    """Linked articles, each with a picture of its own and one that they share, in an order with
    cycles.
    """
    shared = site.image()
    articles: list[Published] = []
    for number in range(ARTICLES):
        links = articles[-2:] if number else []
        articles.append(site.article(f"文章{number}", links=links, pictures=[site.image(), shared]))
    start = site.article("目录", links=articles[::-1])
    return start.short, [*articles, start]


class Sweep:
    """One archive that is killed again and again."""

    def __init__(self, root: Path, internet: Internet, nursery: Nursery, seed: int) -> None:
        self.root, self.internet, self.nursery = root, internet, nursery
        self.killer = Killer(nursery, seed, WRITES_AND_TALK)
        self.finished: set[str] = set()
        self.pictures: set[str] = set()
        self.seen = 0

    def use_exits(self, count: int) -> None:
        """Several exits, all by the one proxy."""
        self.root.mkdir()
        tables = "".join(f'[[exits]]\nname = "e{number}"\n' for number in range(count))
        (self.root / "config.toml").write_text(tables)

    def command(self, *argv: str) -> tuple[str, ...]:
        return (*argv, "--interval", "0", "--archive", str(self.root))

    def kill_once(self, *argv: str) -> bool:
        """Run a command and kill it at some point; False: it ended before that."""
        return self.killer.kills(*self.command(*argv))

    def check(self) -> None:
        """Nothing finished was asked for again; both databases are sound; every row has its whole
        file.
        """
        requests = self.internet.log.requests()
        repeated = [
            r.url for r in requests[self.seen :] if _name(r.url) in self.finished | self.pictures
        ]
        assert repeated == []
        self.seen = len(requests)
        if (self.root / "archive.db").exists():
            self._check_archive()
        if (self.root / "snapshots.db").exists():
            with sqlite3.connect(
                f"file:{self.root / 'snapshots.db'}?mode=rw", uri=True
            ) as snapshots:
                assert snapshots.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
                if snapshots.execute(
                    "SELECT 1 FROM sqlite_master WHERE name = 'snapshots'"
                ).fetchone():
                    self.finished = {
                        row[0] for row in snapshots.execute("SELECT address FROM snapshots")
                    }
            snapshots.close()

    def _check_archive(self) -> None:
        # Not read-only: killed while it was being made, it has a journal that must be rolled back
        # first.
        db = sqlite3.connect(f"file:{self.root / 'archive.db'}?mode=rw", uri=True)
        try:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
            if "media_addresses" not in tables:
                return
            for path, expected, stale in db.execute(
                "SELECT path, markdown_hash, stale FROM articles"
            ):
                # A kill between writing a file anew and noting its hash leaves the new file: whole,
                # and noted stale.
                body = (self.root / path).read_bytes()
                assert stale or hashlib.sha256(body).hexdigest() == expected, path
                assert body.endswith(b"\n")
            for path, sha256 in db.execute("SELECT path, sha256 FROM media"):
                assert hashlib.sha256((self.root / path).read_bytes()).hexdigest() == sha256
            rows = db.execute("SELECT url FROM media_addresses WHERE sha256 IS NOT NULL")
            self.pictures = {_name(row[0]) for row in rows}
        finally:
            db.close()


def _name(url: str) -> str:
    found = urls.find(url)
    return found[0].canonical if found else url


@pytest.mark.long
@pytest.mark.parametrize("seed", range(PARTS))
def test_a_kill_at_any_point_loses_and_repeats_nothing(
    tmp_path: Path, seed: int, internet: Internet
) -> None:
    """At least 300 kill points, a part of them here: nothing lost, nothing asked for twice, nothing
    half-made.

    Half of the parts with one exit, half with three.
    """
    start, articles = build(internet.site)
    wanted = KILLS // PARTS
    kills: Counter[str] = Counter()
    with Nursery(internet.env) as nursery:
        round_ = 0
        while kills["killed"] < wanted:
            round_ += 1
            internet.log.clear()
            sweep = Sweep(tmp_path / f"archive{round_}", internet, nursery, seed * 1000 + round_)
            if seed % 2:
                sweep.use_exits(3)
            command: tuple[str, ...] = ("save", start, "--follow", "2")
            for _ in range(40):
                killed = sweep.kill_once(*command)
                sweep.check()
                kills["killed" if killed else "ended"] += 1
                command = ("run",) if sweep.finished else command
                if not killed or kills["killed"] >= wanted:
                    break
            _finish(sweep, articles)
            shutil.rmtree(sweep.root)
    assert kills["killed"] >= wanted


def _finish(sweep: Sweep, articles: list[Published]) -> None:
    """One undisturbed run: everything is there once, and then there is nothing left to do."""
    sweep.nursery.start(*sweep.command("save", articles[-1].short, "--follow", "2"))
    assert sweep.nursery.wait() == 0
    sweep.check()
    db = sqlite3.connect(sweep.root / "archive.db")
    titles = sorted(row[0] for row in db.execute("SELECT title FROM articles"))
    paths = {row[0] for row in db.execute("SELECT path FROM articles")}
    stale = db.execute("SELECT count(*) FROM articles WHERE stale").fetchone()[0]
    waiting = db.execute("SELECT count(*) FROM frontier WHERE open").fetchone()[0]
    db.close()
    assert titles == sorted(article.title for article in articles)
    assert {
        p.relative_to(sweep.root).as_posix() for p in (sweep.root / "articles").rglob("*.md")
    } == paths
    assert (stale, waiting) == (0, 0)
    assert list(sweep.root.glob(".tmp/*")) == []
    sweep.nursery.start("verify", "--archive", str(sweep.root))
    assert sweep.nursery.wait() == 0
    before = len(sweep.internet.log)
    sweep.nursery.start(*sweep.command("run"))
    assert sweep.nursery.wait() == 0
    assert len(sweep.internet.log) == before
