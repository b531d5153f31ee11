"""Clean HTML is cut down once more on its way into a page or a book."""

from __future__ import annotations

import pytest

from archive.exporters.tree import LeftOut, Player, address, xhtml

#: Deeper than libxml2 reads unless it is told to.
DEEP = "<blockquote>" * 300 + "a" + "</blockquote>" * 300


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
        ('<p data-card="link">a</p>', '<p class="card link">a</p>'),
        ('<p data-card="a b">a</p>', "<p>a</p>"),
        (DEEP, DEEP),
    ],
)
def test_what_may_stand_in_a_page(body: str, expected: str) -> None:
    """A small vocabulary, its attributes checked one by one."""
    assert expected == shown(body)


CARD = '<p data-card="video" data-id="wxv_2113442514712887297">视频: x</p>'
LINE = '<p class="card video">视频: x'


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (None, f"{LINE}</p>"),
        (
            Player("m/a.mp4", "video/mp4", "m/a.jpg"),
            f'{LINE}<video controls="controls" preload="none" src="m/a.mp4" poster="m/a.jpg"/></p>',
        ),
        (Player("m/a.flv", "video/x-flv"), f'{LINE}<a href="m/a.flv">a.flv</a></p>'),
        (LeftOut(2_500_000, None), f"{LINE}<br/>2.5 MB，没有放进这个文件</p>"),
        (LeftOut(2_500_000, "javascript:x"), f"{LINE}<br/>2.5 MB，没有放进这个文件</p>"),
        (
            LeftOut(2_500_000, "https://ok.example/"),
            f"{LINE}<br/>2.5 MB，没有放进这个文件："
            '<a href="https://ok.example/">在原文里播放</a></p>',
        ),
    ],
)
def test_a_recording_plays_below_its_line_or_is_said_to_be_left_out(
    play: Player | LeftOut | None, expected: str
) -> None:
    """By what browsers play; what they do not is a link to the file."""
    assert expected == xhtml(
        CARD, image=lambda url: None, link=lambda url: None, play=lambda address: play
    )
