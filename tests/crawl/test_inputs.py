"""What stands behind `save`: which words are addresses, which are talk, which are mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.run.inputs import Inputs, read
from tests.crawl.fakes import at, long, short


def pasted(text: str) -> Inputs:
    return read(["-"], stdin=text.encode)


def test_talk_around_pasted_addresses_is_no_mistake() -> None:
    """Standard input may be any text that holds addresses."""
    inputs = pasted(f"我昨天看到两篇：\n\n一、{short(1)}，很好。\n还有“{long(2)}”\n你看看？\n")

    assert ([*inputs.addresses], inputs.wrong) == ([at(short(1)), at(long(2))], [])


@pytest.mark.parametrize("line", ["https://example.com/文章", "not-an-address", "文章在 mp.weixin.qq.com/x/y"])
def test_what_looks_like_an_address_and_is_none_is_named(line: str) -> None:
    """With the number of its line; the others go on."""
    inputs = pasted(f"{short(1)}\n{line}\n")

    assert [*inputs.addresses] == [at(short(1))]
    assert ["standard input, line 2" in str(wrong) for wrong in inputs.wrong] == [True]


def test_talk_alone_is_a_mistake() -> None:
    """Nothing to fetch is said, not passed over in silence."""
    assert len(pasted("没有地址").wrong) == 1


def test_a_line_of_a_list_without_an_address_is_a_mistake(tmp_path: Path) -> None:
    """A list holds addresses, so each other line is told of."""
    names = tmp_path / "list.txt"
    names.write_text(f"{short(1)}\n没有地址\n", encoding="utf-8")

    assert len(read([], [str(names)]).wrong) == 1


def test_an_address_that_a_mail_program_broke_is_whole_again() -> None:
    """Over two lines, as quoted in an answer."""
    address = long(2)
    first, mid, rest = address.partition("&mid=")

    assert [*pasted(f"> {first}\n> {mid}{rest}\n").addresses] == [at(address)]


def test_a_file_that_is_no_list_is_told_of_in_few_words(tmp_path: Path) -> None:
    """Twenty lines and how many more there are."""
    names = tmp_path / "data.txt"
    names.write_text("x\n" * 500, encoding="utf-8")
    wrong = read([str(names)]).wrong

    assert len(wrong) == 21
    assert "480 more lines" in str(wrong[-1])
