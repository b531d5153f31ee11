"""Kind 8: pictures with a text under them. 2018 in the DOM, since 2022 in
``picture_page_info_list``.
"""

from __future__ import annotations

from scraper.models import Loss
from scraper.parse import values
from scraper.parse.kinds.build import Found, element, message, picture
from scraper.parse.literal import Literal
from scraper.parse.parsed_page import ParsedPage, text_of
from scraper.parse.scripts import written
from scraper.plain import html_decode


def body(parsed: ParsedPage) -> Found | None:
    """The pictures in their order, then the text, then the mini-program that may stand under it."""
    if parsed.cgi is not None:
        entries = values.sequence(parsed.data("picture_page_info_list"))
        text = _text(parsed.data("content_noencode")) or _decoded(parsed.data("desc"))
        card = values.mapping(parsed.data("weapp_link"))
    else:
        entries = values.sequence(parsed.scripts.get("picture_page_info_list"))
        text = _text(parsed.scripts.get("content_noencode")) or _shown_text(parsed)
        card = values.mapping(None)
    pictures, losses = _pictures(parsed, entries)
    if not pictures and not text:
        return None
    return Found(
        "".join(pictures) + message(text or "") + _miniprogram(card), tuple(losses), role="picture"
    )


def _text(value: Literal) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _decoded(value: Literal) -> str | None:
    """The encoded twin of the text, as descriptions have it: its links are links again."""
    return html_decode(value) if isinstance(value, str) and value.strip() else None


def _pictures(parsed: ParsedPage, entries: list[Literal]) -> tuple[list[str], list[Loss]]:
    pictures, losses = [], []
    for place, entry in enumerate(entries, 1):
        info = values.mapping(entry)
        url = values.address(info.get("cdn_url"))
        if url:
            # Only the entry's own cdn_url: watermark_info and share_cover nest others that are no
            # pictures of it.
            pictures.append(
                picture(url, values.whole(info.get("width")), values.whole(info.get("height")))
            )
        if values.sequence(values.mapping(info.get("live_photo")).get("format_info")):
            losses.append(Loss(kind="live-photo", where=f"picture {place}"))
    if not pictures and parsed.cgi is None:
        container = parsed.by_id("img_list")
        for image in container.iter("img") if container is not None else ():
            url = values.address(image.get("data-src") or image.get("src"))
            if url:
                pictures.append(picture(url))
    return pictures, losses


def _shown_text(parsed: ParsedPage) -> str | None:
    """The text of pages without cgiDataNew, which a script writes into the page, or its
    description.
    """
    for name in ("TextContentNoEncode", "ContentNoEncode"):
        value = _text(parsed.scripts.get(name, "var"))
        if value:
            return html_decode(value) if "&lt;a " in value else value
    for notice in parsed.by_class("share_notice"):
        for script in notice.iter("script"):
            shown = written(script.text or "")
            if shown:
                return shown
        shown = text_of(notice)
        if shown:
            return shown
    return _text(parsed.scripts.get("desc", "window data")) or _decoded(parsed.description())


def _miniprogram(card: values.Data) -> str:
    appid, name = card.get("appid"), card.get("nickname")
    if not isinstance(appid, str) or not appid:
        return ""
    path = card.get("path")
    return element(
        "mp-common-miniprogram",
        data_miniprogram_appid=appid,
        data_miniprogram_nickname=name if isinstance(name, str) else None,
        data_miniprogram_path=path if isinstance(path, str) else None,
    )
