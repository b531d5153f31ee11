"""Stickers (表情), which are pictures."""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media:
    """Shown as the picture, under its name."""
    return Media(
        type="sticker",
        id=card.text("md5", "id", "productid"),
        title=card.text("title", "name", "desc"),
        author=card.text("author", "nickname"),
        url=card.picture("emojiurl", "stickerurl", "src", "url", "img", "cover"),
    )


CARD = CardType(
    name="sticker",
    tags=names("mpsticker mp-common-sticker mp-common-emotion"),
    read=read,
    version=2,
    examples=(
        Example(
            html='<mp-common-sticker data-title="笑" data-md5="a1"></mp-common-sticker>',
            line="表情: 笑",
        ),
    ),
)
