"""What the page is, what it says about itself, its body, its links: put together as an ``Article``."""

from __future__ import annotations

from scraper import links, meta
from scraper import page as pages
from scraper.encoding import to_utf8
from scraper.models import Article, Page
from scraper.source import Source


def read(page: Page) -> Article:
    """See ``scraper.parse``."""
    source = Source(page, to_utf8(page.body, dict(page.headers).get("content-type")))
    found = pages.read(source)
    fields = meta.read(source)
    return Article(
        **fields,
        address=page.url,
        body=found.html,
        text=found.text,
        images=found.images,
        media=found.media,
        links=links.collect(source, found, fields["album"], fields["reprint"], fields["source_url"]),
        losses=found.losses,
    )
