"""A message in words: in the person's language, with links that lead somewhere, and nothing in it
that a service would obey."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from archive import i18n
from archive.notify import wording
from archive.notify.message import Message
from archive.notify.payload import payload

ARTICLE = {
    "key": "abcdefghij",
    "change": "new",
    "title": "武夷岩茶",
    "account": "茶馆",
    "url": "https://mp.weixin.qq.com/s/x",
    "published": "2026-11-27T20:00:00+00:00",
}


def message(**content: Any) -> Message:
    parts = {"matches": [], "starred": [], "problems": [], **content}
    return Message(id="msg_1", made=datetime(2026, 11, 28, tzinfo=UTC), content=parts)


def matched(**article: Any) -> Message:
    one = {**ARTICLE, **article}
    return message(matches=[{"alert": "茶", "query": "岩茶", "count": 1, "articles": [one]}])


def problem(kind: str, state: str = "begins", **facts: Any) -> dict[str, Any]:
    return {"kind": kind, "subject": "1", "name": "甲", "state": state, "facts": facts}


def said(message: Message, language: str = "en", page: str | None = None) -> tuple[str, str]:
    with i18n.use(language):
        return wording.title(message), wording.text(message, page)


def test_a_match_in_english() -> None:
    """Title, account and day in China; WeChat's own address where the page is not served."""
    assert (
        "wechat-archive: 茶 1",
        "茶: 1 that match 岩茶\n· 武夷岩茶 — 茶馆 — 2026-11-28\n  https://mp.weixin.qq.com/s/x",
    ) == said(matched())


def test_a_match_in_chinese_with_links_to_the_page() -> None:
    """And where all of it is read."""
    assert (
        "wechat-archive: 茶 1",
        "茶：有 1 篇符合 岩茶\n· 已修改：武夷岩茶 — 茶馆 — 2026-11-28\n"
        "  http://nas:8787/articles/abcdefghij\n\n全部内容：http://nas:8787/",
    ) == said(matched(change="modified"), "zh_CN", "http://nas:8787/")


@pytest.mark.parametrize(
    ("one", "english", "chinese"),
    [
        (
            problem("source", times=3, error="no answer"),
            "the source 甲 failed 3 times: no answer",
            "来源 甲 连续失败 3 次：没有回答",
        ),
        (problem("source", "ends"), "the source 甲 works again", "来源 甲 恢复正常"),
        (
            problem("disk", free=700),
            "only 700 MiB are free where the archive lies: make room",
            "存档所在的磁盘只剩 700 MiB：请腾出空间",
        ),
    ],
)
def test_problems_in_both_languages(one: dict[str, Any], english: str, chinese: str) -> None:
    """As one line each."""
    notice = message(problems=[one])
    assert f"! {english}" == said(notice)[1]
    assert f"! {chinese}" == said(notice, "zh_CN")[1]


@pytest.mark.parametrize("kind", ["blocked", "login", "source", "drift", "disk"])
@pytest.mark.parametrize("state", ["begins", "ends"])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_problem_has_its_sentence(kind: str, state: str, language: str) -> None:
    """With all that is known of it."""
    facts = {
        "until": "2026-11-28T12:00:00+00:00",
        "since": "2026-11-28T12:00:00+00:00",
        "pages": 3,
        "of": 4,
        "times": 3,
        "error": "x",
        "free": 7,
    }
    title, text = said(message(problems=[problem(kind, state, **facts)]), language)
    assert "{" not in text
    assert title != "wechat-archive: "


HOSTILE = [
    "@all 紧急", "@everyone", "@here", '<at user_id="all">所有人</at>', "<!channel>", "<@U123>",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b>粗</b>",
    "[点我](https://evil.example)", "![x](https://evil.example/x.png)", "`code`", "|spoiler|",
    "标题\r\nwebhook-id: 7", "一\x1b[2J二", "一\u202e二", "一\x00二", "一\x9b31m二", "a\u2028b",
    "@\u200ball", "@\u2060all", "\U000e0001x", "https://evil.example/login",
    "长" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("where", ["title", "account"])
def test_nothing_in_a_text_commands_a_service(title: str, where: str) -> None:
    """No mention, no HTML, no Markdown link, no control character, no second line, no address that
    is not ours."""
    _, text = said(matched(**{where: title}), page="http://nas:8787")
    lines = text.split("\n")

    assert 5 == len(lines)
    commanding = "<>@[]`|\x00\x1b\x9b\u202e\u2028\u200b\u2060\U000e0001"
    assert [] == [sign for sign in commanding if sign in lines[1]]
    assert "://" not in lines[1]
    assert len(lines[1]) < 300


@pytest.mark.parametrize("title", HOSTILE)
def test_a_program_gets_the_title_as_it_was_written(title: str) -> None:
    """In JSON nothing commands; who shows it escapes it as his place wants."""
    [match] = payload(matched(title=title), None)["matches"]
    assert title == match["articles"][0]["title"]


def test_an_address_that_is_none_is_no_link() -> None:
    """A page may say anything of itself."""
    assert "javascript" not in said(matched(url="javascript:alert(1)"))[1]


def test_names_of_other_things_are_harmless_too() -> None:
    """A feed's title and a server's words are other people's as well."""
    one = {**problem("source", times=3, error="<!channel> @all"), "name": "@everyone"}
    assert (
        "! the source ＠everyone failed 3 times: ＜!channel＞ ＠all"
        == said(message(problems=[one]))[1]
    )
