"""Kind 5: one video with a title and a few words."""

from __future__ import annotations

from scraper.models import Media
from scraper.parse import meta
from scraper.parse.kinds import media
from scraper.parse.kinds.build import Found, element, message
from scraper.parse.source import Source
from scraper.plain import one_line

#: A page of v.qq.com for a vid of its own; mpvideo ids (``wxv_…``) have none.
_PLAYER = "https://v.qq.com/x/page/{}.html"


def body(source: Source) -> Found | None:
    """The video as a card, then its description."""
    found = _video(source)
    text = _description(source)
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


def _video(source: Source) -> Media | None:
    known = media.videos(source)
    vid = _vid(source) or next(iter(known), None)
    if not vid:
        return None
    title = meta.raw(source, "title") or source.scripts.get("video_title", "data")
    cover = meta.address(meta.raw(source, "cover")) or meta.address(
        source.scripts.member("cgiData", "cdn_url")
    )
    base = known.get(vid) or Media(type="video", id=vid)
    coded = base.transcodings or media.transcodings(source.scripts.get("mp_video_trans_info"))
    own = vid.startswith("wxv_")
    return Media(
        type="video",
        id=vid,
        title=one_line(title) if isinstance(title, str) else base.title,
        url=None if own else _PLAYER.format(vid),
        duration=base.duration,
        cover=base.cover or cover,
        transcodings=coded,
    )


def _vid(source: Source) -> str | None:
    for value in (
        meta.mapping(source.data("video_page_info")).get("video_id"),
        next(iter(meta.sequence(source.data("video_ids"))), None)
        if source.cgi is not None
        else None,
        source.scripts.get("vid", "data window") if source.cgi is None else None,
        source.scripts.member("cgiData", "vid") if source.cgi is None else None,
    ):
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _description(source: Source) -> str | None:
    if source.cgi is not None:
        for value in (source.data("content_noencode"), source.data("desc")):
            if isinstance(value, str) and value.strip():
                return value
        return None
    for name in ("videoContentNoEncode", "ContentNoEncode", "desc"):
        value = source.scripts.get(name, "var")
        if isinstance(value, str) and value.strip():
            return value
    return source.description()
