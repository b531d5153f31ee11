"""Answers of mp.weixin.qq.com to a client → lists, counts, comments: old and new shapes, refusals,
and what is let through of an exchange.
"""

from __future__ import annotations

import html
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.errors import Blocked, Expired, ScrapeError, Unrecognised
from scraper.models import Page
from scraper.traffic import comments, counts, credentials, lists
from scraper.traffic.clean import cleaned
from scraper.traffic.exchange import Exchange, kind_of
from scraper.traffic.models import Counts
from tests.weixin.pages import album_json
from tests.weixin.site import Site
from tests.weixin.talk import (
    COOKIE,
    SECRETS,
    SESSION,
    Said,
    comments_answer,
    counts_answer,
    messages_answer,
    with_session,
)

HOME = "https://mp.weixin.qq.com/mp/profile_ext?action=home&__biz=MzA5MTIzNDU2Nw=="


def data(value: object) -> bytes:
    """As it comes over the wire."""
    return json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://mp.weixin.qq.com/s/0123456789abcdefghijkl", "page"),
        ("https://mp.weixin.qq.com/s?__biz=MzA5MTIzNDU2Nw==&mid=1&idx=1&sn=0a", "page"),
        (HOME, "home"),
        (HOME.replace("home", "getmsg"), "messages"),
        ("https://mp.weixin.qq.com/mp/appmsgalbum?action=getalbum&__biz=MzA=&album_id=7", "album"),
        ("https://mp.weixin.qq.com/mp/getappmsgext?__biz=MzA=", "counts"),
        ("https://mp.weixin.qq.com/mp/appmsg_comment?action=getcomment", "comments"),
        ("https://mp.weixin.qq.com/mp/appmsg_comment?action=getcommentreply", "replies"),
        ("https://mp.weixin.qq.com/mp/appmsg_comment?action=addcomment", None),
        ("https://mp.weixin.qq.com/mp/jsmonitor?idkey=1", None),
        ("https://mmbiz.qpic.cn/mmbiz_png/a/640", "media"),
        ("https://res.wx.qq.com/voice/getvoice?mediaid=a", "media"),
        ("https://evil-qpic.cn/a", None),
        ("https://mp.weixin.qq.com.evil.example/s/0123456789abcdefghijkl", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_what_an_answer_is(url: str, kind: str | None) -> None:
    """By its address alone."""
    assert kind == kind_of(url)


@pytest.mark.parametrize(
    ("stat", "found"),
    [
        ({"read_num": 5, "old_like_num": 2, "like_num": 1}, Counts(read=5, like=2, looking=1)),
        ({"read_num": 5, "like_num": 2}, Counts(read=5, like=2)),  # before there was 在看
        ({"read_num": 100001, "share_num": "3"}, Counts(read=100001, share=3)),
        ({"read_num": -1, "like_num": "many", "share_num": 10**30}, Counts()),
        ({}, Counts()),
    ],
)
def test_counts(stat: dict[str, Any], found: Counts) -> None:
    """Those of getappmsgext."""
    assert found == counts.read(data({**counts_answer({}), "appmsgstat": stat}))


def test_a_page_without_credentials_has_no_counts() -> None:
    """Nor does one that only speaks of them."""
    assert not counts.of_page(Page(url=HOME, body=b"<p>appmsg_bar_data</p>"))


def test_older_comments_have_their_replies_elsewhere() -> None:
    """``reply`` instead of ``reply_new``; the account's own says ``is_from`` 1."""
    entry = comments_answer([Said(id=7, text="好&amp;妙", place="")])["elected_comment"][0]
    del entry["reply_new"]
    entry["reply"] = {"reply_list": [{"reply_id": 1, "content": "谢谢", "is_from": 1}]}
    (found,) = comments.read(data({"elected_comment": [entry]})).comments

    assert ("好&妙", 1, "中国") == (found.text, found.reply_count, found.place)
    assert [("谢谢", True)] == [(one.text, one.by_author) for one in found.replies]


@pytest.mark.parametrize(
    "read", [comments.read, comments.read_replies, counts.read, lists.messages]
)
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"base_resp":{"ret":-3}}', Expired),
        (b'{"base_resp":{"ret":"-6"}}', Blocked),
        (b'{"ret":200013}', Blocked),
        (b'{"base_resp":{"ret":7}}', Unrecognised),
        (b"<html>", Unrecognised),
        (b"[]", Unrecognised),
        (b"{}", Unrecognised),
        (b"[" * 100_000, Unrecognised),
        (b"", Unrecognised),
    ],
)
def test_refusals(read: Any, body: bytes, error: type[ScrapeError]) -> None:
    """Each in its own word; nothing else is ever raised."""
    with pytest.raises(error):
        read(body)


def test_lists_of_each_kind() -> None:
    """The same articles out of getmsg, the home page's script and an album."""
    site = Site()
    first, second = site.article("第一篇"), site.article("第二篇")
    answer = messages_answer([first, second])
    escaped = html.escape(answer["general_msg_list"], quote=True)
    page = f"<html><script>var msgList = '{escaped}';</script></html>"
    entries = [
        {"msgid": one.fields.mid, "itemidx": "1", "title": one.title, "url": one.long,
         "create_time": str(one.fields.unix)}
        for one in (first, second)
    ]  # fmt: skip
    album = album_json(entries, title="合集", size=2, more=False, biz=first.fields.biz)
    url = f"https://mp.weixin.qq.com/mp/appmsgalbum?action=getalbum&__biz={first.fields.biz}"

    found = [
        lists.messages(data(answer)),
        lists.home(Page(url=HOME, body=page.encode())),
        lists.of_album(Page(url=f"{url}&album_id=7&f=json", body=album)),
    ]

    assert [[("第一篇", first.fields.published), ("第二篇", second.fields.published)]] * 3 == [
        [(one.title, one.published) for one in listed] for listed in found
    ]


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        (
            "/mp/appmsg_comment?action=getcomment&__biz=MzA=",
            comments_answer([Said(id=1, text="一")]),
        ),
        ("/mp/getappmsgext?__biz=MzA=", counts_answer({"read_num": 1})),
        ("/mp/profile_ext?action=getmsg&__biz=MzA=", messages_answer([Site().article("一")])),
    ],
)
def test_nothing_of_the_reader_is_let_through(url: str, answer: dict[str, Any]) -> None:
    """Of the address, the cookies, the form and the answer; what is kept reads as before."""
    exchange = Exchange(
        url=with_session(f"https://mp.weixin.qq.com{url}"), body=data(answer), cookie=COOKIE,
        method="POST", sent=f"key={SESSION['key']}&is_only_read=1".encode(),
    )  # fmt: skip
    clean = cleaned(exchange)

    assert clean is not None
    whole = f"{clean.url} {clean.body.decode()} {clean.sent!r} {clean.cookie}"
    assert [] == [one for one in SECRETS if one in whole]
    assert kind_of(clean.url) == kind_of(exchange.url)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["elected_comment", "content_id", "reply_new", "reply_list", "reply_id", "content",
                 "multi_info", "pictures", "url", "create_time", "ip_wording", "nick_name",
                 "appmsgstat", "read_num", "general_msg_list", "list", "app_msg_ext_info",
                 "comm_msg_info", "datetime", "content_url", "title", "base_resp", "ret"]
            ), inner, max_size=5,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_whatever_comes_is_read_or_refused(value: object) -> None:
    """Values of any type in any place."""
    body = json.dumps(value).encode()
    for read in (comments.read, comments.read_replies, counts.read, lists.messages):
        with suppress(ScrapeError):
            read(body)


def test_the_newest_credential_of_an_account_is_used_and_shows_nothing() -> None:
    """Milliseconds or seconds; its own ``repr`` is no way out."""
    entries = [
        {"url": with_session("https://mp.weixin.qq.com/s?__biz=MzA5MTIzNDU2Nw=="), "timestamp": at,
         "set_cookie": f"wap_sid2=sid{at}abcdef; Path=/; HttpOnly"}
        for at in (1_790_000_000_000, 1_790_000_001, 1_780_000_000)
    ]  # fmt: skip
    found = credentials.read(data(entries))

    (one,) = found.values()
    assert "wap_sid2=sid1790000001abcdef" == one.cookie
    assert [] == [secret for secret in SESSION.values() if secret in repr(found)]
