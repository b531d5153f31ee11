"""Simple HTML out of page data, in the elements of WeChat's own editor, so that one cleaner reads
all kinds.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import field

from scraper.models import Loss, Media
from scraper.patterns import lazy
from scraper.records import dataclass

#: Tags that the text of picture and text messages really carries (links to articles, accounts,
#: mini-programs, pictures); any other ``<`` is the author's.
_TAG = lazy(r"<a(?:\s[^<>]*)?>|</a\s*>|<br\s*/?>", re.I)
_STRAY = lazy(r"&(?!(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)")


@dataclass(frozen=True, slots=True)
class Found:
    """The body of a page before cleaning: its HTML, what was lost on the way, and data that fills
    its cards.

    ``role`` is that of its pictures where they are no ordinary ones (see ``Image``); ``from_dom``
    whether it stood in the page's own HTML rather than in its data.
    """

    html: bytes | str
    losses: tuple[Loss, ...] = ()
    videos: Mapping[str, Media] = field(default_factory=dict)
    voices: Mapping[str, Media] = field(default_factory=dict)
    role: str | None = None
    from_dom: bool = False


def element(tag: str, **attributes: str | int | None) -> str:
    """``<tag a="…"></tag>``; ``_`` in a name stands for ``-``, a trailing ``_`` keeps Python's
    words apart.
    """
    shown = "".join(
        f' {name.rstrip("_").replace("__", " ").replace("_", "-").replace(" ", "_")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
        if value not in (None, "")
    )
    return f"<{tag}{shown}>" if tag == "img" else f"<{tag}{shown}></{tag}>"


def inline(text: str) -> str:
    """Text of a message as HTML: its links stay, everything else that looks like a tag is text."""
    parts: list[str] = []
    at = 0
    for tag in _TAG().finditer(text):
        parts.append(_escaped(text[at : tag.start()]))
        parts.append(tag[0])
        at = tag.end()
    parts.append(_escaped(text[at:]))
    return "".join(parts)


def _escaped(text: str) -> str:
    return _STRAY().sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def paragraphs(text: str) -> str:
    """Each line of a message as a line, each run of lines as a paragraph."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = (block.strip("\n") for block in re.split(r"\n[^\S\n]*\n", text))
    return "".join(
        f"<p>{inline(block).replace(chr(10), '<br>')}</p>" for block in blocks if block.strip()
    )


def message(text: str) -> str:
    """The words under a video, a voice or pictures: mostly text, now and then real HTML."""
    if _MARKUP().search(text):
        return (
            text
            if re.search(r"<(?:p|br|div|section)[\s/>]", text, re.I)
            else text.replace("\n", "<br>")
        )
    return paragraphs(text)


_MARKUP = lazy(r"</(?:p|section|div|span|strong|b|em|i|ul|ol|li|h[1-6]|blockquote)\s*>", re.I)


def picture(url: str, width: int | None = None, height: int | None = None) -> str:
    """One picture on a line of its own."""
    return f"<p>{element('img', src=url, data_w=width, width=width, height=height)}</p>"
