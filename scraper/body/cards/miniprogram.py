"""Mini-programs (小程序), as a card, a picture or words, and the applications that a card opens."""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes, said
from scraper.body.cards.types import CardType, Example
from scraper.body.tree import text_of
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media:
    """``mp-common-miniprogram``, ``mp-weapp`` and ``a[data-miniprogram-appid]``."""
    nickname = card.text("miniprogramnickname", "nickname", "weappnickname")
    title = card.text("miniprogramtitle", "title") or nickname
    return Media(
        type="miniprogram",
        id=card.text("miniprogramappid", "appid", "weappappid"),
        title=title or said(text_of(card.element)),
        author=nickname if nickname != title else None,
        cover=card.picture("miniprogramimageurl", "miniprogramimageurlback", "imageurl", "cover"),
        extra=card.extra(
            path="miniprogrampath", applink="miniprogramapplink", type="miniprogramtype"
        ),
    )


CARD = CardType(
    name="mini-program",
    tags=names("mp-miniprogram mp-common-miniprogram mp-weapp mp-common-weapp"),
    read=read,
    version=2,
    examples=(
        Example(
            html='<mp-common-miniprogram data-miniprogram-title="报名" data-miniprogram-nickname="小程序名"'
            ' data-miniprogram-appid="wx1"></mp-common-miniprogram>',
            line="小程序: 报名（小程序名 · wx1）",
        ),
    ),
)
