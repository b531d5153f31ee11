"""Lists of addresses as sources: on the web or as files, in any form that ``scraper.feeds``
reads.
"""

from __future__ import annotations

from archive.crawl.source_types.base import Given, Visit
from scraper import feeds
from scraper.errors import Unrecognised
from scraper.messages import mark


def claim_file(given: Given, format: feeds.Format) -> str | None:
    """The absolute path of a file in this form."""
    listing = given.listing
    if listing is None or listing.format != format:
        return None
    return str(given.path.absolute())


async def look(visit: Visit) -> None:
    """Take in what the list names. Raises Unrecognised for an answer from the web that is no list
    of anything.
    """
    body = await visit.body()
    if body is None:
        return
    source = visit.source
    listing = feeds.read(body, base=None if source.local else source.address)
    if not source.local and listing.format in ("list", "bookmarks") and not listing.addresses:
        raise Unrecognised(
            mark("this is no feed, and no list that names an article"), url=source.address
        )
    with visit.at_once():
        for address in listing.addresses:
            visit.enqueue(address, entry=listing.entries.get(address.canonical))
        for feed in listing.feeds:
            visit.watch_feed(feed)
        visit.learned(type=listing.format, title=listing.title)
