"""Small pages in the real structure, for every kind and era, and every status page; written for the
tests.

What stands where is told in the notes on mp.weixin.qq.com's pages; here it is built, so that a test
names only what it is about: ``article_page(title="…", body="<p>…</p>")``.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scraper.zone import CHINA
from tests.weixin.cgi import Value, attribute, literal
from tests.weixin.fields import BIZ, Fields, attr, script
from tests.weixin.media import gif, jpeg, mp3, mp4, png, svg, webp
from tests.weixin.old_pages import page_2015, page_2018
from tests.weixin.status import STATUS_PAGES, status_page

__all__ = [
    "BIZ",
    "STATUS_PAGES",
    "Fields",
    "album_json",
    "album_page",
    "article_page",
    "gif",
    "jpeg",
    "mp3",
    "mp4",
    "png",
    "status_page",
    "svg",
    "webp",
]


def article_page(fields: Fields | None = None, /, **given: Any) -> bytes:
    """The page of an article, of any kind and era."""
    f = replace(fields or Fields(), **given)
    if f.era in ("A", "B"):
        return (page_2015(f) if f.era == "A" else page_2018(f)).encode()
    return _page_now(f).encode()


def _page_now(f: Fields) -> str:
    """2022 on. Kinds 8 and 10 have no static body; a shared article (11 in lists) says 0 and has an
    empty one.
    """
    decode = f.era == "C"
    data = literal(_data(f), decode=decode, indent=12)
    title = f.title if f.kind != 10 else f.body
    js_decode = _JS_DECODE if decode else ""
    return f"""<!DOCTYPE html>
<html class="">
<head>
    <meta http-equiv="Content-Type" content="text/html; charset=utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1.0,viewport-fit=cover">
    <meta name="description" content="{attr(f.digest)}">
    <meta name="author" content="{attr(f.author)}">
    <meta property="og:title" content="{attr(title)}">
    <meta property="og:url" content="{attr(f.link or f.long)}">
    <meta property="og:image" content="{attr(f.cover)}">
    <meta property="og:description" content="{attr(f.digest)}">
    <meta property="og:type" content="article">
    <meta property="og:site_name" content="微信公众平台">
    <title></title>
    <script nonce="1" reportloaderror>
        window.logs = {{ pagetime: {{}} }};
        var copy = ['该内容已被发布者删除', '环境异常', '参数错误', '此内容因违规无法查看'];
    </script>
</head>
<body id="activity-detail" class="zh_CN wx_wap_page mm_appmsg comment_feature">
<div id="js_article" class="rich_media">
{_shown(f)}
</div>
<script type="text/javascript" nonce="1" reportloaderror>
    var biz = "" || "{f.biz}";
    var mid = "" || "{f.mid}" || "";
    var idx = "" || "{f.idx}" || "";
    var sn = "" || "{f.sn}" || "";
    window.biz = '{f.biz}' || '';
    var ct = "{f.unix}";
    var create_time = "{f.unix}" * 1;
    var user_name = "{f.user_name}";
    var nickname = htmlDecode("{script(f.account)}");
    var msg_title = '{script(title)}'.html(false);
    var msg_desc = htmlDecode("{script(f.digest)}");
    var msg_cdn_url = "{f.cover}";
    var msg_link = "{script(f.link or f.long)}";
    var comment_id = "{f.comment_id}" || "{f.comment_id}" * 1;
    var item_show_type = "{0 if f.kind == 11 else f.kind}";
    var _ori_article_type = "{f.category}";
    var ad = {{ user_name: 'gh_1e80bb81a1d2', nick_name: '微信广告', title: opt.title, mid: "mmbizwap:Monitor" }};
</script>
<script h5only type="text/javascript" nonce="1" reportloaderror>
    (function () {{
        {js_decode}
        try {{
            window.cgiDataNew = {data};
        }} catch (e) {{
            window.cgiError = e;
        }}
    }})();
</script>
</body>
</html>
"""


def _shown(f: Fields) -> str:
    """The static part of a current page."""
    if f.kind in (8, 10):
        return (
            '<div id="img-content" class="rich_media_wrp">'
            '<div id="js_image_content" class="image_content"></div></div>'
        )
    if f.kind in (5, 6, 7, 17):
        return (
            '<div id="img-content"><div class="rich_media_content" id="js_share_card"></div></div>'
        )
    body = '<div class="original_panel_content"></div>' if f.kind == 11 else f.body
    return f"""<div id="img-content" class="rich_media_wrp">
<h1 class="rich_media_title" id="activity-name"><span class="js_title_inner">{html.escape(f.title)}</span></h1>
<div id="meta_content" class="rich_media_meta_list">
<span class="rich_media_meta rich_media_meta_text" id="js_author_name">{html.escape(f.author)}</span>
<span class="rich_media_meta rich_media_meta_nickname" id="profileBt"><a href="javascript:void(0);" id="js_name">
{html.escape(f.account)}</a></span>
<em id="publish_time" class="rich_media_meta rich_media_meta_text"></em><span id="js_ip_wording"></span>
</div>
<div class="rich_media_content js_underline_content" id="js_content" style="visibility: hidden; opacity: 0; ">
{body}</div>
</div>"""


def _data(f: Fields) -> dict[str, Value]:
    kind = 0 if f.kind == 11 else f.kind
    data: dict[str, Value] = {
        "base_resp": {"ret": 0, "errmsg": "ok", "wxtoken": 777, "sessionid": "svr_0123456789a"},
        "user_name": f.user_name,
        "nick_name": f.account,
        "round_head_img": "http://mmbiz.qpic.cn/mmbiz_png/head/0?wx_fmt=png",
        "title": f.body if f.kind == 10 and not f.user_title else html.escape(f.title, quote=True),
        "desc": html.escape(f.digest, quote=True),
        "content_noencode": f.body,
        "create_time": f.published.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
        "cdn_url": f.cover,
        "link": attribute(f.link or f.long),
        "source_url": attribute(f.source_url),
        "alias": f.alias,
        "type": 9,
        "author": f.author,
        "ori_create_time": f.unix,
        "user_uin": 0,
        "comment_id": f.comment_id,
        "svr_time": f.unix + 86400,
        "copyright_info": _copyright(f),
        "signature": f.signature,
        "del_reason_id": 0,
        "bizuin": f.biz,
        "mid": int(f.mid),
        "idx": int(f.idx),
        "sn": f.sn,
        "item_show_type": kind,
        "real_item_show_type": kind,
        "ori_send_time": f.unix,
        "create_timestamp": f.unix,
        "voice_in_appmsg": [],
        "video_page_info": {"mp_video_trans_info": [], "drama_info": {}},
        "picture_page_info_list": [],
        "is_pay_subscribe": 1 if f.paid else 0,
        "modify_time": int(f.modified.timestamp()) if f.modified else "",
        "is_title_modified": 0,
        "claim_source": {"is_user_no_claim_source": 1},
        "hashtags": {"hashtag": []},
    }
    data.update(_links(f))
    data.update(_of_kind(f))
    if f.place:
        data["ip_wording"] = {"country_name": "中国", "country_id": "156", "province_name": f.place}
    return {**data, **f.extra}


def _copyright(f: Fields) -> dict[str, Value]:
    info: dict[str, Value] = {
        "copyright_stat": 2 if f.reprint else 1 if f.original else 0,
        "platform": "",
    }
    if f.category:
        info["ori_article_type"] = f.category
    if f.reprint:
        info |= {
            "platform": f.reprint.get("account", ""),
            "reprint_url": attribute(f.reprint.get("url", "")),
            "source_encode_biz": f.reprint.get("biz", ""),
            "source_mid": int(f.reprint.get("mid") or 0),
            "source_idx": int(f.reprint.get("idx") or 0),
            "reprint_type": 3,
        }
    return info


def _links(f: Fields) -> dict[str, Value]:
    found: dict[str, Value] = {
        "ainfos": [
            {
                "link_type": "LINK_TYPE_MP_APPMSG",
                "title": title,
                "subject_name": account,
                "item_show_type": 0,
                "url": attribute(attribute(url)),
            }
            for url, title, account in f.related
        ]
    }
    if f.album:
        neighbours: dict[str, Value] = {
            f"{name}_article_link": attribute(str(f.album[key]))
            for name, key in (("pre", "previous"), ("next", "next"))
            if f.album.get(key)
        }
        found["appmsgalbuminfo"] = {
            "album_id": str(f.album["id"]),
            "title": str(f.album.get("title", "合集")),
            "link": attribute(album_url(f.biz, str(f.album["id"]))),
            "content_size": int(f.album.get("size", 0)),
            "is_first_screen": 0,
            **neighbours,
        }
    if f.tags:
        found["public_tag_info"] = {
            "tags": [
                {
                    "title": tag,
                    "album_id": str(9000 + n),
                    "link": attribute(album_url(f.biz, str(9000 + n))),
                }
                for n, tag in enumerate(f.tags)
            ]
        }
    return found


def _transcodings(f: Fields) -> list[Value]:
    usual: Mapping[str, Any] = {
        "format_id": 10002,
        "width": 1280,
        "height": 720,
        "filesize": 1048576,
        "duration_ms": f.seconds * 1000,
        "video_quality_wording": "高清",
        "url": f"http://mpvideo.qpic.cn/{f.video_id}.mp4?dis_k=0",
    }
    return [{**form, "url": attribute(form["url"])} for form in f.transcodings or (usual,)]


def _of_kind(f: Fields) -> dict[str, Value]:
    if f.kind == 8:
        pictures = [(image, 1080, 1440) if isinstance(image, str) else image for image in f.images]
        return {
            "picture_page_info_list": [
                {
                    "cdn_url": attribute(url),
                    "width": width,
                    "height": height,
                    "live_photo": {"format_info": []},
                    "watermark_info": {"cdn_url": "http://mmbiz.qpic.cn/mmbiz_png/watermark/0"},
                    "share_cover": {"cdn_url": "http://mmbiz.qpic.cn/mmbiz_png/share/0"},
                }
                for url, width, height in pictures
            ]
        }
    if f.kind == 10:
        return {
            "text_page_info": {
                "content": html.escape(f.body),
                "content_noencode": f.body,
                "is_user_title": 1 if f.user_title else 0,
            }
        }
    if f.kind == 5:
        film: dict[str, Value] = {
            "video_id": f.video_id,
            "cover_url": f.cover,
            "content_noencode": f.body,
            "mp_video_trans_info": _transcodings(f),
        }
        return {"video_page_infos": [film], "video_page_info": film, "video_ids": [f.video_id]}
    if f.kind in (6, 7):
        voice: dict[str, Value] = {
            "voice_id": f.voice_id,
            "sn": f.sn,
            "voice_encode_fileid": f.voice_id,
            "title": f.title,
            "play_length": f.seconds,
        }
        return {"voice_in_appmsg": [voice]}
    return {}


def album_url(biz: str, album_id: str) -> str:
    """The address of an album as pages give it."""
    return f"https://mp.weixin.qq.com/mp/appmsgalbum?__biz={biz}&action=getalbum&album_id={album_id}#wechat_redirect"


def album_json(
    articles: Sequence[Mapping[str, Any]],
    *,
    title: str = "合集",
    size: int | None = None,
    more: bool = False,
    account: str = "测试号",
    biz: str = BIZ,
) -> bytes:
    """One page of an album's public list. ``articles``: ``{"msgid", "itemidx", "title", "url",
    "create_time"}``.

    As seen, ``article_list`` is an object rather than a list where it holds one article, numbers
    are strings, and ``continue_flag`` is ``"1"`` while there is more.
    """
    listed: list[dict[str, str]] = [
        {name: str(value) for name, value in article.items()} for article in articles
    ]
    info = {
        "title": title,
        "article_count": str(len(articles) if size is None else size),
        "nickname": account,
        "username": biz,
        "is_numbered": "0",
        "is_reverse": "0",
    }
    answer: dict[str, Any] = {
        "base_resp": {"exportkey_token": "", "ret": 0},
        "getalbum_resp": {
            "base_info": info,
            "continue_flag": "1" if more else "0",
            "reverse_continue_flag": "0",
        },
    }
    if listed:
        answer["getalbum_resp"]["article_list"] = listed if len(listed) > 1 else listed[0]
    return json.dumps(answer, ensure_ascii=False).encode()


def album_page(articles: Sequence[Mapping[str, Any]], *, title: str = "合集") -> bytes:
    """The album as a browser sees it: the first articles as a list in the markup."""
    items = "\n".join(
        f'<li class="album__list-item js_album_item js_wx_tap_highlight wx_tap_cell" data-msgid="{a["msgid"]}" '
        f'data-itemidx="{a["itemidx"]}" data-link="{attr(str(a["url"]))}" data-title="{attr(str(a["title"]))}"></li>'
        for a in articles
    )
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>
<body><div class="album__head"><div class="album__label-title">{html.escape(title)}</div></div>
<ul class="album__list js_album_list">{items}</ul></body></html>
""".encode()


_JS_DECODE = r"""function JsDecode(str) {
            return str.replace(/\\x5c/g, '\\')
                .replace(/\\x0d/g, '\r')
                .replace(/\\x22/g, '"')
                .replace(/\\x26/g, '&')
                .replace(/\\x27/g, '\'')
                .replace(/\\x3c/g, '<')
                .replace(/\\x3e/g, '>')
                .replace(/\\x0a/g, '\n');
        }"""
