"""What the page is, what it says about itself, its body, its links: put together as an ``Article``."""

from __future__ import annotations

from scraper import urls
from scraper.models import Article, Page
from scraper.parse import links, meta
from scraper.parse import page as pages
from scraper.parse.encoding import to_utf8
from scraper.parse.kinds.text import has_own_title
from scraper.parse.source import Source, text_of
from scraper.plain import first_words, one_line


def read(page: Page) -> Article:
    """See ``scraper.parse``."""
    source = Source(page, to_utf8(page.body, dict(page.headers).get("content-type")))
    found = pages.read(source)
    fields = meta.read(source)
    fields["title"] = _title(source, fields["title"], fields["kind"], found.text)
    return Article(
        **fields,
        address=urls.permanent(page.url) if urls.HOST in page.url else page.url,
        body=found.html,
        text=found.text,
        images=found.images,
        media=found.media,
        links=links.collect(
            source, found, fields["kind"], fields["album"], fields["reprint"], fields["source_url"]
        ),
        losses=found.losses,
    )


def _title(source: Source, given: str, kind: int, text: str) -> str:
    """The article's own title; where it has none, the words it begins with.

    A text message (kind 10) without a title of its own has its whole text in that place.
    """
    if given and not (kind == 10 and source.cgi is not None and not has_own_title(source)):
        return given
    if source.cgi is None and source.tree is not None:
        for place in (".//h1", ".//title"):  # copies that other programs have rewritten
            shown = one_line(text_of(source.tree.find(place)))
            if shown and shown not in ("微信公众平台", "Weixin Official Accounts Platform"):
                return shown
    return first_words(text) or given
