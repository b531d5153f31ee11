"""视频号: a video or pictures of a channel, and its live broadcasts and their announcements."""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes
from scraper.body.cards.times import shown_time
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names

_LIVE = names("live notice livenotice live_notice videolive")


def read(card: Attributes) -> Media:
    """``mp-common-videosnap``: a video, pictures or a topic; a broadcast where ``data-type`` says
    so.
    """
    if (card.text("type") or "").lower() in _LIVE:
        return read_live(card)
    return Media(
        type="channels",
        id=card.text("id", "exportid", "noticeid", "username"),
        title=card.text("desc", "title", "intro", "nickname"),
        author=card.text("nickname", "headnickname"),
        url=card.url("url"),
        duration=card.seconds("duration"),
        cover=card.picture("headimgurl", "cover", "coverurl", "thumburl"),
        extra=card.extra(
            nonceid="nonceid",
            username="username",
            type="type",
            notice="noticeid",
            intro="intro",
            width="width",
            height="height",
        ),
    )


def read_live(card: Attributes) -> Media:
    """A broadcast, or the notice that one will begin (``data-noticeid``, ``data-starttime`` in unix
    seconds).
    """
    start = shown_time(card.text("starttime", "livetime", "noticetime", "time"))
    return Media(
        type="live",
        id=card.text("id", "noticeid", "exportid", "username", "liveid"),
        title=card.text("title", "desc", "intro", "livetitle", "name", "nickname"),
        author=card.text("nickname", "headnickname", "author"),
        url=card.url("url", "liveurl") if card.text("type") != "live" else None,
        cover=card.picture("cover", "coverurl", "headimgurl", "headimg"),
        extra=((("time", start),) if start else ())
        + card.extra(
            nonceid="nonceid",
            username="username",
            type="type",
            notice="noticeid",
            intro="intro",
            status="status",
        ),
    )


CARD = CardType(
    name="channel video (视频号)",
    tags=names("mpvideosnap mp-common-videosnap mp-common-channels mp-common-finder"),
    read=read,
    version=3,
    examples=(
        Example(
            html='<mp-common-videosnap data-type="video" data-desc="看海" data-nickname="小号"'
            ' data-id="export/1"></mp-common-videosnap>',
            line="视频号: 看海（小号）",
        ),
        Example(
            html='<mp-common-videosnap data-type="live" data-desc="开播" data-nickname="小号"></mp-common-videosnap>',
            line="直播: 开播（小号）",
        ),
    ),
)
LIVE = CardType(
    name="live broadcast and its notice",
    tags=names(
        "mp-common-live mp-common-finderlive mp-common-videolive mp-common-livenotice mp-common-live-notice"
        " mp-common-videolivenotice mpvideolive mplive"
    ),
    read=read_live,
    version=3,
    examples=(
        Example(
            html='<mp-common-videolive data-title="开播" data-nickname="小号"'
            ' data-starttime="1767000000"></mp-common-videolive>',
            line="直播: 开播（小号 · 2025-12-29 17:20）",
        ),
    ),
)
