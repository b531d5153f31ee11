"""The same text whatever a copy was saved as."""

from __future__ import annotations

import itertools

import pytest

import scraper
from scraper.parse.encoding import to_utf8

SIMPLE = (
    "<html><head>{}</head><body>"
    "<p>信还在路上，山里的雨下了一夜，我们都没有睡，想着明天要不要出门。</p></body></html>"
)
TRADITIONAL = (
    "<html><head>{}</head><body>"
    "<p>信還在路上，山裡的雨下了一夜，我們都沒有睡，想著明天要不要出門。</p></body></html>"
)
DECLARED = (
    "",
    '<meta charset="utf-8">',
    '<meta charset="gb2312">',
    '<meta http-equiv="a" content="text/html; charset=big5">',
)


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        *itertools.product(
            [SIMPLE],
            ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
            DECLARED,
        ),
        *itertools.product([TRADITIONAL], ["utf-8", "big5", "big5hkscs", "gb18030"], DECLARED),
    ],
)
def test_the_bytes_decide_and_not_the_label(text: str, encoding: str, declared: str) -> None:
    """gb18030, Big5, UTF-8, -16 and -32, with BOM or without, whatever charset the page or nobody
    declares.
    """
    page = text.format(declared)
    assert to_utf8(page.encode(encoding)).decode() == page


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_page_is_judged_by_all_of_it(encoding: str) -> None:
    """Of a page of up to 128 KB each byte counts: far down, and wherever a character is parted."""
    for before in range(8_188, 8_200):
        page = "x" * before + SIMPLE.format("") * 20
        assert to_utf8(page.encode(encoding)).decode() == page


def test_a_header_is_a_hint_only() -> None:
    """A wrong charset in the response's header changes nothing."""
    page = SIMPLE.format("")
    assert to_utf8(page.encode(), "text/html; charset=gbk").decode() == page


def test_damage_stays_where_it_is() -> None:
    """A broken byte costs its own character only."""
    page = SIMPLE.format("").encode()
    assert to_utf8(page.replace(b"<p>", b"<p>\xff")).replace(b"\xff", b"") == page


def test_nul_bytes_go() -> None:
    """libxml2 stops at a NUL; neither a body in the DOM nor one in the data loses what stands
    behind it.
    """
    shown = b'<div id="js_content"><p>one\0 two</p></div>'
    data = b"<script h5only>window.cgiDataNew = {title: 't\0', content_noencode: '<p>one\0 two</p>'};</script>"
    for page in (shown, data):
        assert (
            scraper.parse(scraper.Page(url="https://mp.weixin.qq.com/s/x", body=page)).text
            == "one two"
        )


@pytest.mark.parametrize(
    "body",
    [b"", b"\0" * 1000, b"\xff" * 70_000, b"\xff\xfe", b"\xef\xbb\xbf", bytes(range(256)) * 100],
)
def test_anything_becomes_something(body: bytes) -> None:
    """No bytes make it raise."""
    assert isinstance(to_utf8(body), bytes)


def test_a_page_kept_as_a_json_string_is_unwrapped() -> None:
    """The inside of a JSON string is the page it was."""
    assert to_utf8(b'<p class=\\"a\\">x\\ny\\/z</p>') == b'<p class="a">x\ny/z</p>'
