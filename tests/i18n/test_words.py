"""What stands for a value, and classes of failure: said in the reader's language, and understood in
it."""

from __future__ import annotations

import re

import pytest

from archive import i18n
from archive.cli import words
from archive.cli.failure_names import KNOWN, class_of, shown_class
from tests.command import wechat_archive
from tests.docs import every_command

_VALUE = re.compile(rf"(?<![A-Za-z$_])(?:{'|'.join(words.METAVARS)})(?![A-Za-z_])")


@pytest.mark.parametrize("name", [name for name, _ in every_command()])
def test_no_help_names_a_value_in_another_language(name: str) -> None:
    """``编号|地址`` in Chinese, ``KEY|ADDRESS`` in English."""
    said = wechat_archive("--lang", "zh", *name.split(), "--help").stdout

    assert [] == _VALUE.findall(said)


def test_every_value_has_a_name_of_its_own_language() -> None:
    """None is left out of the catalogue."""
    with i18n.use(i18n.CHINESE):
        assert [] == [word for word in words.METAVARS if words.in_words(word) == word]
    assert list(words.METAVARS) == [words.in_words(word) for word in words.METAVARS]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["diff"], "错误：缺少参数 '编号|地址'。"),
        (["list", "--limit", "x"], "错误：'--limit' 的值无效：'x' 不是整数。"),
        (["list", "--limit", "0"], "错误：'--limit' 的值无效：0 不在 x>=1 范围内。"),
        (["list", "--limit"], "错误：选项 '--limit' 需要一个值。"),
        (["export", "docx", "x"], "错误：'格式' 的值无效：'docx' 不是"),
        (["export"], "错误：缺少参数 '格式'。可选："),
        (["list", "--limt", "3"], "错误：没有 '--limt' 这个选项。你是不是想用 '--limit'？\n"),
    ],
)
def test_errors_of_the_command_line_are_chinese(typed: list[str], expected: str) -> None:
    """Also what click says of arguments, to its full stop."""
    said = wechat_archive("--lang", "zh", *typed)

    assert (64, True) == (said.code, said.stderr.startswith(expected)), said.stderr


def test_a_class_of_failure_is_understood_as_it_is_shown() -> None:
    """In English, in Chinese, and with both as ``status`` shows it; no two share a name."""
    with i18n.use(i18n.CHINESE):
        for name in KNOWN:
            shown = shown_class(name)
            assert {name} == {class_of(text) for text in (name, shown, shown.partition(" (")[0])}
        assert "超时 (timed-out)" == shown_class("timed-out")
    assert ("timed-out", "x") == (shown_class("timed-out"), class_of("x"))
