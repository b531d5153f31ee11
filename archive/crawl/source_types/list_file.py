"""A text file of addresses that a person keeps editing."""

from archive.crawl.source_types import listings
from archive.crawl.source_types.base import SourceType
from scraper.messages import mark

TYPE = SourceType(
    name="list",
    label=mark("a text file of addresses that you keep editing"),
    chinese="你不断增补的地址清单（文本文件）",
    claim=lambda given: listings.claim_file(given, "list"),
    look=listings.look,
)
