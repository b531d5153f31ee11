"""Kind 10: a text of up to a few hundred characters, without a static body; its pictures where it
has some.
"""

from __future__ import annotations

from scraper.parse import meta, values
from scraper.parse.kinds.build import Found, paragraphs, picture
from scraper.parse.literal import Literal
from scraper.parse.parsed_page import ParsedPage, text_of
from scraper.parse.scripts import written
from scraper.plain import html_decode


def body(parsed: ParsedPage) -> Found | None:
    """The text and, after it, its pictures."""
    info = values.mapping(
        parsed.data("text_page_info")
        if parsed.cgi is not None
        else parsed.scripts.get("text_page_info")
    )
    text = _text(info.get("content_noencode")) or _text(parsed.data("content_noencode"))
    text = (
        text or (_shown(parsed) if parsed.cgi is None else None) or _text(meta.raw(parsed, "title"))
    )
    if not text:
        return None
    pictures = [
        url
        for value in (info.get("short_msg_pic_url"), info.get("picture_info"))
        for url in _addresses(value)
    ]
    return Found(paragraphs(text) + "".join(picture(url) for url in dict.fromkeys(pictures)))


def has_own_title(parsed: ParsedPage) -> bool:
    """Whether the author gave the message a title; else WeChat puts the whole text there."""
    return bool(values.whole(values.mapping(parsed.data("text_page_info")).get("is_user_title")))


def _text(value: Literal) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _addresses(value: Literal) -> list[str]:
    entries = value if isinstance(value, list) else []
    found = [
        values.address(entry if isinstance(entry, str) else values.mapping(entry).get("cdn_url"))
        for entry in entries
    ]
    return [url for url in found if url]


def _shown(parsed: ParsedPage) -> str | None:
    """The text of the pages before cgiDataNew: in a script, inside ``.share_media_text``, or shown
    there.
    """
    for name in ("TextContentNoEncode", "ContentNoEncode"):
        value = _text(parsed.scripts.get(name, "var"))
        if value:
            return html_decode(value) if "&lt;a " in value else value
    for holder in parsed.by_class("share_media_text"):
        for script in holder.iter("script"):
            shown = written(script.text or "")
            if shown:
                return shown
        shown = text_of(holder)
        if shown:
            return shown
    return parsed.text_by_id("js_panel_like_title")
