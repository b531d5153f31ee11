"""An article that keeps linking to new ones."""

from archive.crawl.source_types import pages
from archive.crawl.source_types.base import Given, SourceType
from scraper.messages import mark


def _claim(given: Given) -> str | None:
    address = given.address
    return address.fetch if address is not None and address.form != "album" else None


TYPE = SourceType(
    name="article",
    label=mark("an article that keeps linking to new ones"),
    chinese="不断链接新文章的文章",
    claim=_claim,
    look=pages.look,
    follow=1,  # it is watched for what it links to
)
