"""What a page is decides how its body is read."""

from __future__ import annotations

from typing import Any

import pytest

import scraper
from scraper.models import Article, Page
from tests.weixin.pages import article_page

URL = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"
PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/a/0?wx_fmt=png"


def parsed(**fields: Any) -> Article:
    """The article of a page with these fields."""
    return scraper.parse(Page(url=URL, body=article_page(**fields)))


@pytest.mark.parametrize(
    ("fields", "role"),
    [
        ({"kind": 8, "body": "图片的话", "images": [PICTURE]}, "picture"),
        ({"body": f'<p>话</p><p><img data-src="{PICTURE}"></p>'}, "body"),
    ],
    ids=["picture message", "article"],
)
def test_an_image_says_what_it_is(fields: dict[str, Any], role: str) -> None:
    """The pictures of a picture message are what it is about; those of an article illustrate it."""
    assert [(PICTURE, role)] == [(image.url, image.role) for image in parsed(**fields).images]


@pytest.mark.parametrize(
    ("body", "losses"),
    [
        ("<p>看得到的</p>", []),
        ("<p>看得到的</p><mp-pay-preview-filter></mp-pay-preview-filter>", ["unpaid-part"]),
    ],
)
def test_what_stands_behind_a_payment_is_told_as_missing(body: str, losses: list[str]) -> None:
    """Only where there is any."""
    assert losses == [loss.kind for loss in parsed(body=body).losses]


def test_the_player_that_a_browser_drew_is_not_read_as_words() -> None:
    """A saved copy holds it beside the card; the recording is there once."""
    body = (
        '<p>话</p><mpvoice name="录音" voice_encode_fileid="MzA1_1"></mpvoice>'
        '<span class="js_audio_frame">点击播放 01:20</span>'
    )
    article = parsed(body=body, era="A")

    assert (1, False) == (len(article.media), "点击播放" in article.text)
