"""What a reader sees at the edges: ruby, powers, listings without ``<pre>``, quotes, numbering,
dead links.
"""

from __future__ import annotations

import pytest

from archive.document.markdown import render
from scraper.body import clean
from scraper.body.lists import numbering, shown_marker
from scraper.body.tree import parse
from scraper.text import without_noise

VS_CODE = "style=\"font-family: Menlo, Monaco, 'Courier New', monospace; white-space: pre;\""
PICTURE = '<img data-src="https://a.example/p/640">'


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        # Ruby and what is raised or lowered by style.
        (
            "<p><ruby>漢<rt>hàn</rt></ruby><ruby>字<rp>(</rp><rt>zì</rt><rp>)</rp></ruby>很美</p>",
            "漢(hàn)字(zì)很美\n",
        ),
        ("<p><ruby>空<rt></rt></ruby>的</p>", "空的\n"),
        (
            '<p>10<span style="vertical-align: super; font-size: 12px;">6</span>，'
            'H<span style="vertical-align:sub">2</span>O</p>',
            "10<sup>6</sup>，H<sub>2</sub>O\n",
        ),
        ('<p>甲<span style="vertical-align: middle">乙</span></p>', "甲乙\n"),
        # Listings without <pre>.
        (
            f"<section {VS_CODE}><section>for i in x:</section><section>    <span>if</span> i:</section></section>",
            "```\nfor i in x:\n    if i:\n```\n",
        ),
        (f"<p {VS_CODE}>一行</p>", "一行\n"),
        (
            "<p><code>def f():</code></p><p><code>&nbsp;&nbsp;&nbsp;&nbsp;return 1</code></p><p>后</p>",
            "```\ndef f():\n    return 1\n```\n后\n",
        ),
        ("<p><code>a</code></p><p><code>b</code></p>", "`a`\n\n`b`\n"),
        # What stands inside <pre>.
        (f"<pre>文字一{PICTURE}文字二</pre>", "文字一![](https://a.example/p/640)文字二\n"),
        (f"<pre><section>{PICTURE}</section></pre>", "![](https://a.example/p/640)\n"),
        (
            f"<pre><code>a = 1<br>b = 2</code>{PICTURE}</pre>",
            "```\na = 1\nb = 2\n```\n![](https://a.example/p/640)\n",
        ),
        (
            '<pre>看<a href="https://a.example/1">这篇</a><mpvoice name="录音"></mpvoice></pre>',
            "看[这篇](https://a.example/1)\n\n音频: 录音\n",
        ),
        (
            '<pre><code>see <a href="https://a.example/d">doc</a></code></pre>',
            "```\nsee doc\n```\n[doc](https://a.example/d)\n",
        ),
        (
            '<pre><code>see <a href="https://a.example/d">https://a.example/d</a></code></pre>',
            "```\nsee https://a.example/d\n```\n",
        ),
        # Quotes and their sources.
        (
            '<blockquote class="js_blockquote_wrap" data-url="https://a.example/1" data-author-name="某人"'
            ' data-source-title="旧文"><p>一句。</p></blockquote>',
            "> 一句。\n>\n> 卡片: [旧文](https://a.example/1)（某人 · 引文出处）\n",
        ),
        (
            '<blockquote class="js_blockquote_wrap" data-source-title="《某书》第三章"><p>一句。</p></blockquote>',
            "> 一句。\n>\n> 卡片: 《某书》第三章（引文出处）\n",
        ),
        ('<blockquote title="mdnice"><p>一句。</p></blockquote>', "> 一句。\n"),
        (
            '<mp-common-blockquote data-quote-id="1" data-content="引来的话"></mp-common-blockquote>',
            "> 引来的话\n",
        ),
        # A heading is one heading.
        ("<h2><section>一</section><section>二</section></h2><p>文</p>", "## 一 二\n\n文\n"),
        ("<h3>三<br>四</h3><h3>五</h3>", "### 三 四\n\n### 五\n"),
        # Numbers as shown.
        ('<ol><li>a</li><li value="7">b</li><li>c</li></ol>', "1. a\n\n7) b\n8) c\n"),
        ("<ol reversed><li>a</li><li>b</li></ol>", "2. a\n\n1) b\n"),
        ('<ol type="a" start="3"><li>甲</li><li>乙</li></ol>', "c. 甲\n\nd. 乙\n"),
        (
            '<ol style="list-style-type: upper-roman"><li>甲</li><li>乙</li></ol>',
            "I. 甲\n\nII. 乙\n",
        ),
        ('<ul style="list-style: none inside"><li>甲</li><li>乙</li></ul>', "甲\n\n乙\n"),
        ('<ul style="list-style-type: square"><li>甲</li></ul>', "- 甲\n"),
    ],
)
def test_it_reads_as_it_is_shown(html: str, markdown: str) -> None:
    """One small body of each kind beside its Markdown."""
    assert markdown == render(clean(html).html)


def test_powers_can_be_read_in_the_text() -> None:
    """10⁶ is not 106; a note stays a note."""
    assert (
        "10⁶，H₂O，注[1]" == clean("<p>10<sup>6</sup>，H<sub>2</sub>O，注<sup>[1]</sup></p>").text
    )


def test_an_edited_copys_link_is_no_articles_address() -> None:
    """``archive3.html`` joined to the page's address would look like a short link; it is told
    instead.
    """
    body = clean('<p>见<a href="archive3.html">第三篇</a>和<a href="mailto:a@b.example">信</a></p>')

    assert '<p>见第三篇和<a href="mailto:a@b.example">信</a></p>' == body.html
    assert ["relative-link"] == [loss.kind for loss in body.losses]


def test_a_quotes_source_is_a_link_of_the_article() -> None:
    """So that related reads and backlinks see it."""
    html = (
        '<blockquote data-source-title="旧文" data-url="https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUw">'
        "<p>一句。</p></blockquote>"
    )
    assert [("https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUw", "旧文")] == [
        (link.url, link.text) for link in clean(html).links
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("字\u200d字\u200c字\u200b", "字字字"),
        ("a\u200cb", "ab"),
        ("👨\u200d字", "👨字"),
    ],
)
def test_joiners_stay_where_they_are_letters_business(text: str, kept: str) -> None:
    """In scripts that are written with them and in emoji; anywhere else nobody sees them."""
    assert kept == without_noise(text)


def test_a_list_of_many_letters_takes_no_longer_than_it_is() -> None:
    """An item beyond what an author writes is not counted from the start again."""
    root, _ = parse("<ol type='i'>" + "<li>x</li>" * 5_000 + "</ol>")
    items = list(root.iter("li"))

    assert ("i.", "ccc.") == (shown_marker(items[0]), shown_marker(items[299]))
    assert "" == shown_marker(items[4_999])
    assert 1 == numbering(root.find(".//ol")).following  # type: ignore[arg-type]
