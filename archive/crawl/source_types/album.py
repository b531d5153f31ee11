"""An album (合集): its public list."""

from archive.crawl.source_types import pages
from archive.crawl.source_types.base import Given, SourceType


def _claim(given: Given) -> str | None:
    address = given.address
    return address.fetch if address is not None and address.form == "album" else None


TYPE = SourceType(name="album", label="an album (合集)", claim=_claim, look=pages.look)
