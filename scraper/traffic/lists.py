"""The messages that an account has sent, as its readers' clients list them. Pure.

``GET /mp/profile_ext?action=getmsg&f=json`` answers ``general_msg_list``, a JSON *string*;
``action=home`` is HTML with the same in ``var msgList = '…'``, escaped. Each message holds one
article (``app_msg_ext_info``) and those sent together with it (``multi_app_msg_item_list``). Names
as public programs read them, up to 2026-09. Albums are ``scraper.parse.album``'s.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from scraper import urls
from scraper.errors import NotAnAddress, Unrecognised
from scraper.messages import mark
from scraper.models import Page
from scraper.parse import album, values
from scraper.parse.encoding import to_utf8
from scraper.parse.literal import Literal
from scraper.parse.parsed_page import ParsedPage
from scraper.plain import decoded_line
from scraper.traffic import answers
from scraper.traffic.models import Listed

#: More messages than any answer has (it holds 10), and articles than any message (8).
_MOST: Final = 2_000


def messages(body: bytes) -> tuple[Listed, ...]:
    """Those of an answer of ``getmsg``. Raises Expired, Blocked, Unrecognised."""
    data = answers.read(body, mark("a list of messages"))
    if "general_msg_list" not in data:
        raise Unrecognised(mark("an answer without a list of messages"))
    return _of_list(data["general_msg_list"])


def home(page: Page) -> tuple[Listed, ...]:
    """Those on the page ``action=home``. Raises Unrecognised."""
    parsed = ParsedPage(page, to_utf8(page.body, page_type(page)))
    found = parsed.scripts.get("msgList", "window var")
    if found is None:
        raise Unrecognised(mark("a page without a list of messages"))
    return _of_list(found)


def of_album(page: Page) -> tuple[Listed, ...]:
    """Those of an album's page. Raises what ``album.read`` raises."""
    found = (
        _listed(member.url, member.title, published=member.created)
        for member in album.read(page).members
    )
    return tuple(one for one in found if one is not None)


def page_type(page: Page) -> str | None:
    """Its Content-Type."""
    return dict(page.headers).get("content-type")


def _of_list(value: Literal) -> tuple[Listed, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(html.unescape(value) if "&quot;" in value else value, strict=False)
        except (ValueError, RecursionError):
            raise Unrecognised(mark("a list of messages that is not JSON")) from None
    found: dict[str, Listed] = {}
    for message in values.sequence(values.mapping(value).get("list"))[:_MOST]:
        for one in _of_message(values.mapping(message)):
            found.setdefault(one.address, one)
    return tuple(found.values())


def _of_message(message: values.Data) -> Iterator[Listed]:
    sent = values.moment(values.mapping(message.get("comm_msg_info")).get("datetime"))
    first = values.mapping(message.get("app_msg_ext_info"))
    others = values.sequence(first.get("multi_app_msg_item_list"))[:_MOST]
    for entry in (first, *map(values.mapping, others)):
        link = entry.get("content_url")
        url = values.address(link.replace("\\/", "/")) if isinstance(link, str) else None
        one = url and _listed(
            url,
            entry.get("title"),
            digest=entry.get("digest"),
            author=entry.get("author"),
            published=sent,
        )
        if one:
            yield one


def _listed(
    url: str,
    title: Literal,
    *,
    digest: Literal = None,
    author: Literal = None,
    published: datetime | None = None,
) -> Listed | None:
    try:
        address = urls.parse(url)
    except NotAnAddress:
        return None
    return Listed(
        address=address.fetch,
        title=_line(title),
        digest=_line(digest),
        author=_line(author),
        published=published,
    )


def _line(value: Literal) -> str | None:
    return decoded_line(value[:2000]) if isinstance(value, str) else None
