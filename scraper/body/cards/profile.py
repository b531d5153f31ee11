"""Official Accounts (公众号) that an article names with their card."""

from __future__ import annotations

from scraper.body.cards.attributes import HOST, Attributes
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media:
    """``data-id`` is the account's ``__biz``."""
    biz = card.text("id", "biz")
    is_account = bool(biz and not biz.isdigit() and biz.startswith("M"))
    return Media(
        type="profile",
        id=biz or card.text("username", "alias"),
        title=card.text("nickname", "title", "name", "alias"),
        url=f"{HOST}/mp/profile_ext?action=home&__biz={biz}" if is_account else None,
        cover=card.picture("headimg", "headimgurl", "cover"),
        extra=card.extra(alias="alias", signature="signature"),
    )


CARD = CardType(
    name="Official Account",
    tags=names("mpprofile mp-common-profile"),
    read=read,
    version=2,
    examples=(
        Example(
            html='<mp-common-profile data-nickname="小号" data-id="MzA5"></mp-common-profile>',
            line="公众号: 小号",
        ),
    ),
)
