"""Says by structure what a page is, and finds its body. Never by a word in an article."""

from __future__ import annotations


try:
    from scraper.body import Body, Hints, clean
except ImportError:  # until BODY's room lands
    from scraper._fallback import Body, Hints, clean  # type: ignore[assignment]
from scraper.errors import Unrecognised
from scraper.source import Source, html_of


def read(source: Source) -> Body:
    """The page's body, cleaned; raises what the page is where it has none."""
    hints = Hints(base_url=source.url)
    if source.cgi is not None:
        html = source.cgi.html("content_noencode")
        if html:
            return clean(html, hints=hints)
    content = source.by_id("js_content")
    if content is not None:
        return clean(html_of(content), hints=hints)
    raise Unrecognised("neither an article nor any known status page", url=source.page.url)
