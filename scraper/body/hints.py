"""What the page's own data knows about a body's cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from scraper.models import Media
from scraper.records import dataclass


@dataclass(frozen=True, slots=True)
class Hints:
    """``base_url``: what relative addresses are relative to (``None``: https://mp.weixin.qq.com/).
    ``videos`` and ``voices`` by the id that the card carries (``wxv_…`` or ``vid``;
    ``voice_encode_fileid``). ``saved``: whether a browser may have written the body, which then
    holds what its scripts have drawn."""

    base_url: str | None = None
    videos: Mapping[str, Media] = field(default_factory=dict)
    voices: Mapping[str, Media] = field(default_factory=dict)
    saved: bool = True
