"""What a page says about itself, where the places are many and some of them say something else."""

from __future__ import annotations

import pytest

import archive
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


HEADER = (
    '<div id="img-content"><div class="x"><em class="rich_media_meta_text">{}</em></div>'
    '<div id="js_content"><p>正文</p></div></div>'
)


@pytest.mark.parametrize(
    ("around", "author"),
    [
        (HEADER.format("某人"), "某人"),
        ("<i>前</i>" + HEADER.format("<b>某</b>人</em></div>") + "<i>后</i>", "某人"),
        (HEADER.format("原创") + '<em class="rich_media_meta_text">某人</em>', "某人"),
        ('<em class="rich_media_meta_text">某人</em>' + HEADER.format("别人"), "某人"),
        (HEADER.format("原创") + '<meta name="author" content="某人">', "某人"),
        ("<!-- rich_media_meta_text -->" + HEADER.format("某人"), "某人"),
        ("<script>'rich_media_meta_text'</script>" + HEADER.format("某人"), "某人"),
    ],
)
def test_what_stands_outside_the_articles_header_is_seen(around: str, author: str) -> None:
    """A tree is made of the header alone only where all that is asked for stands in it."""
    assert author == parsed(f"<html><head></head><body>{around}</body></html>").author


def test_the_place_is_taken_from_where_it_stands() -> None:
    """The script's object of 2022, or what a browser has filled in."""
    scripts = "window.ip_wording = { countryName: '中国', provinceName: '上海', cityName: '' };"
    shown = '<span id="js_ip_wording">Posted on 上海</span>'

    assert "上海" == parsed(page_2022("", scripts)).place
    assert "上海" == parsed(page_2022(shown)).place


@pytest.mark.parametrize(
    "attribute",
    [
        'id="js_author_name"',
        "ID = 'js_author_name'",
        "class=x id=js_author_name",
        "data-a=js_author_name",
    ],
)
def test_a_field_may_stand_in_the_body(attribute: str) -> None:
    """Found by its id however that is written, and by nothing else that has the same letters."""
    page = (
        f'<html><body><div id="js_content"><p>正文。<i {attribute}>某人</i></p></div></body></html>'
    )

    assert ("某人" if "data-" not in attribute else None) == parsed(page).author


def test_an_empty_element_does_not_hide_a_later_one_of_its_id() -> None:
    """A saved copy of 2026 holds ``js_ip_wording`` twice, the template's empty one first."""
    twice = '<span id="js_ip_wording"> </span><span id="js_ip_wording"> 上海 </span>'

    assert "上海" == parsed(page_2022(twice)).place


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("这是一篇关于机器学习的文章，里面有 transformer 与 attention 这样的词。", "zh-Hans"),
        ("這是一篇關於機器學習的文章，來說說這個問題。", "zh-Hant"),
        ("The quick brown fox jumps over the lazy dog, and that is all there is to it.", "en"),
        ("これは日本語で書かれた記事です。", "ja"),
        ("한국어로 쓴 글입니다.", "ko"),
        ("བོད་ཡིག་གི་རྩོམ་ཡིག", "bo"),
        ("Ça va déjà être l'été où naît le cœur de Noël, là-bas.", None),
        ("Ą Ć Ę Ł Ń Ó Ś Ź Ż ą ć ę ł ń ó ś ź ż", None),
        ("😀 表情 🎉 也在这里 🎊", "zh-Hans"),
        ("\U00020000\U00020001\U0002a6d6\u4dae", "zh-Hans"),
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


EARLY = """<html><head><title>征文</title></head><body><div class="page-bizinfo"><h1 id="activity-name">征文</h1>
<p class="activity-info"><span id="post-date">2013-12-26</span>
<a id="post-user"><span class="text-ellipsis">读书会</span><i></i></a></p></div>
<div class="page-content"><div class="media" id="media"><img data-src="http://mmbiz.qpic.cn/mmbiz/COVER/0"></div>
<div class="text"><p>各位，<strong>结果</strong>公布。</p><p>名单见下。</p></div>
<p class="page-toolbar"><a href="javascript:viewSource();">阅读原文</a><a>举报</a></p></div>
<script>var sourceurl = trim('http://book.example/r#wechat_redirect'.replace(/&lt;/g, '<'));
(function(){ var appId = '', imgUrl = "http://mmbiz.qpic.cn/mmbiz/COVER/0",
link = "http://mp.weixin.qq.com/mp/appmsg/show?__biz=MTYz&appmsgid=117330001&itemidx=1&sign=98b838c1c160c67267d4180cd6f6e5b0",
title = htmlDecode("征文"), desc = htmlDecode("三百篇里选出。"); })();</script></body></html>"""


def test_the_template_of_2012_to_early_2014_is_read() -> None:
    """No ``#js_content``: the text is ``div.page-content > div.text``, the facts stand in one
    script.
    """
    article = parsed(EARLY)

    assert "各位，结果公布。\n名单见下。" == article.text
    assert ("征文", "读书会", "三百篇里选出。") == (
        article.title,
        article.account.name,
        article.digest,
    )
    assert ("117330001", "1") == (article.mid, article.idx)
    assert "2013-12-25T16:00:00+00:00" == str(article.published and article.published.isoformat())
    assert "http://mmbiz.qpic.cn/mmbiz/COVER/0" == article.cover
    assert "http://book.example/r" == article.source_url


def test_a_page_of_sound_says_how_long_it_is() -> None:
    """``voice_page_info`` of 2026: length in seconds, cover, title."""
    info = {
        "voice_id": "MzA_1",
        "duration": 323,
        "cover_url": "http://wx.qlogo.cn/c/0",
        "title": "快讯",
    }
    media = parsed(article_page(kind=7, extra={"voice_page_info": info})).media[0]

    assert ("audio", "MzA_1", "快讯", 323.0) == (media.type, media.id, media.title, media.duration)
    assert "http://wx.qlogo.cn/c/0" == media.cover


def test_pictures_without_a_kind_are_pictures() -> None:
    """A page that lost its ``item_show_type`` still shows its list of pictures."""
    page = article_page(kind=8, images=("https://mmbiz.qpic.cn/a/1/0",), body="图下的字")
    article = parsed(page.replace(b"item_show_type", b"gone_show_type"))

    assert ["https://mmbiz.qpic.cn/a/1/0"] == [image.url for image in article.images]
    assert 8 == article.kind


def test_the_answer_in_json_is_an_article() -> None:
    """``f=json``: the members of the page's data, and nothing around them."""
    article = parsed(
        '{"base_resp":{"ret":0},"title":"普通一篇","nick_name":"甲乙号","ori_create_time":1731399898,'
        '"content_noencode":"<p>正文，<b style=\\"color:red\\">重点</b>。</p>","item_show_type":0,'
        '"link":"https://mp.weixin.qq.com/s/x"}'
    )

    assert ("普通一篇", "甲乙号", "正文，重点。") == (
        article.title,
        article.account.name,
        article.text,
    )


def test_a_file_that_is_cut_off_is_told() -> None:
    """A whole page ends in ``</html>``; what is left of one is read, with a loss."""
    page = article_page(era="B", body="<p>第一段。</p><p>第二段写到一半，文件就")
    begun = page[: page.index("文件就".encode())]

    assert ["cut-off"] == [loss.kind for loss in parsed(begun).losses]
    assert "第一段。" == parsed(begun).text.split("\n")[0]
    assert () == parsed(b"<div id='js_content'><p>x</p></div>").losses


TRAP = "<!--headTrap<body></body><head></head><html></html>-->"


@pytest.mark.parametrize(
    ("end", "losses"),
    [
        ("</html>", []),
        ("</html>\n<!-- saved -->", []),
        ("</HTML >\n", []),
        (f"</html>\n{TRAP}\n", []),
        (f"{TRAP}\n{TRAP}", ["cut-off"]),
        ("", ["cut-off"]),
    ],
)
def test_where_a_page_ends(end: str, losses: list[str]) -> None:
    """What pages of 2017–2018 have behind their end, as others before their beginning, is none."""
    page = f"{TRAP}<html><body><div id='js_content'><p>正文。</p></div></body>{end}"

    assert losses == [loss.kind for loss in parsed(page.encode()).losses]


def test_the_sharing_accounts_own_words_are_kept() -> None:
    """编者荐语 stands above the article, whole, where the digest has its beginning only."""
    words = "这一篇写得好，值得转给各位看看。第二句也是编者的。"
    page = article_page(
        body="<p>原文。</p>",
        digest=words[:16],
        extra={"copyright_info": {"copyright_stat": 2, "guide_words": words}},
    )
    article = parsed(page)

    assert words == article.recommendation
    assert f"> {words}\n" in archive.to_markdown(article)
    assert 1 == archive.to_markdown(article).count("> 这一篇")


def test_a_digest_that_is_the_body_is_not_printed_twice() -> None:
    """A message's digest is its own text."""
    article = parsed(article_page(kind=10, body="一段话，没有题目。", digest="一段话，没有题目。"))

    assert "> 一段话" not in archive.to_markdown(article)
    assert "一段话，没有题目。" == article.digest
