"""One page of an album's public list (合集): its JSON answers, and the HTML page that begins it.

``GET /mp/appmsgalbum?action=getalbum&__biz=…&album_id=…`` gives HTML with the first entries in
``window.cgiData`` and in its DOM; with ``f=json`` and the last entry's ``begin_msgid`` and
``begin_itemidx`` the following ones as JSON. Both work without a login. ``article_list`` is an
object instead of an array where it holds one entry, and absent after the last one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from scraper import urls
from scraper.errors import Blocked, NeedsPerson, Unrecognised
from scraper.messages import mark
from scraper.models import Account, Album, Page
from scraper.parse import status, values
from scraper.parse.encoding import to_utf8
from scraper.parse.literal import Literal
from scraper.parse.parsed_page import ParsedPage, text_of
from scraper.plain import decoded_line

#: What the page's own script asks for at once.
COUNT: Final = 20
#: A longer answer than this is not WeChat's (20 entries are some 20 KB).
_LONGEST: Final = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One article of an album: what opens it, its title, and where it stands in its account's
    messages.

    ``msgid`` and ``itemidx`` are ``mid`` and ``idx``, digits as text; ``created`` is aware, UTC;
    ``position`` is its number in the album where the page shows it; ``kind`` WeChat's
    ``item_show_type`` where it is given.
    """

    url: str
    title: str | None = None
    msgid: str | None = None
    itemidx: str | None = None
    created: datetime | None = None
    position: int | None = None
    kind: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of the list in its order. ``more``: the list goes on after it; ``reverse``: oldest
    first.

    ``album`` says what the page says about the album, its ``size`` how many articles WeChat counts
    in it.
    """

    members: tuple[Member, ...]
    album: Album | None = None
    account: Account | None = None
    more: bool = False
    reverse: bool = False


def read(page: Page) -> Listed:
    """The entries of one page, JSON or HTML.

    Raises Blocked (frequency), NeedsPerson, Gone or Unrecognised where there is no list in it.
    """
    body = to_utf8(page.body, dict(page.headers).get("content-type"))
    if len(body) > _LONGEST:
        raise Unrecognised(mark("an album's list of this size is none"), url=page.url)
    if body.lstrip()[:1] == b"{":
        return _from_json(page, body)
    return _from_html(ParsedPage(page, body))


def next_url(page: Page, listed: Listed, *, reverse: bool | None = None) -> str | None:
    """The address of the page after ``listed``, None after the last; in the order of ``page``
    unless told otherwise.
    """
    asked = dict(parse_qsl(urlsplit(page.url).query))
    biz = asked.get("__biz") or next(
        (urls.account_of(member.url) for member in listed.members), None
    )
    album_id = asked.get("album_id") or (listed.album.id if listed.album else None)
    last = next(
        (member for member in reversed(listed.members) if member.msgid and member.itemidx), None
    )
    if not listed.more or last is None or not biz or not album_id:
        return None
    if (asked.get("begin_msgid"), asked.get("begin_itemidx")) == (last.msgid, last.itemidx):
        return None  # the list stands still: better an end than a circle
    backwards = reverse if reverse is not None else listed.reverse or asked.get("is_reverse") == "1"
    return page_url(biz, album_id, last.msgid, last.itemidx, reverse=backwards)


def page_url(
    biz: str,
    album_id: str,
    msgid: str | None = None,
    itemidx: str | None = None,
    *,
    reverse: bool = False,
) -> str:
    """The address of a JSON page: the first, or the one after the entry ``(msgid, itemidx)``."""
    begin = f"&begin_msgid={msgid}&begin_itemidx={itemidx}" if msgid and itemidx else ""
    order = "&is_reverse=1" if reverse else ""
    return (
        f"https://{urls.HOST}/mp/appmsgalbum?action=getalbum&__biz={biz}&album_id={album_id}&count={COUNT}"
        f"{begin}{order}&f=json"
    )


def _from_json(page: Page, body: bytes) -> Listed:
    try:
        data = json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        raise Unrecognised(mark("an album's list that is not JSON"), url=page.url) from None
    answer = data.get("getalbum_resp") if isinstance(data, dict) else None
    if not isinstance(answer, dict):
        raise _failure(page, data)
    info = values.mapping(answer.get("base_info"))
    members = _members(answer.get("article_list"))
    return Listed(
        members=members,
        album=_album(page, info, answer),
        account=_account(info, members),
        more=bool(values.whole(answer.get("continue_flag"))),
        reverse=bool(values.whole(info.get("is_reverse"))),
    )


def _failure(page: Page, data: object) -> Blocked | NeedsPerson | Unrecognised:
    """What an answer without a list says: ``base_resp.ret`` (200013 frequency limit, -3 login
    lost).
    """
    result = values.mapping(data.get("base_resp")) if isinstance(data, dict) else {}
    code = values.whole(result.get("ret"))
    if code in (200013, -6):
        return Blocked(
            mark("WeChat says that requests come too often"),
            reason="frequency",
            shown=str(code),
            url=page.url,
        )
    if code in (-3, 200003):
        return NeedsPerson(
            mark("the album opens only with a login"), reason="login", shown=str(code), url=page.url
        )
    return Unrecognised(
        mark("an answer without an album's list (ret {code})", code=code), url=page.url
    )


def _from_html(parsed: ParsedPage) -> Listed:
    data = values.mapping(parsed.scripts.get("cgiData", "window var"))
    members = _members(data.get("articleList") or data.get("article_list")) or _shown(parsed)
    if not members and not data.get("article_count"):
        raise status.refuse(parsed)
    album = _album(parsed.page, data, data)
    flag = data.get("continue_flag")
    more = (
        bool(values.whole(flag))
        if flag is not None
        else bool(album and album.size and album.size > len(members))
    )
    return Listed(
        members=members,
        album=album,
        account=_account(data, members),
        more=more,
        reverse=bool(values.whole(data.get("is_reverse"))),
    )


def _members(value: Literal) -> tuple[Member, ...]:
    found = []
    for entry in values.sequence(value):
        info = values.mapping(entry)
        url = values.address(info.get("url") or info.get("link"))
        if url is None:
            continue
        title = info.get("title")
        kind = info.get("item_show_type")
        found.append(
            Member(
                url=urls.clean_link(url),
                title=decoded_line(title) if isinstance(title, str) else None,
                msgid=values.digits(info.get("msgid")) or values.digits(info.get("msg_id")),
                itemidx=values.digits(info.get("itemidx")) or values.digits(info.get("item_idx")),
                created=values.moment(info.get("create_time")),
                position=values.whole(info.get("pos_num")) or None,
                kind=values.whole(kind) if kind not in (None, "") else None,
            )
        )
    return tuple(found)


def _shown(parsed: ParsedPage) -> tuple[Member, ...]:
    """The entries in the DOM of a list page or a saved piece of one."""
    found = []
    for element in parsed.by_class("album__list-item"):
        url = values.address(element.get("data-link"))
        if url is None:
            continue
        found.append(
            Member(
                url=urls.clean_link(url),
                title=decoded_line(element.get("data-title")) or decoded_line(text_of(element)),
                msgid=values.digits(element.get("data-msgid")),
                itemidx=values.digits(element.get("data-itemidx")),
                position=values.whole(element.get("data-pos_num")) or None,
            )
        )
    return tuple(found)


def _album(page: Page, info: values.Data, answer: values.Data) -> Album | None:
    asked = dict(parse_qsl(urlsplit(page.url).query))
    id_ = (
        values.digits(asked.get("album_id"))
        or values.digits(info.get("albumId"))
        or values.digits(info.get("album_id"))
    )
    if not id_:
        return None
    title = info.get("title") or info.get("album_title") or info.get("albumTitle")
    size = values.whole(info.get("article_count")) or values.whole(answer.get("article_count"))
    biz = asked.get("__biz")
    return Album(
        id=id_,
        title=decoded_line(title) if isinstance(title, str) else None,
        url=f"https://{urls.HOST}/mp/appmsgalbum?__biz={biz}&action=getalbum&album_id={id_}"
        if biz
        else None,
        size=size if size and size > 0 else None,
    )


def _account(info: values.Data, members: tuple[Member, ...]) -> Account | None:
    name, user_name = (
        info.get("nickname") or info.get("nick_name"),
        info.get("user_name") or info.get("username"),
    )
    biz = next((urls.account_of(member.url) for member in members), None)
    found = Account(
        name=decoded_line(name) if isinstance(name, str) else None,
        biz=biz,
        user_name=user_name
        if isinstance(user_name, str) and re.match(r"gh_\w+$", user_name)
        else None,
    )
    return found if found != Account() else None
