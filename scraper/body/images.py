"""Where a picture's address stands, and what else the page says about it."""

from __future__ import annotations

import re
from urllib.parse import unquote, urljoin

import lxml.etree as etree

from scraper.models import Image
from scraper.text import names, one_line
from scraper.urls import without_tokens

#: ``data-src`` in every era; saved pages fill ``src``; the rest are what WeChat and editors keep
#: beside a crop.
_PLACES = (
    "data-src",
    "src",
    "data-original",
    "data-croporisrc",
    "data-before-oversubscription-url",
    "data_ue_src",
    "data-lazy-src",
    "_src",
    "href",
)
_XLINK = "{http://www.w3.org/1999/xlink}href"
_BASE = "https://mp.weixin.qq.com/"
#: WeChat's own stand-ins for a picture that has not been loaded.
_PLACEHOLDERS = ("pic_blank", "/spacer.gif", "/mmbizwap/zh_CN/htmledition/images/pic")
#: What WeChat writes where the author wrote nothing.
_EMPTY_ALTS = names("""
    图片 图像 image img picture undefined null none
""")
#: What nearly every address of a picture looks like, which needs nothing done to it.
_USUAL = re.compile(
    r"https?://mmbiz\.qpic\.cn/(?:sz_)?mmbiz(?:_[a-z]{3,4})?/[A-Za-z0-9]{1,200}/\d{0,4}"
    r"(?:\?wx_fmt=[a-z]{3,8}(?:&from=appmsg)?)?",
    re.ASCII,
)
_EMOJI = ("emoji", "emoticon", "/expression/", "qqface", "qqemoji", "icon_emotion")


def address(value: str | None, base: str | None = None) -> str | None:
    """An image's absolute address with its query, unescaped; ``None`` for ``data:``, placeholders
    and other schemes.
    """
    if not value:
        return None
    if _USUAL.fullmatch(value):
        return value
    value = value.strip().strip("\"'")
    if not value or value[:5].lower() == "data:" or len(value) > 4_000:
        return None
    value = value.replace("\\x26", "&")
    while "&amp;" in value:
        value = value.replace("&amp;", "&")
    if value[:8].lower() in ("http%3a%", "https%3a"):
        value = unquote(value)
    if any(map(value.__contains__, _PLACEHOLDERS)):
        return None
    if value.startswith("//"):
        value = "https:" + value
    elif "://" not in value[:10]:
        if ":" in value.split("/")[0]:
            return None
        value = urljoin(base or _BASE, value)
        if value.startswith("file:///") and base is not None and base.startswith("file:///"):
            return value  # beside a saved page that does not say where it came from
    if not value.lower().startswith(("http://", "https://")):
        return None
    return without_tokens("".join(value.split()))


def source(element: etree._Element, base: str | None = None) -> str | None:
    """The address of an ``<img>`` or an SVG ``<image>``."""
    for place in _PLACES:
        found = address(element.get(place), base)
        if found:
            return found
    return address(element.get(_XLINK) or element.get("xlink:href"), base)


def read(element: etree._Element, base: str | None = None, role: str = "body") -> Image | None:
    """The ``Image`` of an ``<img>``; ``None`` where no address can be had."""
    url = source(element, base)
    if url is None:
        return None
    written = element.get("alt")
    alt = one_line(written) if written else None
    if not alt or alt.lower() in _EMPTY_ALTS:
        alt = None
    natural, ratio = element.get("data-w"), _number(element.get("data-ratio"))
    width = _pixels(natural) or _pixels(element.get("width"))
    if natural and width and ratio:
        height: int | None = round(width * ratio)
    else:
        height = _pixels(element.get("height"))
    looks = f"{element.get('class') or ''} {url}".lower()
    if role == "body" and any(map(looks.__contains__, _EMOJI)):
        role = "emoji"
    return Image(url=url, role=role, alt=alt, width=width, height=height or None)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else 0.0
    except ValueError:
        return None
    return value if 0 < value < 100_000 else None


def _pixels(text: str | None) -> int | None:
    value = _number(text.removesuffix("px") if text else None)
    return round(value) if value else None
