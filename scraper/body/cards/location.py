"""Places (``mp-common-poi``), whose name and address are percent-encoded (seen in a draft of
2024).
"""

from __future__ import annotations

from scraper.body.cards.attributes import Attributes
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media:
    """A place with its address and coordinates (``latitude,longitude``, degrees, as the page gives
    them).
    """
    latitude = card.text("latitude", "lat")
    longitude = card.text("longitude", "lng", "lon")
    return Media(
        type="location",
        id=card.text("poiid", "id"),
        title=card.text("name", "poiname", "title", "address"),
        url=card.url("url"),
        cover=card.picture("img", "cover", "imgurl", "image"),
        extra=card.extra(
            address="address", tel="tel", province="province", city="city", district="district"
        )
        + ((("coordinates", f"{latitude},{longitude}"),) if latitude and longitude else ()),
    )


CARD = CardType(
    name="place",
    tags=names("mppoi mp-common-poi mp-common-location"),
    read=read,
    version=3,
    examples=(
        Example(
            html='<mp-common-poi data-name="%E6%B9%96%E8%BE%B9" data-address="%E6%B9%96%E5%8C%97%E8%B7%AF 1 号"'
            ' data-poiid="41"></mp-common-poi>',
            line="位置: 湖边（湖北路 1 号 · 41）",
        ),
    ),
)
