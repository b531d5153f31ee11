"""What is served instead of an article: told apart by the page's structure and the few words it
shows.

Only pages that hold no article come here; articles quote these sentences, and every good page
carries them in its scripts. The words are looked for in the message blocks of WeChat's status
templates (2014–2026), or in the whole page where it shows no more than a few sentences. The
interface's language follows the reader's, so all stand in Chinese and English, and mixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, cast

import lxml.etree

from scraper.errors import Blocked, Gone, NeedsPerson, ScrapeError, Unrecognised
from scraper.messages import mark
from scraper.parse import values
from scraper.parse.parsed_page import ParsedPage, text_of
from scraper.plain import decoded_line

Outcome = Literal["gone", "person", "blocked", "later"]

#: Message blocks in the order of trust: the title of the block, then the block, then older
#: templates.
_BLOCKS: Final = (
    "weui-msg__title",
    "weui_msg_title",
    "weui-msg",
    "weui_msg",
    "mesg-block",
    "global_error_msg",
    "page_msg",
    "msg_content",
    "text_area",
    "page_rumor",
    "rumor_content",
)
#: A page that shows more than this is no status page (the longest real one shows 130 characters).
_FEW_WORDS: Final = 600


@dataclass(frozen=True, slots=True)
class _Rule:
    outcome: Outcome
    reason: str
    pattern: re.Pattern[str]
    said: str


def _rule(outcome: Outcome, reason: str, said: str, *patterns: str) -> _Rule:
    return _Rule(outcome, reason, re.compile("|".join(patterns), re.I), said)


#: In the order they are tried: what asks for a pause first, the narrow before the wide.
RULES: Final = (
    _rule(
        "blocked",
        "captcha",
        mark("WeChat wants a person to pass a verification"),
        "环境异常",
        r"environment is abnormal",
        r"abnormal environment",
        r"environment exception",
        "完成验证后即可继续",
        "complete the verification",
        "去验证$",
    ),
    _rule(
        "blocked",
        "frequency",
        mark("WeChat says that requests come too often"),
        "访问过于频繁",
        "操作(?:过于)?频繁",
        "too (?:frequent|many|often)",
        r"freq(?:uency)? control",
    ),
    _rule(
        "blocked",
        "verify",
        mark("WeChat wants a person to verify who they are"),
        "验证身份",
        "身份验证",
        "verify (?:your )?identity",
        "identity verification",
    ),
    _rule(
        "person",
        "login",
        mark("the page opens only inside WeChat"),
        "请在微信客户端打开",
        "使用微信扫描二维码登录",
        r"open (?:this |the )?(?:link|page) (?:in|with|on) (?:the )?we(?:chat|ixin)",
    ),
    _rule(
        "person",
        "expired",
        mark("the temporary link has expired"),
        "链接已过期",
        "链接已失效",
        r"link (?:has |is )?(?:already )?expired",
        "expired link",
    ),
    _rule(
        "person",
        "parameter-error",
        mark("WeChat does not know such an address"),
        "参数错误",
        r"parameter error",
        r"(?:invalid|incorrect|wrong) parameters?",
        r"parameters? (?:is |are )?(?:invalid|incorrect|wrong)",
    ),
    _rule(
        "gone",
        "migrated",
        mark("the account has moved"),
        "公众号已迁移",
        "[帐账]号(?:已|处于)?[帐账]?号?迁移",
        "迁移流程",
        r"(?:account|it) (?:has been |is being |has )?(?:migrat|transferr?ed|mov(?:ed|ing))",
        "未将文章素材同步",
    ),
    _rule(
        "gone",
        "deleted",
        mark("its author deleted it"),
        "(?:内容|文章)?已被(?:发布者|作者)删除",
        "内容已删除",
        "文章已删除",
        r"deleted by (?:the |its )?(?:author|publisher)",
        r"(?:has been|was) (?:deleted|removed)",
    ),
    _rule(
        "gone",
        "send-failed",
        mark("it was never sent out"),
        "发送失败",
        r"fail(?:ed|ure) to send",
        "sending failed",
    ),
    _rule(
        "gone",
        "account-closed",
        mark("the account is closed"),
        "[帐账]号.{0,6}注销",
        "系统回收",
        r"account.{0,30}(?:deregister|cancel|clos|recycl|delet|terminat|reclaim)",
    ),
    _rule(
        "gone",
        "impersonation",
        mark("it posed as somebody else"),
        "冒名侵权",
        "冒名",
        "impersonat",
    ),
    _rule(
        "gone",
        "complaint",
        mark("it was complained about"),
        "投诉且经审核涉嫌侵权",
        "多人投诉",
        "涉嫌侵权",
        "侵权投诉",
        r"infring",
        r"complain(?:ed|t)",
    ),
    _rule(
        "gone",
        "account-blocked",
        mark("the account is blocked"),
        "[帐账]号.{0,4}(?:屏蔽|封禁|停用|冻结|限制)",
        r"account.{0,20}(?:block|suspend|ban|frozen|restrict|disabl)",
    ),
    _rule("gone", "rumour", mark("it was refuted as a rumour"), "辟谣", "rumou?r"),
    _rule(
        "gone", "private", "its author's privacy settings hide it", "隐私设置", r"privacy setting"
    ),
    _rule(
        "gone",
        "violation",
        mark("it broke the rules"),
        "违规",
        "违反",
        "违法",
        "过度营销",
        "骚扰用户",
        "涉嫌",
        r"violat",
        r"regulations?",
    ),
    _rule(
        "later", "reviewing", "it is being reviewed", "审核中", r"under review", r"being reviewed"
    ),
    _rule(
        "later",
        "system-error",
        mark("WeChat reports an error of its own"),
        "系统(?:出错|错误|繁忙)",
        r"system (?:error|busy)",
    ),
    _rule(
        "gone",
        "unavailable",
        mark("it cannot be seen"),
        "(?:暂时)?无法(?:查看|访问|显示)",
        "不可查看",
        "不存在",
        "已下架",
        "内容不可用",
        r"unable to (?:view|access)",
        r"(?:temporarily )?unavailable",
        r"cannot be (?:viewed|accessed|displayed)",
        r"can(?:'|no)t view",
        r"does not exist",
    ),
)


def refuse(parsed: ParsedPage) -> ScrapeError:
    """The error that says what a page without an article is. Never returns an article's reason to
    stay silent.
    """
    url = parsed.page.url
    captcha = _verification(parsed)
    if captcha:
        return Blocked(
            mark("WeChat wants a person to pass a verification"),
            reason="captcha",
            shown=captcha,
            url=url,
        )
    for shown in _messages(parsed):
        for rule in RULES:
            if rule.pattern.search(shown):
                return _error(rule, shown, parsed)
    target = values.address(parsed.scripts.get("transferTargetLink"))
    if target:
        return Gone(
            mark("the account has moved to {target}", target=target),
            reason="migrated",
            target=target,
            url=url,
        )
    if _private_shell(parsed):
        return Gone(mark("its author's privacy settings hide it"), reason="private", url=url)
    return Unrecognised(mark("the page is neither an article nor any status page known"), url=url)


def _error(rule: _Rule, shown: str, parsed: ParsedPage) -> ScrapeError:
    url = parsed.page.url
    message = mark("{what} ({shown})", what=mark(rule.said), shown=shown[:80])
    if rule.outcome == "blocked":
        return Blocked(message, reason=rule.reason, shown=shown, url=url)
    if rule.outcome == "person":
        return NeedsPerson(message, reason=rule.reason, shown=shown, url=url)
    if rule.outcome == "later":
        return Unrecognised(message, url=url)
    target = (
        values.address(parsed.scripts.get("transferTargetLink"))
        if rule.reason == "migrated"
        else None
    )
    return Gone(message, reason=rule.reason, shown=shown, target=target, url=url)


def _verification(parsed: ParsedPage) -> str | None:
    """What the captcha page shows, told by its machinery and not by its words."""
    if re.search(r"/mp/(?:wappoc_appmsgcaptcha|verify|secitptpage)", parsed.url):
        return decoded_line(text_of(_first(parsed, "weui-msg__title"))) or "verification"
    page_id = parsed.scripts.get("PAGE_MID")
    if isinstance(page_id, str) and "secitptpage" in page_id:
        return decoded_line(text_of(_first(parsed, "weui-msg__title"))) or "verification"
    if parsed.scripts.member("cgiData", "poc_token") or parsed.scripts.member(
        "cgiData", "cap_appid"
    ):
        return decoded_line(text_of(_first(parsed, "weui-msg__title"))) or "verification"
    if (
        parsed.by_id("js_verify") is not None
        or parsed.by_id("tcaptcha_wrapper_transform_dy") is not None
    ):
        return decoded_line(text_of(_first(parsed, "weui-msg__title"))) or "verification"
    return None


def _first(parsed: ParsedPage, name: str) -> lxml.etree._Element | None:
    found = parsed.by_class(name)
    return found[0] if found else None


def _messages(parsed: ParsedPage) -> Iterator[str]:
    """The texts of the page's message blocks, then of all of it where it shows few words, title
    included.
    """
    for name in _BLOCKS:
        for element in parsed.by_class(name)[:3]:
            shown = decoded_line(_visible(element))
            if shown and len(shown) <= _FEW_WORDS:
                yield shown
    if parsed.tree is None:
        return
    everything = decoded_line(_visible(parsed.tree)[: 20 * _FEW_WORDS])
    title = decoded_line(text_of(parsed.tree.find(".//title")))
    if everything is None or len(everything) <= _FEW_WORDS:
        yield from (text for text in (everything, title) if text)


def _visible(element: lxml.etree._Element) -> str:
    return " ".join(cast("list[str]", _SHOWN(element)))


_SHOWN = lxml.etree.XPath(
    ".//text()[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::title"
    " or ancestor::*[contains(translate(@style, ' ', ''), 'display:none')])]"
)


def _private_shell(parsed: ParsedPage) -> bool:
    """An empty Vue application without a title: 根据作者隐私设置，无法查看该内容 is written by its
    script only.
    """
    app = parsed.by_id("app")
    if app is None or parsed.tree is None or len(app) or text_of(app):
        return False
    everything = decoded_line(_visible(parsed.tree))
    return text_of(parsed.tree.find(".//title")) is None and not everything
