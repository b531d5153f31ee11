"""HAR files as each recorder writes them, with its habits: the same reading gives the same archive.

The habits are those of the recorders' own exports (Chrome 12x, Firefox 12x, Safari 17, Charles 4/5,
Fiddler Classic and Everywhere, Proxyman, mitmproxy 11), written down by hand.
"""

from __future__ import annotations

import base64
import codecs
import gzip
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.store.make import opened
from tests.traffic.test_har import PICTURE, SAID, run
from tests.weixin import media
from tests.weixin.recorded import Recording
from tests.weixin.site import ARTICLES, Published, Site
from tests.weixin.talk import SECRETS, SESSION, counts_answer, with_session

VOICE = "https://res.wx.qq.com/voice/getvoice?mediaid=MzA_1"
Entry = dict[str, Any]


@pytest.fixture
def article() -> Published:
    """It shows a picture and plays a voice."""
    card = '<mpvoice name="声音" voice_encode_fileid="MzA_1" play_length="95000"></mpvoice>'
    return Site().article("一天的阅读", body=f'<p>正文</p><img data-src="{PICTURE}" />{card}')


def entries(article: Published) -> list[Entry]:
    """A page, its picture, its voice, comments, and counts whose article stands in the posted form."""
    made = Recording().page(article)
    made.add(PICTURE, media.png(1), kind="image/png")
    made.add(VOICE, media.mp3(1), kind="audio/mpeg").comments(article, SAID)
    asked = f"https://{ARTICLES}/mp/getappmsgext?f=json&mock=&__biz="
    counts = counts_answer({"read_num": 100001, "old_like_num": 8, "like_num": 4})
    made.add(with_session(asked), counts, method="POST")
    f = article.fields
    form = {
        "__biz": f.biz,
        "mid": f.mid,
        "idx": f.idx,
        "sn": f.sn,
        "pass_ticket": SESSION["pass_ticket"],
    }
    made.entries[-1]["request"]["postData"] = {
        "mimeType": "application/x-www-form-urlencoded",
        "params": [{"name": name, "value": value} for name, value in form.items()],
    }
    return made.entries


def chrome(found: list[Entry]) -> list[Entry]:
    """HTTP/2 pseudo headers, sockets, a page out of the cache, an answer that is not there any more."""
    for one in found:
        one["_initiator"] = {"type": "script", "stack": {"callFrames": [{"url": "x"}] * 30}}
        one["request"]["httpVersion"] = "http/2.0"
        one["request"]["headers"][:0] = [
            {"name": ":authority", "value": "mp.weixin.qq.com"}, {"name": ":method", "value": "GET"}
        ]  # fmt: skip
    found[1]["response"]["status"] = 304
    socket = deepcopy(found[0])
    socket["request"]["url"] = "wss://mp.weixin.qq.com/socket"
    socket["_webSocketMessages"] = [{"type": "send", "data": "x" * 1000, "opcode": 1}] * 100
    dropped = deepcopy(found[0])
    del dropped["response"]["content"]["text"]
    return [socket, *found, dropped]


def firefox(found: list[Entry]) -> list[Entry]:
    """Times in the reader's zone, and a form as text without its list."""
    for one in found:
        one["startedDateTime"] = (
            one["startedDateTime"].replace("T02:", "T10:").replace("Z", ".123+08:00")
        )
        one["_securityState"] = "secure"
        one["cache"] = {"afterRequest": None}
    posted = found[-1]["request"]["postData"]
    pairs = ((one["name"], one["value"]) for one in posted.pop("params"))
    posted["text"] = "&".join(f"{name}={value.replace('=', '%3D')}" for name, value in pairs)
    return found


def safari(found: list[Entry]) -> list[Entry]:
    """No times but of the page, and addresses with a fragment."""
    for one in found:
        del one["time"]
        one["request"]["url"] += "#wechat_redirect"
    return found


def charles(found: list[Entry]) -> list[Entry]:
    """Bodies as they came over the wire, packed and as base64 in lines; the port in the address."""
    for one in found:
        content = one["response"]["content"]
        body = content["text"].encode()
        if content.get("encoding") != "base64":
            packed = base64.encodebytes(gzip.compress(body, mtime=0)).decode()
            content |= {"text": packed, "encoding": "base64", "compression": 100}
        one["_charlesStatus"] = "COMPLETE"
        one["request"]["url"] = one["request"]["url"].replace(".qq.com/", ".qq.com:443/", 1)
    return found


def fiddler(found: list[Entry]) -> list[Entry]:
    """A byte order mark, seven digits of a second, a tunnel before each connection, a status that is a text."""
    for one in found:
        one["startedDateTime"] = one["startedDateTime"].replace("Z", ".1234567+00:00")
        one["response"]["status"] = str(one["response"]["status"])
    tunnel = deepcopy(found[0])
    tunnel["request"] |= {"method": "CONNECT", "url": "http://mp.weixin.qq.com:443"}
    return [tunnel, *found]


def player(found: list[Entry]) -> list[Entry]:
    """Sound as players ask for it: all of it as a range, and a piece of it."""
    size = len(media.mp3(1))
    voice = next(one for one in found if one["request"]["url"].startswith(VOICE))
    voice["response"]["status"] = 206
    voice["response"]["headers"].append(
        {"name": "Content-Range", "value": f"bytes 0-{size - 1}/{size}"}
    )
    piece = deepcopy(voice)
    piece["response"]["content"]["text"] = base64.b64encode(media.mp3(1)[:100]).decode()
    piece["response"]["headers"][-1] = {"name": "content-range", "value": f"bytes 0-99/{size}"}
    return [*found[:1], piece, *found[1:]]


def shuffled(found: list[Entry]) -> list[Entry]:
    """Recorders write entries as they end: the page, the largest, comes last."""
    return found[::-1]


RECORDERS = (chrome, firefox, safari, charles, fiddler, player, shuffled)


@pytest.mark.parametrize("recorder", RECORDERS, ids=lambda one: one.__name__)
def test_every_recorder_gives_the_same(
    tmp_path: Path,
    article: Published,
    recorder: Callable[[list[Entry]], list[Entry]],
) -> None:
    """The article with the time it came, picture, voice, comments with a reply, counts; and nothing
    of the reader."""
    log = {"version": "1.2", "creator": {"name": recorder.__name__}, "pages": []}
    har = json.dumps({"log": {**log, "entries": recorder(entries(article))}}, ensure_ascii=False)

    mark = codecs.BOM_UTF8 if recorder is fiddler else b""
    found = run(tmp_path, mark + har.encode())

    assert (1, 0, 0, 1, 3) == tuple(
        found[name] for name in ("new", "failed", "unmatched", "counts", "comments")
    ), found["results"]
    with opened(tmp_path / "a") as store:
        held = store.get(article.long)
        assert store.media_path(PICTURE) is not None
        assert store.recordings.path_of(VOICE) is not None
        last = store.counts.last(held.article_id)
        assert last is not None
        assert (100001, 8, 4) == (last.counts.read, last.counts.like, last.counts.looking)
        assert "2026-09-01T02:00:01" == f"{held.checked:%Y-%m-%dT%H:%M:%S}"
    written = [p.read_bytes() for p in (tmp_path / "a").rglob("*") if p.is_file()]
    assert [] == [one for one in SECRETS if any(one.encode() in body for body in written)]
