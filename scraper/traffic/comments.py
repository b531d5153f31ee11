"""The comments (留言) under an article, as a client is given them. Pure.

``GET /mp/appmsg_comment?action=getcomment`` answers ``elected_comment[]`` page by page:
``continue_flag`` says that more follow, ``buffer`` goes into the next request. Only comments that
the account has elected come; ``elected_comment_total_cnt`` counts them all, replies not included.
``action=getcommentreply`` answers the replies of one comment beyond those that came with it
(``reply_list.reply_list[]``). Names as public programs read them, up to 2026-09; older answers have
``reply`` where newer ones have ``reply_new``.

Of whoever wrote a comment the name and the place are kept, as everybody sees them; no ``openid``
and no portrait. What the answer says of the reader (``my_comment``, ``is_from_me``, the reader's own
name) is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scraper.errors import Unrecognised
from scraper.messages import mark
from scraper.models import Image
from scraper.parse import values
from scraper.parse.literal import Literal
from scraper.plain import html_decode
from scraper.text import without_noise
from scraper.traffic import answers
from scraper.traffic.models import Comment

#: WeChat lets people write 600 characters; an account's own replies were seen longer.
_LONGEST: Final = 20_000
_LONGEST_NAME: Final = 200
_MOST_PICTURES: Final = 50
_LARGEST: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPage:
    """One answer. ``total``: how many elected comments there are, None where it does not say;
    ``more``: others follow, asked for with ``buffer``.
    """

    comments: tuple[Comment, ...]
    total: int | None = None
    more: bool = False
    buffer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPage:
    """One answer with replies to one comment, oldest first; ``more`` follow after
    ``last_reply``.
    """

    replies: tuple[Comment, ...]
    more: bool = False
    last_reply: str | None = None


def read(body: bytes) -> CommentPage:
    """The comments of an answer. Raises Expired, Blocked, Unrecognised."""
    data = answers.read(body, mark("a list of comments"))
    if "elected_comment" not in data and "elected_comment_total_cnt" not in data:
        raise Unrecognised(mark("an answer without a list of comments"))
    return CommentPage(
        comments=tuple(
            one
            for entry in values.sequence(data.get("elected_comment"))
            if (one := _comment(values.mapping(entry))) is not None
        ),
        total=_count(data.get("elected_comment_total_cnt")),
        more=bool(values.whole(data.get("continue_flag"))),
        buffer=_text(data.get("buffer"), 4096) or "",
    )


def read_replies(body: bytes) -> ReplyPage:
    """The replies of an answer. Raises Expired, Blocked, Unrecognised."""
    data = answers.read(body, mark("a list of replies"))
    if "reply_list" not in data:
        raise Unrecognised(mark("an answer without a list of replies"))
    listed = values.mapping(data.get("reply_list"))
    replies = _replies(listed)
    return ReplyPage(
        replies=replies,
        more=bool(values.whole(data.get("continue_flag", listed.get("continue_flag")))),
        last_reply=values.digits(listed.get("max_reply_id")) or _last(replies),
    )


def _comment(data: values.Data) -> Comment | None:
    number = values.digits(data.get("content_id")) or values.digits(data.get("id"))
    if number is None:
        return None
    listed = values.mapping(data.get("reply_new")) or values.mapping(data.get("reply"))
    replies = _replies(listed)
    return Comment(
        id=number,
        author=_name(data.get("nick_name")),
        text=_text(data.get("content"), _LONGEST) or "",
        written=values.moment(data.get("create_time")),
        likes=_count(data.get("like_num")) or 0,
        place=_place(data.get("ip_wording")),
        by_author=_is_by_author(data),
        liked_by_author=bool(values.whole(data.get("author_like_status"))),
        pinned=bool(values.whole(data.get("is_top"))),
        pictures=_pictures(data.get("multi_info")),
        replies=replies,
        reply_count=max(_count(listed.get("reply_total_cnt")) or 0, len(replies)),
        last_reply=values.digits(listed.get("max_reply_id")) or _last(replies),
    )


def _replies(listed: values.Data) -> tuple[Comment, ...]:
    found = (_reply(values.mapping(entry)) for entry in values.sequence(listed.get("reply_list")))
    return tuple(one for one in found if one is not None)


def _reply(data: values.Data) -> Comment | None:
    number = values.digits(data.get("reply_id"))
    if number is None:
        return None
    return Comment(
        id=number,
        author=_name(data.get("nick_name")),
        text=_text(data.get("content"), _LONGEST) or "",
        written=values.moment(data.get("create_time")),
        likes=_count(data.get("reply_like_num", data.get("like_num"))) or 0,
        place=_place(data.get("ip_wording")),
        by_author=_is_by_author(data),
        liked_by_author=bool(values.whole(data.get("author_like_status"))),
        to=_name(data.get("to_nick_name")),
        pictures=_pictures(data.get("multi_info")),
    )


def _is_by_author(data: values.Data) -> bool:
    """``identity_type`` of a comment, ``is_from`` of a reply (1 in older answers, 2 in newer)."""
    return values.whole(data.get("identity_type")) == 1 or values.whole(data.get("is_from")) in (
        1,
        2,
    )


def _last(replies: tuple[Comment, ...]) -> str | None:
    return replies[-1].id if replies else None


def _pictures(value: Literal) -> tuple[Image, ...]:
    found = []
    for entry in values.sequence(values.mapping(value).get("pictures"))[:_MOST_PICTURES]:
        data = values.mapping(entry)
        url = values.address(data.get("url"))
        if url is not None:
            width, height = _count(data.get("width")), _count(data.get("height"))
            found.append(Image(url=url, role="comment", width=width, height=height))
    return tuple(found)


def _place(value: Literal) -> str | None:
    """The province, else the country: as under an article."""
    data = values.mapping(value)
    return _name(data.get("province_name")) or _name(data.get("country_name"))


def _name(value: Literal) -> str | None:
    return " ".join((_text(value, _LONGEST_NAME) or "").split()) or None


def _text(value: Literal, most: int) -> str | None:
    if not isinstance(value, str):
        return None
    return without_noise(html_decode(value[:most])).strip() or None


def _count(value: Literal) -> int | None:
    if isinstance(value, bool) or value in (None, ""):
        return None
    found = values.whole(value)
    return found if found is not None and 0 <= found <= _LARGEST else None
