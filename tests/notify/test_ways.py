"""The ways: a command, a webhook; what they get, and what happens where one fails."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import time
from pathlib import Path

import pytest

from archive.config import Config, load
from archive.errors import BadConfig
from archive.notify import process, ways
from archive.run.alerts import language
from tests.command import wechat_archive
from tests.crawl.fakes import long
from tests.notify.world import AlertWorld, hook, titles
from tests.weixin.answer import Answer, Request
from tests.weixin.server import Internet

HOUR = 3600.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """A host of the small internet that takes messages; ``answers`` come first, then 200."""

    def __init__(self, internet: Internet, host: str = "hook.example") -> None:
        self.answers: list[Answer] = []
        self.got: list[Request] = []
        internet.site.host(host, self._answer)

    def _answer(self, request: Request) -> Answer:
        self.got.append(request)
        return self.answers.pop(0) if self.answers else Answer(body="{}", type="application/json")

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.got]


@pytest.fixture
def world(tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch) -> AlertWorld:
    """In the small internet, with one search saved."""
    made = AlertWorld(tmp_path / "archive", proxy=internet.proxy, ca_file=internet.ca_file)
    made.alert("茶", "岩茶")
    return made


def keep(world: AlertWorld, number: int) -> None:
    world.publish(number, "岩茶")
    world.save(long(number))


# --- webhook ----------------------------------------------------------------------------------


def test_a_webhook_gets_json_signed_as_standard_webhooks(
    world: AlertWorld, internet: Internet
) -> None:
    """Checked here as a receiver checks it: over id, time and the very bytes of the body."""
    receiver = Receiver(internet)
    keep(world, 1)

    world.run(notify=(hook(secret=SECRET),))

    [got] = receiver.got
    signed = b".".join(
        (got.headers["webhook-id"].encode(), got.headers["webhook-timestamp"].encode(), got.body)
    )
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    message = json.loads(got.body)
    assert f"v1,{expected}" == got.headers["webhook-signature"]
    assert got.headers["webhook-id"] == message["id"]
    assert int(world.clock.now().timestamp()) == int(got.headers["webhook-timestamp"])
    assert "application/json; charset=utf-8" == got.headers["content-type"]
    assert {"茶": ["第1篇"]} == titles(message)


def test_the_example_of_standard_webhooks_is_signed_as_it_says() -> None:
    """The specification's own example."""
    headers = ways.signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}', SECRET
    )

    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == headers["webhook-signature"]


def test_a_webhook_that_stumbles_is_tried_again_in_the_same_run(
    world: AlertWorld, internet: Internet
) -> None:
    """With the same id, and a later time."""
    receiver = Receiver(internet)
    receiver.answers = [Answer(status=503), Answer(reset="before")]
    keep(world, 1)

    report = world.run(notify=(hook(),))

    assert (0, 3, 1) == (report.exit_code, len(receiver.got), len(set(receiver.ids)))
    assert 0 == world.waiting("hook").waiting


def test_a_way_that_fails_fails_no_run_and_gets_it_later(
    world: AlertWorld, internet: Internet, caplog: pytest.LogCaptureFixture
) -> None:
    """Told, exit code as without it, the other way has its message; each comes once, in order."""
    receiver = Receiver(internet)
    receiver.answers = [Answer(status=500)] * 6
    both = (hook(),)
    for number in (1, 2):
        keep(world, number)
        assert 0 == world.run(notify=both, exec=world.exec).exit_code
        world.pass_time(HOUR)
    assert "the alert could not go by hook (https://hook.example/***)" in caplog.text
    assert (2, 2) == (len(world.told), world.waiting("hook").waiting)
    receiver.got.clear()

    receiver.answers.clear()
    world.pass_time(HOUR)
    for _ in range(2):
        world.run(notify=both, exec=world.exec)

    assert [{"茶": ["第1篇"]}, {"茶": ["第2篇"]}] == [
        titles(json.loads(got.body)) for got in receiver.got
    ]
    assert [message["id"] for message in world.told] == receiver.ids
    state = world.waiting("hook")
    assert (0, 0, None) == (state.waiting, state.failures, state.error)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "http://192.168.1.5/x",
        "http://nas.lan/x",
        "https://hook.example:8443/x",
    ],
)
def test_a_webhook_inside_the_network_wants_to_be_called_so(world: AlertWorld, url: str) -> None:
    """Without ``private = true`` no request is made to it."""
    keep(world, 1)

    assert 0 == world.run(notify=(hook(url),)).exit_code

    error = world.waiting("hook").error or ""
    assert "only" in error
    assert 1 == world.waiting("hook").waiting


def test_a_private_webhook_is_reached(tmp_path: Path, internet: Internet) -> None:
    """The person's own, on loopback and another port: by explicit setting."""
    world = AlertWorld(tmp_path / "archive", ca_file=internet.ca_file)
    world.alert("茶", "岩茶")
    keep(world, 1)
    got: list[str] = []

    def note(request: Request) -> Answer:
        got.append(request.url)
        return Answer()

    internet.site.host("127.0.0.1", note)
    url = internet.proxy.rstrip("/") + "/own"  # asked directly, the proxy is a host of that name

    world.run(notify=(hook(url, private=True),))

    assert [url] == got


def test_a_redirect_is_not_followed(world: AlertWorld, internet: Internet) -> None:
    """It would carry the message, and its signature, to somebody else."""
    receiver, other = Receiver(internet), Receiver(internet, "other.example")
    receiver.answers = [Answer(status=302, headers={"Location": "https://other.example/"})]
    keep(world, 1)

    world.run(notify=(hook(),))

    assert ([], 1) == (other.got, world.waiting("hook").waiting)


# --- which way gets what ----------------------------------------------------------------------


def test_a_way_gets_only_what_it_asks_for(world: AlertWorld, internet: Internet) -> None:
    """Nothing where there is nothing of it."""
    receiver = Receiver(internet)
    world.alert("AI", "芯片")
    keep(world, 1)
    world.run(notify=(hook(only=("AI",)),), exec=world.exec)
    assert (0, 1) == (len(receiver.got), len(world.told))
    world.publish(2, "岩茶与芯片")
    world.save(long(2))

    world.run(notify=(hook(only=("AI",)),), exec=world.exec)

    assert [{"AI": ["第2篇"]}] == [titles(json.loads(got.body)) for got in receiver.got]
    assert {"AI": ["第2篇"], "茶": ["第2篇"]} == titles(world.told[-1])


def test_what_no_way_took_for_a_month_is_given_up(
    world: AlertWorld, internet: Internet, caplog: pytest.LogCaptureFixture
) -> None:
    """And told so: it is news to nobody any more."""
    receiver = Receiver(internet)
    receiver.answers = [Answer(status=404)] * 50
    keep(world, 1)
    world.run(notify=(hook(),))
    world.pass_time(31 * 24 * HOUR)

    world.run(notify=(hook(),))

    assert 0 == world.waiting("hook").waiting
    assert "given up: 1" in caplog.text


# --- a command --------------------------------------------------------------------------------


def test_no_shell_reads_the_command_nor_a_title(world: AlertWorld, tmp_path: Path) -> None:
    """Whatever a title holds it arrives as it is, and runs nothing."""
    title = "$(touch pwned) `touch pwned` ; touch pwned | & > pwned"
    world.publish(1, "岩茶", title=title)
    world.save(long(1))

    world.run(exec=f"{world.exec} ';' '$(touch pwned)'")

    assert {"茶": [title]} == titles(world.told[0])
    assert [] == [*tmp_path.rglob("pwned"), *Path().glob("pwned")]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/nowhere/notify", "cannot be run: No such file or directory"),
        (
            "python3 -ISc 'import sys; sys.exit(\"key=topsecret gone\")'",
            "ended with 1: key=*** gone",
        ),
        ("python3 -ISc 'import os; os.abort()'", "ended with -6"),
        ("", "names no command"),
        ("'unclosed", "No closing quotation"),
    ],
)
def test_a_command_that_fails(
    world: AlertWorld, command: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Told in a line; the run is as it was, the message waits."""
    keep(world, 1)

    report = world.run(exec=command or " ")

    assert 0 == report.exit_code
    assert said in caplog.text
    assert 1 == world.waiting("exec").waiting


def test_a_command_that_hangs_is_ended_with_all_it_started(
    world: AlertWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its children hold the pipes and ignore SIGTERM: the whole group is killed."""
    monkeypatch.setattr(ways, "_LONGEST", 0.3)
    monkeypatch.setattr(process, "_GRACE", 0.2)
    pids = tmp_path / "pids"
    script = tmp_path / "hang.sh"
    script.write_text(
        f"#!/bin/sh\ntrap '' TERM\nsh -c 'trap \"\" TERM; echo $$ >> {pids}; sleep 600' &\n"
        f"echo $$ >> {pids}\nwait; sleep 600\n"
    )
    keep(world, 1)

    report = world.run(exec=f"sh {script}")

    assert 0 == report.exit_code
    assert "took longer than 0.3 s and was ended" in caplog.text
    for pid in map(int, pids.read_text().split()):
        _gone(pid)


def _gone(pid: int) -> None:
    """A killed process that nobody has asked after is there as a zombie for a moment."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError(f"{pid} lives on")


def test_a_talkative_command_takes_no_memory(world: AlertWorld) -> None:
    """What it says beyond 64 KiB is thrown away."""
    keep(world, 1)

    world.run(exec="python3 -ISc 'import sys; sys.stdout.write(\"x\" * 10**7); sys.exit(3)'")

    assert "ended with 3" in (world.waiting("exec").error or "")


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('exec = "rm -rf /"', "give --exec or $WECHAT_ARCHIVE_EXEC"),
        ('[[notify]]\nname = "a"', "either webhook or url"),
        ('[[notify]]\nname = "a"\nurl = "x://y"\nwebhook = "https://z/"', "either webhook or url"),
        ('[[notify]]\nname = "a"\nwebhook = "ftp://z/topsecret"', "expected an http or https"),
        ('[[notify]]\nname = "a"\nurl = 5', "url of the way a: expected a text"),
        ('[[notify]]\nname = "a"\nurl = "x://y"\nprivate = "no"', "expected true or false"),
        ('[[notify]]\nname = "a"\nurl = "x://y"\nonly = "AI"', "expected a list"),
        ('[[notify]]\nname = "a"\nurl = "x://y"\nsecret = "topsecret"', "only what a webhook"),
        (
            '[[notify]]\nname = "a"\nurl = "x://y"\n[[notify]]\nname = "a"\nurl = "x://y"',
            "same name",
        ),
        ('[[notify]]\nname = "a b"\nurl = "x://topsecret"', "each way needs a name"),
        ('[[notify]]\nname = "a"\nurl = "x://topsecret"\ncmd = "x"', "a way has no cmd"),
        ("notify = 5", "expected tables"),
    ],
)
def test_settings_that_are_wrong_say_so_without_their_secrets(
    tmp_path: Path, text: str, said: str
) -> None:
    """A command is never taken from a folder that others may have filled."""
    (tmp_path / "config.toml").write_text(text)

    with pytest.raises(BadConfig) as raised:
        load(tmp_path, {})

    assert said in str(raised.value)
    assert "topsecret" not in str(raised.value)


def test_the_language_of_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    """cron has no $LANG: the setting says it."""
    monkeypatch.setenv("LC_ALL", "C")
    assert ["en", "zh_CN"] == [language(Config(lang=lang)) for lang in ("auto", "zh")]


def test_no_secret_is_shown_anywhere(
    tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by ``alert``, ``config``, ``doctor``, ``status``, ``run``, in text or JSON, where a way
    works and where it does not."""
    archive = tmp_path / "archive"
    AlertWorld(archive).alert("茶", "岩茶")
    secrets = ("topsecretpath", "topsecretquery", "topsecretsign", "topsecretkey", "topsecretuser")
    (archive / "config.toml").write_text(
        '[[notify]]\nname = "hook"\nsecret = "topsecretsign"\n'
        'webhook = "https://topsecretuser:topsecretuser@hook.example/topsecretpath?x=topsecretquery"\n'
        '[[notify]]\nname = "service"\nurl = "json://topsecretuser:topsecretkey@topsecretpath.invalid/x"\n'
    )
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    said = ""
    for argv in (
        ("alert", "test"),
        ("alert", "list"),
        ("alert", "list", "--json"),
        ("config",),
        ("config", "--json"),
        ("doctor",),
        ("status", "--json"),
        ("run", "-vv"),
    ):
        result = wechat_archive(*argv, "--archive", str(archive))
        said += result.stdout + result.stderr

    assert [] == [secret for secret in secrets if secret in said]
    assert "failed" in said


def test_a_failing_way_is_told_in_the_readers_language(tmp_path: Path) -> None:
    """What is stored stays English; who lists or tests his ways reads it in his own."""
    archive = tmp_path / "archive"
    AlertWorld(archive)
    (archive / "config.toml").write_text(
        '[[notify]]\nname = "hook"\nwebhook = "http://127.0.0.1:9/topsecret"\nprivate = true\n'
    )

    done = wechat_archive("alert", "test", "--lang", "zh", "--archive", str(archive))

    assert 69 == done.code
    assert "失败" in done.stdout
    assert "no connection" not in done.stdout
    assert "topsecret" not in done.stdout
