"""Turns an address of mp.weixin.qq.com into an ``Article``. Never touches the disk or SQL.

>>> import scraper
>>> article = scraper.parse(scraper.Page(url="https://mp.weixin.qq.com/s/…", body=b"…"))  # doctest: +SKIP
"""

from __future__ import annotations

from scraper.errors import (
    Blocked,
    CutShort,
    FetchError,
    Forbidden,
    Gone,
    Hostile,
    Later,
    NeedsPerson,
    NotAnAddress,
    RateLimited,
    Refused,
    ScrapeError,
    TimedOut,
    Unreachable,
    Unrecognised,
)
from scraper.models import (
    KIND_NAMES,
    Account,
    Album,
    Article,
    Edit,
    Identity,
    Image,
    Link,
    Loss,
    Media,
    Page,
    Reprint,
    Transcoding,
)
from scraper.parse import PARSER_VERSION, parse

__all__ = [
    "KIND_NAMES",
    "PARSER_VERSION",
    "Account",
    "Album",
    "Article",
    "Blocked",
    "CutShort",
    "Edit",
    "FetchError",
    "Forbidden",
    "Gone",
    "Hostile",
    "Identity",
    "Image",
    "Later",
    "Link",
    "Loss",
    "Media",
    "NeedsPerson",
    "NotAnAddress",
    "Page",
    "RateLimited",
    "Refused",
    "Reprint",
    "ScrapeError",
    "TimedOut",
    "Transcoding",
    "Unreachable",
    "Unrecognised",
    "parse",
]
