"""The table of card types: a new one is a module beside this file and a line here."""

from __future__ import annotations

from typing import Final

from scraper.body.cards import (
    audio,
    channels,
    frame,
    location,
    miniprogram,
    music,
    product,
    profile,
    redpacket,
    search,
    sticker,
    vote,
)
from scraper.body.cards.types import CardType

CARD_TYPES: Final[tuple[CardType, ...]] = (
    audio.CARD,
    music.CARD,
    frame.CARD,
    frame.PLAYER,
    channels.CARD,
    channels.LIVE,
    miniprogram.CARD,
    profile.CARD,
    vote.CARD,
    product.CARD,
    redpacket.CARD,
    sticker.CARD,
    location.CARD,
    search.CARD,
)
