"""An album (合集): its public list."""

from archive.crawl.source_types import pages
from archive.crawl.source_types.base import Given, SourceType
from scraper.messages import mark


def _claim(given: Given) -> str | None:
    address = given.address
    return address.fetch if address is not None and address.form == "album" else None


TYPE = SourceType(
    name="album", label=mark("an album (合集)"), chinese="合集", claim=_claim, look=pages.look
)
