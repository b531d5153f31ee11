"""A day of somebody who reads Chinese, at terminals of 80 and 40 columns."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import pytest

from archive import cli
from archive.cli.widths import width
from tests.comfort.terminal import in_terminal
from tests.command import wechat_archive
from tests.crawl.nursery import ROOT
from tests.docs import every_command
from tests.weixin.default_site import START, site
from tests.weixin.server import Internet

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: Words that only English sentences have; before a comma or colon they are names of fields.
_ENGLISH = re.compile(
    r"(?<![-\w])(?:the|is|are|of|and|with|that|not|what|which|from|to be|it)(?![-:,\w])"
)


@pytest.mark.parametrize("columns", [80, 40])
def test_the_help_of_every_command_is_chinese_and_fits(columns: int) -> None:
    """No line is wider than the terminal but for names that cannot be broken, no sentence
    English."""
    wide, english = [], []
    with mock.patch.dict(os.environ, {"COLUMNS": str(columns)}):
        for name in ["", *(name for name, _ in every_command())]:
            shown = wechat_archive(*name.split(), "--help", "--lang", "zh")
            assert 0 == shown.code, name
            for line in shown.stdout.splitlines():
                longest = max(map(width, line.split()), default=0)
                if width(line) > columns and longest < columns // 2:
                    wide.append(f"{name}: {line}")
                if _ENGLISH.search(line):
                    english.append(f"{name}: {line}")

    assert [] == wide
    assert [] == english


def test_both_languages_have_the_same_commands_and_options() -> None:
    """What can be typed does not depend on the language."""
    typed = re.compile(r"--[a-z-]+")
    for name in cli.COMMANDS:
        english, chinese = (
            wechat_archive(name, "--help", "--lang", language).stdout for language in ("en", "zh")
        )
        assert set(typed.findall(english)) == set(typed.findall(chinese)), name


def test_json_is_the_same_in_both_languages(tmp_path: Path) -> None:
    """What a program reads does not depend on who started it."""
    root = str(tmp_path / "archive")
    assert 0 == wechat_archive("serve", "--help", "--lang", "zh").code
    wechat_archive("config", "--init", "--archive", root, "--lang", "zh")
    for command in (["config", "--json"], ["doctor", "--json"]):
        said = [
            re.sub(
                r'"said": "[^"]*MiB[^"]*"|"20\d\d-[^"]*"',
                "",
                wechat_archive(*command, "--archive", root, "--lang", language).stdout,
            )
            for language in ("en", "zh")
        ]
        assert said[0] == said[1]


def test_what_failed_before_is_told_in_the_language_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that failed is not asked again, and why is said in Chinese, though the archive
    remembers it in English; to a reader of English it is said so.
    """
    unknown = "https://mp.weixin.qq.com/s/0123456789abcdefghijkl"
    save = ["save", unknown, "--interval", "0", "--archive", str(tmp_path / "archive")]
    with Internet(site()) as internet:
        for name, value in internet.env.items():
            monkeypatch.setenv(name, value)
        first, again, english = (
            wechat_archive(*save, "--lang", language).stderr.splitlines()[0]
            for language in ("zh", "zh", "en")
        )

    known = f"失败：{unknown}：微信没有这样的地址（参数错误）"
    assert (known, f"{known}（不再请求；--refresh 会）") == (first, again)
    assert english == (
        f"failed: {unknown}: WeChat does not know such an address (参数错误) "
        "(not asked again; --refresh does)"
    )


#: What is typed → what must be seen.
DAY: list[tuple[str, int, str]] = [
    ("--version", 0, "wechat-archive"),
    ("", 0, "抓取文章并存下"),
    ("sav", 64, "没有叫 'sav' 的命令。你是不是想用 'save'"),
    ("status", 78, "里没有存档"),
    (f"{START} --follow 2 --interval 0", 1, "新增"),
    (f"save {START}", 0, "没有新内容"),
    ("save https://mp.weixin.qq.com/s/xx", 64, "不完整：短地址有 22 个字符"),
    ("save --dry-run https://mp.weixin.qq.com/s/0123456789abcdefghijkl", 0, "要抓取："),
    ("status", 0, "篇文章"),
    ("status --failed", 0, "作者已删除"),
    ("list --limit 3", 0, "测试号"),
    ("list --kind foo", 64, "没有 'foo' 这类文章"),
    ("accounts", 0, "测试号"),
    ("albums", 0, "连载"),
    ("tags", 0, "一个也没有"),
    ("tag --query 欢迎 +好", 0, "好"),
    ("tags", 0, "你的标签"),
    ("search 欢迎", 0, "小小的微信"),
    ("search 没有这样的词", 0, "没有找到"),
    ("search foo:bar", 64, "没有 foo 这个字段"),
    ("show 没有", 1, "存档里没有 没有"),
    (f"watch {START}", 0, "已关注文章"),
    ("watch --list", 0, "下次查看"),
    ("run --now --interval 0 -v", 0, "没有新内容"),
    ("verify", 0, "一切都与写入时一致"),
    ("export jsonl out.jsonl", 0, "导出："),
    ("backup copy", 0, "备份："),
    ("doctor", 0, "存档"),
    ("config --init", 0, "已写"),
    ("forget gone", 0, "已去掉 1 个地址"),
    ("retry gone", 1, "队列里没有 gone"),
]


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 40])
def test_a_day_in_chinese(columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first address to the backup: everything that is said is Chinese, each command ends
    as it does in English, and nothing of what it says is lost at a narrow terminal."""
    with Internet(site()) as internet:
        environ = {
            **{name: text for name, text in os.environ.items() if not name.startswith("LC_")},
            **internet.env,
            "PYTHONPATH": str(ROOT),
            "LANG": "zh_CN.UTF-8",
            "WECHAT_ARCHIVE": str(tmp_path / "archive"),
        }
        monkeypatch.chdir(tmp_path)
        wrong = [
            one for typed, code, seen in DAY for one in _wrong(typed, code, seen, columns, environ)
        ]
    assert [] == wrong
    settings = (tmp_path / "archive" / "config.toml").read_text(encoding="utf-8")
    assert all(
        _CHINESE.search(line)
        for line in settings.splitlines()
        if line.startswith("# ") and " = " not in line
    )


def _wrong(
    typed: str, code: int, seen: str, columns: int, environ: Mapping[str, str]
) -> Iterator[str]:
    """What a command did otherwise than it should."""
    screen = in_terminal([sys.executable, "-m", "archive", *typed.split()], columns, environ)
    told = "".join(screen.text.split())
    if code != screen.code:
        yield f"{typed}: ended with {screen.code}: {screen.text}"
    if seen.replace(" ", "") not in told:
        yield f"{typed}: {seen} is not in: {screen.text}"
    yield from (f"{typed}: {line}" for line in screen.text.splitlines() if _ENGLISH.search(line))
