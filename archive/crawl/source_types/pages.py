"""A page of WeChat itself as a source: fetched again and again for what is new in it."""

from __future__ import annotations

from archive.crawl.source_types.base import Visit
from scraper import urls


async def look(visit: Visit) -> None:
    """Put the page into the queue, to be fetched although it is held."""
    visit.enqueue(urls.parse(visit.source.address), refresh=True)
