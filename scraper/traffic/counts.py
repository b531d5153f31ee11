"""How often an article was read, liked, recommended, shared. Pure.

A page that was opened with a reader's credentials has
``cgiDataNew.user_info.appmsg_bar_data {read_num, old_like_count (点赞), like_count (在看),
share_count, comment_count, collect_count}``; ``POST /mp/getappmsgext`` answers
``appmsgstat {read_num, like_num (在看), old_like_num (点赞), share_num}`` (names as public programs
read them, up to 2026-09). Before 在看 (2018-12) ``like_num`` was 点赞 and alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scraper.messages import mark
from scraper.models import Page
from scraper.parse import values
from scraper.parse.encoding import to_utf8
from scraper.parse.parsed_page import ParsedPage
from scraper.traffic import answers
from scraper.traffic.models import Counts

_LARGEST: Final = 2**53


#: Our name → WeChat's names for it, in a page and in an answer; the first that has a number.
_IN_PAGE: Final = {
    "read": ("read_num",),
    "like": ("old_like_count", "old_like_num"),
    "looking": ("like_count", "like_num"),
    "share": ("share_count", "share_num"),
    "comment": ("comment_count",),
    "collect": ("collect_count", "collect_num"),
}
#: Those of wechat-article-exporter's JSON (archived in 2026-07).
_IN_EXPORT: Final = {
    "read": ("readNum", "read_num"),
    "like": ("oldLikeNum", "old_like_num"),
    "looking": ("likeNum", "like_num"),
    "share": ("shareNum", "share_num"),
    "comment": ("commentNum", "comment_num", "comment_count"),
}
_MARK: Final = b"appmsg_bar_data"


def read(body: bytes) -> Counts:
    """Those of an answer of getappmsgext. Raises Expired, Blocked, Unrecognised."""
    data = answers.read(body, mark("an article's counts"))
    stat = values.mapping(data.get("appmsgstat"))
    found = _counts({"comment_count": data.get("comment_count"), **stat}, _IN_PAGE)
    if found.like is None and found.looking is not None:  # from before there was 在看
        return replace(found, like=found.looking, looking=None)
    return found


def of_page(page: Page) -> Counts:
    """Those that a page says; none for one that was opened without credentials."""
    if _MARK not in page.body:
        return Counts()
    parsed = ParsedPage(page, to_utf8(page.body, dict(page.headers).get("content-type")))
    user = values.mapping(parsed.data("user_info"))
    return _counts(values.mapping(user.get("appmsg_bar_data")), _IN_PAGE)


def of_export(item: values.Data) -> Counts:
    """Those that another tool's JSON says of an article."""
    return _counts(item, _IN_EXPORT)


def _counts(data: values.Data, names: dict[str, tuple[str, ...]]) -> Counts:
    return Counts(**{ours: _first(data, theirs) for ours, theirs in names.items()})


def _first(data: values.Data, names: tuple[str, ...]) -> int | None:
    for name in names:
        value = data.get(name)
        if value is None or value == "" or isinstance(value, bool):
            continue
        found = values.whole(value)
        if found is not None and 0 <= found <= _LARGEST:
            return found
    return None
