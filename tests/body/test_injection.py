"""Row 15 of the faults: Markdown and HTML inside an article's text stay text."""

from __future__ import annotations

from html import escape
from itertools import product

import pytest

from archive.document.markdown import render
from scraper.body import clean
from tests.body.reading import MARKDOWN, seen, squeezed

_PAYLOADS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<iframe src=//e.vil>",
    "<a href=javascript:alert(1)>x</a>", "</p><h1>x</h1>", "<!-- x -->", "<![CDATA[x]]>", "<?php x ?>",
    "<style>*{}</style>",
    "[x](javascript:alert(1))", "![x](http://e.vil/p.png)", "[x]: javascript:alert(1)", "<javascript:alert(1)>",
    "<http://e.vil>", "[[wiki]]", "![[embed]]", "%%hidden%%", "==marked==", "$$x$$", "$x$ $y$",
    "~~gone~~", "~a~ ~b~",
    "**bold**", "__bold__", "*it*", "_it_", "***x***", "`code`", "```\nfence", "~~~ fence", "# head",
    "###### head",
    "> quote", "- item", "+ item", "* item", "1. item", "2) item", "- [ ] task", "---", "***",
    "___", "===", "| a | b |",
    "|---|---|", ":--|--:", "&lt;b&gt;", "&#60;b&#62;", "&amp;nbsp;", "\\*x\\*", "\\", "http://a.b/_c_",
    "a@b.c", "^sup^",
    "[^1]", "[^1]: note", ":smile:", "{{ x }}", "{% x %}", "<<<", "x\u2028# y",
]  # fmt: skip
_FRAMES = [
    "<p>{}</p>", "<p>前文{}后文</p>", "<p>前<strong>{}</strong>后</p>", "<p>上<br>{}<br>下</p>", "<ul><li>{}</li></ul>",
    "<blockquote><p>{}</p></blockquote>", '<p><a href="http://a.b/">{}</a></p>', "<h2>{}</h2>",
    "<table><tr><td>{0}</td><td>b</td></tr><tr><td>c</td><td>{0}</td></tr></table>",
]  # fmt: skip
_HARMLESS = {
    "p",
    "br",
    "ul",
    "li",
    "blockquote",
    "a",
    "h2",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "strong",
    "div",
}


@pytest.mark.parametrize("frame", _FRAMES)
def test_what_looks_like_markup_in_the_text_stays_text(frame: str) -> None:
    """58 payloads in each of 9 places (522): the reader sees them letter by letter, and no element
    comes of them.
    """
    import lxml.html

    for payload in _PAYLOADS:
        source = frame.format(escape(payload, quote=False))
        rendered = MARKDOWN.render(render(clean(source).html))
        assert "".join(seen(source).lines) == "".join(seen(rendered).lines), payload
        tags = {
            str(element.tag)
            for element in lxml.html.fragment_fromstring(rendered, create_parent="div").iter()
        }
        assert tags <= _HARMLESS, payload


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
    ],
)
def test_only_links_that_can_be_opened_safely_are_links(href: str) -> None:
    """Other schemes leave their words."""
    body = clean(f'<p><a href="{href}">看这里</a></p>')
    assert body.html == "<p>看这里</p>"
    assert body.links == ()


@pytest.mark.parametrize(
    ("opening", "closing"), list(product(["(", "<", "[", "*", "`"], [")", ">", "]", " x", "\\"]))
)
def test_an_address_cannot_break_out_of_its_link_or_image(opening: str, closing: str) -> None:
    """Whatever an address holds, one link and one image come out."""
    url = escape(f"https://a.b/{opening}x{closing}y")
    shown = seen(
        MARKDOWN.render(
            render(clean(f'<p><img data-src="{url}">前<a href="{url}">链接</a>后</p>').html)
        )
    )
    assert (len(shown.images), len(shown.links), shown.lines) == (1, 1, ("前链接后",))


def test_private_marks_of_the_writer_cannot_come_from_a_page() -> None:
    """Noncharacters stand for emphasis while Markdown is put together; a page's own are dropped."""
    body = clean("<p>\ufdd0甲\ufdd1乙\ufdd6丙&#xFDD8;</p><pre>\ufdd6x</pre>")
    assert squeezed(render(body.html)) == "甲乙丙```x```"
