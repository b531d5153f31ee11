"""``Page → Article``: the one door to the parser. Pure."""

from __future__ import annotations

from typing import Final

from scraper.errors import ScrapeError, Unrecognised
from scraper.messages import mark
from scraper.models import Article, Page

#: Raised whenever the same page may come out otherwise than before, so that an archive knows what
#: to parse again.
PARSER_VERSION: Final = 3


def parse(page: Page) -> Article:
    """The article that a page holds.

    Raises ``Gone``, ``Blocked``, ``NeedsPerson`` or ``Unrecognised`` where it holds none,
    ``Hostile`` where reading it would cost too much; nothing else, whatever the bytes are.
    """
    # Inside, because lxml and the rooms behind it cost 30 ms to import, which a search or a list
    # should not pay.
    from scraper.parse import article

    try:
        return article.read(page)
    except ScrapeError as error:
        error.url = error.url or page.url
        raise
    except (
        Exception
    ) as error:  # a fault of ours must not end a run: the raw page is kept and read again later
        raise Unrecognised(
            mark(
                "the parser failed on it ({name}: {error})", name=type(error).__name__, error=error
            ),
            url=page.url,
        ) from error
