"""Saving from the page: a job is kept, done in its own process under the archive's lock, and seen
while it runs.
"""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from archive.crawl.sources import Sources
from archive.db.lock import Lock
from archive.db.opening import open_database
from archive.errors import BadInput
from archive.web import jobs as web_jobs
from archive.web.events import stream
from archive.web.jobs import Job, Jobs
from archive.web.schedule import run_every
from archive.web.settings import Settings
from archive.web.site import Site
from tests.command import wechat_archive
from tests.web.pages import filled, visiting
from tests.weixin.answer import Answer
from tests.weixin.server import Internet

SHORT = "https://mp.weixin.qq.com/s/" + "A" * 22
PATIENCE = 60


@pytest.fixture
def online(internet: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """The small internet for the workers of this test, and an archive that asks without a pause."""
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config.toml").write_text("interval = 0\n", encoding="utf-8")
    return internet


def wait(jobs: Jobs, until: Callable[[], bool]) -> None:
    """Until something holds of the jobs, which tell of each change."""
    changed = threading.Event()
    stop = jobs.listen(changed.set)
    try:
        while not until():
            assert changed.wait(PATIENCE), [job.as_dict() for job in jobs.all()]
            changed.clear()
    finally:
        stop()


def site_of(client: TestClient) -> Site:
    """What stands behind a client."""
    site: Site = client.app.state.site  # type: ignore[attr-defined]
    return site


def post(client: TestClient, **fields: str) -> Job:
    """Send a form; the job that it became, when it is over."""
    answer = client.post("/jobs", data=fields)
    assert 303 == answer.status_code, answer.text
    jobs = site_of(client).jobs
    job = jobs.get(answer.headers["location"].rpartition("/")[2])
    assert job is not None
    wait(jobs, lambda: job.is_over)
    return job


def test_an_address_is_saved_and_seen(online: Internet, tmp_path: Path) -> None:
    """Out of pasted text, with what it links to: the job's page names each, the articles are there,
    nothing is left.
    """
    other = online.site.article("另一篇")
    first = online.site.article("这一篇", links=[other])
    with visiting(tmp_path) as client:
        job = post(client, kind="save", addresses=f"看看 {first.short} 很好", follow="1")
        page = client.get(f"/jobs/{job.id}").text
        home = client.get("/").text
        status = client.get("/status").text

    assert ("done", 0) == (job.state, job.exit_code)
    assert {"这一篇", "另一篇"} == {one["title"] for one in job.results}
    assert "这一篇" in page
    assert "另一篇" in home
    assert "2 saved" in status
    assert [] == list((tmp_path / "jobs").iterdir())


def test_what_fails_is_told(online: Internet, tmp_path: Path) -> None:
    """The other address arrives all the same; the failure can be tried again from the page. Its
    reason stands apart from its address.
    """
    gone = online.site.article("没了", answer=Answer(status=500))
    good = online.site.article("还在")
    with visiting(tmp_path) as client:
        job = post(client, kind="save", addresses=f"{gone.short}\n{good.short}")
        page = client.get(f"/jobs/{job.id}").text
        retried = post(client, kind="retry")
        status = client.get("/status").text

    assert "failed" == job.state
    assert {"new": 1} == {k: n for k, n in job.counts.items() if k == "new"}
    assert "还在" in page
    assert f'{gone.short}</span> <span class="quiet">' in page
    assert ("done", 0) == (retried.state, retried.exit_code)
    assert 'name="what"' in status


def test_links_that_are_not_held_are_fetched_with_one_click(
    online: Internet, tmp_path: Path
) -> None:
    """All of an article's, and the article itself anew."""
    others = [online.site.article(f"相关{number}") for number in range(3)]
    index = online.site.article("目录", links=others)
    with visiting(tmp_path) as client:
        post(client, kind="save", addresses=index.short)
        (key,) = (card.stored.key for card in site_of(client).library.newest().cards)
        links = post(client, kind="save", links=key)
        again = post(client, kind="save", refresh=key)

    assert {"相关0", "相关1", "相关2"} == {one["title"] for one in links.results}
    assert ["unchanged"] == [one["change"] for one in again.results]


def test_another_command_is_waited_for(online: Internet, tmp_path: Path) -> None:
    """While it writes the job says so; when it has ended the job goes on by itself."""
    article = online.site.article("等一等")
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        jobs = site_of(client).jobs
        with Lock(tmp_path, command="another command"):
            place = client.post("/jobs", data={"addresses": article.short}).headers["location"]
            job = jobs.get(place.rpartition("/")[2])
            assert job is not None
            wait(jobs, lambda: job.state == "locked")
            told = client.get(place).text
            now = client.get("/status?part=now").text
        wait(jobs, lambda: job.is_over)

    assert "another command" in told
    assert "waiting for another command" in now
    assert ("done", "等一等") == (job.state, job.results[0]["title"])


def test_a_server_that_ends_leaves_its_jobs_to_the_next(online: Internet, tmp_path: Path) -> None:
    """What runs is ended as a signal ends a command, what waits stays; both are done by the next
    server.
    """
    slow = online.site.article("慢", answer=Answer(delay=60.0))
    quick = online.site.article("快")
    with visiting(tmp_path) as client:
        jobs = site_of(client).jobs
        first, second = jobs.save([slow.short]), jobs.save([quick.short])
        while not len(online.log):
            assert first.state in ("waiting", "running")
    left = sorted(path.stem for path in (tmp_path / "jobs").iterdir())
    online.site.article("慢", answer=Answer())
    with visiting(tmp_path) as client:
        jobs = site_of(client).jobs
        known = [job.id for job in jobs.all()]
        jobs.stop()

    assert sorted([first.id, second.id]) == left == sorted(known)


def test_watching_and_no_longer(online: Internet, tmp_path: Path) -> None:
    """A source appears with its period and goes again."""
    with visiting(tmp_path) as client:
        post(client, kind="watch", addresses="https://a.example/feed.xml", every="1d")
        shown = client.get("/status").text
        (source,) = site_of(client).library.sources()
        post(client, kind="unwatch", source=str(source.id))
        after = site_of(client).library.sources()

    assert (86400.0, "feed") == (source.every, source.type)
    assert "https://a.example/feed.xml" in shown
    assert [] == after


@pytest.mark.parametrize(
    "fields",
    [
        {"addresses": "/etc/passwd"},
        {"addresses": ""},
        {"addresses": "https://a.example/"},
        {"kind": "nonsense", "addresses": SHORT},
        {"kind": "watch", "addresses": "/etc/passwd"},
        {"kind": "unwatch", "source": "x"},
        {"addresses": SHORT, "follow": "99"},
        {"addresses": SHORT, "follow": "-1"},
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, fields: dict[str, str]) -> None:
    """With a sentence; a file's name would be one of this server's and is never read."""
    with visiting(tmp_path) as client:
        answer = client.post("/jobs", data=fields)
        jobs = site_of(client).jobs.all()

    assert (400, []) == (answer.status_code, jobs)


def test_a_file_is_never_watched(tmp_path: Path) -> None:
    """Not by the worker either, whatever it is told."""
    from archive.web.worker import main

    (tmp_path / "list.txt").write_text(SHORT, encoding="utf-8")
    place = str(tmp_path / "list.txt")
    codes = [
        main(tmp_path / "archive", {"kind": "watch", "arguments": {"addresses": [place]}}),
        main(tmp_path / "archive", {"kind": "save", "arguments": {"addresses": [place]}}),
    ]

    assert [0, 0] == codes
    with open_database(tmp_path / "archive" / "archive.db", readonly=True) as db:
        assert [] == Sources(db.conn).all()
        assert 0 == db.conn.execute("SELECT count(*) FROM frontier").fetchone()[0]


def test_read_only_takes_nothing(tmp_path: Path) -> None:
    """No job, no star, and no way to ask for one."""
    (key,) = filled(tmp_path, 1)
    with visiting(tmp_path, read_only=True) as client:
        codes = [client.post(path).status_code for path in ("/jobs", f"/articles/{key}/star")]
        pages = [client.get(path).text for path in ("/status", f"/articles/{key}", "/")]

    assert [405, 405] == codes
    assert [0, 0, 0] == [page.count('method="post"') for page in pages]


class Scripted:
    """A worker that says what it was told to."""

    def __init__(self, *lines: str, code: int = 0) -> None:
        self.stdin, self.stdout = io.StringIO(), io.StringIO("\n".join(lines) + "\n")
        self._code = code

    def wait(self, timeout: float | None = None) -> int:
        return self._code

    def terminate(self) -> None:
        """Nothing to end."""

    kill = terminate


@pytest.mark.parametrize(
    ("lines", "code", "state", "message"),
    [
        (
            ('{"event": "report", "line": "save: 1 saved", "exit_code": 0}',),
            0,
            "done",
            "save: 1 saved",
        ),
        (
            ('{"event": "error", "message": "disk full", "exit_code": 74}',),
            74,
            "failed",
            "disk full",
        ),
        (("Traceback", "[]", "{}", '{"event": "result"}', "null"), 1, "failed", None),
        ((), -9, "failed", None),
    ],
)
def test_whatever_a_worker_says(
    tmp_path: Path, lines: tuple[str, ...], code: int, state: str, message: str | None
) -> None:
    """A job ends, whether its process reports, fails, talks nonsense or is killed; the next one is
    done.
    """
    jobs = Jobs(tmp_path, start_worker=lambda root: Scripted(*lines, code=code))
    jobs.start()
    try:
        found = [jobs.submit("run", {}) for _ in range(2)]
        wait(jobs, lambda: all(job.is_over for job in found))
    finally:
        jobs.stop()

    assert [(state, message, code)] * 2 == [
        (job.state, job.message, job.exit_code) for job in found
    ]


def test_a_worker_that_ends_unread_leaves_no_pipe_open(tmp_path: Path) -> None:
    """Of a job larger than a pipe holds, whose process ends before it has read it."""
    started: list[subprocess.Popen[str]] = []

    def start(root: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-S", "-c", ""]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
        return started[0]

    jobs = Jobs(tmp_path, start_worker=start)
    jobs.start()
    try:
        job = jobs.submit("page", {"html": "x" * 2**20})
        wait(jobs, lambda: job.is_over)
    finally:
        jobs.stop()

    (worker,) = started
    assert worker.stdin is not None
    assert worker.stdout is not None
    assert (True, True) == (worker.stdin.closed, worker.stdout.closed)


def test_a_worker_that_cannot_be_started(tmp_path: Path) -> None:
    """The job fails and says why; the server goes on."""

    def broken(root: Path) -> Any:
        raise OSError("no more processes")

    jobs = Jobs(tmp_path, start_worker=broken)
    jobs.start()
    try:
        job = jobs.submit("run", {})
        wait(jobs, lambda: job.is_over)
    finally:
        jobs.stop()

    assert ("failed", "OSError: no more processes") == (job.state, job.message)


def test_only_so_many_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is pressed again and again fills neither memory nor disk."""
    monkeypatch.setattr(web_jobs, "_MOST_WAITING", 3)
    jobs = Jobs(tmp_path)
    for _ in range(3):
        jobs.submit("run", {})

    with pytest.raises(BadInput, match="3 jobs are waiting"):
        jobs.submit("run", {})
    assert 3 == len(list((tmp_path / "jobs").iterdir()))


def test_leftovers_that_are_no_jobs_are_left_alone(tmp_path: Path) -> None:
    """A damaged or foreign file neither stops the server nor is removed."""
    (tmp_path / "jobs").mkdir()
    good = {"kind": "run", "arguments": {}, "created": "2026-01-01T00:00:00+00:00"}
    texts = [
        "",
        "{}",
        "[]",
        '{"kind": "rm", "arguments": {}, "created": "2026-01-01T00:00:00+00:00"}',
    ]
    for number, text in enumerate([*texts, json.dumps(good)]):
        (tmp_path / "jobs" / f"{number}.json").write_text(text, encoding="utf-8")
    jobs = Jobs(tmp_path, start_worker=lambda root: Scripted())
    jobs.start()
    (job,) = jobs.all()
    wait(jobs, lambda: job.is_over)
    jobs.stop()

    assert "4" == job.id
    assert 4 == len(list((tmp_path / "jobs").iterdir()))


def test_runs_come_every_so_often(tmp_path: Path) -> None:
    """The first at once, the next after the period; none beside one that has not ended."""
    jobs = Jobs(tmp_path)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            (job,) = jobs.all()
            job.state = "done"
        if len(slept) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run_every(jobs, 3600, sleep))

    assert [3600.0] * 3 == slept
    assert ["run", "run"] == [job.kind for job in jobs.all()]


def test_events_tell_of_changes(tmp_path: Path) -> None:
    """One at the beginning, one for each change of a job or of the archive by another command."""
    filled(tmp_path, 1)
    site = Site(tmp_path, Settings())

    async def follow() -> list[str]:
        events = stream(site, look=0.01)
        told = [await anext(events)]
        await asyncio.to_thread(site.jobs.submit, "run", {})
        told.append(await anext(events))
        await asyncio.to_thread(filled, tmp_path, 2)
        told.append(await anext(events))
        site.closing = True
        told += [one async for one in events if not one.startswith(":")]
        return told

    told = asyncio.run(follow())
    site.close()

    assert ["retry: 3000\ndata: hello\n\n", "data: changed\n\n", "data: changed\n\n"] == told[:3]
    assert 0 == site.streams


def test_stars_stay(tmp_path: Path) -> None:
    """Starred on the page, listed, there after a restart, and taken away again; by script with
    JSON.
    """
    first, second = filled(tmp_path, 2)
    with visiting(tmp_path) as client:
        codes = [client.post(f"/articles/{key}/star").status_code for key in (first, second)]
    with visiting(tmp_path) as client:
        listed = client.get("/stars").text
        shown = client.get(f"/articles/{first}").text
        answer = client.post(f"/articles/{first}/star", headers={"accept": "application/json"})
        after = client.get("/stars").text
        missing = client.post("/articles/nothing000/star")

    assert [303, 303, 404] == [*codes, missing.status_code]
    assert listed.index("第2篇") < listed.index("第1篇")
    assert 'aria-pressed="true"' in shown
    assert {"starred": False, "title": "Star"} == answer.json()
    assert "第1篇" not in after


def test_damaged_stars_are_told(tmp_path: Path) -> None:
    """And not overwritten: they are a person's own; nothing else suffers from it."""
    filled(tmp_path, 1)
    (tmp_path / "stars.json").write_text("[broken", encoding="utf-8")
    done = wechat_archive("--archive", str(tmp_path), "status")
    with visiting(tmp_path) as client:
        assert 200 == client.get("/").status_code

    assert (0, True) == (done.code, "stars.json" in done.stderr)
    assert "[broken" == (tmp_path / "stars.json").read_text(encoding="utf-8")


def test_stars_of_before_are_taken_over_once(tmp_path: Path) -> None:
    """The page kept them in a file; they stand in the database then, with their time."""
    first, second = filled(tmp_path, 2)
    since = {first: "2026-01-02T03:04:05.000006+00:00", "0000000000": "2026-01-02T03:04:05+00:00"}
    (tmp_path / "stars.json").write_text(json.dumps(since), encoding="utf-8")
    with visiting(tmp_path) as client:
        page = client.get("/").text
        rows = client.get("/api/articles").json()["articles"]

    assert {first: "2026-01-02T03:04:05+00:00", second: None} == {
        row["key"]: row["starred"] for row in rows
    }
    assert 1 == page.count(" starred")
    assert not (tmp_path / "stars.json").exists()


def test_marks_by_form_and_by_program(tmp_path: Path) -> None:
    """Tags, note and read from the article's page; the same for many by the API, each with what
    came of it."""
    first, second = filled(tmp_path, 2)
    with visiting(tmp_path) as client:
        client.post(f"/articles/{first}/own", data={"tags": "#投资, 读书 笔记", "note": "好\n文"})
        read = client.post(f"/articles/{first}/read", headers={"accept": "application/json"})
        shown = client.get(f"/articles/{first}").text
        client.post(f"/articles/{first}/own", data={"tags": "投资", "note": ""})
        body = {"keys": ["nothing000"], "query": "正文", "add": ["新"], "starred": True}
        answer = client.post("/api/own", json=body)
        wrong = client.post("/api/own", json={"keys": [first], "starred": "yes"})
        tagged = client.get("/api/articles?tag=新&starred=yes").json()["articles"]

    assert {"read": True, "title": "Read"} == read.json()
    assert [True, True] == [
        "/tags/%E8%AF%BB%E4%B9%A6%20%E7%AC%94%E8%AE%B0" in shown,
        "好\n文" in shown,
    ]
    assert [(None, True), (second, False), (first, False)] == [
        (one["key"], bool(one["error"])) for one in answer.json()["articles"]
    ]
    assert {first: ["投资", "新"], second: ["新"]} == {row["key"]: row["tags"] for row in tagged}
    assert (400, "starred must be true or false") == (
        wrong.status_code,
        wrong.json()["error"]["message"],
    )


def test_a_server_ends_with_its_streams_open(tmp_path: Path) -> None:
    """An open status page does not hold up the end: the stream ends by itself."""
    site = Site(tmp_path, Settings())

    async def follow() -> list[str]:
        events = stream(site, look=PATIENCE)
        told = [await anext(events)]
        site.end_streams()
        return told + [one async for one in events]

    told = asyncio.run(follow())
    site.close()

    assert ["retry: 3000\ndata: hello\n\n"] == told
