"""Sound and video of articles: the one address that each goes by. Pure.

The addresses at which WeChat serves a video expire after some hours, and each comes in several
encoded forms, so a recording is known by an address that stays: of a voice where it is fetched, of
a video of WeChat's own where its addresses are asked for, of one of v.qq.com its page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from scraper.models import Identity, Media
from scraper.patterns import lazy
from scraper.records import dataclass

Sort = Literal["audio", "video"]
Service = Literal["voice", "wxv", "v.qq.com", "direct"]

#: Where a voice is fetched by its ``voice_encode_fileid`` (WeChat's own players, 2014–2026).
VOICE = "https://res.wx.qq.com/voice/getvoice?mediaid="
#: Where the addresses of a ``wxv_…`` are asked for (seen in the page's own player, 2019–2026).
PLAY_URL = "https://mp.weixin.qq.com/mp/videoplayer?action=get_mp_video_play_url"
#: The page of a video of v.qq.com.
TENCENT = "https://v.qq.com/x/page/{}.html"

_WXV = lazy(r"wxv_\d{6,25}")
_VID = lazy(r"[A-Za-z0-9]{8,16}")
_PARAMETER = r"(?:^|[?&;]){}=([^&;#]+)"
_MEDIAID = lazy(_PARAMETER.format("mediaid"))
_VID_IN = lazy(_PARAMETER.format("vid"))
_TENCENT_PAGE = lazy(r"/x/page/([A-Za-z0-9]{8,16})\.html")
_SOUND_FILE = lazy(r"\.(?:mp3|m4a|aac|amr|wav|ogg|oga|flac)$", re.IGNORECASE)
_VIDEO_FILE = lazy(r"\.(?:mp4|m4v|mov|webm|flv)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recording:
    """A sound or video that can be fetched. ``address`` is the one it goes by, ``service`` who
    serves it, ``id`` what it is called there (``None`` for a file at its own address).
    """

    address: str
    sort: Sort
    service: Service
    id: str | None = None


def recording_of(media: Media) -> Recording | None:
    """The recording that a card plays; ``None`` for a card of another type, and for what has no
    public address: 视频号, live streams, songs of QQ 音乐.
    """
    return recording(media.type, media.id, media.url)


def recordings_of(media: Iterable[Media]) -> list[Recording]:
    """The recordings of an article, each once, in reading order."""
    found = (recording_of(one) for one in media)
    return list({one.address: one for one in found if one is not None}.values())


def recording(type: str, id: str | None, url: str | None) -> Recording | None:
    """The same from the card's type, id and address."""
    if type not in ("audio", "video"):
        return None
    known = at_address(url) if url else None
    if type == "video":
        return _video_of(id) or known
    return known if known is not None and known.sort == "audio" else None


def at_address(url: str) -> Recording | None:
    """The recording that ``url`` serves, shows or asks for, in whatever form; ``None`` where it is
    none that is known.

    A direct address counts only where its path ends as a file's name does.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    if parts.path.endswith("/voice/getvoice") and host.endswith("wx.qq.com"):
        found = _MEDIAID().search(parts.query)
        return _voice(unquote(found[1])) if found else None
    return _named_video(host, parts) or _direct(url.strip(), parts.path)


def ask_for(found: Recording, identity: Identity | None) -> str:
    """Where WeChat tells at which addresses a ``wxv_…`` can be fetched now. The article's identity
    goes along as the page's own player sends it."""
    named = {"__biz": identity.biz, "mid": identity.mid, "idx": identity.idx} if identity else {}
    return f"{PLAY_URL}&{urlencode({**named, 'vid': found.id or '', 'f': 'json'})}"


def _voice(id: str) -> Recording:
    return Recording(VOICE + quote(id, safe="="), "audio", "voice", id)


def _video_of(id: str | None) -> Recording | None:
    if id and _WXV().fullmatch(id):
        return Recording(f"{PLAY_URL}&vid={id}", "video", "wxv", id)
    if id and _VID().fullmatch(id):
        return Recording(TENCENT.format(id), "video", "v.qq.com", id)
    return None


def _named_video(host: str, parts: SplitResult) -> Recording | None:
    """The video that an address names by its id."""
    if host == "v.qq.com" and (page := _TENCENT_PAGE().search(parts.path)):
        return _video_of(page[1])
    vid = _VID_IN().search(parts.query)
    video = _video_of(unquote(vid[1])) if vid else None
    return video if video is not None and _serves_video(host, video) else None


def _serves_video(host: str, video: Recording) -> bool:
    """``vid=`` stands in addresses of many kinds; only of these hosts it names what is there."""
    if video.service == "wxv":
        return host.endswith((".qpic.cn", "mp.weixin.qq.com", ".tencent-cloud.com"))
    return host in ("v.qq.com", "mp.weixin.qq.com")


def _direct(url: str, path: str) -> Recording | None:
    if _SOUND_FILE().search(path):
        return Recording(url, "audio", "direct")
    return Recording(url, "video", "direct") if _VIDEO_FILE().search(path) else None
