"""Cards: what WeChat's editor sets into a body besides text and pictures, as ``Media`` and as a readable line.

Element names and attributes as seen on pages of 2014–2026 (mpvoice, mp-common-mpaudio, qqmusic, video iframes,
mp-common-videosnap, -miniprogram, -profile, -vote, -sticker) and, where no real sample was had, as WeChat's own page
script reads them (product, redpacket, poi, cps, live). An ``mp-…`` element that nobody has seen is kept as a ``卡片:``
with whatever name it carries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import escape
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

import lxml.etree as etree

from scraper import plain
from scraper.body import images
from scraper.body.tree import text_of
from scraper.models import Media
from scraper.text import one_line
from scraper.urls import clean_link, without_tokens

#: How a card's line begins.
LABELS: Mapping[str, str] = {
    "video": "视频",
    "channels": "视频号",
    "audio": "音频",
    "music": "音乐",
    "miniprogram": "小程序",
    "profile": "公众号",
    "vote": "投票",
    "product": "商品",
    "redpacket": "红包",
    "sticker": "表情",
    "location": "位置",
    "live": "直播",
    "card": "卡片",
}
#: Decoration and bookkeeping, not cards.
IGNORED = frozenset(["mp-style-type", "mp-common-style", "mp-pay-preview-filter"])
_HOST = "https://mp.weixin.qq.com"
_VID = re.compile(r"[?&]vid=(\w+)")
_EXTRA_LIMIT = 4_000


def line(media: Media) -> str:
    """The card's clean HTML: ``<p data-card=… data-id=…>视频: <a href=…>title</a></p>``."""
    label = LABELS.get(media.sort, LABELS["card"])
    id_ = f' data-id="{escape(media.id)}"' if media.id else ""
    return f'<p data-card="{escape(media.sort)}"{id_}>{label}: {inner(media)}</p>'


def inner(media: Media) -> str:
    """What follows the sort on a card's line, as HTML."""
    extra = dict(media.extra)
    # A channel video's address opens nothing without the reader's ticket (``token=``), which is not kept.
    linked = media.url if media.sort != "channels" and media.url else ""
    name = media.title or media.author or media.id or (not linked and media.url) or "（无标题）"
    if media.sort == "sticker" and media.url:
        return f'<img src="{escape(media.url)}" alt="{escape(name)}">'
    shown = escape(name, quote=False)
    if linked.startswith(("http://", "https://")):
        shown = f'<a href="{escape(clean_link(linked))}">{shown}</a>'
    notes = [media.author if media.author != name else None]
    if media.sort in (
        "miniprogram",
        "vote",
        "product",
        "redpacket",
        "location",
        "live",
        "card",
        "channels",
    ):
        notes.append(extra.get("applink") or extra.get("address") or extra.get("price"))
        # Without an address to click, the id is the only way back to the thing itself.
        notes.append(media.id if not linked and media.id != name else None)
    if options := extra.get("options"):
        shown += " — " + escape(options, quote=False)
    kept = [one_line(note) for note in notes if note]
    return shown + (escape(f"（{' · '.join(kept)}）", quote=False) if kept else "")


def text(media: Media) -> str:
    """The card's line as a reader sees it."""
    shown = etree.fromstring(f"<p>{inner(media)}</p>".encode(), etree.HTMLParser(encoding="utf-8"))
    return f"{LABELS.get(media.sort, LABELS['card'])}: {one_line(text_of(shown))}".rstrip(": ")


Reader = Callable[[etree._Element], "Media | None"]


def read(element: etree._Element) -> Media | None:
    """The card that ``element`` is, or ``None`` for an element that is none."""
    tag = str(element.tag)
    if not is_card(tag):
        return None
    media = _READERS.get(tag, _unknown)(element)
    if media is not None and "&" in f"{media.title}{media.author}":
        # Names are escaped twice now and then (``&amp;nbsp;`` in mpvoice).
        media = replace(
            media, title=plain.one_line(media.title), author=plain.one_line(media.author)
        )
    return media


def is_card(tag: str) -> bool:
    """Whether elements of this name are cards (``mp-…`` that nobody has seen included)."""
    return tag in _READERS or (tag.startswith("mp-") and tag not in IGNORED)


def _get(element: etree._Element, *names: str) -> str | None:
    for name in names:
        value = element.get(name)
        if value and (value := one_line(value)) and value not in ("undefined", "null"):
            return value
    return None


def _extra(element: etree._Element, **names: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for name, attribute in names.items():
        value = _get(element, attribute)
        if value:
            pairs.append((name, without_tokens(value)[:_EXTRA_LIMIT]))
    return tuple(pairs)


def _absolute(value: str | None) -> str | None:
    if not value or value.startswith(("javascript:", "data:", "#")):
        return None
    while "&amp;" in value:
        value = value.replace("&amp;", "&")
    value = urljoin(_HOST, value)
    return without_tokens(value) if value.startswith(("http://", "https://")) else None


def _picture(value: str | None) -> str | None:
    return images.address(unquote(value) if value and "%3A" in value[:12] else value)


def _seconds(value: str | None, *, per: float = 1.0) -> float | None:
    try:
        number = float(value) / per if value else 0.0
    except ValueError:
        return None
    return number if 0 < number < 1e7 else None


def _voice(element: etree._Element) -> Media:
    """mpvoice (2014–) and mp-common-mpaudio (2021–); ``play_length`` is in milliseconds on both."""
    id_ = _get(element, "voice_encode_fileid", "data-voice_encode_fileid", "data-fileid")
    return Media(
        sort="audio",
        id=id_,
        title=_get(element, "name", "data-name", "data-title"),
        author=_get(element, "author", "data-author"),
        url=f"https://res.wx.qq.com/voice/getvoice?mediaid={quote(id_, safe='=')}" if id_ else None,
        duration=_seconds(_get(element, "play_length", "data-play_length"), per=1000),
        cover=_picture(_get(element, "cover", "data-cover")),
        extra=_extra(element, sn="sn", album="data-topic_name", album_link="data-topic_link"),
    )


def _music(element: etree._Element) -> Media:
    """qqmusic (2016–) and mp-common-qqmusic; ``play_length`` in seconds."""
    title = _get(element, "music_name", "data-music_name", "name", "data-name", "data-title")
    singer = _get(element, "singer", "data-singer", "author", "data-author")
    return Media(
        sort="music",
        id=_get(element, "mid", "musicid", "data-mid", "data-musicid", "otherid", "data-otherid"),
        title=title,
        author=singer.removesuffix(f" - {title}") if singer else None,
        url=_absolute(_get(element, "audiourl", "data-audiourl", "data-url")),
        duration=_seconds(_get(element, "play_length", "data-play_length")),
        cover=_picture(_get(element, "albumurl", "data-albumurl", "data-cover")),
        extra=_extra(element, musicid="musicid", albumid="albumid"),
    )


def _iframe(element: etree._Element) -> Media | None:
    src = _get(element, "data-src", "src")
    class_ = element.get("class") or ""
    if (
        "vote" in class_
        or element.get("data-supervoteid")
        or (src and "vote" in urlsplit(src).path)
    ):
        return _vote(element)
    url = _absolute(src)
    query = dict(parse_qsl(urlsplit(url).query)) if url is not None else {}
    id_ = _get(element, "data-mpvid", "data-vid") or query.get("vid")
    if id_ or "video" in class_:
        return Media(
            sort="video",
            id=id_,
            title=_get(element, "data-title", "title"),
            url=url,
            cover=_picture(_get(element, "data-cover")),
            extra=_extra(element, type="data-vidtype"),
        )
    if "music" in class_ or (src and "qqmusic" in src):
        return Media(
            sort="music", title=query.get("music_name"), author=query.get("singer"), url=url
        )
    if "audio" in class_ or (src and "audio_tmpl" in src):
        return Media(sort="audio", title=query.get("name"), url=url)
    if "card" in class_ and query.get("biz"):
        return Media(sort="profile", id=query["biz"], title=query.get("nickname"))
    title = _get(element, "title", "data-title", "name")
    return Media(sort="card", title=title, url=url) if url or title else None


def _video(element: etree._Element) -> Media | None:
    """A bare ``<video>``/``<audio>``, as page savers leave in place of WeChat's iframe."""
    sort = "audio" if element.tag == "audio" else "video"
    inside = element.find(".//source")
    source = _get(element, "data-src", "src", "origin_src") or (
        _get(inside, "src") if inside is not None else None
    )
    url = _absolute(source if source and not source.startswith("blob:") else None)
    id_ = _get(element, "data-mpvid", "data-vid")
    cover = _picture(_get(element, "poster", "data-cover"))
    if url is None and id_ is None and cover is None:
        return None
    return Media(
        sort=sort, id=id_, title=_get(element, "title", "data-title"), url=url, cover=cover
    )


def _snap(element: etree._Element) -> Media:
    """mp-common-videosnap: 视频号, a video, pictures, or (``data-type="live"``) a broadcast; also topics."""
    return Media(
        sort="live" if element.get("data-type") == "live" else "channels",
        id=_get(element, "data-id", "data-noticeid", "data-username"),
        title=_get(element, "data-desc", "data-title", "data-intro", "data-nickname"),
        author=_get(element, "data-nickname"),
        url=_absolute(_get(element, "data-url")) if element.get("data-type") != "live" else None,
        cover=_picture(_get(element, "data-headimgurl", "data-cover")),
        extra=_extra(
            element,
            nonceid="data-nonceid",
            username="data-username",
            type="data-type",
            notice="data-noticeid",
            intro="data-intro",
            width="data-width",
            height="data-height",
        ),
    )


def read_miniprogram(element: etree._Element) -> Media:
    """mp-miniprogram, mp-common-miniprogram, mp-weapp and ``a[data-miniprogram-appid]``."""
    nickname = _get(element, "data-miniprogram-nickname")
    title = _get(element, "data-miniprogram-title") or nickname
    return Media(
        sort="miniprogram",
        id=_get(element, "data-miniprogram-appid"),
        title=title or one_line(text_of(element)) or None,
        author=nickname if nickname != title else None,
        cover=_picture(_get(element, "data-miniprogram-imageurl", "data-miniprogram-imageurlback")),
        extra=_extra(
            element,
            path="data-miniprogram-path",
            applink="data-miniprogram-applink",
            type="data-miniprogram-type",
        ),
    )


def _profile(element: etree._Element) -> Media:
    biz = _get(element, "data-id")
    is_account = bool(biz and not biz.isdigit() and biz.startswith("M"))
    return Media(
        sort="profile",
        id=biz or _get(element, "data-username", "data-alias"),
        title=_get(element, "data-nickname", "data-alias"),
        url=f"{_HOST}/mp/profile_ext?action=home&__biz={biz}" if is_account else None,
        cover=_picture(_get(element, "data-headimg")),
        extra=_extra(element, alias="data-alias", signature="data-signature"),
    )


def _vote(element: etree._Element) -> Media:
    """mp-common-vote (questions as JSON) and the older vote iframe (questions only on WeChat's server)."""
    titles: list[str] = []
    options: list[str] = []
    try:
        subjects = json.loads(element.get("data-votesubject") or "[]")
    except (ValueError, RecursionError):
        subjects = []
    for subject in subjects if isinstance(subjects, list) else []:
        if not isinstance(subject, dict):
            continue
        titles.append(one_line(str(subject.get("title") or "")))
        for option in subject.get("options") or []:
            if isinstance(option, dict) and option.get("name"):
                options.append(one_line(str(option["name"])))
    return Media(
        sort="vote",
        id=_get(element, "data-supervoteid", "data-voteid"),
        title="；".join(title for title in titles if title) or _get(element, "data-title"),
        url=_absolute(_get(element, "data-src")) if element.tag == "iframe" else None,
        extra=((("options", " / ".join(options)[:_EXTRA_LIMIT]),) if options else ())
        + _extra(element, expires="data-expiretime"),
    )


def _product(element: etree._Element) -> Media:
    """mp-common-product, mp-common-cps, mp-common-cpsad: goods; their data is JSON in one attribute, or several."""
    data = _json(
        element, "data-windowproduct", "data-product", "data-goods", "data-cardinfo", "data-cpsinfo"
    )
    return Media(
        sort="product",
        id=_get(element, "data-wid", "data-pid", "data-productid", "data-id", "data-goodssouce")
        or _named(data, "pid", "id", "product_id", "productId", "wid"),
        title=_get(element, "data-title", "data-name", "data-product_name", "data-goods_name")
        or _named(data, "title", "name", "product_name", "productName"),
        author=_get(element, "data-shopname", "data-brandname")
        or _named(data, "shop_name", "brand_name", "shopName"),
        url=_absolute(_get(element, "data-url", "data-link") or _named(data, "url", "link")),
        cover=_picture(
            _get(element, "data-cover", "data-img", "data-imgurl")
            or _named(data, "cover", "img", "main_img", "imgUrl")
        ),
        extra=_extra(element, price="data-price", appid="data-appid"),
    )


def _redpacket(element: etree._Element) -> Media:
    return Media(
        sort="redpacket",
        id=_get(element, "data-coverid", "data-redpacketid", "data-id", "data-uri"),
        title=_get(element, "data-title", "data-name", "data-covername", "data-desc") or "红包封面",
        author=_get(element, "data-nickname"),
        url=_absolute(_get(element, "data-url", "data-receiveurl")),
        cover=_picture(_get(element, "data-coverimg", "data-cover", "data-img")),
    )


def _sticker(element: etree._Element) -> Media:
    return Media(
        sort="sticker",
        id=_get(element, "data-md5", "data-id"),
        title=_get(element, "data-title", "data-name", "data-desc"),
        url=_picture(_get(element, "data-emoji_url", "data-src", "src")),
    )


def _location(element: etree._Element) -> Media:
    """mp-common-poi: a place with its coordinates."""
    latitude = _get(element, "data-latitude", "data-lat")
    longitude = _get(element, "data-longitude", "data-lng")
    return Media(
        sort="location",
        id=_get(element, "data-id", "data-poiid"),
        title=_get(element, "data-name", "data-title", "data-address"),
        extra=_extra(element, address="data-address", tel="data-tel")
        + ((("coordinates", f"{latitude},{longitude}"),) if latitude and longitude else ()),
    )


def _live(element: etree._Element) -> Media:
    return Media(
        sort="live",
        id=_get(element, "data-id", "data-noticeid", "data-username", "data-liveid"),
        title=_get(element, "data-title", "data-desc", "data-intro", "data-nickname"),
        author=_get(element, "data-nickname"),
        url=_absolute(_get(element, "data-url")),
        cover=_picture(_get(element, "data-cover", "data-headimgurl")),
    )


def _unknown(element: etree._Element) -> Media:
    """An ``mp-…`` element nobody has seen: its name, and what its attributes call title and id."""
    words = one_line(text_of(element))[:200]
    data = _json(element, "data-info", "data-data", "data-json")
    title = (
        _get(
            element,
            "data-title",
            "data-name",
            "data-nickname",
            "data-desc",
            "title",
            "name",
            "data-keyword",
        )
        or _named(data, "title", "name", "nickname", "desc")
        or words
    )
    id_ = _get(element, "data-id", "data-url", "data-appid", "data-pid", "data-uri", "id")
    attributes = [
        (str(name), without_tokens(str(value))[:500])
        for name, value in element.attrib.items()
        if str(name).startswith("data-") and value
    ][:40]
    return Media(
        sort="card",
        id=without_tokens(id_) if id_ else None,
        title=title or str(element.tag),
        url=_absolute(_get(element, "data-url", "data-link", "data-src", "href")),
        cover=_picture(_get(element, "data-cover", "data-headimg", "data-img")),
        extra=(("element", str(element.tag)), *attributes),
    )


def _json(element: etree._Element, *names: str) -> Mapping[str, object]:
    for name in names:
        value = element.get(name)
        if not value:
            continue
        for text_ in (value, unquote(value)):
            try:
                data = json.loads(text_)
            except (ValueError, RecursionError):
                continue
            if isinstance(data, list) and data:
                data = data[0]
            if isinstance(data, dict):
                return data
    return {}


def _named(data: Mapping[str, object], *names: str) -> str | None:
    for name in names:
        value = data.get(name)
        if (
            isinstance(value, str | int)
            and not isinstance(value, bool)
            and (found := one_line(str(value)))
        ):
            return found
    return None


_READERS: Mapping[str, Reader] = {
    "mpvoice": _voice,
    "mp-common-mpaudio": _voice,
    "mp-common-audio": _voice,
    "mpaudio": _voice,
    "qqmusic": _music,
    "mp-common-qqmusic": _music,
    "mp-common-music": _music,
    "mpmusic": _music,
    "iframe": _iframe,
    "video": _video,
    "audio": _video,
    "mpvideo": _iframe,
    "mpvideosnap": _snap,
    "mp-common-videosnap": _snap,
    "mp-common-channels": _snap,
    "mp-miniprogram": read_miniprogram,
    "mp-common-miniprogram": read_miniprogram,
    "mp-weapp": read_miniprogram,
    "mp-common-weapp": read_miniprogram,
    "mpprofile": _profile,
    "mp-common-profile": _profile,
    "mpvote": _vote,
    "mp-common-vote": _vote,
    "mpproduct": _product,
    "mp-common-product": _product,
    "mpcps": _product,
    "mp-common-cps": _product,
    "mp-common-cpsad": _product,
    "mpgongyi": _unknown,
    "mpredpacket": _redpacket,
    "mp-common-redpacket": _redpacket,
    "mp-common-sticker": _sticker,
    "mp-common-poi": _location,
    "mppoi": _location,
    "mp-common-location": _location,
    "mp-common-live": _live,
    "mp-common-finderlive": _live,
}
