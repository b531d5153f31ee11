"""The answer of ``videoplayer?action=get_mp_video_play_url``: at which addresses a video of
WeChat's own can be fetched now.

Its shape is known from public programs (``url_info[] {url, format_id, width, height, filesize,
video_quality_wording}``), seen in their code up to 2026-09. Pure.
"""

from __future__ import annotations

import json

from scraper.errors import Blocked, Refused
from scraper.messages import mark
from scraper.models import Page, Transcoding
from scraper.parse import status, values
from scraper.parse.encoding import to_utf8
from scraper.parse.kinds.media import transcodings
from scraper.parse.parsed_page import ParsedPage

#: ``base_resp.ret``: too many requests.
_TOO_OFTEN = (200013, -6)
_LONGEST = 1024 * 1024


def read(page: Page) -> tuple[Transcoding, ...]:
    """The encoded forms of the video, in the answer's order.

    Raises Blocked where WeChat wants a pause or a verification, Refused where it names no address,
    and what a status page means.
    """
    body = to_utf8(page.body, dict(page.headers).get("content-type"))
    if body.lstrip()[:1] != b"{" or len(body) > _LONGEST:
        raise status.refuse(ParsedPage(page, body))
    try:
        data = values.mapping(json.loads(body.decode("utf-8", "replace"), strict=False))
    except (ValueError, RecursionError):
        raise Refused(mark("the answer about this video is no JSON"), url=page.url) from None
    code = values.whole(values.mapping(data.get("base_resp")).get("ret"))
    if code in _TOO_OFTEN:
        raise Blocked(
            mark("WeChat says that requests come too often"),
            reason="frequency",
            shown=str(code),
            url=page.url,
        )
    found = tuple(form for form in transcodings(data.get("url_info")) if form.url)
    if not found:
        raise Refused(
            mark("WeChat gives no address for this video (ret {code})", code=code), url=page.url
        )
    return found
