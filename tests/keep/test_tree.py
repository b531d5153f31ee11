"""Clean HTML is cut down once more on its way into a page or a book."""

from __future__ import annotations

import pytest

from archive.exporters.tree import address, xhtml


def shown(body: str) -> str:
    """``body`` with no picture held and no link of our own."""
    return xhtml(body, image=lambda url: None, link=lambda url: None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ok.example/甲?a=1", "https://ok.example/%E7%94%B2?a=1"),
        ("http://ok.example/", "http://ok.example/"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("ftp://ok.example/", None),
        ("javascript:alert(1)", None),
        ("https://no host.example/", None),
        ("https://[broken/", None),
        ("/relative", None),
        ("", None),
    ],
)
def test_only_web_and_mail_addresses_are_linked(url: str, expected: str | None) -> None:
    """Whatever a changed database says; what cannot be linked stays as text."""
    assert expected == address(url)
    link = f'<a href="{expected}">x</a>' if expected else "<a>x</a>"
    assert shown(f'<a href="{url}">x</a>').replace("&amp;", "&") == link


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<code class="language-py x">a</code>', '<code class="language-py x">a</code>'),
        ("<code class='a\"b'>a</code>", "<code>a</code>"),
        ('<p class="x" onclick="y">a</p>', "<p>a</p>"),
        ('<td colspan="2" rowspan="x">a</td>', '<td colspan="2">a</td>'),
        ('<img src="https://x.example/a.png" alt="图" width="5">', "<em>[图]</em>"),
        ('<img src="https://x.example/a.png" onerror="y">', "<em>[图片]</em>"),
        ("<h1>a</h1>", "<h2>a</h2>"),
        ("<p>a<script>b</script>c</p>", "<p>ac</p>"),
        ("<p>a<!-- b --><?c d?>e</p>", "<p>ae</p>"),
        ("<p>a\x0b\x00b</p>", "<p>ab</p>"),
    ],
)
def test_what_may_stand_in_a_page(body: str, expected: str) -> None:
    """A small vocabulary, its attributes checked one by one."""
    assert expected == shown(body)
