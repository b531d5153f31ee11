"""Frames and players: what WeChat sets into an ``iframe``, and bare ``video`` and ``audio``."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from scraper.body.cards import vote
from scraper.body.cards.attributes import Attributes, absolute, said
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media | None:
    """What a frame shows is told by its class, its ids and the address it loads."""
    source = card.text("src")
    class_ = card.element.get("class") or ""
    path = urlsplit(source).path if source else ""
    if "vote" in class_ or card.text("supervoteid") or "vote" in path:
        return vote.read(card)
    url = absolute(source)
    query = dict(parse_qsl(urlsplit(url).query)) if url is not None else {}
    id_ = card.text("mpvid", "vid") or query.get("vid")
    if id_ or "video" in class_:
        return Media(
            type="video",
            id=id_,
            title=card.text("title"),
            url=url,
            cover=card.picture("cover"),
            extra=card.extra(type="vidtype"),
        )
    return _other(card, class_, source or "", url, query)


def _other(
    card: Attributes, class_: str, source: str, url: str | None, query: dict[str, str]
) -> Media | None:
    if "music" in class_ or "qqmusic" in source:
        title, singer = said(query.get("music_name")), said(query.get("singer"))
        return Media(type="music", title=title, author=singer, url=url)
    if "audio" in class_ or "audio_tmpl" in source:
        return Media(type="audio", title=said(query.get("name")), url=url)
    if "card" in class_ and query.get("biz"):
        return Media(type="profile", id=query["biz"], title=said(query.get("nickname")))
    title = card.text("title", "name") or next(
        filter(None, (said(query.get(name)) for name in ("title", "name", "nickname"))), None
    )
    return Media(type="card", title=title, url=url) if url or title else None


def read_player(card: Attributes) -> Media | None:
    """A bare ``<video>``/``<audio>``, as page savers leave in place of WeChat's frame; the card's
    own name where nothing else is: a frame may carry the title in the address (``src=…name=``)."""
    inside = card.element.find(".//source")
    source = card.text("src", "originsrc") or (inside.get("src") if inside is not None else None)
    url = absolute(source)
    id_ = card.text("mpvid", "vid")
    cover = card.picture("poster", "cover")
    if url is None and id_ is None and cover is None:
        return None
    return Media(
        type="audio" if card.tag == "audio" else "video",
        id=id_,
        title=card.text("title", "name") or said(card.query.get("name")),
        url=url,
        duration=card.seconds("duration"),
        cover=cover,
    )


CARD = CardType(
    name="video in a frame",
    tags=names("iframe mpvideo mp-common-video"),
    read=read,
    version=2,
    examples=(
        Example(
            html='<iframe class="video_iframe" data-mpvid="wxv_1" data-title="片名"></iframe>',
            line="视频: 片名",
        ),
    ),
)
PLAYER = CardType(
    name="video or sound without a frame",
    tags=names("video audio"),
    read=read_player,
    version=2,
    examples=(
        Example(
            html='<audio title="一段" src="https://a.example/1.mp3"></audio>', line="音频: 一段"
        ),
    ),
)
