"""An OPML file: the feeds that it names are watched."""

from archive.crawl.source_types import listings
from archive.crawl.source_types.base import SourceType
from scraper.messages import mark

TYPE = SourceType(
    name="opml",
    label=mark("an OPML file"),
    chinese="OPML 文件",
    claim=lambda given: listings.claim_file(given, "opml"),
    look=listings.look,
)
