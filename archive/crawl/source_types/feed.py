"""An RSS, Atom or JSON feed, on the web or as a file."""

from archive.crawl.source_types import listings
from archive.crawl.source_types.base import Given, SourceType
from scraper import urls
from scraper.messages import mark


def _claim(given: Given) -> str | None:
    if not given.is_web:
        return listings.claim_file(given, "feed")
    if urls.HOST in given.text.lower():
        urls.parse(given.text)  # raises NotAnAddress, which says what it is instead
    return given.text.strip()


TYPE = SourceType(
    name="feed",
    label=mark("an RSS, Atom or JSON feed"),
    chinese="RSS、Atom 或 JSON 订阅源",
    claim=_claim,
    look=listings.look,
)
