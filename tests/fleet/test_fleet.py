"""Pages fetched by workers elsewhere, kept by one archive."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from procrastinate import App

from archive.config import Config
from archive.fleet import network
from archive.fleet.answers import Answer as AnswerRow
from archive.fleet.database import open_queue
from archive.fleet.worker import Worker, _Found
from archive.run.inputs import read
from archive.run.report import RunReport
from archive.run.runner import Runner
from archive.run.sink import ArchiveSink
from scraper.crawl.protocols import RawPage, Task
from scraper.crawl.reason import Reason
from scraper.fetch import Fetcher
from scraper.models import Page
from tests.fleet.crew import Crew, rows
from tests.fleet.numbered import Numbered, address
from tests.weixin.answer import Answer, Request
from tests.weixin.server import Internet
from tests.weixin.site import Published, Site


class FleetArchive:
    """An archive that has a queue."""

    def __init__(self, root: Path, queue: str, internet: Internet) -> None:
        self.root = root
        self.config = Config(
            queue=queue, proxy=internet.proxy, ca_file=internet.ca_file, images="none"
        )

    def save(self, articles: list[Published], **runner: Any) -> RunReport:
        return self.save_all([article.short for article in articles], **runner)

    def save_all(self, addresses: list[str], **runner: Any) -> RunReport:
        given = read(addresses)
        return Runner(root=self.root, config=self.config, **runner).save(given)

    def run(self, **config: Any) -> RunReport:
        return Runner(root=self.root, config=self.config.option(**config)).run()


@pytest.fixture
def archive(tmp_path: Path, queue: str, internet: Internet) -> FleetArchive:
    return FleetArchive(tmp_path / "archive", queue, internet)


def articles(site: Site, count: int) -> list[Published]:
    return [site.article(f"文章{number}") for number in range(count)]


def by_exit(internet: Internet) -> dict[str, list[Request]]:
    """What was asked of mp.weixin.qq.com, by the exit that asked."""
    found: dict[str, list[Request]] = {}
    for request in internet.log.requests("mp.weixin.qq.com"):
        found.setdefault(request.headers["user-agent"], []).append(request)
    return found


def test_workers_fetch_and_the_archive_keeps(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """Two exits, each article asked for once, and nothing is left in the queue."""
    workers = [crew.hire("a"), crew.hire("b")]
    crew.until_at_work(2)
    report = archive.save(articles(internet.site, 12))
    codes = [crew.dismiss(pid) for pid in workers]

    assert (report.saved, report.requests, report.exit_code) == (12, 12, 0)
    assert {name: len(asked) > 2 for name, asked in by_exit(internet).items()} == {
        "exit a": True,
        "exit b": True,
    }
    assert [exit.name for exit in report.exits] == ["a", "b"]
    assert rows(crew.queue, "SELECT * FROM fleet_requests") == []
    assert rows(crew.queue, "SELECT * FROM procrastinate_jobs") == []
    assert (codes, rows(crew.queue, "SELECT * FROM fleet_workers")) == ([0, 0], [])


def test_two_workers_behind_one_exit_keep_one_pace(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """Between an answer and the next request lies the interval, whoever sends it."""
    for _ in range(2):
        crew.hire("a", interval=0.2)
    crew.until_at_work(2)
    report = archive.save(articles(internet.site, 10))
    asked = by_exit(internet)["exit a"]

    assert (report.saved, len(asked)) == (10, 10)
    assert all(later.at - (earlier.ended or 0) >= 0.2 for earlier, later in pairwise(asked))


def test_an_exit_that_comes_during_a_run_takes_part(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """Also the first: a run waits a while for somebody to work."""
    wanted = articles(internet.site, 24)

    def hire() -> None:
        crew.hire("a", interval=0.3)
        internet.log.wait_for(2)
        crew.hire("b", interval=0.1)

    late = threading.Thread(target=hire)
    late.start()
    report = archive.save(wanted)
    late.join()

    assert report.saved == 24
    assert by_exit(internet).keys() == {"exit a", "exit b"}


def test_a_block_that_ends_during_a_run_gives_the_exit_back(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """Found blocked by a run that goes on with another: it takes part as soon as it may."""
    wanted = articles(internet.site, 40)
    crew.hire("a", interval=0.3)
    crew.hire("b", interval=0.1)
    crew.until_at_work(2)
    rest = "UPDATE fleet_exits SET level = 1, reason = 'captcha', blocked_until = now() + '{}' "
    rows(crew.queue, rest.format("1 hour") + "WHERE name = 'b'")

    def end() -> None:
        internet.log.wait_for(2)
        assert by_exit(internet).keys() == {"exit a"}
        rows(crew.queue, rest.format("0 hours") + "WHERE name = 'b'")

    later = threading.Thread(target=end)
    later.start()
    report = archive.save(wanted)
    later.join()

    assert report.saved == 40
    assert by_exit(internet).keys() == {"exit a", "exit b"}


def test_a_captcha_closes_its_exit_for_everybody(
    archive: FleetArchive, crew: Crew, internet: Internet, tmp_path: Path
) -> None:
    """The other goes on with its tasks; the pause is in the queue, and another archive keeps it."""
    wanted = [address(number) for number in range(10)]
    internet.site.host("mp.weixin.qq.com", Numbered(captcha_after={"exit b": 0}))
    for name in ("a", "b"):
        crew.hire(name)
    crew.until_at_work(2)
    report = archive.save_all(wanted)
    (row,) = rows(crew.queue, "SELECT * FROM fleet_exits WHERE name = 'b'")

    assert (report.saved, report.exit_code) == (10, 0)
    assert len(by_exit(internet)["exit b"]) == 1
    assert (row["level"], row["reason"], row["held_until"]) == (1, "captcha", None)
    assert row["blocked_until"] is not None

    another = FleetArchive(tmp_path / "another", crew.queue, internet)
    assert another.save_all(wanted).saved == 10
    assert len(by_exit(internet)["exit b"]) == 1  # nor asks a second archive through it


def test_all_exits_blocked_is_a_block_and_a_person_may_try(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """75, and nothing is asked until `--now` or the pause is over."""
    internet.site.host("mp.weixin.qq.com", Numbered(captcha_after={"exit a": 0}))
    crew.hire("a")
    crew.until_at_work(1)
    first = archive.save_all([address(1)])
    again = archive.run()
    asked = len(internet.log)
    internet.site.host("mp.weixin.qq.com", Numbered(captcha_after={}))
    tried = archive.save_all([address(1)], anyway=True)

    assert (first.exit_code, first.reason, again.exit_code) == (75, Reason.BLOCKED, 75)
    assert (asked, tried.saved, tried.exit_code) == (1, 1, 0)
    assert rows(crew.queue, "SELECT blocked_until FROM fleet_exits") == [{"blocked_until": None}]


def test_nobody_at_work_is_told_and_loses_nothing(
    archive: FleetArchive, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """75, with what to do; the addresses wait."""
    monkeypatch.setattr(network, "PATIENCE", 0.1)
    report = archive.save(articles(internet.site, 3))

    assert (report.exit_code, report.reason, report.waiting) == (75, Reason.NO_WORKERS, 3)
    assert "wechat-archive worker" in report.line()


def test_an_opening_that_is_ended_half_way_leaves_nothing_at_work(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ends while its queue is being opened ends: a pool's task that was left waited for
    work for ever."""
    opened = App.open_async

    async def ended(self: App) -> None:
        await opened(self)
        raise asyncio.CancelledError

    async def left() -> set[str]:
        before = asyncio.all_tasks()
        with pytest.raises(asyncio.CancelledError):
            async with open_queue(queue):
                raise AssertionError("it was opened")
        return {task.get_name() for task in asyncio.all_tasks() - before}

    monkeypatch.setattr(App, "open_async", ended)

    assert asyncio.run(left()) == set()


def test_an_exit_whose_workers_have_gone_is_given_up(
    archive: FleetArchive, crew: Crew, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks go to others, without having failed."""
    monkeypatch.setattr(network, "PATIENCE", 0.5)
    wanted = articles(internet.site, 6)
    hold = threading.Event()
    internet.site.fault(wanted[0], Answer(hold=hold, reset="before"))
    worker = crew.hire("a", "--proxy", internet.proxy)
    crew.until_at_work(1)

    def leave() -> None:
        internet.log.wait_for(1)
        crew.kill(worker)
        hold.set()
        rows(crew.queue, "UPDATE procrastinate_workers SET last_heartbeat = '-infinity'")
        crew.hire("b")

    leaving = threading.Thread(target=leave)
    leaving.start()
    report = archive.save(wanted)
    leaving.join()

    assert (report.saved, report.failed) == (6, 0)
    assert rows(crew.queue, "SELECT * FROM fleet_requests") == []


def test_the_queue_never_holds_more_than_the_writer_can_take(
    archive: FleetArchive, crew: Crew, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that are quicker than the archive wait for it."""
    most = 0
    crew.hire("a")
    crew.until_at_work(1)
    received = network.FleetNetwork.forget

    def slow(self: network.FleetNetwork, key: str, judged: str | None) -> None:
        nonlocal most
        (found,) = rows(crew.queue, "SELECT count(*) AS n FROM fleet_requests")
        most = max(most, found["n"])
        received(self, key, judged)

    monkeypatch.setattr(network.FleetNetwork, "forget", slow)
    report = archive.save(articles(internet.site, 20))

    assert report.saved == 20
    assert 0 < most <= network.AHEAD


def test_budgets_hold(archive: FleetArchive, crew: Crew, internet: Internet) -> None:
    """--max-requests of a run, whoever asks."""
    for name in ("a", "b"):
        crew.hire(name)
    crew.until_at_work(2)
    archive.config = archive.config.option(limit=2)
    limited = archive.save(articles(internet.site, 9))

    assert (limited.saved, len(internet.log)) == (2, 2)


def test_what_an_archive_of_before_was_brought_is_not_asked_for_again(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """Killed between the answer and its keeping, it finds the page in the queue."""
    wanted = articles(internet.site, 5)
    lists = archive.root.parent / "list.txt"
    lists.write_text("\n".join(article.short for article in wanted))
    hold = threading.Event()
    internet.site.fault(wanted[4], Answer(hold=hold, body=b"", reset="before"))
    pid = crew.command("save", "-i", str(lists), "--archive", str(archive.root), "--images", "none")
    crew.hire("a")
    internet.log.wait_for(5)
    crew.kill(pid)
    hold.set()
    report = archive.run()

    assert report.saved + _held(archive) >= 5
    assert {url: n for url, n in _counted(internet).items() if n > 1}.keys() <= {wanted[4].short}


def _held(archive: FleetArchive) -> int:
    import sqlite3

    conn = sqlite3.connect(archive.root / "archive.db")
    try:
        return int(conn.execute("SELECT count(*) FROM articles").fetchone()[0])
    finally:
        conn.close()


def _counted(internet: Internet) -> dict[str, int]:
    found: dict[str, int] = {}
    for request in internet.log.requests():
        found[request.url] = found.get(request.url, 0) + 1
    return found


def test_a_worker_that_was_taken_for_dead_comes_back(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """Its machine slept, and its number was taken from it: it takes a new one."""
    crew.hire("a")
    crew.until_at_work(1)
    rows(crew.queue, "DELETE FROM procrastinate_workers")
    report = archive.save(articles(internet.site, 3))

    assert (report.saved, len(internet.log)) == (3, 3)


def _mishap(queue: str, when: str, what: str) -> None:
    """This happens to the first job that is asked for, ``BEFORE`` or ``AFTER`` it is written."""
    rows(
        queue,
        f"CREATE FUNCTION mishap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what} RETURN NEW; "
        f"END $$; CREATE TRIGGER mishap {when} INSERT ON procrastinate_jobs FOR EACH ROW "
        "WHEN (NEW.id = 1) EXECUTE FUNCTION mishap()",
    )


def test_a_job_that_a_worker_was_given_and_does_not_know_of_is_done(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """The database noted whose it is, and the word of it was lost; the worker lives on."""
    crew.hire("a")
    crew.until_at_work(1)
    owner = "(SELECT id FROM procrastinate_workers)"
    _mishap(crew.queue, "BEFORE", f"NEW.status = 'doing'; NEW.worker_id = {owner};")
    report = archive.save(articles(internet.site, 3))

    assert (report.saved, len(internet.log)) == (3, 3)


def test_a_job_is_taken_over_whatever_this_machine_s_clock_says(
    archive: FleetArchive, crew: Crew, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive's clock is an hour ahead of the database's: nobody waits for that hour."""
    from procrastinate import utils

    ahead = utils.utcnow() + timedelta(hours=1)
    monkeypatch.setattr(utils, "utcnow", lambda: ahead)
    crew.hire("a")
    crew.until_at_work(1)
    _mishap(crew.queue, "BEFORE", "NEW.status = 'doing';")
    report = archive.save(articles(internet.site, 3))

    assert (report.saved, len(internet.log)) == (3, 3)


def test_a_request_that_is_gone_from_the_queue_is_asked_again(
    archive: FleetArchive, crew: Crew, internet: Internet
) -> None:
    """Somebody deleted its row while it was waited for."""
    crew.hire("a")
    crew.until_at_work(1)
    _mishap(crew.queue, "AFTER", "DELETE FROM fleet_requests WHERE key = NEW.args ->> 'key';")
    report = archive.save(articles(internet.site, 3))

    assert (report.saved, len(internet.log)) == (3, 3)


@pytest.mark.parametrize(("moved_to", "is_answered"), [("b", True), ("a", False)])
def test_a_captcha_answers_for_its_own_exit_alone(
    queue: str, moved_to: str, *, is_answered: bool
) -> None:
    """It comes late, and the request waits at another exit by now: that one is not to be blamed."""
    rows(
        queue,
        "INSERT INTO fleet_requests (key, archive, exit, url) VALUES ('k', 'x', %s, 'u')",
        moved_to,
    )

    async def deliver() -> None:
        async with open_queue(queue) as opened:
            found = _Found(1, "k", AnswerRow(facts={"captcha": True}), time.monotonic(), 1)
            await Worker(address=queue, exit="b", fetcher=Fetcher())._deliver(opened, found)

    asyncio.run(deliver())

    assert rows(queue, "SELECT answer IS NOT NULL AS is_answered FROM fleet_requests") == [
        {"is_answered": is_answered}
    ]


def test_of_what_was_kept_before_a_kill_nothing_stays_in_the_queue(
    archive: FleetArchive, crew: Crew, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed when the raw page was kept and nothing else, it finds the page there: none is asked
    for again, and the queue need not keep it.
    """

    class Killed(BaseException):
        """Nobody handles it."""

    def killed(self: ArchiveSink, task: Task, page: Page) -> RawPage:
        assert self.snapshots is not None
        self.snapshots.put(page, address=task.address)
        raise Killed

    crew.hire("a")
    crew.until_at_work(1)
    with monkeypatch.context() as patched:
        patched.setattr(ArchiveSink, "received", killed)
        for last_word in ("forget", "withdraw"):  # which a killed process does not say
            patched.setattr(network.FleetNetwork, last_word, lambda *arguments: None)
        with suppress(Killed):
            archive.save(articles(internet.site, 1))
    assert len(rows(crew.queue, "SELECT * FROM fleet_requests")) == 1

    report = archive.run()
    assert (report.saved, report.requests, len(internet.log)) == (1, 0, 1)
    assert rows(crew.queue, "SELECT * FROM fleet_requests") == []
