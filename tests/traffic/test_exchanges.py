"""``POST /api/exchanges`` and the mitmproxy add-on: what is read is kept while it is read."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from archive.web.addon import script
from tests.command import wechat_archive
from tests.store.make import opened
from tests.traffic.test_har import SAID, day
from tests.web.chromium import served
from tests.web.pages import filled, visiting
from tests.web.test_intake import FOREIGN, key_of
from tests.web.test_jobs import site_of, wait
from tests.weixin.pages import article_page
from tests.weixin.recorded import Recording, talk_url
from tests.weixin.site import Published, Site
from tests.weixin.talk import COOKIE, SECRETS, comments_answer, with_session

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/abcdefghijklmnopq/640?wx_fmt=png"


@pytest.fixture
def article() -> Published:
    """An article that shows one picture."""
    return Site().article("一天的阅读", pictures=[PICTURE])


def test_a_recording_that_is_posted_is_kept(tmp_path: Path, article: Published) -> None:
    """With the intake key, from anywhere; the job, which lies on the disk, holds nothing of the
    reader.
    """
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        bearer = {"authorization": f"Bearer {key_of(client)}", **FOREIGN}
        jobs = site_of(client).jobs
        kept: list[bytes] = []
        jobs.listen(lambda: kept.extend(p.read_bytes() for p in (tmp_path / "jobs").glob("*.json")))
        taken = client.post("/api/exchanges", content=day(article).har(), headers=bearer)
        job = jobs.get(taken.json()["id"])
        assert job is not None
        wait(jobs, lambda: job.is_over)
        alone = json.loads(day(article).har())["log"]
        again = [
            client.post("/api/exchanges", json=body, headers=bearer)
            for body in ({"entries": alone["entries"]}, alone["entries"])
        ]
        refused = client.post("/api/exchanges", content=day(article).har(), headers=FOREIGN)
        nothing = client.post("/api/exchanges", content=Recording().har(), headers=bearer)
        broken = client.post("/api/exchanges", content=b"no recording", headers=bearer)

    assert (202, 403, 400, 400) == (
        taken.status_code, refused.status_code, nothing.status_code, broken.status_code,
    )  # fmt: skip
    assert [202, 202] == [one.status_code for one in again]
    assert {} == taken.json()["arguments"]
    assert ("done", 0) == (job.state, job.exit_code), job.message
    with opened(tmp_path) as store:
        held = store.discussions.of(store.get(article.long).article_id)
        assert held is not None
        assert 2 == held.present
    assert kept
    assert [] == [one for one in SECRETS if any(one.encode() in body for body in kept)]


def flow(url: str, body: bytes, *, form: bytes = b"") -> Any:
    """What mitmproxy hands to an add-on, as far as ours looks at it."""
    request = SimpleNamespace(
        pretty_url=url, method="POST" if form else "GET", content=form, headers={"cookie": COOKIE}
    )
    headers = {"content-type": "text/html", "set-cookie": COOKIE}
    return SimpleNamespace(
        request=request,
        response=SimpleNamespace(status_code=200, get_content=lambda strict: body, headers=headers),
    )


def addon(server: str, key: str) -> Any:
    """The add-on as its script makes it, without the thread."""
    text = script(server, key).replace("addons = [WechatArchive()]", "")
    names: dict[str, Any] = {}
    exec(compile(text, "wechat_archive_addon.py", "exec"), names)
    return names["WechatArchive"](start=False)


def test_the_add_on_hands_over_what_is_read(tmp_path: Path, article: Published) -> None:
    """Over a real connection to ``serve``; cookies and tokens are left out before they are sent,
    and what is none of WeChat's articles stays where it is.
    """
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        key = key_of(client)
    body = article_page(article.fields, link=article.fields.long)
    with served(tmp_path, intake_key=key) as home:
        made = addon(home, key)
        made.response(flow("https://www.example.com/s", b"<html>other</html>"))
        made.response(flow(with_session(article.long), body))
        talk = json.dumps(comments_answer(SAID), ensure_ascii=False).encode()
        made.response(flow(with_session(talk_url(article, "getcomment", "&offset=0")), talk))
        entries = [made.waiting.get_nowait() for _ in range(made.waiting.qsize())]
        sent = json.dumps([entry["request"] for entry in entries])
        assert made.post(entries)
        assert not addon("http://127.0.0.1:9", key).post(entries)

    assert 2 == len(entries)
    assert [] == [one for one in SECRETS if one in sent]


def test_the_command_prints_it_for_this_archive(tmp_path: Path) -> None:
    """A whole script with the server's address and the key, and nothing to be filled in."""
    filled(tmp_path, 1)
    with visiting(tmp_path) as client:
        key = key_of(client)
    done = wechat_archive(
        "intake-addon", "--server", "http://192.0.2.1:8787/", "--archive", str(tmp_path)
    )

    assert 0 == done.code, done.stderr
    compile(done.stdout, "wechat_archive_addon.py", "exec")
    assert 'SERVER = "http://192.0.2.1:8787"' in done.stdout
    assert f'KEY = "{key}"' in done.stdout
    assert "@KEY@" not in done.stdout
