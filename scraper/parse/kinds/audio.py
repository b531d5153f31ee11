"""Kinds 6 (music) and 7 (audio): one piece with a title and a few words.

No real page of either was seen; the names below come from WeChat's page scripts
(``AUDIO_SHARE_PAGE: '7'``, ``voiceid``, ``page_share_audio``) and from other programs that read
such pages.
"""

from __future__ import annotations

from scraper.models import Loss
from scraper.parse import meta, values
from scraper.parse.kinds import media
from scraper.parse.kinds.build import Found, element, message
from scraper.parse.parsed_page import ParsedPage

_MUSIC = ("music_page_info", "qqmusic_info", "finder_music_card_list", "finder_music_card")
_AUDIO = (
    "voice_page_info",  # a page of 2026-07; the others from code
    "audio_page_info",
    "audio_info",
    "voice_info",
    "share_voiceinfo",
    "voice_in_appmsg",
    "voice_in_appmsg_list_json",
    "finder_audio_card_list",
    "finder_audio_card",
)


def music(parsed: ParsedPage) -> Found | None:
    """Kind 6."""
    info = _first(parsed, _MUSIC)
    title = media.text(info, "song_name", "music_name", "title", "name") or _title(parsed)
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
    return _with_text(parsed, card, () if url else (Loss(kind="music-address", where=title),))


def audio(parsed: ParsedPage) -> Found | None:
    """Kind 7."""
    info = _first(parsed, _AUDIO)
    id_ = media.text(
        info, "voice_encode_fileid", "voice_id", "voiceid", "audio_id", "file_id", "fileid"
    ) or _voiceid(parsed)
    title = media.text(info, "title", "name", "voice_name", "audio_name") or _title(parsed)
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
    return _with_text(parsed, card, () if id_ else (Loss(kind="audio-address", where=title),))


def _with_text(parsed: ParsedPage, card: str, losses: tuple[Loss, ...]) -> Found:
    text = (
        parsed.data("content_noencode") or parsed.data("desc")
        if parsed.cgi is not None
        else parsed.description()
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


def _first(parsed: ParsedPage, names: tuple[str, ...]) -> values.Data:
    for name in names:
        value = parsed.data(name) if parsed.cgi is not None else parsed.scripts.get(name)
        for entry in values.sequence(media.listed(value)):
            if values.mapping(entry):
                return values.mapping(entry)
    return {}


def _title(parsed: ParsedPage) -> str | None:
    value = meta.raw(parsed, "title")
    return value if isinstance(value, str) and value.strip() else None


def _voiceid(parsed: ParsedPage) -> str | None:
    for value in (
        parsed.data("voiceid"),
        parsed.scripts.get("voiceid"),
        parsed.scripts.member("cgiData", "voiceid"),
        parsed.scripts.property("voiceid"),
    ):
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _whole_seconds(info: values.Data) -> int | None:
    length = media.seconds(info)
    return round(length) if length else None
