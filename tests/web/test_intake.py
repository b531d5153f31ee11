"""What is promised of handing in: each way is made for this server, and its key opens nothing
else.
"""

from __future__ import annotations

import json
import re
import stat
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from archive.db.names import INTAKE_KEY
from tests.web.pages import HOME, TOKEN, filled, visiting
from tests.web.test_jobs import site_of

URL = "https://mp.weixin.qq.com/s/0123456789abcdefghijkl"
FOREIGN = {"origin": "https://mp.weixin.qq.com", "sec-fetch-site": "cross-site"}


def key_of(client: TestClient, **how: dict[str, str]) -> str:
    """The intake key as the page shows it."""
    found = re.search(r"Authorization: Bearer ([\w-]+)", client.get("/intake", **how).text)  # type: ignore[arg-type]
    assert found is not None
    return found[1]


def test_the_page_fills_in_address_and_key(tmp_path: Path) -> None:
    """Bookmarklet, userscript and recipe name this server; in both languages; the token stands
    nowhere.
    """
    filled(tmp_path, 1)
    bearer = {"authorization": f"Bearer {TOKEN}"}
    with visiting(tmp_path, host="0.0.0.0", token=TOKEN) as client:
        page = client.get("/intake", headers=bearer).text
        chinese = client.get("/intake", headers={**bearer, "accept-language": "zh"}).text
        key = key_of(client, headers=bearer)
        script = client.get(f"/intake/wechat-archive.user.js?key={key}")

    assert f"{HOME}/api/save" in page
    assert f"{HOME}/intake/save?key={key}" in unescape(page)
    assert "书签" in chinese
    assert (f'const base = "{HOME}"', f'const key = "{key}"') == tuple(
        re.findall(r'const (?:base|key) = "[^"]*"', script.text)
    )
    assert "// @connect      127.0.0.1" in script.text
    for text in (page, chinese, script.text):
        assert TOKEN not in text


def test_the_key_stays_and_is_private(tmp_path: Path) -> None:
    """Over restarts a bookmarklet goes on working; nobody else on the machine reads the key."""
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        first = key_of(client)
    with visiting(tmp_path) as client:
        assert first == key_of(client)
    assert 0o600 == stat.S_IMODE((tmp_path / INTAKE_KEY).stat().st_mode)


@pytest.mark.parametrize("token", [None, TOKEN])
def test_the_bookmarklet_hands_in_a_page(tmp_path: Path, token: str | None) -> None:
    """Its form comes from another site's page, and is taken by its key alone."""
    filled(tmp_path, 1)
    more = {"host": "0.0.0.0", "token": token} if token else {}
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    with visiting(tmp_path, **more) as client:
        key = key_of(client, headers=bearer)
        form = {"url": URL, "html": "<html>页面</html>"}
        taken = client.post(f"/intake/save?key={key}", data=form, headers=FOREIGN)
        job = client.get("/api/jobs", headers=bearer).json()[0]
        handed_in = site_of(client).jobs.get(job["id"])
        wrong = client.post("/intake/save?key=nothing", data=form, headers=FOREIGN)
        without = client.post("/intake/save", data=form, headers=FOREIGN)

    assert 200 == taken.status_code
    assert handed_in is not None
    assert ("page", "<html>页面</html>") == (job["kind"], handed_in.arguments["html"])
    assert {"url": URL} == job["arguments"]  # nobody asks for the page back
    refused = 401 if token else 403
    assert (wrong.status_code, without.status_code) in {(403, 403), (refused, refused)}


def test_the_userscript_and_phones_hand_in(tmp_path: Path) -> None:
    """By the header, whatever origin their request names; addresses and pages alike."""
    filled(tmp_path, 1)
    with visiting(tmp_path, host="0.0.0.0", token=TOKEN) as client:
        key = key_of(client, headers={"authorization": f"Bearer {TOKEN}"})
        headers = {"authorization": f"Bearer {key}", **FOREIGN}

        assert 202 == client.post("/api/save", json={"addresses": URL}, headers=headers).status_code
        body = {"url": URL, "html": "<html>"}
        assert 202 == client.post("/api/pages", json=body, headers=headers).status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/articles"),
        ("GET", "/api/jobs"),
        ("GET", "/feeds/all.atom"),
        ("GET", "/intake"),
        ("POST", "/jobs"),
        ("POST", "/articles/abc/star"),
    ],
)
def test_the_key_opens_nothing_else(tmp_path: Path, method: str, path: str) -> None:
    """Neither as a header nor in the address."""
    filled(tmp_path, 1)
    with visiting(tmp_path, host="0.0.0.0", token=TOKEN) as client:
        key = key_of(client, headers={"authorization": f"Bearer {TOKEN}"})
        by_header = client.request(method, path, headers={"authorization": f"Bearer {key}"})
        in_address = client.request(method, f"{path}?key={key}&token={key}")

    assert {401} >= {by_header.status_code, in_address.status_code}


def test_text_from_elsewhere_is_searched_for_addresses(tmp_path: Path) -> None:
    """The bookmarklet on another page, a shared text: what it holds is fetched; without any it says
    so.
    """
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        key = key_of(client)
        path = f"/intake/save?key={key}"
        taken = client.post(path, data={"url": "https://example.org/", "text": f"看 {URL}"})
        nothing = client.post(path, data={"url": "https://example.org/"})
        jobs = client.get("/api/jobs").json()

    assert (200, 400) == (taken.status_code, nothing.status_code)
    assert [[URL]] == [job["arguments"]["addresses"] for job in jobs]


def test_read_only_takes_nothing_in(tmp_path: Path) -> None:
    """There is no page to hand in with, and no key."""
    filled(tmp_path, 1)
    with visiting(tmp_path, read_only=True) as client:
        assert 404 == client.get("/intake").status_code
        assert 405 == client.post("/intake/save", data={"url": URL}).status_code
    assert not (tmp_path / INTAKE_KEY).exists()


def test_the_bookmarklet_is_one_line_of_script(tmp_path: Path) -> None:
    """It survives being a bookmark: one line, its address as a JSON text."""
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        found = re.search(r'href="(javascript:[^"]+)"', client.get("/intake").text)
    assert found is not None
    text = unescape(found[1])
    action = re.search(r"f\.action=(\"[^\"]+\");", text)

    assert "\n" not in text
    assert action is not None
    assert unquote(json.loads(action[1])).startswith(f"{HOME}/intake/save?key=")
