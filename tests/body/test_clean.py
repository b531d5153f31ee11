"""What cleaning a body promises beyond the text: media, images, links, losses, and the shape of the
HTML.
"""

from __future__ import annotations

from html import escape

import pytest

import archive
import scraper
from archive.document.markdown import render
from scraper.body import Hints, clean
from scraper.models import Image, Link, Media, Transcoding
from tests.body.reading import shown, squeezed
from tests.weixin.pages import article_page


def test_one_bold_sentence_in_many_spans_is_one_strong() -> None:
    """Spans, ``<strong>`` and ``font-weight`` of one sentence merge; a weight of 400 inside ends
    the bold.
    """
    source = (
        '<p><strong>甲</strong><span style="font-weight:700">乙</span>'
        '<b>丙<i style="font-weight:400">丁</i></b></p>'
    )
    assert clean(source).html == "<p><strong>甲乙丙</strong><em>丁</em></p>"


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("<p><b>重点。</b>后文</p>", "**重点**。后文\n"),
        ("<p>前文<b>“重点”</b>后文</p>", "前文“**重点**”后文\n"),
        ("<p>，<b>“重点”</b>后文</p>", "，“**重点**”后文\n"),
        ("<p>菜单<b>“资源”，</b>即可</p>", "菜单“**资源**”，即可\n"),
        ("<p><b>他说“好”</b>了</p>", "**他说**“**好**”了\n"),
        ("<p>见<b>《书》（二）</b>后</p>", "见《**书**》（**二**）后\n"),
        ("<p>前<b>“甲”和“乙”</b>后</p>", "前“**甲**”**和**“**乙**”后\n"),
        ("<p><b>“重点”</b></p>", "**“重点”**\n"),
        ("<p><b>★</b>7、甲</p>", "<strong>★</strong>7、甲\n"),
        ("<p>前文<b>“重点”</b></p>", "前文“**重点**”\n"),
        ("<p><b>重点。</b></p>", "**重点。**\n"),
        ("<p><b>C:\\，</b>重</p>", "**C:\\\\**，重\n"),
        ("<p>a<b> b </b>c</p>", "a **b** c\n"),
        ("<p><b>甲</b><i>乙</i></p>", "**甲**乙\n"),
        ("<p>前<b><code>x</code></b>后</p>", "前`x`后\n"),
        ("<p>x<sup>2</sup> 与<sup>[1]</sup></p>", "x<sup>2</sup> 与[1]\n"),
    ],
)
def test_emphasis_closes_beside_chinese_marks(source: str, markdown: str) -> None:
    """The least is moved out of it, a paired mark with its other half, and nothing literal
    shows.
    """
    assert render(clean(source).html) == markdown


def test_the_pages_own_video_data_completes_a_card() -> None:
    """By the id of the card: title, cover, transcodings; the card's own address stays."""
    source = '<iframe class="video_iframe" data-mpvid="wxv_1" data-src="https://mp.weixin.qq.com/mp/readtemplate?vid=wxv_1"></iframe>'
    known = Media(
        type="video",
        id="wxv_1",
        title="片名",
        transcodings=(Transcoding(url="http://a.b/1.mp4", format_id="10"),),
    )
    body = clean(source, hints=Hints(videos={"wxv_1": known}))
    assert body.text == "视频: 片名"
    assert body.media[0].transcodings == known.transcodings
    assert body.media[0].url == "https://mp.weixin.qq.com/mp/readtemplate?vid=wxv_1"


def test_images_keep_their_query_and_size() -> None:
    """Unescaped however often the page escaped it; a placeholder in ``src`` does not count."""
    source = (
        '<img src="data:image/gif;base64,R0" data-src="http://mmbiz.qpic.cn/a/b/640?wx_fmt=png\\x26amp;amp;from=appmsg"'
        ' data-w="1080" data-ratio="0.5" alt="图片">'
    )
    expected = Image(
        url="http://mmbiz.qpic.cn/a/b/640?wx_fmt=png&from=appmsg", width=1080, height=540
    )
    assert clean(source).images == (expected,)


def test_links_lose_readers_tokens() -> None:
    """The article's own parameters stay, whoever shared it."""
    source = '<p><a href="http://mp.weixin.qq.com/s?__biz=MzA=&amp;mid=1&amp;idx=2&amp;sn=ab&amp;key=k&amp;uin=u&amp;scene=21#rd">看</a></p>'
    assert clean(source).links == (
        Link(
            url="https://mp.weixin.qq.com/s?__biz=MzA=&mid=1&idx=2&sn=ab",
            relation="text",
            text="看",
        ),
    )


def test_footnotes_of_both_editors_are_links_again() -> None:
    """doocs/md: the word and its mark in one span, the list in ``<code>`` lines."""
    source = (
        "<p>见<span>文档<sup>[1]</sup></span>。</p><h3>References</h3>"
        "<p><code>[1]</code> 文档: <i>https://a.b/c</i><br></p>"
    )
    view = shown(render(clean(source).html))
    assert view.lines == ("见文档[1]。", "References", "[1]文档:https://a.b/c")
    assert view.links == ("https://a.b/c", "https://a.b/c")


def test_what_cannot_be_kept_is_named_with_the_words_before_it() -> None:
    """Kind, place and how often."""
    losses = clean("<p>看图</p><svg><animate/><animate/></svg><p>填<input></p>").losses
    assert [(loss.kind, loss.where, loss.count) for loss in losses] == [
        ("animation", "看图", 2),
        ("form", "填", 1),
    ]


def test_hidden_elements_stay_out_but_the_page_wrapper_does_not_hide_the_article() -> None:
    """WeChat serves ``#js_content`` hidden and shows it by script."""
    source = (
        '<div id="js_content" style="visibility: hidden; opacity: 0;">'
        '<p>正文</p><p style="display:none">垃圾</p></div>'
    )
    assert clean(source).text == "正文"


def test_a_picture_at_the_end_of_a_sentence_stands_apart() -> None:
    """As on the screen; an emoji and a picture between words stay in the line."""
    wide, emoji = (
        '<img data-src="https://a.b/1" data-w="900">',
        '<img data-src="https://res.wx.qq.com/emoji/1.png" data-w="20">',
    )
    assert render(clean(f"<p>文字{wide}</p><p>好{emoji}</p>").html) == (
        "文字\n\n![](https://a.b/1)\n\n好![](https://res.wx.qq.com/emoji/1.png)\n"
    )
    # Pictures alone on a line belong to the words above them.
    assert clean(f"<p>文字<br>{wide}{wide}</p>").html.count("<p>") == 1


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<strong>重<del>点</del></strong>重", "**重点**重"),
        ("重<strong><del>点</del>重</strong>", "重**点重**"),
        ("<strong>重<del>点</del></strong>", "**重**~~**点**~~"),
    ],
)
def test_a_strike_gives_way_to_bold_beside_letters(html: str, markdown: str) -> None:
    """Four stars in a row would be read as text."""
    assert f"{markdown}\n" == render(f"<p>{html}</p>")


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("好[微笑][强]", "好[微笑][强]"),
        ("[1] 出处", "[1] 出处"),
        ("[甲](乙)", "\\[甲](乙)"),
        ("[甲]: 乙", "\\[甲]: 乙"),
        ("[[甲]]", "\\[[甲]]"),
        ("[^1] 注", "\\[^1] 注"),
        ("[x] 做完", "\\[x] 做完"),
        ("C:\\文件 \\n", "C:\\文件 \\n"),
        ("C:\\，", "C:\\\\，"),
        ("\\* 甲", "\\\\\\* 甲"),
        ("#话题 #另一个", "#话题 #另一个"),
        ("# 甲", "\\# 甲"),
        ("|甲|乙|", "|甲|乙|"),
        ("2024. 甲", "2024\\. 甲"),
        ("1.5 元，a_b，约 3~5 天，$5", "1.5 元，a_b，约 3~5 天，$5"),
        ("~~甲~~", "\\~\\~甲\\~\\~"),
        ("a < b & c", "a < b & c"),
    ],
)
def test_text_is_escaped_only_where_markdown_would_read_something_into_it(
    text: str, markdown: str
) -> None:
    """Square brackets, backslashes, signs at the start of a line: as the author typed them wherever
    that is safe.
    """
    html = clean(f"<p>{escape(text)}</p>").html
    assert render(html) == markdown + "\n"
    assert shown(render(html)).lines == (squeezed(text),)


def test_no_readers_token_reaches_what_is_kept() -> None:
    """Neither by a picture, a card, its cover or its other data, nor by the article's cover and
    address.
    """
    token = "?vid=1&token=SECRET&amp;amp;key=SECRET&uin=SECRET&pass_ticket=SECRET"
    media = "https://finder.video.qq.com/1/2/stodownload" + token
    body = (
        f'<p><img data-src="https://mmbiz.qpic.cn/a/b/640{token}&wx_fmt=png"></p>'
        f'<mp-common-videosnap data-id="export/1" data-nonceid="n" data-url="{media}" data-headimgurl="{media}">'
        f'</mp-common-videosnap><mp-common-new data-title="新" data-url="{media}" data-other="{media}"></mp-common-new>'
        f'<iframe class="video_iframe" data-src="https://v.qq.com/x.html{token}" data-cover="{media}"></iframe>'
        f'<mpvoice name="声" voice_encode_fileid="v1" data-topic_link="https://mp.weixin.qq.com/mp/a{token}"></mpvoice>'
    )
    address = (
        "https://mp.weixin.qq.com/s?__biz=MzA5MDAwMDAwMA==&mid=1&idx=1&sn=ab&key=SECRET&uin=SECRET"
    )
    article = scraper.parse(scraper.Page(url=address, body=article_page(body=body, cover=media)))
    assert len(article.media) == 4
    assert article.images[0].url == "https://mmbiz.qpic.cn/a/b/640?vid=1&wx_fmt=png"
    assert "SECRET" not in repr(article) + article.body + archive.to_markdown(article)


def test_lists_written_as_siblings_are_nested() -> None:
    """WeChat's editor puts the inner list beside the item it belongs to; stray items are one
    list.
    """
    assert clean("<ul><li>甲</li><ul><li>乙</li></ul><li>丙</li></ul>").html == (
        "<ul><li>甲<ul><li>乙</li></ul></li><li>丙</li></ul>"
    )
    assert clean("<li>甲</li><li>乙</li>").html == "<ul><li>甲</li><li>乙</li></ul>"


def test_addresses_can_be_mapped_while_writing() -> None:
    """``None`` leaves an address as it is."""
    html = '<p><img src="https://a.b/1">和<a href="https://a.b/2">链接</a></p>'
    assert render(html, image=lambda url: "../media/1.png", link=lambda url: None) == (
        "![](../media/1.png)和[链接](https://a.b/2)\n"
    )


@pytest.mark.parametrize(
    "style",
    [
        "display: none",
        "visibility: hidden",
        "opacity: 0",
        "font-size: 0px",
        "height: 0; overflow: hidden",
        "max-height: 0px; overflow-y: hidden",
        "line-height: 0; color: rgba(0, 0, 0, 0); width: 0",
    ],
)
def test_what_no_reader_sees_stays_out(style: str) -> None:
    """Hidden, without height, size or opacity; transparent letters without a width, as 135editor
    sets them.
    """
    assert clean(f'<p>甲</p><section style="{style}"><p>隐</p></section><p>乙</p>').text == "甲\n乙"


@pytest.mark.parametrize(
    "source",
    [
        '<section style="font-size: 0"><p style="font-size: 16px">见</p></section>',
        '<section style="height: 0"><p>见</p></section>',
        '<section style="opacity: 0.5; line-height: 0"><p>见</p></section>',
        '<section style="width: 0.5px; overflow: hidden"><p>见</p></section>',
        '<svg style="opacity: 0"><animate attributeName="opacity"></animate><text>见</text></svg>',
    ],
)
def test_what_is_seen_after_all_stays(source: str) -> None:
    """A size of its own inside, overflow that shows, half a transparency, what appears on a tap."""
    assert clean(source).text == "见"


def test_unseen_words_are_named_as_a_loss() -> None:
    """Words, not the bare ``_`` that editors leave."""
    losses = clean('<p>甲</p><p style="opacity:0">字</p><p style="opacity:0">_</p>').losses
    assert [(loss.kind, loss.where, loss.count) for loss in losses] == [("unseen-text", "甲", 1)]


def test_an_empty_line_of_a_native_snippet_is_one_line() -> None:
    """WeChat writes it as ``<code><br></code>``."""
    line = "<code><span>{}</span></code>".format
    source = f'<pre data-lang="c">{line("a;")}{line("<br>")}{line("&nbsp; b;<br>")}</pre>'
    assert render(clean(source).html) == "```c\na;\n\n  b;\n```\n"


def test_names_of_cards_are_plain_text_however_often_they_were_escaped() -> None:
    """mpvoice carries ``&amp;nbsp;`` in its name."""
    assert (
        clean('<mpvoice name="第一&amp;amp;nbsp;课" voice_encode_fileid="v"></mpvoice>').text
        == "音频: 第一 课"
    )


def test_players_that_a_browser_has_drawn_are_cards_once() -> None:
    """Saved copies hold what the page's scripts made of a card: its buttons and messages are
    nobody's text.
    """
    source = (
        '<p><mpvoice name="声" voice_encode_fileid="v"></mpvoice><span class="js_audio_frame db">声 00:00</span>'
        '</p><p>甲</p><div id="js_mpvedio_wrapper_wxv_7"><div class="mp-video-player"><p>视频加载失败</p></div></div>'
    )
    body = clean(
        source, hints=Hints(videos={"wxv_7": Media(type="video", id="wxv_7", title="片名")})
    )
    assert body.text == "音频: 声\n甲\n视频: 片名"
    assert clean('<p><span class="js_audio_frame">只有它</span></p>').text == "只有它"


def test_code_in_a_list_of_lines_is_no_list_of_line_numbers() -> None:
    """Prettify's ``ol.linenums`` holds the code, WeChat's ``ul.code-snippet__line-index`` only
    counts.
    """
    source = (
        '<pre><ol class="linenums">'
        "<li><code>a</code></li><li><code></code></li><li><code> b</code></li></ol></pre>"
    )
    assert render(clean(source).html) == "```\na\n\n b\n```\n"
    numbers = '<ul class="code-snippet__line-index"><li>1</li><li></li></ul>'
    assert (
        render(clean(f"{numbers}<pre><code>a</code><code>b</code></pre>").html)
        == "```\na\nb\n```\n"
    )


def test_words_in_an_unknown_element_are_read() -> None:
    """A card is made of it where it names an id or an address."""
    assert clean("<p>见<mp-link>词</mp-link></p>").text == "见词"
    assert clean('<mp-common-new data-id="7">词</mp-common-new>').text == "卡片: 词（7）"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>粗<span style='font-weight:normal'>细</span>粗</b>", "**粗**细**粗**"),
        ("<span style='font-weight:bold'>粗<i style='font-style:normal'>细</i></span>", "**粗细**"),
        ("<b style='white-space:normal'>粗</b>细", "**粗**细"),
        (
            "<section style='white-space:pre-wrap'>一\n<span>二\n三</span></section>",
            "一  \n二  \n三",
        ),
        (
            "<section style='white-space:pre'><p style='white-space:normal'>一\n二</p></section>",
            "一 二",
        ),
        ("<span style='display:flex'>一</span>二", "一\n\n二"),
        ("<u style='display:none'>一</u>二", "二"),
        ("<p data-lazy-bgimg='https://a.b/1'>一</p>", "![](https://a.b/1)  \n一"),
    ],
)
def test_a_style_says_only_what_changes(html: str, text: str) -> None:
    """Elements of words and paragraphs are read the short way; what they change ends with them."""
    assert f"{text}\n" == render(clean(html).html)
