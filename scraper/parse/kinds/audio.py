"""Kinds 6 (music) and 7 (audio): one piece with a title and a few words.

No real page of either was seen; the names below come from WeChat's page scripts (``AUDIO_SHARE_PAGE: '7'``,
``voiceid``, ``page_share_audio``) and from other programs that read such pages.
"""

from __future__ import annotations

from scraper.models import Loss
from scraper.parse import meta
from scraper.parse.kinds import media
from scraper.parse.kinds.build import Found, element, message
from scraper.parse.source import Source

_MUSIC = ("music_page_info", "qqmusic_info", "finder_music_card_list", "finder_music_card")
_AUDIO = (
    "audio_page_info",
    "audio_info",
    "voice_info",
    "share_voiceinfo",
    "voice_in_appmsg",
    "voice_in_appmsg_list_json",
    "finder_audio_card_list",
    "finder_audio_card",
)


def music(source: Source) -> Found | None:
    """Kind 6."""
    info = _first(source, _MUSIC)
    title = media.text(info, "song_name", "music_name", "title", "name") or _title(source)
    if not title:
        return None
    url = media.link(info, "url", "play_url", "music_url", "audiourl", "link")
    card = element(
        "qqmusic",
        music__name=title,
        singer=media.text(info, "singer", "artist", "author", "nickname"),
        audiourl=url,
        musicid=media.text(info, "musicid", "music_id", "song_id", "mid"),
        albumurl=media.link(info, "cover_url", "cover", "albumurl", "img_url", "pic_url"),
        play__length=_whole_seconds(info),
    )
    return _with_text(source, card, () if url else (Loss(kind="music-address", where=title),))


def audio(source: Source) -> Found | None:
    """Kind 7."""
    info = _first(source, _AUDIO)
    id_ = media.text(
        info, "voice_encode_fileid", "voice_id", "voiceid", "audio_id", "file_id", "fileid"
    ) or _voiceid(source)
    title = media.text(info, "title", "name", "voice_name", "audio_name") or _title(source)
    if not (title or id_):
        return None
    length = media.seconds(info)
    card = element(
        "mpvoice",
        voice__encode__fileid=id_,
        name=title,
        author=media.text(info, "author", "nickname", "nick_name"),
        play__length=round(length * 1000) if length else None,
        cover=media.link(info, "cover_url", "cover", "img_url", "pic_url"),
    )
    return _with_text(source, card, () if id_ else (Loss(kind="audio-address", where=title),))


def _with_text(source: Source, card: str, losses: tuple[Loss, ...]) -> Found:
    text = (
        source.data("content_noencode") or source.data("desc")
        if source.cgi is not None
        else source.description()
    )
    body = text if isinstance(text, str) else ""
    # Some audio messages carry a whole body of HTML, cards included; it then stands for itself.
    if "<p" in body or "<section" in body:
        return Found(
            body
            if "mpvoice" in body or "mp-common-mpaudio" in body or "qqmusic" in body
            else card + body
        )
    return Found(card + message(body), losses)


def _first(source: Source, names: tuple[str, ...]) -> meta.Data:
    for name in names:
        value = source.data(name) if source.cgi is not None else source.scripts.get(name)
        for entry in meta.sequence(media.listed(value)):
            if meta.mapping(entry):
                return meta.mapping(entry)
    return {}


def _title(source: Source) -> str | None:
    value = meta.raw(source, "title")
    return value if isinstance(value, str) and value.strip() else None


def _voiceid(source: Source) -> str | None:
    for value in (
        source.data("voiceid"),
        source.scripts.get("voiceid"),
        source.scripts.member("cgiData", "voiceid"),
        source.scripts.property("voiceid"),
    ):
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _whole_seconds(info: meta.Data) -> int | None:
    length = media.seconds(info)
    return round(length) if length else None
