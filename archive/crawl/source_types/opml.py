"""An OPML file: the feeds that it names are watched."""

from archive.crawl.source_types import listings
from archive.crawl.source_types.base import SourceType

TYPE = SourceType(
    name="opml",
    label="an OPML file",
    claim=lambda given: listings.claim_file(given, "opml"),
    look=listings.look,
)
