"""A text file of addresses that a person keeps editing."""

from archive.crawl.source_types import listings
from archive.crawl.source_types.base import SourceType

TYPE = SourceType(
    name="list",
    label="a text file of addresses that you keep editing",
    claim=lambda given: listings.claim_file(given, "list"),
    look=listings.look,
)
