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


@pytest.mark.parametrize(
    "line", ["https://example.com/文章", "not-an-address", "文章在 mp.weixin.qq.com/x/y"]
)
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


def test_an_empty_word_is_not_the_folder_one_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `save "$URL"` gives it where URL is not set."""
    (tmp_path / "page.html").write_text("<html></html>")
    monkeypatch.chdir(tmp_path)
    inputs = read(["", " "])

    assert (inputs.files, len(inputs.wrong)) == ([], 2)


def test_a_folder_stands_for_its_pages_not_for_their_parts(tmp_path: Path) -> None:
    """Frames that a browser put into PAGE_files are no pages, nor is what lies in hidden
    folders.
    """
    for name in (
        "一.html",
        "一_files/frame.html",
        "sub/二.htm",
        ".git/x.html",
        "others_files/三.html",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("<html></html>")

    assert [path.name for path in read([str(tmp_path)]).files] == ["三.html", "二.htm", "一.html"]


def test_a_file_of_bytes_is_one_mistake(tmp_path: Path) -> None:
    """A picture is no list."""
    (tmp_path / "a.bin").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\n" * 50)

    assert [
        "is neither a saved page nor" in str(wrong)
        for wrong in read([str(tmp_path / "a.bin")]).wrong
    ] == [True]
    assert [*pasted("").addresses] == []
    assert len(read(["-"], stdin=lambda: short(1).encode("utf-16")).addresses) == 1
