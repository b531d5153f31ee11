"""What a page says about itself, where the places are many and some of them say something else."""

from __future__ import annotations

import pytest

import scraper
from scraper.parse import language
from tests.weixin.pages import article_page

URL = "https://mp.weixin.qq.com/s/metametametametametame"


def parsed(page: str | bytes) -> scraper.Article:
    """The article of a page."""
    body = page.encode() if isinstance(page, str) else page
    return scraper.parse(scraper.Page(url=URL, body=body))


def page_2022(under_the_title: str, scripts: str = "") -> str:
    """A page without data of its own; ``under_the_title`` stands between title and text."""
    return (
        '<html><body><div id="js_article"><h1 id="activity-name">题目</h1><div id="meta_content">'
        f'{under_the_title}</div><div id="js_content"><p>正文</p></div></div>'
        f'<script>var biz = "MzA4ODAwMTAwMA=="; var mid = "265"; var idx = "1"; {scripts}</script></body></html>'
    )


@pytest.mark.parametrize(
    ("small_print", "author"),
    [
        (
            '<em id="js_ip_wording_wrp" class="rich_media_meta rich_media_meta_text" style="display: none;">'
            '<span id="js_a11y_op_ip_wording">发表于</span><span id="js_ip_wording"></span></em>',
            None,
        ),
        ('<em class="rich_media_meta_text">发表于上海</em>', None),
        ('<em class="rich_media_meta_text">Posted on</em>', None),
        ('<em class="rich_media_meta_text">Posted on Shanghai</em>', None),
        ('<span class="rich_media_meta_text">原创</span>', None),
        ('<span class="rich_media_meta_text">作者：某人</span>', "某人"),
        (
            '<span class="rich_media_meta_text">原创：</span><span class="rich_media_meta_text">某人</span>',
            "某人",
        ),
        ('<meta name="author" content="发表于"><em class="rich_media_meta_text">某人</em>', "某人"),
    ],
)
def test_the_author_is_never_a_label_or_a_place(small_print: str, author: str | None) -> None:
    """What the page writes beside the author stays out."""
    assert author == parsed(page_2022(small_print)).author


def test_the_place_is_taken_from_where_it_stands() -> None:
    """The script's object of 2022, or what a browser has filled in."""
    scripts = "window.ip_wording = { countryName: '中国', provinceName: '上海', cityName: '' };"
    shown = '<span id="js_ip_wording">Posted on 上海</span>'

    assert "上海" == parsed(page_2022("", scripts)).place
    assert "上海" == parsed(page_2022(shown)).place


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("这是一篇关于机器学习的文章，里面有 transformer 与 attention 这样的词。", "zh-Hans"),
        ("這是一篇關於機器學習的文章，來說說這個問題。", "zh-Hant"),
        ("The quick brown fox jumps over the lazy dog, and that is all there is to it.", "en"),
        ("これは日本語で書かれた記事です。", "ja"),
        ("한국어로 쓴 글입니다.", "ko"),
        ("བོད་ཡིག་གི་རྩོམ་ཡིག", "bo"),
        ("123 456", None),
        ("", None),
    ],
)
def test_the_language_is_the_texts(text: str, tag: str | None) -> None:
    """By its characters."""
    assert tag == language.of(text)


def test_the_interface_has_no_say_in_the_language() -> None:
    """``lang`` of the page's data and ``window.LANG`` follow the reader's browser."""
    page = article_page(body="<p>这是一篇普通的文章。</p>", extra={"lang": "en"})
    page = page.replace(b"</body>", b'<script>window.LANG = "en";</script></body>')

    assert "zh-Hans" == parsed(page).language
