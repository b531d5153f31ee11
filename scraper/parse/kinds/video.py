"""Kind 5: one video with a title and a few words."""

from __future__ import annotations

from scraper.models import Media
from scraper.parse import meta, values
from scraper.parse.kinds import media
from scraper.parse.kinds.build import Found, element, message
from scraper.parse.parsed_page import ParsedPage
from scraper.plain import decoded_line

#: A page of v.qq.com for a vid of its own; mpvideo ids (``wxv_…``) have none.
_PLAYER = "https://v.qq.com/x/page/{}.html"


def body(parsed: ParsedPage) -> Found | None:
    """The video as a card, then its description."""
    found = _video(parsed)
    text = _description(parsed)
    if found is None:  # a fragment of such a page holds its words only
        return Found(message(text)) if text else None
    card = element(
        "iframe",
        class_="video_iframe",
        data_mpvid=found.id,
        data_src=found.url,
        data_title=found.title,
        data_cover=found.cover,
    )
    return Found(card + message(text or ""), videos={found.id: found} if found.id else {})


def _video(parsed: ParsedPage) -> Media | None:
    known = media.videos(parsed)
    vid = _vid(parsed) or next(iter(known), None)
    if not vid:
        return None
    title = meta.raw(parsed, "title") or parsed.scripts.get("video_title", "data")
    cover = values.address(meta.raw(parsed, "cover")) or values.address(
        parsed.scripts.member("cgiData", "cdn_url")
    )
    base = known.get(vid) or Media(type="video", id=vid)
    coded = base.transcodings or media.transcodings(parsed.scripts.get("mp_video_trans_info"))
    own = vid.startswith("wxv_")
    return Media(
        type="video",
        id=vid,
        title=decoded_line(title) if isinstance(title, str) else base.title,
        url=None if own else _PLAYER.format(vid),
        duration=base.duration,
        cover=base.cover or cover,
        transcodings=coded,
    )


def _vid(parsed: ParsedPage) -> str | None:
    for value in (
        values.mapping(parsed.data("video_page_info")).get("video_id"),
        next(iter(values.sequence(parsed.data("video_ids"))), None)
        if parsed.cgi is not None
        else None,
        parsed.scripts.get("vid", "data window") if parsed.cgi is None else None,
        parsed.scripts.member("cgiData", "vid") if parsed.cgi is None else None,
    ):
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _description(parsed: ParsedPage) -> str | None:
    if parsed.cgi is not None:
        for value in (parsed.data("content_noencode"), parsed.data("desc")):
            if isinstance(value, str) and value.strip():
                return value
        return None
    for name in ("videoContentNoEncode", "ContentNoEncode", "desc"):
        value = parsed.scripts.get(name, "var")
        if isinstance(value, str) and value.strip():
            return value
    return parsed.description()
