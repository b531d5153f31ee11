"""Small pages in WeChat's own structure, for scenarios that need thousands of them."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence

from scraper.models import Page
from tests.crawl.fakes import BIZ, long
from tests.weixin.pages import Fields, article_page

_MID = 2247480000


def page(
    number: int,
    links: Iterable[str] = (),
    *,
    biz: str = BIZ,
    images: Sequence[str] = (),
    text: str = "正文。",
    title: str | None = None,
    album: tuple[str, str | None, str | None, int] | None = None,
) -> Page:
    """Article ``number`` with links in its text; ``album`` is (id, previous, next, size)."""
    title = title or f"第{number}篇"
    if album is not None:
        return _in_album(number, title, biz, album)
    body = f"<p>{text}</p>"
    body += "".join(
        f'<p><a href="{html.escape(url)}">链接{n}</a></p>' for n, url in enumerate(links)
    )
    body += "".join(f'<p><img data-src="{html.escape(url)}"></p>' for url in images)
    source = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title></title></head><body>'
        f'<div id="js_article" class="rich_media"><h1 class="rich_media_title" id="activity-name">{title}</h1>'
        f'<a id="js_name">账号甲</a><div class="rich_media_content" id="js_content">{body}</div></div><script>'
        f'var biz = "" || "{biz}"; var mid = "" || "{_MID + number}"; var idx = "" || "1"; '
        f'var sn = "" || "{number:032x}";'
        f"var msg_title = '{title}'.html(false); "
        f'var nickname = htmlDecode("账号甲"); var ct = "{1666844280 + number}";'
        f'var msg_link = "{long(number, biz)}#rd";</script></body></html>'
    )
    return Page(url="", body=source.encode())


def _in_album(
    number: int, title: str, biz: str, album: tuple[str, str | None, str | None, int]
) -> Page:
    album_id, previous, following, size = album
    fields = Fields(
        title=title,
        biz=biz,
        mid=str(_MID + number),
        sn=f"{number:032x}",
        link=long(number, biz),
        album={
            "id": album_id,
            "title": "合集甲",
            "size": size,
            "previous": previous,
            "next": following,
        },
    )
    return Page(url="", body=article_page(fields))


def album_address(album_id: str, biz: str = BIZ) -> str:
    """The album's own address, as pages give it."""
    return (
        f"https://mp.weixin.qq.com/mp/appmsgalbum?__biz={biz}&action=getalbum&album_id={album_id}"
    )


def album_page(album_id: str, numbers: Sequence[int], *, size: int, more: bool) -> Page:
    """One page of an album's list."""
    items = [
        {
            "title": f"第{n}篇",
            "url": long(n) + "#rd",
            "msgid": str(_MID + n),
            "itemidx": "1",
            "create_time": str(1666844280 + n),
        }
        for n in numbers
    ]
    answer = {
        "base_resp": {"ret": 0},
        "getalbum_resp": {
            "base_info": {"title": "合集甲", "article_count": str(size), "album_id": album_id},
            "article_list": items if len(items) != 1 else items[0],
            "continue_flag": "1" if more else "0",
        },
    }
    return Page(url="", body=json.dumps(answer, ensure_ascii=False).encode())


def status_page(title: str, *, text: str = "") -> Page:
    """A page that is no article, as WeChat shows it."""
    return Page(
        url="",
        body=(
            "<!DOCTYPE html><html><head><title></title></head><body><div class='weui-msg'>"
            "<div class='weui-msg__text-area'>"
            f"<h2 class='weui-msg__title warn'>{title}</h2><p>{text}</p></div></div></body></html>"
        ).encode(),
    )


def captcha_page() -> Page:
    """环境异常, status 200."""
    return Page(
        url="",
        body=(
            "<!DOCTYPE html><html><head><title></title></head><body><div class='weui-msg'>"
            "<h2 class='weui-msg__title'>环境异常</h2>"
            "<p class='weui-msg__desc'>当前环境异常，完成验证后即可继续访问。</p>"
            "<a id='js_verify'>去验证</a></div><script>var PAGE_MID='mmbizwap:secitptpage/verify.html';"
            "window.cgiData = {poc_token: 'x'};</script></body></html>"
        ).encode(),
    )


DELETED = status_page("该内容已被发布者删除")
EXPIRED = status_page("链接已过期")
STRANGE = Page(url="", body="<html><body><div class='new'>一种新页面</div></body></html>".encode())
