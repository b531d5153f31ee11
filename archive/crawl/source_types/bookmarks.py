"""A browser's bookmark file."""

from archive.crawl.source_types import listings
from archive.crawl.source_types.base import SourceType
from scraper.messages import mark

TYPE = SourceType(
    name="bookmarks",
    label=mark("a bookmark file"),
    chinese="书签文件",
    claim=lambda given: listings.claim_file(given, "bookmarks"),
    look=listings.look,
)
