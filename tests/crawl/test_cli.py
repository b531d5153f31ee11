"""The crawl's commands as a user types them, against the small internet."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from archive.db.opening import open_database
from tests.command import Result, wechat_archive
from tests.weixin.answer import Answer
from tests.weixin.server import Internet
from tests.weixin.site import Published


@pytest.fixture
def archive(internet: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of its own, and the small internet around the process."""
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "archive"
    monkeypatch.setenv("WECHAT_ARCHIVE", str(root))
    return root


def save(*args: str, stdin: str = "") -> Result:
    return wechat_archive("save", *args, "--interval", "0", stdin=stdin)


@pytest.fixture
def three(internet: Internet) -> list[Published]:
    last = internet.site.article("第三篇")
    middle = internet.site.article("第二篇", links=[last])
    return [
        internet.site.article("第一篇", links=[middle], pictures=[internet.site.image()]),
        middle,
        last,
    ]


def test_save_tells_in_one_line_on_stderr(archive: Path, three: list[Published]) -> None:
    """stdout is for data, stderr for people; exit code 0."""
    result = save(three[0].short, "--follow", "2")

    assert (result.code, result.stdout) == (0, "")
    assert result.stderr.startswith("save: 3 new, 2 followed, 3 requests in ")
    assert result.stderr.endswith(f" — in {archive}\n")


def test_a_summary_tells_new_changed_and_unchanged_apart(
    archive: Path, internet: Internet, three: list[Published]
) -> None:
    """Two that are held and one that its author changed; then nothing new."""
    save(*(article.short for article in three))
    internet.site.publish(replace(three[1], fields=replace(three[1].fields, title="第二篇（改）")))
    changed = save(*(article.short for article in three), "--refresh").stderr
    again = save(*(article.short for article in three)).stderr

    assert changed.startswith("save: 1 changed, 2 unchanged, 3 requests in ")
    assert again.startswith("save: nothing new, 3 unchanged, 0 requests in ")


@pytest.mark.parametrize(
    "command", [["run"], ["retry"], ["forget", "x"], ["unwatch", "1"], ["status"]]
)
def test_a_typo_in_the_folder_is_no_empty_archive(tmp_path: Path, command: list[str]) -> None:
    """78 and how to make one; nothing is made: cron would call it "all fine" for years."""
    result = wechat_archive("--archive", str(tmp_path / "typo"), *command)

    assert (result.code, list(tmp_path.iterdir())) == (78, [])
    assert (
        f"there is no archive in {tmp_path / 'typo'}: `wechat-archive save ADDRESS`"
        in result.stderr
    )


def test_results_are_told_with_paths_that_open(archive: Path, three: list[Published]) -> None:
    """With -v each article with its absolute path."""
    result = save(three[2].short, "-v")
    path = next(line for line in result.stderr.splitlines() if "new: " in line).partition("new: ")[
        2
    ]

    assert Path(path).is_absolute()
    assert Path(path).is_file()


def test_times_for_people_are_local_with_their_zone(
    archive: Path, internet: Internet, three: list[Published], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same form in save, status, watch --list; in JSON UTC."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    internet.site.captcha(three[0].short)
    told = save(three[0].short).stderr
    wechat_archive("watch", three[1].short)
    shown = wechat_archive("status").stdout + wechat_archive("watch", "--list").stdout
    as_json = wechat_archive("status", "--json").stdout
    monkeypatch.undo()
    time.tzset()

    form = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d \+0800")
    assert form.search(told)
    assert len(form.findall(shown)) >= 4
    assert json.loads(as_json)["blocked"]["until"].endswith("+00:00")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_no_color_and_force_color_hold(
    archive: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    """Piped there is no colour, unless asked for; NO_COLOR wins."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert ("\x1b[" in wechat_archive("config").stdout) is coloured


def test_retry_with_nothing_failed_says_so(archive: Path, three: list[Published]) -> None:
    """Not that something is called nothing."""
    save(three[2].short)
    result = wechat_archive("retry")

    assert (result.code, result.stderr) == (
        1,
        "error: no address has failed: there is nothing to try again\n",
    )


def test_a_failing_source_and_a_failing_address_are_two(archive: Path, internet: Internet) -> None:
    """Each counted where it belongs."""
    internet.site.on("https://f.example/rss", Answer(status=404))
    wechat_archive("watch", "https://f.example/rss")
    save("https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA")
    wechat_archive("watch", "https://mp.weixin.qq.com/s/BBBBBBBBBBBBBBBBBBBBBB")
    result = wechat_archive("run", "--interval", "0")

    assert "1 failed (parameter-error), 1 of 2 sources failed" in result.stderr.replace("(1 ", "(")


def test_the_summary_names_classes_of_failure_in_the_readers_language(archive: Path) -> None:
    """As `status` and `retry` call them; so does the list of what failed."""
    gone = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"
    result = wechat_archive("--lang", "zh", "save", gone, "--interval", "0")
    failed = wechat_archive("--lang", "zh", "status", "--failed")

    assert "失败 1 个（参数错误 1 个）" in result.stderr
    assert failed.stdout.startswith("# 参数错误 (parameter-error) (")


def test_save_json_is_one_object(archive: Path, three: list[Published]) -> None:
    """Counts, and per address the key and path or the error."""
    result = save(three[0].short, "不是地址", "--json")
    report = json.loads(result.stdout)

    assert result.code == 1
    assert {name: report[name] for name in ("saved", "unchanged", "followed", "failed")} == {
        "saved": 1,
        "unchanged": 0,
        "followed": 0,
        "failed": 1,
    }
    by_change = {entry["change"]: entry for entry in report["results"]}
    assert (archive / by_change["new"]["path"]).is_file()
    assert by_change["failed"]["error"]["class"] == "not-an-address"


@pytest.mark.parametrize("form", ["{}", "看这篇「{}」吧", "<a href='{}'>", "http{}", "{}#rd"])
def test_addresses_in_any_form(archive: Path, three: list[Published], form: str) -> None:
    """As people paste them."""
    address = three[0].short.removeprefix("https") if form.startswith("http") else three[0].short

    assert save(form.format(address)).code == 0


def test_lists_and_standard_input(archive: Path, three: list[Published], tmp_path: Path) -> None:
    """-i FILE with BOM, CRLF, blanks and comments; - for standard input; several at once."""
    names = tmp_path / "list.txt"
    names.write_bytes(f"\ufeff# 收藏\r\n\r\n{three[0].short}\r\n{three[1].long}\r\n".encode())

    result = save("-i", str(names), "-", "--json", stdin=f"最后一篇 {three[2].long}\n")

    assert json.loads(result.stdout)["saved"] == 3


def test_nothing_given_is_a_usage_error(archive: Path) -> None:
    """64, and what to do."""
    result = save()

    assert (result.code, "-i FILE" in result.stderr) == (64, True)
    assert save("hello").code == 64
    assert not archive.exists()


def test_a_missing_list_is_an_error(archive: Path) -> None:
    """A file that is not there is told with its name."""
    result = save("-i", "/nowhere/list.txt")

    assert (result.code, "/nowhere/list.txt" in result.stderr) == (64, True)


def test_run_is_silent_when_all_is_fine(archive: Path, three: list[Published]) -> None:
    """Nothing on stdout or stderr, so that cron sends no mail; --json tells all the same."""
    save(three[0].short)

    assert wechat_archive("run") == Result(0, "", "")
    assert json.loads(wechat_archive("run", "--json").stdout)["exit_code"] == 0


def test_run_finishes_what_save_began(
    archive: Path, internet: Internet, three: list[Published]
) -> None:
    """A captcha in the middle: 75, then the rest after --now."""
    internet.site.captcha(three[1].short)
    first = save(three[0].short, three[1].short, three[2].short)
    refused = wechat_archive("run")
    asked = len(internet.log.requests("mp.weixin.qq.com"))
    internet.site.publish(three[1])
    resumed = wechat_archive("run", "--now", "--interval", "0", "--json")

    assert (first.code, refused.code, resumed.code) == (75, 75, 0)
    assert "--now" in refused.stderr
    assert asked == 2
    assert json.loads(resumed.stdout)["saved"] == 2


def test_max_requests_counts_redirects(
    archive: Path, internet: Internet, three: list[Published]
) -> None:
    """No request too many, also in the middle of redirects; the next run begins with that
    address.
    """
    first, second = (
        "https://mp.weixin.qq.com/s/moved00000000000000001",
        "https://mp.weixin.qq.com/s/moved00000000000000002",
    )
    internet.site.redirect(first, second)
    internet.site.redirect(second, three[0].short)
    internet.site.fault(first, Answer(status=429, headers={"Retry-After": "900"}))
    save(first)
    wechat_archive("retry")
    counts = []
    for most in ("2", "3"):
        before = len(internet.log)
        result = wechat_archive("run", "--max-requests", most, "--interval", "0")
        counts.append((result.code, len(internet.log) - before))

    assert counts[0] == (0, 2)
    assert counts[1][0] == 0
    assert len(internet.log.requests("mp.weixin.qq.com")) == 1 + 2 + 3
    assert three[0].title in wechat_archive("list").stdout


def test_status_says_what_waits_and_why(
    archive: Path, internet: Internet, three: list[Published]
) -> None:
    """For people and as JSON; the failed addresses as a list that `save -i` reads."""
    internet.site.status(three[1], "deleted")
    internet.site.status(three[2], "expired")
    save(three[0].short, three[1].short, three[2].short)

    status = json.loads(wechat_archive("status", "--json").stdout)
    assert (status["held"]["articles"], status["held"]["accounts"]) == (1, 1)
    assert {kind["class"]: kind["count"] for kind in status["failed"]} == {
        "deleted": 1,
        "expired": 1,
    }
    assert all(kind["next"] for kind in status["failed"])
    assert [run["exit_code"] for run in status["runs"]] == [1]
    text = wechat_archive("status").stdout
    assert "held     1 article of 1 account" in text
    assert "deleted" in text

    listed = wechat_archive("status", "--failed").stdout
    again = save("-", "--json", stdin=listed)
    assert {entry["address"] for entry in json.loads(again.stdout)["results"]} == {
        three[1].short,
        three[2].short,
    }


def test_retry_and_forget(archive: Path, internet: Internet, three: list[Published]) -> None:
    """By class, by address; what is not there is an error."""
    internet.site.status(three[1].short, "expired")
    internet.site.status(three[2].short, "deleted")
    save(three[1].short, three[2].short)
    internet.site.publish(three[1])

    assert wechat_archive("retry", "expired").code == 0
    assert wechat_archive("run", "--interval", "0").code == 0
    assert wechat_archive("forget", three[2].short).code == 0
    assert json.loads(wechat_archive("status", "--json").stdout)["failed"] == []
    assert wechat_archive("retry", "nonsense").code == 1
    assert wechat_archive("forget", "nonsense").code == 1


def test_watch_list_and_unwatch(
    archive: Path, internet: Internet, three: list[Published], tmp_path: Path
) -> None:
    """An album, a feed and a file; shown, looked at by `run`, and given up again."""
    album = internet.site.album("3000000000000000009", three, title="连载")
    feed = internet.site.feed(
        "https://feeds.example/rss",
        f"<rss><channel><item><link>{three[0].short}</link></item></channel></rss>",
    )
    names = tmp_path / "list.txt"
    names.write_text(three[1].short, encoding="utf-8")
    assert wechat_archive("watch", album, feed, str(names), "--every", "1d").code == 0

    rows = [
        json.loads(line) for line in wechat_archive("watch", "--list", "--json").stdout.splitlines()
    ]
    assert [(row["sort"], row["every"]) for row in rows] == [
        ("album", 86400),
        ("feed", 86400),
        ("list", 86400),
    ]
    assert wechat_archive("run", "--interval", "0").code in (0, 1)
    status = json.loads(wechat_archive("status", "--json").stdout)
    assert [(a["held"], a["size"], a["complete"]) for a in status["albums"]] == [(3, 3, True)]

    assert [wechat_archive("unwatch", name).code for name in (album, "2", str(names))] == [0, 0, 0]
    assert wechat_archive("watch", "--list", "--json").stdout == ""
    assert wechat_archive("unwatch", "7").code == 1
    assert wechat_archive("watch", "what is this").code == 64


class Watchdog:
    """Something that speaks like healthchecks.io; notes the paths it is told."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        paths = self.paths

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                paths.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/abc"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def watchdog(archive: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    open_database(archive / "archive.db").close()
    running = Watchdog()
    yield running
    running.close()


def test_the_watchdog_is_told(
    archive: Path, internet: Internet, three: list[Published], watchdog: Watchdog
) -> None:
    """/start and then success; after a block the exit code."""
    wechat_archive("run", "--ping-url", watchdog.url)
    internet.site.captcha(three[0].short)
    save(three[0].short)
    wechat_archive("run", "--ping-url", watchdog.url)

    assert watchdog.paths == ["/ping/abc/start", "/ping/abc", "/ping/abc/start", "/ping/abc/75"]


def test_a_watchdog_that_is_down_is_no_reason_to_fail(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning, and the run's own exit code."""
    open_database(archive / "archive.db").close()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    result = wechat_archive("run", "--ping-url", "http://127.0.0.1:9/x")

    assert (result.code, "watchdog" in result.stderr) == (0, True)
    assert wechat_archive("run", "--ping-url", "ftp://x/").code == 78


def test_the_ping_goes_through_the_proxy_and_follows_no_redirect(
    archive: Path, internet: Internet, watchdog: Watchdog
) -> None:
    """As every request: by the proxy of the settings; where the watchdog redirects, nothing is
    asked there.
    """
    internet.site.on("https://hc.example/abc/start", Answer(body="OK"))
    internet.site.on(
        "https://hc.example/abc", Answer(status=302, headers={"Location": watchdog.url})
    )
    result = wechat_archive("run", "--ping-url", "https://hc.example/abc")

    assert internet.log.urls() == ["https://hc.example/abc/start", "https://hc.example/abc"]
    assert watchdog.paths == []
    assert (result.code, "hc.example could not be told" in result.stderr) == (0, True)


def test_settings_that_cannot_be_used_are_78(archive: Path, three: list[Published]) -> None:
    """A proxy that is none, a cookies file that is not there."""
    assert save(three[0].short, "--cookies", "/nowhere/cookies.txt").code == 78
    assert save(three[0].short, "--proxy", "nonsense://").code == 78


def test_commands_one_after_another_keep_the_pace(
    archive: Path, internet: Internet, three: list[Published]
) -> None:
    """The pause between two requests lasts over the end of a command."""
    for article in three[1:]:
        wechat_archive("save", article.short, "--interval", "0.8")

    assert len(internet.log) == 2
    assert internet.log.gaps()[0] >= 0.8


def test_status_starts_without_crawler_and_parser(tmp_path: Path) -> None:
    """It reads a database, and loads nothing that fetches, parses or searches."""
    open_database(tmp_path / "archive.db").close()
    script = (
        "import sys, archive.cli\n"
        f"code = archive.cli.run(['status', '--archive', {str(tmp_path)!r}])\n"
        "heavy = {'asyncio', 'httpx', 'lxml', 'feedparser', 'markdownify', 'rich', 'zstandard'}\n"
        "print(code, sorted(heavy & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "0 []"
