"""The registry of card types: whoever adds one is told by these tests what is missing."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import lxml.etree as etree
import pytest

from scraper.body import cards, clean
from scraper.body.cards.registry import CARD_TYPES
from scraper.body.cards.types import CardType, Example
from scraper.body.tree import text_of
from scraper.models import MEDIA_TYPES, Media
from scraper.parse import PARSER_VERSION
from scraper.text import one_line

EXAMPLES = [(card.name, example) for card in CARD_TYPES for example in card.examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_every_example_becomes_its_line_and_its_media(name: str, example: Example) -> None:
    """The line that its module promises stands in the text, and the card among the media; nothing
    is lost.
    """
    body = clean(f"<section>{example.html}</section>")

    assert example.line == body.text
    assert 1 == len(body.media)
    assert () == body.losses


@pytest.mark.parametrize("card", CARD_TYPES, ids=lambda card: card.name)
def test_a_card_type_is_whole(card: CardType) -> None:
    """It has examples, a version that is not ahead of the parser, and its media a label and a
    ``has:`` word.
    """
    assert card.examples
    assert 1 <= card.version <= PARSER_VERSION
    for example in card.examples:
        media = clean(example.html).media[0]

        assert MEDIA_TYPES[media.type].label
        assert MEDIA_TYPES[media.type].has


@pytest.mark.parametrize(
    "media",
    [
        Media(type="video", title="a <b>粗</b> & b &amp;lt;", url="https://a.example/?a=1&b=2"),
        Media(type="vote", title="去哪", extra=(("options", "山 < 海 / &amp;"),)),
        Media(type="location", title=" 某处 ", extra=(("address", "路&1"), ("about", "“<i>”"))),
        Media(type="sticker", title="笑", url="https://a.example/1.png"),
        Media(type="sticker", title="笑："),
        Media(type="channels", id="export/x", url="https://a.example/"),
        Media(type="product"),
    ],
)
def test_a_card_says_in_the_text_what_its_html_shows(media: Media) -> None:
    """Signs of HTML in a title are the title's own; a picture has no words."""
    shown = etree.fromstring(cards.line(media), etree.HTMLParser())

    assert one_line(text_of(shown)).rstrip(": ") == cards.text(media)


def test_every_module_of_a_card_stands_in_the_table() -> None:
    """A new card is a module and a line: neither can be forgotten."""
    found = [
        value
        for module in pkgutil.iter_modules(cards.__path__)
        for value in vars(import_module(f"{cards.__name__}.{module.name}")).values()
        if isinstance(value, CardType)
    ]

    assert sorted(card.name for card in CARD_TYPES) == sorted({card.name for card in found})


def test_every_element_belongs_to_one_type() -> None:
    """No tag stands in two modules."""
    tags = [tag for card in CARD_TYPES for tag in card.tags]

    assert sorted(set(tags)) == sorted(tags)


@pytest.mark.parametrize(
    ("html", "line", "facts"),
    [
        (
            '<mp-common-clmusic music_name="海边的歌" singer="某歌手" duration="221000"'
            ' albumurl="https://a.example/a.jpg"></mp-common-clmusic>',
            "音乐: 海边的歌（某歌手）",
            {"type": "music", "duration": 221.0, "cover": "https://a.example/a.jpg"},
        ),
        (
            '<mp-common-clmusic music_name="歌" duration="203"></mp-common-clmusic>',
            "音乐: 歌",
            {"duration": 203.0},
        ),
        (
            '<mpvoice voice_encode_fileid="M_1" src="/cgi-bin/readtemplate?t=tmpl/audio_tmpl'
            '&amp;name=%E5%A4%9C%E8%AF%9D&amp;play_length=04:43"></mpvoice>',
            "音频: 夜话",
            {"duration": 283.0, "id": "M_1"},
        ),
        (
            '<mp-common-poi data-name="%E6%B9%96%E8%BE%B9" data-address="%E5%8C%97%E8%B7%AF"'
            ' data-img="https%3A%2F%2Fa.example%2Fm.png" data-latitude="26.06" data-longitude="119.1"></mp-common-poi>',
            "位置: 湖边（北路）",
            {"cover": "https://a.example/m.png"},
        ),
        (
            '<mp-common-videosnap data-type="notice" data-noticeid="n1" data-intro="周五开播"'
            ' data-nickname="小号" data-starttime="1767000000"></mp-common-videosnap>',
            "直播: 周五开播（小号 · 2025-12-29 17:20）",
            {"type": "live"},
        ),
        (
            '<mp-common-videosnap data-id="export/UzFfAg" data-nickname="小号"></mp-common-videosnap>',
            "视频号: 小号",
            {"id": "export/UzFfAg"},
        ),
        (
            '<mp-common-videosnap data-id="export/UzFfAg" data-url="https://findermp.video.qq.com/x"></mp-common-videosnap>',
            "视频号: （无标题）",
            {"id": "export/UzFfAg", "url": "https://findermp.video.qq.com/x"},
        ),
        (
            '<mp-common-mpaudio name="第1期%E5%A4%9C%E8%AF%9D 50%20" author="甲"'
            ' voice_encode_fileid="M_2"></mp-common-mpaudio>',
            "音频: 第1期夜话 50%20（甲）",
            {"title": "第1期夜话 50%20"},
        ),
        (
            '<mp-common-vote data-votesubject=\'[{"title":"%E5%8E%BB%E5%93%AA",'
            '"options":[{"name":"%E5%B1%B1"},{"name":"海"}]}]\'></mp-common-vote>',
            "投票: 去哪 — 山 / 海",
            {"title": "去哪"},
        ),
        (
            '<p>看 <mp-common-cps data-templateid="link" data-title="茶"></mp-common-cps> 吧</p>',
            "看 商品: 茶 吧",
            {"type": "product"},
        ),
        (
            '<mp-common-book data-title="书名" data-author="作者名" data-intro="作者名"></mp-common-book>',
            "卡片: 书名（作者名）",
            {"author": "作者名"},
        ),
        (
            '<mp-common-redpacket data-cover_url="https://a.example/c.png"></mp-common-redpacket>',
            "红包: 红包封面",
            {"cover": "https://a.example/c.png"},
        ),
        (
            '<mp-common-redpacket data-packetname="春联"></mp-common-redpacket>',
            "红包: 春联",
            {"type": "redpacket", "title": "春联"},
        ),
        (
            '<mp-common-poll data-title="你选" data-options=\'["甲","乙"]\'></mp-common-poll>',
            "投票: 你选 — 甲 / 乙",
            {"type": "vote"},
        ),
        (
            '<iframe class="shopcard_iframe" data-src="/bizmall/x?name=%E8%8C%B6"></iframe>',
            "卡片: 茶",
            {"type": "card"},
        ),
        (
            '<p>看<a tagname="mp-common-product" data-title="茶">茶</a>吧</p>',
            "看茶吧",
            {"type": "product", "title": "茶"},
        ),
        (
            '<a tagname="mp-common-product" data-title="茶"><img data-src="https://a.example/t.png"></a>',
            "商品: 茶",
            {"type": "product"},
        ),
    ],
)
def test_facts_are_found_whatever_their_spelling(
    html: str, line: str, facts: dict[str, object]
) -> None:
    """Percent-encoded, in JSON, in the frame's address, in milliseconds: the reader sees the same
    line.
    """
    body = clean(html)

    assert line == body.text
    assert facts == {name: getattr(body.media[0], name) for name in facts}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '<mp-common-novelty data-title="%E7%A7%8B%E8%8C%B6" data-id="x1" class="js"></mp-common-novelty>',
            "卡片: 秋茶（x1）",
        ),
        (
            '<mp-common-novelty data-info=\'{"wording":"来喝茶","shop":"茶铺子"}\'></mp-common-novelty>',
            "卡片: 来喝茶（茶铺子）",
        ),
        ("<p>前</p><mp-novelty></mp-novelty><p>后</p>", "前\n后"),
        ("<mp-common-novelty><p>里面的话</p></mp-common-novelty>", "里面的话"),
        (
            '<mp-common-novelty data-tip="外面的话"><p>里面的话</p></mp-common-novelty>',
            "卡片: 外面的话\n里面的话",
        ),
    ],
)
def test_an_element_nobody_has_seen_says_its_words_and_is_told(html: str, text: str) -> None:
    """Never a tag name for a title, never silence: the loss is called by the tag."""
    body = clean(html)
    tag = "mp-novelty" if "<mp-novelty" in html else "mp-common-novelty"

    assert text == body.text
    assert [tag] == [loss.kind for loss in body.losses]


def test_old_elements_without_a_hyphen_are_cards_too() -> None:
    """``mpgongyi`` of before 2020, and whatever else began with these letters; MathML's elements do
    not count.
    """
    assert "卡片: 捐一袋米" == clean('<mpgongyi data-title="捐一袋米"></mpgongyi>').text
    assert () == clean("<p>前</p><mpadded>x</mpadded>").media
