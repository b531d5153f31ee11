"""The only room that talks to the network: an address becomes a ``Page``, media bytes or a feed's
text.

One try a call. Every way in which an answer can be wrong has its own class under
``scraper.errors.FetchError``; who tries again, and when, is decided by the caller.
"""

from __future__ import annotations

from scraper.fetch.fetcher import Fetcher
from scraper.fetch.settings import (
    Download,
    FeedResponse,
    FetchSettings,
)

__all__ = [
    "Download",
    "FeedResponse",
    "FetchSettings",
    "Fetcher",
]
