"""Goods: a shop's own, goods sold for others (``cps``, ``cpsad``), and short plays, which are sold
the same way.
"""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes, said
from scraper.body.cards.types import CardType, Example
from scraper.body.tree import text_of
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media:
    """Facts stand in attributes of their own, or as JSON in one (``data-goods``, ``data-cpsinfo``).

    A short play (``data-adtype="short-play"``, seen in other programs' samples of 2026-08) has
    ``dramaName``, ``categoryName`` and ``dramaNum``.
    """
    if card.text("dramaname", "dramaid") or card.text("adtype") == "short-play":
        return _short_play(card)
    return Media(
        type="product",
        id=card.text(
            "wid", "pid", "productid", "windowproduct", "productkey", "id", "goodssouce", "planid"
        ),
        title=card.text("title", "productname", "goodsname", "name", "productimagetitle")
        or said(text_of(card.element)),
        author=card.text("shopname", "brandname", "shopnickname", "nickname", "merchantname"),
        url=card.url("url", "link", "jumpurl", "producturl"),
        cover=card.picture(
            "cover", "img", "imgurl", "mainimg", "productimageurl", "headimg", "image", "imageurl"
        ),
        extra=card.extra(price="price", appid="appid"),
    )


def _short_play(card: Attributes) -> Media:
    count = card.text("dramanum", "episodenum")
    about = ["短剧", card.text("categoryname"), f"{count} 集" if count else None]
    return Media(
        type="product",
        id=card.text("dramaid", "planid"),
        title=card.text("dramaname", "title", "name", "desc"),
        author=card.text("nickname"),
        cover=card.picture("videocoverurl", "cover", "coverurl", "imgurl"),
        extra=(
            ("about", " · ".join(part for part in about if part)),
            *card.extra(appid="playappid", path="defaultpath"),
        ),
    )


def _in_a_sentence(card: Attributes) -> bool:
    """A text link: WeChat's script draws ``data-cardtype="2"`` as words among the others; older
    cards say ``data-templateid="link"``.
    """
    return card.text("cardtype") == "2" or card.text("templateid") == "link"


CARD = CardType(
    name="product, short play",
    tags=names(
        "mpproduct mpcps mp-common-product mp-common-cps mp-common-cpsad mp-common-cpslink mpcpslink"
        " mp-common-shortplay mp-common-short-play mp-common-goods"
    ),
    read=read,
    version=2,
    inline=_in_a_sentence,
    examples=(
        Example(
            html='<mp-common-product data-title="茶" data-shopname="茶铺" data-pid="7"></mp-common-product>',
            line="商品: 茶（茶铺 · 7）",
        ),
        Example(
            html='<mp-common-cpsad data-adtype="short-play" data-dramaid="123"'
            ' data-videocarddata=\'{"dramaName":"一出戏",'
            '"categoryName":"都市","dramaNum":60}\'></mp-common-cpsad>',
            line="商品: 一出戏（短剧 · 都市 · 60 集 · 123）",
        ),
        Example(
            html='<p>看 <mp-common-product data-cardtype="2" data-title="茶"></mp-common-product> 吧</p>',
            line="看 商品: 茶 吧",
        ),
    ),
)
