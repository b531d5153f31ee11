"""What stands around an article at mp.weixin.qq.com, for a client with a session: comments and
their replies, counts, an account's messages. With faults.

In the shapes that public programs read (up to 2026-09). Every answer also holds what it says of its
reader, so that a test can look for it afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.weixin.answer import Answer, Request
from tests.weixin.site import ARTICLES, Published, Site

#: One reader's session; each value is looked for in everything that the program leaves behind.
SESSION: Mapping[str, str] = {
    "uin": "MTIzNDU2Nzg5MDEyMw==",
    "key": "cafe0123456789abcdef0123456789abcdefcafe",
    "pass_ticket": "tIcKeT0Of0ThE0ReAdEr0123456789abcdef",
    "appmsg_token": "1234_tOkEnOfThEaCcOuNt0123456789~",
}
COOKIE = "wap_sid2=sId2Of0ThE0ReAdEr0123456789==; wxuin=9876543210123; devicetype=iOS18"
#: What answers say of the reader beside tokens.
READER_NAME, READER_FACE = "正在读的人甲乙丙", "https://wx.qlogo.cn/mmopen/readersface/132"
OPENID = "oReAdErSoPeNiD0123456789abcd"
#: Nothing of these may be anywhere afterwards.
SECRETS = (
    *SESSION.values(),
    "sId2Of0ThE0ReAdEr0123456789",
    "9876543210123",
    READER_NAME,
    "readersface",
    OPENID,
)


@dataclass(kw_only=True)
class Said:
    """One comment or reply, as a test writes it."""

    id: int
    text: str
    author: str = "一位读者"
    likes: int = 0
    at: int = 1_782_900_000
    place: str = "广东"
    top: bool = False
    own: bool = False
    liked: bool = False
    to: str = ""
    pictures: Sequence[str] = ()
    replies: Sequence[Said] = ()
    #: How many of the replies come with the comment itself.
    shown: int = 2


@dataclass(kw_only=True)
class Talk:
    """Everything around the articles of one account. ``page``: comments in an answer.

    ``fault`` is how the next comment answers come: ``stuck`` (the same buffer again and again),
    ``endless`` (replies without end), ``html`` (a page instead of JSON). ``ret`` is what every
    answer says once ``after`` of them were given.
    """

    comments: list[Said] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    page: int = 20
    fault: str = ""
    ret: int = 0
    after: int = 0
    given: int = 0

    def serve(self, site: Site, *articles: Published) -> None:
        """Answer for all of the site's articles (they share one talk)."""
        site.on(f"https://{ARTICLES}/mp/appmsg_comment", self._comments)
        site.on(f"https://{ARTICLES}/mp/getappmsgext", self._counts)

    def _comments(self, request: Request) -> Answer:
        asked = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        if (refusal := self._refusal(request, asked)) is not None:
            return refusal
        if asked["action"] == "getcommentreply":
            return _json(self.replies(asked["content_id"], int(asked["max_reply_id"])))
        return _json(self.answer(asked.get("buffer", "")))

    def _counts(self, request: Request) -> Answer:
        asked = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        if (refusal := self._refusal(request, asked)) is not None:
            return refusal
        assert request.method == "POST"
        return _json(counts_answer(self.counts))

    def _refusal(self, request: Request, asked: Mapping[str, str]) -> Answer | None:
        self.given += 1
        if any(asked.get(name) != value for name, value in SESSION.items()):
            return _json({"base_resp": {"ret": -3, "errmsg": "no session"}})
        if COOKIE.partition(";")[0] not in request.headers.get("cookie", ""):
            return _json({"base_resp": {"ret": -3, "errmsg": "no session"}})
        if self.ret and self.given > self.after:
            return _json({"base_resp": {"ret": self.ret}})
        if self.fault == "html":
            return Answer(body="<!DOCTYPE html><html><body>系统繁忙</body></html>")
        return None

    def answer(self, buffer: str = "") -> dict[str, Any]:
        """One page of comments; ``buffer`` says where it begins."""
        at = int(buffer.removeprefix("at-") or 0)
        shown = self.comments[at : at + self.page]
        more = at + self.page < len(self.comments)
        following = buffer if self.fault == "stuck" and buffer else f"at-{at + self.page}"
        return comments_answer(
            shown, total=len(self.comments), more=more or self.fault == "stuck", buffer=following
        )

    def replies(self, comment: str, after: int) -> dict[str, Any]:
        """The replies to a comment behind the reply ``after``."""
        said = next(one for one in self.comments if str(one.id) == comment)
        left = [one for one in said.replies if one.id > after]
        if self.fault == "endless":
            left = [Said(id=after + 1, text=f"第{after + 1}条没完没了的回复")]
        found = left[: self.page]
        return {
            "base_resp": {"ret": 0},
            "continue_flag": int(len(left) > self.page or self.fault == "endless"),
            "reply_list": {
                "reply_list": [_reply(one) for one in found],
                "max_reply_id": found[-1].id if found else after,
            },
        }


def comments_answer(
    comments: Sequence[Said], *, total: int | None = None, more: bool = False, buffer: str = ""
) -> dict[str, Any]:
    """An answer of ``action=getcomment``."""
    return {
        "base_resp": {"ret": 0, "errmsg": "ok"},
        "enabled": 1,
        "nick_name": READER_NAME,
        "logo_url": READER_FACE,
        "my_comment": [{"content": f"{READER_NAME}写的", "openid": OPENID, "content_id": "999"}],
        "continue_flag": int(more),
        "buffer": buffer,
        "elected_comment_total_cnt": len(comments) if total is None else total,
        "elected_comment": [_comment(one) for one in comments],
    }


def _comment(one: Said) -> dict[str, Any]:
    return {
        "content_id": str(one.id),
        "id": one.id,
        "my_id": 23,
        "nick_name": one.author,
        "logo_url": f"http://wx.qlogo.cn/mmhead/face{one.id}/132",
        "openid": OPENID,
        "content": one.text,
        "create_time": one.at,
        "like_num": one.likes,
        "like_status": 1,
        "is_from_me": 0,
        "is_top": int(one.top),
        "identity_type": int(one.own),
        "author_like_status": int(one.liked),
        "ip_wording": {"country_name": "中国", "province_name": one.place},
        "multi_info": _pictures(one),
        "reply_new": {
            "reply_total_cnt": len(one.replies),
            "max_reply_id": one.replies[one.shown - 1].id if len(one.replies) > one.shown else 0,
            "reply_list": [_reply(reply) for reply in one.replies[: one.shown]],
        },
    }


def _reply(one: Said) -> dict[str, Any]:
    return {
        "reply_id": one.id,
        "nick_name": one.author,
        "to_nick_name": one.to,
        "logo_url": f"http://wx.qlogo.cn/mmhead/face{one.id}/132",
        "openid": OPENID,
        "content": one.text,
        "create_time": one.at,
        "reply_like_num": one.likes,
        "is_from": 2 if one.own else 0,
        "ip_wording": {"country_name": "中国", "province_name": one.place},
        "multi_info": _pictures(one),
    }


def _pictures(one: Said) -> dict[str, Any]:
    return {"pictures": [{"url": url, "width": 640, "height": 480} for url in one.pictures]}


def counts_answer(counts: Mapping[str, int]) -> dict[str, Any]:
    """An answer of getappmsgext: ``read_num``, ``old_like_num``, ``like_num``, ``share_num`` …"""
    return {
        "base_resp": {"ret": 0},
        "appmsgstat": {"show": True, "is_login": True, "liked": False, **counts},
        "user_uin": SESSION["uin"],
        "nick_name": READER_NAME,
    }


def messages_answer(articles: Sequence[Published]) -> dict[str, Any]:
    """An answer of ``action=getmsg``: one message an article."""
    listed = {"list": [_message(one) for one in articles]}
    return {
        "ret": 0,
        "base_resp": {"ret": 0},
        "can_msg_continue": 0,
        "msg_count": len(articles),
        "next_offset": len(articles),
        "general_msg_list": json.dumps(listed, ensure_ascii=False),
    }


def _message(one: Published) -> dict[str, Any]:
    return {
        "comm_msg_info": {"id": int(one.fields.mid), "datetime": one.fields.unix, "type": 49},
        "app_msg_ext_info": {
            "title": one.title,
            "digest": f"{one.title}的摘要",
            "author": one.fields.author,
            "content_url": one.long.replace("&", "&amp;").replace("/", "\\/"),
            "cover": "",
            "multi_app_msg_item_list": [],
        },
    }


#: An entry of a ``credentials.json`` for an account that no archive of the tests holds.
CREDENTIALS = {
    "url": "https://mp.weixin.qq.com/s?__biz=MzI5OTk5OTk5OQ==&mid=1&idx=1&"
    + "&".join(f"{name}={value}" for name, value in SESSION.items()),
    "set_cookie": COOKIE,
    "timestamp": 1_790_000_000_000,
}


def with_session(url: str) -> str:
    """An address as the reader's client asks for it."""
    tokens = "&".join(f"{name}={value}" for name, value in SESSION.items())
    return f"{url}{'&' if '?' in url else '?'}{tokens}&devicetype=iOS18"


def _json(value: object) -> Answer:
    return Answer(
        body=json.dumps(value, ensure_ascii=False), type="application/json; charset=UTF-8"
    )
