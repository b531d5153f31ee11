"""Doors to other parts of WeChat: 搜一搜, shops, books, games, linked articles, applications."""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes, said
from scraper.body.cards.types import CardType, Example
from scraper.body.tree import text_of
from scraper.models import Media
from scraper.text import names

#: What the card is for, in the reader's words, by a part of its element's name.
_ABOUT = (
    ("search", "搜一搜"),
    ("shop", "小店"),
    ("read", "微信读书"),
    ("game", "游戏"),
    ("app", "应用"),
    ("bluepacket", "礼物"),
    ("gift", "礼物"),
    ("lottery", "抽奖"),
)


def read(card: Attributes) -> Media:
    """Their facts stand in plain attributes, or as JSON in one (``data-article-data``,
    ``data-read-data``).
    """
    tag = card.tag.removeprefix("mp-common-")
    about = next((said_ for part, said_ in _ABOUT if part in tag), None)
    return Media(
        type="card",
        id=card.text("id", "appid", "shopappid", "bookid", "weappid", "uri"),
        title=card.text(
            "title",
            "keyword",
            "keywords",
            "query",
            "shopname",
            "shopnickname",
            "bookname",
            "appname",
            "nickname",
            "name",
            "text",
            "desc",
        )
        or said(text_of(card.element)),
        author=card.text("author", "authorname", "nickname", "accountname", "developer"),
        url=card.url("url", "link", "jumpurl", "applink", "downloadurl", "weburl", "href"),
        cover=card.picture("cover", "coverurl", "img", "imgurl", "icon", "iconurl", "headimg"),
        extra=(("element", card.tag),) + ((("about", about),) if about else ()),
    )


CARD = CardType(
    name="search, shop, book, game, article, application",
    tags=names(
        "mpsearch mpshop mp-common-search mp-common-shop mp-common-mpshop mp-common-shopprofile mp-common-shoptag"
        " mp-common-shopcard mp-common-read mp-common-weread mp-common-gameprofile mp-common-article"
        " mp-common-app-link mp-common-applink mp-common-app mp-app-link mp-common-bluepacket mp-common-gift"
        " mp-common-lottery"
    ),
    read=read,
    version=2,
    examples=(
        Example(
            html='<mp-common-search data-keyword="%E7%A7%8B%E8%8C%B6"></mp-common-search>',
            line="卡片: 秋茶（搜一搜）",
        ),
        Example(
            html='<mp-common-article data-article-data=\'{"title":"旧文","link":"https://a.example/1"}\'></mp-common-article>',
            line="卡片: 旧文",
        ),
        Example(
            html='<mp-common-app-link data-name="日历" data-link="https://a.example/app"></mp-common-app-link>',
            line="卡片: 日历（应用）",
        ),
    ),
)
