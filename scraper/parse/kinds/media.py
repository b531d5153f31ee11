"""What pages say about the videos and voices in them: ids, addresses, durations, transcodings."""

from __future__ import annotations

import json

from scraper.models import Media, Transcoding
from scraper.parse import values
from scraper.parse.literal import Literal, number
from scraper.parse.parsed_page import ParsedPage
from scraper.plain import decoded_line
from scraper.recordings import VOICE
from scraper.urls import without_tokens


def text(info: values.Data, *names: str) -> str | None:
    """The first of these members that holds text."""
    for name in names:
        value = info.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            found = decoded_line(str(value))
            if found and found != "0":
                return found
    return None


def link(info: values.Data, *names: str) -> str | None:
    """The first of these members that holds an address."""
    for name in names:
        found = values.address(info.get(name))
        if found:
            return without_tokens(found)
    return None


def seconds(info: values.Data) -> float | None:
    """A duration in seconds out of ``duration_ms``, ``duration`` or ``play_length``, None for
    none.
    """
    for name, divisor in (("duration_ms", 1000.0), ("play_length", 1.0), ("duration", 1.0)):
        value = number(info.get(name)) if info.get(name) not in (None, "") else None
        if value is not None and value > 0:
            return round(float(value) / divisor, 3)
    return None


def transcodings(value: Literal) -> tuple[Transcoding, ...]:
    """``mp_video_trans_info`` in the page's order; its addresses expire after some hours."""
    found = []
    for entry in values.sequence(value):
        info = values.mapping(entry)
        coded = Transcoding(
            url=link(info, "url"),
            format_id=text(info, "format_id"),
            width=values.whole(info.get("width")) or None,
            height=values.whole(info.get("height")) or None,
            size=values.whole(info.get("filesize")) or None,
            quality=text(info, "video_quality_wording"),
        )
        if coded != Transcoding():
            found.append(coded)
    return tuple(found)


def video(info: values.Data) -> Media | None:
    """One entry of ``video_page_infos``/``videoPageInfos``."""
    id_ = text(info, "video_id", "vid", "mpvid")
    if not id_:
        return None
    coded = transcodings(info.get("mp_video_trans_info"))
    durations = [
        seconds(values.mapping(entry)) for entry in values.sequence(info.get("mp_video_trans_info"))
    ]
    return Media(
        type="video",
        id=id_,
        title=text(info, "title", "video_title"),
        author=text(info, "nick_name", "nickname"),
        duration=next((known for known in (seconds(info), *durations) if known), None),
        cover=link(info, "cover_url", "cover_url_16_9", "cover_url_1_1"),
        transcodings=coded,
    )


def videos(parsed: ParsedPage) -> dict[str, Media]:
    """Every video that the page's data describes, by its id."""
    if parsed.cgi is not None:
        lists = [
            parsed.data(name)
            for name in ("video_page_infos", "video_page_info", "video_in_article")
        ]
    else:
        lists = [parsed.scripts.get(name) for name in ("videoPageInfos", "video_page_infos")]
    found: dict[str, Media] = {}
    for value in lists:
        for entry in values.sequence(value):
            media = video(values.mapping(entry))
            if media is not None and media.id:
                found.setdefault(media.id, media)
    return found


def voices(parsed: ParsedPage) -> dict[str, Media]:
    """Every voice that the page's data describes, by its ``voice_encode_fileid``."""
    found: dict[str, Media] = {}
    for value in (parsed.data("voice_in_appmsg"), listed(parsed.data("voice_in_appmsg_list_json"))):
        for entry in values.sequence(value):
            info = values.mapping(entry)
            id_ = text(info, "voice_id", "voice_encode_fileid", "voiceid")
            if id_:
                sn = text(info, "sn")
                media = Media(
                    type="audio",
                    id=id_,
                    title=text(info, "title", "name", "voice_name"),
                    author=text(info, "author", "nickname"),
                    url=VOICE + id_,
                    duration=seconds(info),
                    cover=link(info, "cover_url", "cover"),
                    extra=(("sn", sn),) if sn else (),
                )
                found.setdefault(id_, media)
    return found


def listed(value: Literal) -> Literal:
    """The only array in a value that may be JSON text (``finder_audio_card``) or an object with a
    ``list``.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value) if len(value) < 1_000_000 else None
        except (ValueError, RecursionError):
            return None
    if isinstance(value, dict):
        for name in ("list", "voice_in_appmsg", "audio_infos"):
            if isinstance(value.get(name), list):
                return value[name]
    return value
