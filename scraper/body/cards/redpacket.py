"""Red packets and their covers (红包, 红包封面)."""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media:
    """A cover without a name is called what it is."""
    return Media(
        type="redpacket",
        id=card.text("coverid", "redpacketid", "id", "uri", "coveruri"),
        title=card.text("title", "covername", "redpacketname", "name", "desc"),
        author=card.text("nickname", "sendername", "brandname", "authorname"),
        url=card.url("url", "receiveurl"),
        cover=card.picture("coverimg", "coverurl", "cover", "img", "imgurl"),
        extra=card.extra(about="count"),
    )


CARD = CardType(
    name="red packet",
    tags=names(
        "mpredpacket mp-common-redpacket mp-common-redpacketcover mp-common-redpacket-cover"
    ),
    read=read,
    untitled="红包封面",
    version=2,
    examples=(
        Example(
            html='<mp-common-redpacket data-covername="新年" data-nickname="小号"'
            ' data-coverid="c1"></mp-common-redpacket>',
            line="红包: 新年（小号 · c1）",
        ),
    ),
)
