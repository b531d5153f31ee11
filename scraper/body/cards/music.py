"""Songs: ``qqmusic`` (2016–), ``mp-common-qqmusic``, ``mp-common-clmusic`` (2025–), the link in a
message.
"""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media:
    """The singer often stands as ``singer - song``."""
    title = card.text("musicname", "songname", "name", "title")
    singer = card.text("singer", "singername", "artist", "author")
    return Media(
        type="music",
        id=card.text("mid", "musicid", "songid", "otherid", "listenid", "plainmusicid"),
        title=title,
        author=singer.removesuffix(f" - {title}") if singer else None,
        url=card.url("audiourl", "musicurl", "playurl", "url"),
        duration=card.seconds("playlength", "duration"),
        cover=card.picture("albumurl", "cover", "coverurl", "img"),
        extra=card.extra(musicid="musicid", albumid="albumid", listenid="listenid"),
    )


CARD = CardType(
    name="song",
    tags=names(
        "qqmusic mpmusic clmusic mp-common-qqmusic mp-common-clmusic mp-common-music mp-common-plain-music"
    ),
    read=read,
    version=2,
    inline=lambda card: card.tag == "mp-common-plain-music",
    examples=(
        Example(
            html='<qqmusic music_name="晨歌" singer="某人 - 晨歌" play_length="261"></qqmusic>',
            line="音乐: 晨歌（某人）",
        ),
        Example(
            html='<mp-common-clmusic music_name="晨歌" singer="某人" duration="221000"></mp-common-clmusic>',
            line="音乐: 晨歌（某人）",
        ),
    ),
)
