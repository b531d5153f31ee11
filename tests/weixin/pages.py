"""Small pages in the real structure, for every kind and era, and every status page; written for the tests.

What stands where is told in the notes on mp.weixin.qq.com's pages; here it is built, so that a test names only what
it is about: ``article_page(title="…", body="<p>…</p>")``.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.weixin.cgi import Value, attribute, literal
from tests.weixin.media import gif, jpeg, mp3, mp4, png, svg, webp
from tests.weixin.status import STATUS_PAGES, status_page

__all__ = [
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

CHINA = timezone(timedelta(hours=8))
BIZ = "MzA5MTIzNDU2Nw=="


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Everything that a page can say. ``published`` and ``modified`` are aware; ``kind`` is ``item_show_type``.

    ``era``: ``D`` (2026-06 on: plain strings), ``C`` (2022 on: JsDecode), ``B`` (2018 style scripts), ``A`` (2015).
    ``images`` of kind 8 are addresses or (address, width, height); ``related`` is ``ainfos``: (address, title,
    account). ``album``: ``{"id", "title", "size", "previous", "next"}``, addresses as text; ``reprint``: ``{"biz",
    "mid", "idx", "account", "url"}``; ``extra`` goes into cgiDataNew as it is.
    """

    title: str = "一篇文章"
    body: str = "<p>正文。</p>"
    kind: int = 0
    era: str = "D"
    biz: str = BIZ
    mid: str = "2247480001"
    idx: str = "1"
    sn: str = "0123456789abcdef0123456789abcdef"
    chksm: str = "c0b5f84454f7051c"
    link: str | None = None
    account: str = "测试号"
    user_name: str = "gh_0123456789ab"
    alias: str = "ceshihao"
    signature: str = "一个用来测试的公众号"
    author: str = ""
    published: datetime = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
    modified: datetime | None = None
    place: str = ""
    digest: str = ""
    cover: str = ""
    images: Sequence[str | tuple[str, int, int]] = ()
    original: bool = False
    reprint: Mapping[str, str] | None = None
    source_url: str = ""
    album: Mapping[str, Any] | None = None
    tags: Sequence[str] = ()
    related: Sequence[tuple[str, str, str]] = ()
    comment_id: str = "4241250330820132893"
    category: str = ""
    paid: bool = False
    video_id: str = "wxv_1000000000000000001"
    voice_id: str = "MzA5MTIzNDU2N18xMDAwMDAwMQ=="
    seconds: int = 95
    user_title: bool = False
    extra: Mapping[str, Value] = field(default_factory=dict)

    @property
    def long(self) -> str:
        """The long address in the form that pages give of themselves."""
        return (
            f"http://mp.weixin.qq.com/s?__biz={self.biz}&mid={self.mid}&idx={self.idx}&sn={self.sn}"
            f"&chksm={self.chksm}#rd"
        )

    @property
    def unix(self) -> int:
        """``published`` in seconds."""
        return int(self.published.timestamp())


def article_page(fields: Fields | None = None, /, **given: Any) -> bytes:
    """The page of an article, of any kind and era."""
    f = replace(fields or Fields(), **given)
    if f.era in ("A", "B"):
        return (_page_2015(f) if f.era == "A" else _page_2018(f)).encode()
    return _page_now(f).encode()


def _page_now(f: Fields) -> str:
    """2022 on. Kinds 8 and 10 have no static body; a shared article (11 in lists) says 0 and has an empty one."""
    decode = f.era == "C"
    data = literal(_data(f), decode=decode, indent=12)
    title = f.title if f.kind != 10 else f.body
    js_decode = _JS_DECODE if decode else ""
    return f"""<!DOCTYPE html>
<html class="">
<head>
    <meta http-equiv="Content-Type" content="text/html; charset=utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1.0,viewport-fit=cover">
    <meta name="description" content="{_attr(f.digest)}">
    <meta name="author" content="{_attr(f.author)}">
    <meta property="og:title" content="{_attr(title)}">
    <meta property="og:url" content="{_attr(f.link or f.long)}">
    <meta property="og:image" content="{_attr(f.cover)}">
    <meta property="og:description" content="{_attr(f.digest)}">
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
    var nickname = htmlDecode("{_script(f.account)}");
    var msg_title = '{_script(title)}'.html(false);
    var msg_desc = htmlDecode("{_script(f.digest)}");
    var msg_cdn_url = "{f.cover}";
    var msg_link = "{_script(f.link or f.long)}";
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
            '<div id="img-content" class="rich_media_wrp"><div id="js_image_content" class="image_content"></div></div>'
        )
    if f.kind in (5, 6, 7, 17):
        return '<div id="img-content"><div class="rich_media_content" id="js_share_card"></div></div>'
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
    info: dict[str, Value] = {"copyright_stat": 2 if f.reprint else 1 if f.original else 0, "platform": ""}
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
                {"title": tag, "album_id": str(9000 + n), "link": attribute(album_url(f.biz, str(9000 + n)))}
                for n, tag in enumerate(f.tags)
            ]
        }
    return found


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
            "mp_video_trans_info": [
                {
                    "format_id": 10002,
                    "width": 1280,
                    "height": 720,
                    "filesize": 1048576,
                    "duration_ms": f.seconds * 1000,
                    "video_quality_wording": "高清",
                    "url": attribute(f"http://mpvideo.qpic.cn/{f.video_id}.mp4?dis_k=0"),
                }
            ],
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


def _page_2018(f: Fields) -> str:
    """2018 to 2021: scripts with ``||`` chains, no cgiDataNew, an empty publish time filled by JavaScript."""
    where = _amp(f.link or f.long).replace("&amp;", "\\x26amp;")
    return f"""<!DOCTYPE html>
<!--headTrap<body></body><head></head><html></html>--><html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>{html.escape(f.account) if f.published.year < 2019 else ""}</title>
<script nonce="1" type="text/javascript">
    var biz = ""||"{f.biz}";
    var sn = "" || ""|| "{f.sn}";
    var mid = "" || ""|| "{f.mid}";
    var idx = "" || "" || "{f.idx}";
    window.__allowLoadResFromMp = true;
</script>
</head>
<body id="activity-detail" class="zh_CN mm_appmsg appmsg_skin_default appmsg_style_default">
<div id="js_article" class="rich_media"><div class="rich_media_inner"><div id="page-content">
<div id="img-content">
<h2 class="rich_media_title" id="activity-name">{html.escape(f.title)}<script>var nothing = 1;</script></h2>
<div id="meta_content" class="rich_media_meta_list">
<span id="copyright_logo" class="rich_media_meta icon_appmsg_tag">{"原创：" if f.original else ""}</span>
<span class="rich_media_meta rich_media_meta_text">{html.escape(f.author)}</span>
<span class="rich_media_meta rich_media_meta_nickname" id="profileBt"><a href="javascript:void(0);" id="js_name">
{html.escape(f.account)}</a>
<div id="js_profile_qrcode" class="profile_container" style="display:none;"><div class="profile_inner">
<strong class="profile_nickname">{html.escape(f.account)}</strong>
<p class="profile_meta"><label class="profile_meta_label">微信号</label>
<span class="profile_meta_value">{html.escape(f.alias)}</span></p>
<p class="profile_meta"><label class="profile_meta_label">功能介绍</label>
<span class="profile_meta_value">{html.escape(f.signature)}</span></p></div></div></span>
<em id="publish_time" class="rich_media_meta rich_media_meta_text"></em>
</div>
<div class="rich_media_content " id="js_content">{f.body}</div>
</div></div></div></div>
<script nonce="1" type="text/javascript">
    var user_name = "{f.user_name}";
    var nickname = "{_script(f.account)}";
    var ct = "{f.unix}";
    var modify_time = "";
    var msg_title = "{_script(f.title)}";
    var msg_desc = "{_script(f.digest)}";
    var msg_cdn_url = "{f.cover}";
    var msg_link = "{where}";
    var msg_source_url = '{f.source_url}';
    var comment_id = "{f.comment_id}" || "{f.comment_id}" * 1;
    var item_show_type = "{f.kind}";
    var _copyright_stat = "{1 if f.original else 0}";
    var _ori_article_type = "{f.category}";
</script>
</body>
</html>
<!--tailTrap<body></body><head></head><html></html>-->
"""


def _page_2015(f: Fields) -> str:
    """2014 to 2017: everything stands in the markup; CRLF, a second hidden title."""
    page = f"""<!DOCTYPE html>
<html>
<head>
<script type="text/javascript">
    var biz = "{f.biz}";
    var sn = "{f.sn}" || "";
    var mid = "{f.mid}" || "";
    var idx = "{f.idx}" || "" ;
</script>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>{html.escape(f.title)}</title>
</head>
<body id="activity-detail" class="zh_CN mm_appmsg" ontouchstart="">
<div id="js_cmt_mine" class="discuss_container editing access" style="display:none;">
<h2 class="rich_media_title">{html.escape(f.title)}</h2></div>
<div id="js_article" class="rich_media"><div class="rich_media_inner"><div id="page-content"><div id="img-content">
<h2 class="rich_media_title" id="activity-name">
    {html.escape(f.title)}
</h2>
<div class="rich_media_meta_list">
<em id="post-date" class="rich_media_meta rich_media_meta_text">{f.published.astimezone(CHINA):%Y-%m-%d}</em>
{f'<em class="rich_media_meta rich_media_meta_text">{html.escape(f.author)}</em>' if f.author else ""}
<a class="rich_media_meta rich_media_meta_link rich_media_meta_nickname" href="javascript:void(0);" id="post-user">
{html.escape(f.account)}</a>
<div id="js_profile_qrcode" class="profile_container" style="display:none;"><div class="profile_inner">
<strong class="profile_nickname">{html.escape(f.account)}</strong>
<p class="profile_meta"><label class="profile_meta_label">微信号</label>
<span class="profile_meta_value">{html.escape(f.alias)}</span></p>
<p class="profile_meta"><label class="profile_meta_label">功能介绍</label>
<span class="profile_meta_value">{html.escape(f.signature)}</span></p></div></div>
</div>
<div class="rich_media_content " id="js_content">
{f.body}
</div>
</div></div></div></div>
<script type="text/javascript">
    var nickname = "{_script(f.account)}";
    var appmsg_type = "9";
    var ct = "{f.unix}";
    var publish_time = "{f.published.astimezone(CHINA):%Y-%m-%d}" || "";
    var user_name = "{f.user_name}";
    var fakeid   = "";
    var version   = "";
    var msg_title = "{_script(html.escape(f.title))}";
    var msg_desc = "{_script(html.escape(f.digest))}";
    var msg_cdn_url = "{f.cover}";
    var msg_link = "{_amp(f.link or f.long)}";
    var msg_source_url = '{f.source_url}';
    var __appmsgCgiData = {{ copyright_stat : "{1 if f.original else 0}" }};
</script>
</body>
</html>
"""
    return page.replace("\n", "\r\n")


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
    """One page of an album's public list. ``articles``: ``{"msgid", "itemidx", "title", "url", "create_time"}``.

    As seen, ``article_list`` is an object rather than a list where it holds one article, numbers are strings, and
    ``continue_flag`` is ``"1"`` while there is more.
    """
    listed: list[dict[str, str]] = [{name: str(value) for name, value in article.items()} for article in articles]
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
        f'data-itemidx="{a["itemidx"]}" data-link="{_attr(str(a["url"]))}" data-title="{_attr(str(a["title"]))}"></li>'
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


def _attr(text: str) -> str:
    return html.escape(text, quote=True)


def _amp(url: str) -> str:
    return url.replace("&", "&amp;")


def _script(text: str) -> str:
    """Text inside a quoted string of a script."""
    for c, escaped in (("\\", "\\\\"), ('"', "&quot;"), ("'", "&#39;"), ("\n", "\\n"), ("</", "<\\/")):
        text = text.replace(c, escaped)
    return text
