"""Services, each played by a host of the small internet and spoken to by apprise's own plug-in: the
message arrives, in Chinese, whole, without anything that rings or draws; what fails says why and
shows no secret."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from archive import i18n
from archive.config import WayConfig
from archive.notify import service, wording
from archive.notify.message import Message
from archive.notify.ways import hidden
from tests.crawl.fakes import long
from tests.notify.world import AlertWorld
from tests.weixin.answer import Answer, Request
from tests.weixin.server import Internet

KEY = "8f1c0b7e2d4a4c6f9a1b2c3d4e5f6071"
#: Fifty articles: more than some services take in one message.
TITLE = '@all <at user_id="all">所有人</at> <!channel> [点我](https://evil.example) <b>融资</b>'


@dataclass(frozen=True)
class Played:
    """A service: its address as apprise has it, the host that plays it, what a good answer is, and
    where the words stand in what it gets."""

    url: str
    host: str
    good: dict[str, Any]
    words: Callable[[Request], str]


def _json(*names: str) -> Callable[[Request], str]:
    def words(request: Request) -> str:
        found: Any = json.loads(request.body)
        for name in names:
            found = found[name]
        return str(found)

    return words


def _form(name: str) -> Callable[[Request], str]:
    return lambda request: parse_qs(request.body.decode())[name][0]


def _ntfy(request: Request) -> str:
    """A message, or a file where it is long."""
    text = request.body.decode()
    return _json("message")(request) if text.startswith("{") else text


SERVICES = {
    "企业微信": Played(
        f"wecombot://{KEY}",
        "qyapi.weixin.qq.com",
        {"errcode": 0, "errmsg": "ok"},
        _json("text", "content"),
    ),
    "飞书": Played(
        f"feishu://{KEY}", "open.feishu.cn", {"code": 0, "msg": "ok"}, _json("content", "text")
    ),
    "钉钉": Played(
        f"dingtalk://{KEY}/",
        "oapi.dingtalk.com",
        {"errcode": 0, "errmsg": "ok"},
        _json("text", "content"),
    ),
    "Server酱": Played(f"schan://SCT{KEY}", "sctapi.ftqq.com", {"code": 0}, _form("desp")),
    "Bark": Played(f"barks://bark.example/{KEY}", "bark.example", {"code": 200}, _json("body")),
    "ntfy": Played(f"ntfys://ntfy.example/{KEY}", "ntfy.example", {"id": "x"}, _ntfy),
    "Gotify": Played(
        f"gotifys://gotify.example/{KEY}", "gotify.example", {"id": 1}, _json("message")
    ),
    "Telegram": Played(
        f"tgram://123456789:AAE{KEY}/-100200300",
        "api.telegram.org",
        {"ok": True, "result": {}},
        _json("text"),
    ),
    "WxPusher": Played(
        f"wxpusher://AT_{KEY}/UID_{KEY}",
        "wxpusher.zjiecode.com",
        {"code": 1000, "success": True, "data": [{"code": 1000, "status": "ok"}]},
        _json("content"),
    ),
    "JSON": Played(f"jsons://json.example/{KEY}", "json.example", {}, _json("message")),
}


class Host:
    """Takes what is sent and answers as told."""

    def __init__(self, internet: Internet, played: Played) -> None:
        self.got: list[Request] = []
        self.answer = Answer(body=json.dumps(played.good), type="application/json")
        internet.site.host(played.host, self._take)

    def _take(self, request: Request) -> Answer:
        self.got.append(request)
        return self.answer


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Its plug-ins, all of them, with whatever they have to say about Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import apprise

        assert apprise.Apprise.instantiate("json://localhost") is not None


@pytest.fixture
def inside(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """apprise in the small internet, in this process: loading it for each service takes a
    second."""
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", internet.ca_file)
    return internet


def message(count: int = 1, title: str = TITLE) -> Message:
    articles = [
        {
            "key": "abcdefghij",
            "change": "new",
            "title": title,
            "account": "账号甲",
            "url": "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv",
            "published": "2026-11-28T00:00:00+00:00",
        }
    ] * count
    match = {"alert": "融资", "query": "融资", "count": count, "articles": articles}
    content: dict[str, Any] = {"matches": [match], "starred": [], "problems": []}
    return Message(id="msg_1", made=datetime(2026, 11, 28, tzinfo=UTC), content=content)


def given(url: str, one: Message, page: str | None = None) -> dict[str, str]:
    with i18n.use("zh_CN"):
        return {"url": url, "title": wording.title(one), "body": wording.text(one, page)}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gets_the_message(inside: Internet, name: str) -> None:
    """In Chinese, its link whole; a title that would ring everybody or draw a link does neither."""
    played = SERVICES[name]
    host = Host(inside, played)

    assert service.main(given(played.url, message(), "http://nas:8787")) is None

    [got] = [request for request in host.got if request.method == "POST"]
    words = played.words(got)
    assert "融资：有 1 篇符合 融资" in words
    assert "http://nas:8787/articles/abcdefghij" in words
    for commanding in ("@all", "<at", "<!", "<b>融资", "](", "https://evil"):
        assert commanding not in words
    assert [] == [one for one in ("isAtAll", "mentioned_list") if _rings(got, one)]


def _rings(request: Request, name: str) -> bool:
    text = request.body.decode()
    return f'"{name}": true' in text or f'"{name}": ["@all"]' in text


@pytest.mark.parametrize("name", SERVICES)
def test_a_long_message_is_split_not_lost(inside: Internet, name: str) -> None:
    """Ten long titles, twice what 企业微信 takes: every one arrives, in one message or several."""
    played = SERVICES[name]
    host = Host(inside, played)

    assert service.main(given(played.url, message(10, "融资" * 60))) is None

    words = "".join(played.words(got) for got in host.got if got.method == "POST")
    assert 10 == words.count("账号甲")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_refuses_says_why_and_no_secret(inside: Internet, name: str) -> None:
    """By its status; what a plug-in or its library repeats of the address is taken out."""
    played = SERVICES[name]
    host = Host(inside, played)
    host.answer = Answer(status=403, body='{"errcode": 93000}', type="application/json")

    error = hidden(str(service.main(given(played.url, message()))), played.url)

    assert "403" in error
    assert [] == [secret for secret in (KEY, f"AAE{KEY}", f"SCT{KEY}") if secret in error]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "no address that apprise knows"),
        ("nosuch://x", "no address that apprise knows"),
    ],
)
def test_an_address_that_is_none(url: str, said: str) -> None:
    """Told before anything is sent."""
    assert said in str(service.main(given(url, message())))


def test_a_run_tells_a_service(tmp_path: Path, internet: Internet) -> None:
    """The whole way: its own process, with the proxy and the certificates of the settings."""
    played = SERVICES["企业微信"]
    host = Host(internet, played)
    world = AlertWorld(tmp_path / "archive", proxy=internet.proxy, ca_file=internet.ca_file)
    world.alert("融资", "融资")
    world.publish(1, "融资")
    world.save(long(1))
    ways = (WayConfig(name="team", url=played.url),)

    report = world.run(notify=ways, lang="zh")

    [got] = host.got
    assert "融资：有 1 篇符合 融资" in played.words(got)
    assert (0, 0) == (report.exit_code, world.waiting("team").waiting)
    assert f"?key={KEY}" in got.url


def test_a_service_that_is_not_there_fails_no_run(tmp_path: Path, internet: Internet) -> None:
    """The message waits; the error in the database shows no part of the address."""
    world = AlertWorld(tmp_path / "archive", proxy=internet.proxy, ca_file=internet.ca_file)
    world.alert("融资", "融资")
    world.publish(1, "融资")
    world.save(long(1))
    internet.refuses = 502

    report = world.run(notify=(WayConfig(name="team", url=SERVICES["Telegram"].url),))

    state = world.waiting("team")
    assert (0, 1) == (report.exit_code, state.waiting)
    assert state.error
    assert KEY not in state.error
