"""What pages of today's template give, and what one of them no longer did. Pure.

WeChat changes its template without notice. A field that all such pages have is then not found any
more, or the body comes from a place that is known to be poorer; the article is kept all the same,
and says so: a loss of the kind ``template:FIELD`` for each. One article means little;
``archive.run`` counts these kinds over a run ("since 11-27 pages give no album (31 of 33)");
``PREFIX`` tells them from losses of the author's own content.

===================
=============================================================================================
``template:data``    the page speaks of its data (``cgiDataNew``), but none could be read: all is from elsewhere
``template:body``    the text came from ``#js_content``, which is empty or cut on many pages
``template:FIELD``   one of ``FIELDS``; or ``album``, where the page links to one that its data does not name
===================
=============================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from scraper.models import Loss
from scraper.parse.fields import Fields
from scraper.parse.parsed_page import ParsedPage

PREFIX: Final = "template:"
#: Field → the names at the top level of cgiDataNew of which every page of 2022–2026 has at least
#: one (40 of 40 in the corpus), whatever the kind; their values may be empty.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("title",),
    "account": ("nick_name",),
    "author": ("author",),
    "published": ("ori_create_time", "create_timestamp", "ori_send_time", "create_time"),
    "digest": ("desc",),
    "cover": ("cdn_url", "cdn_url_235_1", "cdn_url_16_9", "cdn_url_1_1", "cdn_url_3_4"),
    "url": ("link",),
    "kind": ("item_show_type", "real_item_show_type"),
    "original": ("copyright_info",),
    "source_url": ("source_url",),
    "comment_id": ("comment_id",),
    "related": ("ainfos",),
    "body": ("content_noencode",),
}
#: Pages have 110 to 150 names there; with fewer than this it is somebody's extract, which need not
#: be whole.
_WHOLE: Final = 60
_CORE: Final = ("title", "account", "published")
#: What a page that has lost its data as a whole is asked for: what stands nowhere else, or should.
_WITHOUT_DATA: Final = ("title", "account", "author", "published", "digest", "cover")
#: Signs of today's template: its scripts ask for the data by its name, or one is marked as that
#: which holds it.
_DATA: Final = b"window.cgiDataNew"
_MARK = re.compile(rb"\sh5only[\s>]")
#: How every address of an album begins (172 of 172 in the corpus). The longer what is looked for,
#: the further a search for bytes jumps: without the ends it takes twice as long.
_ALBUMS: Final = b"https://mp.weixin.qq.com/mp/appmsgalbum?__biz="
_ALBUM = re.compile(
    re.escape(_ALBUMS) + rb"[^\"'\s<>]{0,200}?action=getalbum[^\"'\s<>]{0,200}?album_id=[1-9]\d+"
)


def is_current(parsed: ParsedPage) -> bool:
    """Whether the page is of the template that carries its own data (about 2022 on), as a server
    sent it.
    """
    if parsed.cgi is not None:
        return True
    bears_sign = _DATA in parsed.received or any(map(_MARK.search, parsed.scripts.tags()))
    return bears_sign and parsed.saved_from() is None


def _names_an_album(page: bytes) -> bool:
    """Found by bytes first: six times as fast as the pattern over the whole page."""
    at = page.find(_ALBUMS)
    while at >= 0:
        if _ALBUM.match(page, at):
            return True
        at = page.find(_ALBUMS, at + 1)
    return False


def missing(parsed: ParsedPage, fields: Fields, *, body_from_dom: bool) -> tuple[Loss, ...]:
    """A loss for each field that such a page should have and this one did not give."""
    if not is_current(parsed):
        return ()
    names = [*_fields(parsed, fields)]
    if body_from_dom and fields["kind"] in (0, 11) and "body" not in names:
        names.append("body")
    if fields["album"] is None and _names_an_album(parsed.received):
        names.append("album")
    return tuple(Loss(kind=PREFIX + name) for name in names)


def _fields(parsed: ParsedPage, fields: Fields) -> list[str]:
    data = parsed.cgi
    if data is not None:
        asked = FIELDS if len(data.keys()) >= _WHOLE else _CORE
        return [name for name in asked if not any(key in data for key in FIELDS[name])]
    values = {**fields, "account": fields["account"].name}
    return ["data", *(name for name in _WITHOUT_DATA if not values[name])]
