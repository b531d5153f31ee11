"""Sound of the account's own: ``mpvoice`` (2014–), ``mp-common-mpaudio`` (2021–),
``mp-common-claudio``.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from scraper.body.cards.attributes import Attributes, said
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names

#: The editor's name for its own plug-in, which newer cards carry in ``name`` (``insertaudio``).
_PLUGIN = re.compile(r"insert[a-z]+|mpvoice|audio")


def read(card: Attributes) -> Media:
    """``play_length`` is in milliseconds. An unnamed card has its name in the address of its frame
    only.
    """
    id_ = card.text("voiceencodefileid", "fileid", "voiceid", "mediaid", "audioid")
    title = next((name for name in _titles(card) if name and not _PLUGIN.fullmatch(name)), None)
    return Media(
        type="audio",
        id=id_ or card.text("listenid"),
        title=title,
        author=card.text("author", "nickname", "singer", "creator")
        or said(card.query.get("author")),
        url=f"https://res.wx.qq.com/voice/getvoice?mediaid={quote(id_, safe='=')}"
        if id_
        else card.url("audiourl", "url", "playurl"),
        duration=card.seconds("playlength", milliseconds=True)
        or card.seconds("duration")
        or _clock(card.query.get("play_length")),
        cover=card.picture("cover", "coverurl", "albumurl", "headimg"),
        extra=card.extra(sn="sn", album="topicname", album_link="topiclink"),
    )


def _titles(card: Attributes) -> tuple[str | None, ...]:
    return (
        card.text("title", "voicename", "audioname"),
        card.text("name"),
        said(card.query.get("name")),
        card.text("desc"),
    )


def _clock(value: str | None) -> float | None:
    """``04:43`` of a frame's address, in seconds."""
    minutes, colon, seconds = (value or "").partition(":")
    if colon and minutes.isdecimal() and seconds.isdecimal() and len(minutes) < 4:
        return float(int(minutes) * 60 + int(seconds[:2])) or None
    return None


CARD = CardType(
    name="sound",
    tags=names(
        "mpvoice mpaudio mp-common-mpaudio mp-common-audio mp-common-claudio mp-common-voice claudio"
    ),
    read=read,
    version=2,
    examples=(
        Example(
            html='<mpvoice name="早安" author="小号" voice_encode_fileid="MzA_1"></mpvoice>',
            line="音频: 早安（小号）",
        ),
        Example(
            html='<mp-common-mpaudio name="insertaudio" voice_encode_fileid="MzA_2"'
            ' src="/cgi-bin/readtemplate?t=tmpl/audio_tmpl&amp;name=%E6%97%A9%E5%AE%89">'
            "</mp-common-mpaudio>",
            line="音频: 早安",
        ),
        Example(
            html='<mp-common-claudio data-title="%E5%A4%9C%E8%AF%9D" data-author="小号">'
            "</mp-common-claudio>",
            line="音频: 夜话（小号）",
        ),
    ),
)
