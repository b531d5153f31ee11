"""Pages as they were served before ``cgiDataNew``: in 2015 and in 2018."""

from __future__ import annotations

import html

from scraper.zone import CHINA
from tests.weixin.fields import Fields, amp, script


def page_2018(f: Fields) -> str:
    """2018 to 2021: scripts with ``||`` chains, no cgiDataNew, an empty publish time filled by
    JavaScript.
    """
    where = amp(f.link or f.long).replace("&amp;", "\\x26amp;")
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
    var nickname = "{script(f.account)}";
    var ct = "{f.unix}";
    var modify_time = "";
    var msg_title = "{script(f.title)}";
    var msg_desc = "{script(f.digest)}";
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


def page_2015(f: Fields) -> str:
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
    var nickname = "{script(f.account)}";
    var appmsg_type = "9";
    var ct = "{f.unix}";
    var publish_time = "{f.published.astimezone(CHINA):%Y-%m-%d}" || "";
    var user_name = "{f.user_name}";
    var fakeid   = "";
    var version   = "";
    var msg_title = "{script(html.escape(f.title))}";
    var msg_desc = "{script(html.escape(f.digest))}";
    var msg_cdn_url = "{f.cover}";
    var msg_link = "{amp(f.link or f.long)}";
    var msg_source_url = '{f.source_url}';
    var __appmsgCgiData = {{ copyright_stat : "{1 if f.original else 0}" }};
</script>
</body>
</html>
"""
    return page.replace("\n", "\r\n")
