"""What WeChat serves instead of an article, each in its real template."""

from __future__ import annotations

import html

#: name → (template, what it shows)
STATUS_PAGES: dict[str, tuple[str, str]] = {
    "deleted": ("weui", "该内容已被发布者删除"),
    "deleted-en": ("weui", "The content has been deleted by the author."),
    "deleted-2017": ("global", "该内容已被发布者删除"),
    "violation": ("weui-title", "此内容因违规无法查看"),
    "violation-mixed": (
        "weui-title",
        "此内容因违规无法查看。This content is violating relevant laws and regulations.",
    ),
    "complaint": ("weui", "此内容被投诉且经审核涉嫌侵权，无法查看。"),
    "complaints": ("weui", "此内容被多人投诉，相关的内容无法进行查看。"),
    "send-failed": ("weui", "此内容发送失败无法查看"),
    "account-blocked": ("weui", "此帐号已被屏蔽, 内容无法查看"),
    "account-closed": ("weui", "此帐号已自主注销，内容无法查看"),
    "account-recycled": ("weui", "此帐号已被系统回收"),
    "impersonation": ("weui", "此帐号涉嫌冒名侵权，内容无法查看"),
    "migrated": ("migrated", "该公众号已迁移"),
    "unavailable": ("mesg", "该内容暂时无法查看"),
    "private": ("app", ""),
    "parameter-error": ("weui", "参数错误"),
    "expired": ("weui-title", "链接已过期"),
    "captcha": ("captcha", "环境异常"),
    "captcha-en": ("captcha", "Weixin environment is abnormal"),
    "frequency": ("weui", "操作过于频繁，请稍后再试"),
    "verify": ("weui", "请先验证身份后继续访问"),
    "empty": ("empty", ""),
    "unknown": ("unknown", "今日份的惊喜"),
}

_HEAD = """<!DOCTYPE html>
<html class="">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1.0,viewport-fit=cover">
<title>{title}</title>
<script nonce="" reportloaderror>window.logs = {{ pagetime: {{}} }}; var words = ['js_article', 'js_content'];</script>
</head>
<body class="zh_CN ">
"""
_TAIL = """
<script type="text/javascript" nonce="" reportloaderror>
    var biz = '' || '';
    var sn = '' || '';
    var mid = '' || '' || '';
    var idx = '' || '' || '' ;
</script>
</body>
</html>
"""


def status_page(
    name: str, *, target: str = "https://mp.weixin.qq.com/s/0123456789abcdefghijkl"
) -> bytes:
    """The page called ``name`` (see ``STATUS_PAGES``). ``target``: what a captcha guards, where an
    account moved to.
    """
    template, shown = STATUS_PAGES[name]
    shown, title = html.escape(shown), ""
    if template == "empty":
        return b""
    if template == "weui":
        body = _weui(f'<div class="weui-msg__title warn">{shown}</div>')
    elif template == "weui-title":
        body = _weui(f'<h2 class="weui-msg__title">\n{shown}\n</h2>')
    elif template == "global":
        body = f'<div class="page_msg"><div class="inner"><p class="global_error_msg warn">{shown}</p></div></div>'
    elif template == "mesg":
        body, title = (
            f'<div class="panel"><div class="mesg-block"><p>{shown}</p></div></div>',
            shown,
        )
    elif template == "migrated":
        script = f"<script>var transferTargetLink = '{html.escape(target)}';</script>"
        body = _weui(f'<div class="weui-msg__title">{shown}</div>') + script
    elif template == "app":
        body = '<div id="app"></div>'
    elif template == "captcha":
        body, title = _captcha(shown, target), "Weixin Official Accounts Platform"
    else:
        body, title = (
            f"<main><h1>{shown}</h1>{'<p>欢迎光临，这里什么都有。</p>' * 60}</main>",
            shown,
        )
    return (_HEAD.format(title=title) + body + _TAIL).encode()


def _weui(title: str) -> str:
    return f"""<div class="weui-msg">
<div class="weui-msg__icon-area"><i class="weui-icon-warn weui-icon_msg"></i></div>
<div class="weui-msg__text-area">{title}</div>
</div>"""


def _captcha(shown: str, target: str) -> str:
    return f"""<div class="weui-msg">
<div id="tips" style="display:none;" class="top_tips warning"></div>
<div class="weui-msg__text-area pc-area">
<h2 class="weui-msg__title">{shown}</h2>
<p class="weui-msg__desc">当前环境异常，完成验证后即可继续访问。</p>
</div>
<p class="weui-btn-area"><a class="weui-btn weui-btn_primary" id="js_verify">去验证</a></p>
</div>
<script type="text/javascript">
var PAGE_MID = 'mmbizwap:secitptpage/verify.html';
window.cgiData = {{
    target_url : "{target}",
    cap_appid : "2003810213",
    cap_sid : "1",
    poc_token : "HH_0000",
}}
seajs.use('secitptpage/template/verify.js')
</script>"""
