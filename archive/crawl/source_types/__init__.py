"""The types of watched sources: one module a type, and its line in ``TYPES``."""

from __future__ import annotations

from archive.crawl.source_types import album, article, bookmarks, feed, list_file, opml
from archive.crawl.source_types.base import Given, SourceType
from scraper.errors import NotAnAddress
from scraper.messages import mark

#: Asked in this order whose a given text is; also the order of help and manuals.
TYPES: tuple[SourceType, ...] = (
    album.TYPE,
    feed.TYPE,
    opml.TYPE,
    bookmarks.TYPE,
    list_file.TYPE,
    article.TYPE,
)
_BY_NAME = {type.name: type for type in TYPES}


def source_type(name: str) -> SourceType:
    """The type of that name. Raises KeyError."""
    return _BY_NAME[name]


def identify(text: str) -> tuple[str, SourceType]:
    """What to watch for a given text: its address (or absolute path) and type.

    Raises NotAnAddress for what is none, BadInput for a file that cannot be read.
    """
    given = Given(text)
    for type in TYPES:
        if (address := type.claim(given)) is not None:
            return address, type
    raise NotAnAddress(
        mark(
            "{text!r} is neither an address nor a file: give an article, an album, a "
            "feed, or a list file",
            text=text,
        ),
        url=text,
    )
