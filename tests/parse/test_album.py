"""Albums' lists: JSON pages, the HTML page before them, and the way from one to the next."""

from __future__ import annotations

import json
from typing import Any

import pytest

import scraper
from scraper.parse import album

BIZ = "MzI5OTk5OTk5OQ=="
URL = f"https://mp.weixin.qq.com/mp/appmsgalbum?__biz={BIZ}&action=getalbum&album_id=3100000000000000001"


def entry(mid: int, idx: int = 1) -> dict[str, str]:
    """One entry as WeChat writes it: all text, escaped addresses."""
    return {
        "msgid": str(mid),
        "itemidx": str(idx),
        "title": f"第&nbsp;{mid} 封",
        "create_time": "1709598600",
        "url": f"http://mp.weixin.qq.com/s?__biz={BIZ}&amp;mid={mid}&amp;idx={idx}&amp;sn={'a' * 32}&amp;chksm=c0#rd",
    }


def answer(articles: Any, *, more: str = "1", reverse: str = "0") -> bytes:
    """A JSON page."""
    data: dict[str, Any] = {
        "base_info": {
            "article_count": "43",
            "title": "四季",
            "nickname": "山间来信",
            "is_reverse": reverse,
        },
        "continue_flag": more,
        "reverse_continue_flag": "0",
    }
    if articles is not None:
        data["article_list"] = articles
    return json.dumps({"base_resp": {"ret": 0}, "getalbum_resp": data}).encode()


def test_a_json_page() -> None:
    """Entries come typed and in order; the next page begins after the last one, with its own
    itemidx.
    """
    page = scraper.Page(url=URL + "&f=json", body=answer([entry(20), entry(19, 3)]))
    listed = album.read(page)
    first = listed.members[0]
    assert (first.msgid, first.itemidx, first.title) == ("20", "1", "第 20 封")
    assert (
        first.url == f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=20&idx=1&sn={'a' * 32}&chksm=c0"
    )
    assert first.created is not None
    assert first.created.isoformat() == "2024-03-05T00:30:00+00:00"
    assert listed.album == scraper.Album(id="3100000000000000001", title="四季", url=URL, size=43)
    assert listed.account == scraper.Account(name="山间来信", biz=BIZ)
    following = album.next_url(page, listed)
    assert following == album.page_url(BIZ, "3100000000000000001", "19", "3")
    assert following is not None
    assert "begin_itemidx=3" in following
    assert "begin_msgid=19" in following


def test_one_entry_may_be_an_object_and_none_may_be_absent() -> None:
    """``article_list`` is an object for one entry, an array for more, and not there after the
    last.
    """
    assert [m.msgid for m in album.read(scraper.Page(url=URL, body=answer(entry(7)))).members] == [
        "7"
    ]
    last = scraper.Page(url=URL, body=answer(None, more="0"))
    assert album.read(last).members == ()
    assert album.next_url(last, album.read(last)) is None


def test_the_last_page_may_still_hold_entries() -> None:
    """``continue_flag`` 0 ends the list after this page, not before it."""
    page = scraper.Page(url=URL, body=answer([entry(3)], more="0"))
    assert len(album.read(page).members) == 1
    assert album.next_url(page, album.read(page)) is None


def test_both_orders() -> None:
    """The other order is asked for on purpose, and kept once the list runs in it."""
    page = scraper.Page(url=URL, body=answer([entry(3)]))
    turned = album.next_url(page, album.read(page), reverse=True)
    assert turned is not None
    assert "is_reverse=1" in turned
    backwards = scraper.Page(url=URL + "&is_reverse=1", body=answer([entry(4)], reverse="1"))
    kept = album.next_url(backwards, album.read(backwards))
    assert kept is not None
    assert "is_reverse=1" in kept


def test_a_list_that_stands_still_ends() -> None:
    """A page whose last entry is the one it began after would be asked for for ever."""
    page = scraper.Page(url=album.page_url(BIZ, "1", "3", "1"), body=answer([entry(3)]))
    assert album.next_url(page, album.read(page)) is None


def test_the_html_page() -> None:
    """The first page has its entries in a script, and says whether there are more."""
    body = f"""<html><head><title></title></head><body><script>window.cgiData = {{ ret: '0', nick_name: '山间来信',
    article_count: '2' * 1, articleList: [ {{ title: '信', create_time: '1709598600', msgid: '9', itemidx: '2',
    url: 'http://mp.weixin.qq.com/s?__biz={BIZ}\\x26amp;mid=9\\x26amp;idx=2\\x26amp;sn={"b" * 32}#rd', }}, ],
    continue_flag: '1' * 1, }};</script></body></html>"""
    page = scraper.Page(url=URL, body=body.encode())
    listed = album.read(page)
    assert [(m.title, m.msgid, m.itemidx) for m in listed.members] == [("信", "9", "2")]
    assert (listed.more, listed.album and listed.album.size) == (True, 2)
    assert album.next_url(page, listed) == album.page_url(BIZ, "3100000000000000001", "9", "2")


def test_the_list_in_the_dom() -> None:
    """A saved piece of the page has its entries as list items."""
    body = f"""<ul class="album__list"><li class="album__list-item js_album_item" data-msgid="8" data-itemidx="1"
    data-link="http://mp.weixin.qq.com/s?__biz={BIZ}&amp;mid=8&amp;idx=1&amp;sn={"c" * 32}#rd" data-title="旧信"
    data-pos_num="31"></li></ul>"""
    (member,) = album.read(scraper.Page(url=URL, body=body.encode())).members
    assert (member.title, member.msgid, member.position) == ("旧信", "8", 31)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"base_resp":{"ret":200013}}', scraper.Blocked),
        (b'{"base_resp":{"ret":-3}}', scraper.NeedsPerson),
        (b'{"base_resp":{"ret":0}}', scraper.Unrecognised),
        (b'{"getalbum_resp":[]}', scraper.Unrecognised),
        (b"{" * 100_000, scraper.Unrecognised),
        (b"<html><body>?</body></html>", scraper.Unrecognised),
        (
            '<div class="weui-msg"><h2 class="weui-msg__title">环境异常</h2></div>'.encode(),
            scraper.Blocked,
        ),
    ],
)
def test_what_is_no_list_is_refused(body: bytes, error: type[scraper.ScrapeError]) -> None:
    """Limits, lost logins, captchas and nonsense raise what they are."""
    with pytest.raises(error):
        album.read(scraper.Page(url=URL, body=body))
