"""Kind 8: pictures with a text under them. 2018 in the DOM, since 2022 in ``picture_page_info_list``."""

from __future__ import annotations

from scraper.models import Loss
from scraper.parse import meta
from scraper.parse.kinds.build import Found, element, message, picture
from scraper.parse.literal import Literal
from scraper.parse.scripts import written
from scraper.parse.source import Source, text_of
from scraper.plain import html_decode


def body(source: Source) -> Found | None:
    """The pictures in their order, then the text, then the mini-program that may stand under it."""
    if source.cgi is not None:
        entries = meta.sequence(source.data("picture_page_info_list"))
        text = _text(source.data("content_noencode")) or _decoded(source.data("desc"))
        card = meta.mapping(source.data("weapp_link"))
    else:
        entries = meta.sequence(source.scripts.get("picture_page_info_list"))
        text = _text(source.scripts.get("content_noencode")) or _shown_text(source)
        card = meta.mapping(None)
    pictures, losses = _pictures(source, entries)
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


def _pictures(source: Source, entries: list[Literal]) -> tuple[list[str], list[Loss]]:
    pictures, losses = [], []
    for place, entry in enumerate(entries, 1):
        info = meta.mapping(entry)
        url = meta.address(info.get("cdn_url"))
        if url:
            # Only the entry's own cdn_url: watermark_info and share_cover nest others that are no pictures of it.
            pictures.append(
                picture(url, meta.whole(info.get("width")), meta.whole(info.get("height")))
            )
        if meta.sequence(meta.mapping(info.get("live_photo")).get("format_info")):
            losses.append(Loss(kind="live-photo", where=f"picture {place}"))
    if not pictures and source.cgi is None:
        container = source.by_id("img_list")
        for image in container.iter("img") if container is not None else ():
            url = meta.address(image.get("data-src") or image.get("src"))
            if url:
                pictures.append(picture(url))
    return pictures, losses


def _shown_text(source: Source) -> str | None:
    """The text of pages without cgiDataNew, which a script writes into the page, or its description."""
    for name in ("TextContentNoEncode", "ContentNoEncode"):
        value = _text(source.scripts.get(name, "var"))
        if value:
            return html_decode(value) if "&lt;a " in value else value
    for notice in source.by_class("share_notice"):
        for script in notice.iter("script"):
            shown = written(script.text or "")
            if shown:
                return shown
        shown = text_of(notice)
        if shown:
            return shown
    return _text(source.scripts.get("desc", "window data")) or _decoded(source.description())


def _miniprogram(card: meta.Data) -> str:
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
