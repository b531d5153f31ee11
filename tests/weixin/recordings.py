"""Sound and video of the small internet: ``getvoice``, ``videoplayer``, ``mpvideo.qpic.cn`` with
ranges, and addresses that expire.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.weixin.answer import Answer, Request
from tests.weixin.site import ARTICLES, Site

Fault = Callable[[Request, Answer], Answer]
_VOICE = "https://res.wx.qq.com/voice/getvoice"
_PLAYER = f"https://{ARTICLES}/mp/videoplayer"
_HOST = "http://mpvideo.qpic.cn"
#: Short side of a form → WeChat's number for it.
_FORMATS = {360: 10004, 480: 10003, 720: 10002, 1080: 10001}


class Recordings:
    """The voices and videos of ``site``. ``asked``: which videos' addresses were asked for, in
    order; ``served`` the paths and ranges of every request for bytes.

    ``faults`` are used up one a request for bytes; ``no_addresses`` has WeChat give none.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._voices: dict[str, bytes] = {}
        self._films: dict[str, dict[int, bytes]] = {}
        self._signed = 1
        self.asked: list[str] = []
        self.served: list[tuple[str, str | None]] = []
        self.faults: list[Fault] = []
        self.no_addresses = False
        site.on(_VOICE, self._getvoice)
        site.on(_PLAYER, self._videoplayer)

    def voice(self, id: str, body: bytes) -> str:
        """A voice; the card that plays it."""
        self._voices[id] = body
        return (
            f'<mpvoice name="声音{id[:6]}" author="小号" voice_encode_fileid="{id}" '
            'play_length="95000"></mpvoice>'
        )

    def video(self, id: str, forms: Mapping[int, bytes]) -> list[dict[str, Any]]:
        """A video in forms of these heights; ``mp_video_trans_info`` of a page that is sent now."""
        self._films[id] = dict(forms)
        for height in forms:
            self._site.on(f"{_HOST}/0b{id}.f{_FORMATS[height]}.mp4", self._mpvideo)
        return self.forms(id)

    def forms(self, id: str) -> list[dict[str, Any]]:
        """Its encoded forms, with addresses that hold until ``expire``."""
        return [
            {
                "format_id": _FORMATS[height],
                "width": height * 16 // 9,
                "height": height,
                "filesize": len(body),
                "duration_ms": 95_000,
                "video_quality_wording": f"{height}P",
                "url": f"{_HOST}/0b{id}.f{_FORMATS[height]}.mp4?dis_k=0&dis_t={self._signed}&vid={id}"
                f"&format_id={_FORMATS[height]}",
            }
            for height, body in self._films[id].items()
        ]

    def expire(self) -> None:
        """Every address given so far is refused from now on."""
        self._signed += 1

    def _getvoice(self, request: Request) -> Answer:
        id = parse_qs(urlsplit(request.url).query).get("mediaid", [""])[0]
        body = self._voices.get(id)
        if body is None:  # seen: a body of its own, not 404
            return Answer(body='{"errcode":-1}', type="text/plain")
        return self._bytes(request, body, "audio/mpeg")

    def _videoplayer(self, request: Request) -> Answer:
        id = parse_qs(urlsplit(request.url).query).get("vid", [""])[0]
        self.asked.append(id)
        found = {"base_resp": {"ret": 0}, "url_info": self.forms(id)}
        if self.no_addresses or id not in self._films:
            found = {"base_resp": {"ret": -1}}
        return Answer(body=json.dumps(found), type="application/json; charset=UTF-8")

    def _mpvideo(self, request: Request) -> Answer:
        parts = urlsplit(request.url)
        if int(parse_qs(parts.query).get("dis_t", ["0"])[0]) < self._signed:
            self.served.append((parts.path, "expired"))
            return Answer(status=403, body="<html>403 Forbidden</html>")
        number = int(parts.path.rpartition(".f")[2].partition(".")[0])
        height = next(height for height, known in _FORMATS.items() if known == number)
        id = parts.path.removeprefix("/0b").rpartition(".f")[0]
        return self._bytes(request, self._films[id][height], "video/mp4")

    def _bytes(self, request: Request, body: bytes, kind: str) -> Answer:
        self.served.append((urlsplit(request.url).path, request.headers.get("range")))
        answer = ranged(request, body, kind)
        with self._lock:
            fault = self.faults.pop(0) if self.faults else None
        return fault(request, answer) if fault else answer


def ranged(request: Request, body: bytes, kind: str) -> Answer:
    """``body``, or as much of it as ``Range`` asks for, if ``If-Range`` names it (RFC 9110)."""
    etag = f'"{hashlib.md5(body).hexdigest()}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    begin = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
    if begin is None or request.headers.get("if-range", etag) != etag:
        return Answer(body=body, type=kind, headers=headers)
    at = int(begin[1])
    if at >= len(body):
        return Answer(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
    headers["Content-Range"] = f"bytes {at}-{len(body) - 1}/{len(body)}"
    return Answer(status=206, body=body[at:], type=kind, headers=headers)


def cut(size: int) -> Fault:
    """The connection ends after so many bytes of the body."""
    return lambda request, answer: replace(answer, cut=size)


def instead(answer: Answer) -> Fault:
    """Something else is sent."""
    return lambda request, _: answer


def promised_short(size: int) -> Fault:
    """So many bytes come, and no more are promised: as from a proxy that cut the file."""
    return lambda request, answer: replace(answer, truncate=size)
