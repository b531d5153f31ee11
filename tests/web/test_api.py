"""What is promised of the API: the objects of ``--json``, as its description says, clear words for
what is wrong.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from archive.web.api import removing
from archive.web.api.operation import Operation
from archive.web.api.routes import OPERATIONS, openapi
from archive.web.app import make_app
from archive.web.settings import Settings
from archive.web.worker import bundle, main
from tests.command import wechat_archive
from tests.store.make import article, keep, opened, short_address
from tests.web.pages import TOKEN, filled, visiting
from tests.weixin import media
from tests.weixin.pages import Fields, article_page

URL = "https://mp.weixin.qq.com/s/0123456789abcdefghijkl"
PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/abc/640?wx_fmt=png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles; the first links to the second and to one that is not held."""
    with opened(tmp_path) as store:
        keep(store, article(1, links=(2, 9)))
        keep(store, article(2))
        keep(store, article(3, text="别的话"))
    return tmp_path


def answered(client: TestClient, path: str, **how: Any) -> Any:
    """The JSON at ``path``, which is as the description says."""
    answer = client.get(path, **how)
    assert 200 == answer.status_code, answer.text
    return answer.json()


def key_of(root: Path, title: str) -> str:
    """The key of the article with this title."""
    with opened(root) as store:
        return next(one.key for one in store.articles() if one.title == title)


def test_every_answer_is_as_described(root: Path) -> None:
    """Each operation that reads, against the schema of its answer."""
    key = key_of(root, "第1篇")
    components = {"components": openapi()["components"]}
    with visiting(root) as client:
        for operation in OPERATIONS:
            if operation.method == "GET" and "{id}" not in operation.path:
                path = operation.path.replace("{key}", key)
                body = answered(client, path + ("?q=正文" if path.endswith("search") else ""))
                jsonschema_rs.validate({**operation.gives, **components}, body)


def test_it_gives_what_the_command_line_gives(root: Path) -> None:
    """``search``, ``list``, ``show``, ``show --links`` and ``similar`` with ``--json``: the very
    same objects.
    """
    key = key_of(root, "第1篇")

    def command(*arguments: str) -> list[Any]:
        done = wechat_archive("--archive", str(root), *arguments, "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]

    with visiting(root) as client:
        assert command("search", "正文") == answered(client, "/api/search?q=正文")["hits"]
        assert command("list") == answered(client, "/api/articles?order=published")["articles"]
        assert command("show", key) == [answered(client, f"/api/articles/{key}")]
        assert command("show", key, "--links") == [answered(client, f"/api/articles/{key}/links")]
        assert command("show", key, "--versions") == [
            answered(client, f"/api/articles/{key}/versions")
        ]
        assert command("similar", key) == answered(client, f"/api/articles/{key}/similar")
        assert command("status") == [answered(client, "/api/status")]


def test_articles_page_by_cursor(tmp_path: Path) -> None:
    """Every article once, whatever the size of a page."""
    keys = filled(tmp_path, 25)
    with visiting(tmp_path) as client:
        seen: list[str] = []
        path = "/api/articles?limit=10"
        while path:
            body = answered(client, path)
            seen += [one["key"] for one in body["articles"]]
            path = f"/api/articles?limit=10&cursor={body['next']}" if body["next"] else ""

    assert keys[::-1] == seen


def test_an_article_in_other_forms(root: Path) -> None:
    """Markdown as the file has it, HTML that can run nothing."""
    key = key_of(root, "第3篇")
    with visiting(root) as client:
        markdown = client.get(f"/api/articles/{key}?format=markdown")
        html = client.get(f"/api/articles/{key}?format=html")
    with opened(root) as store:
        expected = store.markdown(store.get(key).article_id)

    assert ("text/markdown; charset=utf-8", expected) == (
        markdown.headers["content-type"],
        markdown.text,
    )
    assert "<p>别的话</p>" == html.text
    assert "sandbox" in html.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/search",
        "/api/search?q=",
        "/api/search?q=kind:nonsense",
        "/api/search?q=a&limit=0",
        "/api/search?q=a&sort=best",
        "/api/articles?cursor=x",
        "/api/articles?limit=²",
        "/api/articles?year=99999",
        "/api/articles/nothing",
        "/api/articles/nothing/links",
        "/api/articles?account=nobody",
        "/api/jobs/nothing",
        "/api/nothing",
    ],
)
def test_what_is_wrong_is_said_in_json(root: Path, path: str) -> None:
    """A status and words, as the description says, never a page or a traceback."""
    with visiting(root) as client:
        answer = client.get(path)
    error = answer.json()["error"]

    assert answer.status_code in (400, 404)
    assert answer.status_code == error["status"]
    assert error["title"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/save", b""),
        ("/api/save", b"[]"),
        ("/api/save", b"[" * 100_000),
        ("/api/save", b'{"addresses": [1]}'),
        ("/api/save", b'{"addresses": ["nothing here"]}'),
        ("/api/save", b'{"addresses": ["https://mp.weixin.qq.com/s/x"], "follow": true}'),
        ("/api/save", b'{"addresses": ["https://mp.weixin.qq.com/s/x"], "follow": 99}'),
        ("/api/pages", b'{"url": "https://example.org/", "html": "<p>"}'),
        ("/api/pages", b'{"url": "https://mp.weixin.qq.com/s/0123456789abcdefghijkl"}'),
        (
            "/api/pages",
            b'{"url": "https://mp.weixin.qq.com/s/0123456789abcdefghijkl", "html": "<p>", "pictures": [{"url": 1}]}',
        ),
    ],
)
def test_nonsense_is_not_taken(root: Path, path: str, body: bytes) -> None:
    """400, what is wrong in words, and no job."""
    with visiting(root) as client:
        answer = client.post(path, content=body)

        assert (400, 400) == (answer.status_code, answer.json()["error"]["status"])
        assert [] == client.get("/api/jobs").json()


def test_addresses_become_a_job(root: Path) -> None:
    """202 with a job to look at, whatever form they came in."""
    with visiting(root) as client:
        text = f"看看这个 {short_address(7)} 和 {URL}"
        answer = client.post("/api/save", json={"addresses": [text], "follow": 0})
        job = client.get(answer.headers["location"]).json()

    assert 202 == answer.status_code
    assert answer.json()["id"] == job["id"]
    assert ["https://mp.weixin.qq.com/s/" + short_address(7)[-22:], URL] == job["arguments"][
        "addresses"
    ]


def test_a_page_that_is_sent_is_kept_with_its_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the way of every saved page: nothing is asked for on the network, the raw page is kept,
    the picture too.
    """
    with opened(tmp_path):
        pass
    page = article_page(
        Fields(title="读到的一页", body=f'<p>正文</p><p><img data-src="{PICTURE}"></p>')
    )
    pictures = [{"url": PICTURE, "data": b64encode(media.png()).decode()}]
    arguments = {"url": URL, "html": page.decode(), "pictures": pictures}
    code = main(tmp_path, {"kind": "page", "arguments": arguments})

    assert 0 == code, capsys.readouterr().out
    with opened(tmp_path) as store:
        held = store.get(URL)
        path = store.media_path(PICTURE)
        assert "读到的一页" == held.title
        assert held.snapshot_id is not None
        assert path is not None
    assert media.png() == (tmp_path / path).read_bytes()


def test_a_bundle_is_one_file_with_all_parts() -> None:
    """The page under its address, each picture under its own."""
    made = bundle(URL, "<p>正文</p>", [{"url": PICTURE, "data": b64encode(b"png").decode()}])

    assert f"Snapshot-Content-Location: {URL}".encode() in made
    assert PICTURE.encode() in made.replace(b"\n ", b"")


def test_all_that_a_query_finds_is_removed_when_its_number_is_said(root: Path) -> None:
    """Without the number, or with another one, 409 tells it and nothing is removed."""
    asked = {"query": "正文"}
    with visiting(root) as client:
        for wrong in ({}, {"count": 1}, {"count": 3}):
            answer = client.post("/api/remove", json={**asked, **wrong})
            assert (409, 2) == (answer.status_code, answer.json()["count"])
        assert 3 == len(answered(client, "/api/articles")["articles"])
        done = client.post("/api/remove", json={**asked, "count": 2}).json()["articles"]
        assert [None, None] == [one["error"] for one in done]
        assert ["第3篇"] == [one["title"] for one in answered(client, "/api/articles")["articles"]]
        back = {"keys": [one["key"] for one in done], "undo": True}
        assert 200 == client.post("/api/remove", json=back).status_code
        assert 3 == len(answered(client, "/api/articles")["articles"])
        both = {"query": "正文", "keys": [done[0]["key"]], "count": 2}
        assert 400 == client.post("/api/remove", json=both).status_code
        assert 400 == client.post("/api/remove", json={"query": "kind:nonsense"}).status_code


def test_no_more_than_a_thousand_go_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However well the number is confirmed."""
    monkeypatch.setattr(removing, "MOST_KEYS", 1)
    with visiting(root) as client:
        answer = client.post("/api/remove", json={"query": "正文", "count": 1})
        assert (409, 2) == (answer.status_code, answer.json()["count"])
        assert 3 == len(answered(client, "/api/articles")["articles"])


def test_what_is_watched_with_its_rules(root: Path) -> None:
    """A job watches it; ``/api/sources`` shows it as ``watch --list --json`` does; it goes again."""
    feed = "https://feeds.example.org/all.xml"
    rules = {"include": "title:融资", "exclude": "广告", "tags": ["#投资", "投资"], "group": "钱"}
    with visiting(root) as client:
        answer = client.post("/api/watch", json={"address": feed, "every": 3600, **rules})
        job = answer.json()
        assert (202, 0) == (answer.status_code, main(root, job))
        (source,) = answered(client, "/api/sources")
        assert {"address": feed, "every": 3600.0, **rules, "tags": ["投资"]} == {
            name: source[name] for name in ("address", "every", *rules)
        }
        told = wechat_archive("--archive", str(root), "watch", "--list", "--json").stdout
        assert [source] == [json.loads(line) for line in told.splitlines()]
        gone = client.post("/api/unwatch", json={"source": source["id"]})
        assert (202, 0) == (gone.status_code, main(root, gone.json()))
        assert [] == answered(client, "/api/sources")
        assert 404 == client.post("/api/unwatch", json={"source": feed}).status_code


@pytest.mark.parametrize(
    "body",
    [
        {"address": "/etc/passwd"},
        {"address": "file:///etc/passwd"},
        {"address": URL, "include": "kind:nonsense"},
        {"address": URL, "exclude": 1},
        {"address": URL, "tags": "投资"},
        {"address": URL, "every": 1},
        {"address": URL, "scope": "all"},
        {},
    ],
)
def test_nothing_else_is_watched(root: Path, body: dict[str, Any]) -> None:
    """No file of the server's, no query that means nothing: 400 and no job."""
    with visiting(root) as client:
        assert 400 == client.post("/api/watch", json=body).status_code
        assert [] == client.get("/api/jobs").json()


def test_groups_of_accounts(root: Path) -> None:
    """Accounts go in and out; the query language knows them at once."""
    with visiting(root) as client:
        said = client.post("/api/groups", json={"name": "钱", "add": ["投资实习所", "b", " "]})
        assert {"name": "钱", "accounts": ["b", "投资实习所"]} == said.json()
        client.post("/api/groups", json={"name": "钱", "remove": ["b"]})
        assert [{"name": "钱", "accounts": ["投资实习所"]}] == answered(client, "/api/groups")
        assert 3 == answered(client, "/api/search?q=group:钱")["count"]
        assert 400 == client.post("/api/groups", json={"name": " "}).status_code


def test_other_sites_send_nothing(root: Path) -> None:
    """A foreign page's script cannot save in its visitor's name; a program with the token can."""
    body = {"addresses": [URL]}
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    with visiting(root, host="0.0.0.0", token=TOKEN) as client:
        bearer = {"authorization": f"Bearer {TOKEN}"}

        assert 401 == client.post("/api/save", json=body).status_code
        assert 202 == client.post("/api/save", json=body, headers=bearer).status_code
    with visiting(root) as client:
        assert 403 == client.post("/api/save", json=body, headers=foreign).status_code
    with visiting(root, read_only=True) as client:
        assert 405 == client.post("/api/save", json=body).status_code


@pytest.mark.long
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_the_description_holds_for_whatever_it_allows(
    tmp_path_factory: pytest.TempPathFactory, operation: Operation
) -> None:
    """schemathesis asks what the description allows and what it forbids; every answer is one that
    it names.
    """
    root = tmp_path_factory.mktemp("archive")
    filled(root, 3)
    app = make_app(root, Settings(names=("testserver",)))
    described = schemathesis.openapi.from_asgi("/api/openapi.json", app)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=described[operation.path][operation.method].as_strategy())
    def holds(case: schemathesis.Case[Any]) -> None:
        # What an address or a cursor is, no schema can say: those are refused with words.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    holds()


def test_reading_in_many_threads(root: Path) -> None:
    """Fifty readers at once get the same as one."""
    with visiting(root) as client:
        expected = answered(client, "/api/search?q=正文")
        got: list[Any] = []
        threads = [
            threading.Thread(target=lambda: got.append(answered(client, "/api/search?q=正文")))
            for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [expected] * 50 == got
