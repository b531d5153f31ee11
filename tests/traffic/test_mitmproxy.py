"""The add-on inside mitmproxy itself, between a client with a session and the small internet: what
is read is kept while it is read, and the recording that mitmproxy writes says the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from archive.store import Store
from tests.command import wechat_archive
from tests.store.make import opened
from tests.web.chromium import served
from tests.web.pages import filled, visiting
from tests.web.test_intake import key_of
from tests.weixin import media
from tests.weixin.answer import Answer
from tests.weixin.recorded import talk_url
from tests.weixin.server import Internet
from tests.weixin.site import ARTICLES, Published
from tests.weixin.talk import COOKIE, SECRETS, Said, Talk, messages_answer, with_session

MITMDUMP = shutil.which("mitmdump")
PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/abcdefghijklmnopq/640?wx_fmt=png"
VOICE = "https://res.wx.qq.com/voice/getvoice?mediaid=MzA_1"
SAID = [
    Said(id=101, text="写得好", replies=[Said(id=1, text="谢谢", own=True)]),
    Said(id=102, text="第二条"),
]

pytestmark = pytest.mark.skipif(
    MITMDUMP is None, reason="there is no mitmdump on this machine (pip install mitmproxy)"
)


class Proxy:
    """A running mitmdump. ``said``: its output so far."""

    def __init__(self, process: subprocess.Popen[str], ca: Path) -> None:
        self._process, self._ca = process, ca
        self.said: list[str] = []
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line)
            if "listening at" in line:
                self._listening.set()
        self._listening.set()

    def client(self) -> httpx.Client:
        """A client that goes through it, and trusts it."""
        assert self._listening.wait(60)
        (line,) = [line for line in self.said if "listening at" in line]
        address = "http://" + line.rpartition(" at ")[2].strip().rstrip(".").removeprefix("http://")
        assert self._ca.exists(), self.said
        return httpx.Client(
            proxy=address,
            verify=ssl.create_default_context(cafile=self._ca),
            headers={"Cookie": COOKIE},
            trust_env=False,
        )

    def end(self) -> None:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        assert 0 == self._process.wait(60), self.said
        self._reader.join(10)


@contextmanager
def mitmdump(home: Path, internet: Internet, *options: str) -> Iterator[Proxy]:
    """It runs with a certificate of its own, asks the small internet, and opens no other port."""
    upstream = ["--mode", f"upstream:{internet.proxy}", "--listen-host", "127.0.0.1", "-p", "0"]
    sets = (f"confdir={home / 'mitm'}", f"ssl_verify_upstream_trusted_ca={internet.ca_file}")
    argv = [str(MITMDUMP), *upstream, *(o for one in sets for o in ("--set", one)), *options]
    process = subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=home,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield Proxy(process, home / "mitm" / "mitmproxy-ca-cert.pem")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def read_all(client: httpx.Client, article: Published, other: Published) -> None:
    """What WeChat's own client asks for while somebody reads."""
    f = article.fields
    lists = f"https://{ARTICLES}/mp/profile_ext?action=getmsg&__biz={f.biz}&f=json&offset=0"
    counts = f"https://{ARTICLES}/mp/getappmsgext?f=json&mock=&__biz="
    form = {
        "__biz": f.biz,
        "appmsg_type": "9",
        "mid": f.mid,
        "sn": f.sn,
        "idx": f.idx,
        "title": "x",
    }
    gets = (
        with_session(article.long),
        PICTURE,
        VOICE,
        with_session(talk_url(article, "getcomment", "&offset=0&limit=100")),
        with_session(lists),
        "https://www.example.com/elsewhere",
    )
    for url in gets:
        assert 200 == client.get(url).status_code, url
    assert 200 == client.post(with_session(counts), data=form).status_code
    assert other.fields.mid


def holds(root: Path, article: Published) -> dict[str, object]:
    """What an archive has of it."""
    with opened(root) as store:
        held = store.get(article.long)
        last = store.counts.last(held.article_id)
        talk = store.discussions.of(held.article_id)
        return {
            "title": held.title,
            "picture": store.media_path(PICTURE) is not None,
            "voice": store.recordings.path_of(VOICE) is not None,
            "counts": last and (last.counts.read, last.counts.like, last.origin),
            "comments": talk and [one.comment.text for one in talk.comments],
            "replies": talk and [one.comment.text for one in talk.comments[0].replies],
            "listed": listed(store),
        }


def listed(store: Store) -> list[str]:
    rows = store.db.conn.execute("SELECT title FROM listed_articles ORDER BY title")
    return [row[0] for row in rows]


def jobs_are_done(home: str) -> None:
    """Everything that was handed over is worked on to its end."""
    for _ in range(600):
        states = [job["state"] for job in httpx.get(f"{home}/api/jobs", trust_env=False).json()]
        if states and set(states) <= {"done", "failed"}:
            assert {"done"} == set(states)
            return
        time.sleep(0.1)
    raise AssertionError(states)


def messages(*articles: Published) -> str:
    return json.dumps(messages_answer(articles), ensure_ascii=False)


def everything(*folders: Path) -> bytes:
    return b"\n".join(p.read_bytes() for one in folders for p in one.rglob("*") if p.is_file())


def test_reading_is_archiving(tmp_path: Path, internet: Internet) -> None:
    """Page, picture, voice, comments with replies, counts of a posted form and a list arrive by the
    add-on; what stood open when mitmproxy was ended, too. mitmproxy's own recording, imported into
    another archive, gives the same. No token, cookie or name of the reader is anywhere."""
    site, root = internet.site, tmp_path / "live"
    card = '<mpvoice name="声音" voice_encode_fileid="MzA_1" play_length="95000"></mpvoice>'
    body = f'<p>正文</p><p><img data-src="{PICTURE}" /></p>{card}'
    article, other = site.article("一天的阅读", body=body), site.article("列表里的")
    site.image(url=PICTURE, body=media.png(1))
    site.on(VOICE.partition("?")[0], Answer(body=media.mp3(1), type="audio/mpeg"))
    site.on("https://www.example.com/elsewhere", Answer(body="elsewhere"))
    Talk(comments=SAID, counts={"read_num": 1200, "old_like_num": 30}).serve(site, article)
    site.on(f"https://{ARTICLES}/mp/profile_ext", Answer(body=messages(article, other)))
    filled(root, 1)
    with visiting(root) as client:
        key = key_of(client)
    har, script = tmp_path / "traffic.har", tmp_path / "addon.py"
    with served(root, intake_key=key) as home:
        printed = wechat_archive("intake-addon", "--server", home, "--archive", str(root))
        script.write_text(printed.stdout)
        options = ("-s", str(script), "--set", f"hardump={har}")
        with mitmdump(tmp_path, internet, *options) as proxy:
            with proxy.client() as client:
                read_all(client, article, other)
            proxy.end()
        jobs_are_done(home)

    live = holds(root, article)
    done = wechat_archive("import", str(har), "--archive", str(tmp_path / "recorded"))
    har.unlink()  # it holds the session: that is what the manual says of it

    assert 0 == done.code, done.stderr
    assert {
        "title": "一天的阅读", "picture": True, "voice": True, "counts": (1200, 30, "traffic"),
        "comments": ["写得好", "第二条"], "replies": ["谢谢"], "listed": ["一天的阅读", "列表里的"],
    } == live, proxy.said  # fmt: skip
    assert live == holds(tmp_path / "recorded", article)
    written = everything(root, tmp_path / "recorded") + script.read_bytes()
    assert [] == [one for one in SECRETS if one.encode() in written]
    assert b"elsewhere" not in written


def test_a_server_that_is_away_loses_nothing_that_waits(tmp_path: Path, internet: Internet) -> None:
    """mitmproxy goes on and says so; it ends although nobody took what waits."""
    article = internet.site.article("照样读")
    filled(tmp_path / "live", 1)
    script = tmp_path / "addon.py"
    printed = wechat_archive(
        "intake-addon", "--server", "http://127.0.0.1:9", "--archive", str(tmp_path / "live")
    )
    script.write_text(printed.stdout)
    with mitmdump(tmp_path, internet, "-s", str(script)) as proxy:
        with proxy.client() as client:
            assert 200 == client.get(with_session(article.long)).status_code
        proxy.end()

    said = "".join(proxy.said)
    assert "http://127.0.0.1:9 cannot be reached" in said
    assert "Traceback" not in said
    assert "answers that were not handed over: 1" in said
