"""Articles as feeds: Atom, RSS 2.0, JSON Feed 1.1, and an OPML list of feeds. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archive.exporters.feeds import atom, json_feed, rss
from archive.exporters.feeds.model import Feed


@dataclass(frozen=True, slots=True)
class Format:
    """One form of a feed: its media type, and what writes it (bytes in UTF-8)."""

    type: str
    write: Callable[[Feed], bytes]


#: Extension → form.
FORMATS = {
    "atom": Format("application/atom+xml; charset=utf-8", atom.write),
    "rss": Format("application/rss+xml; charset=utf-8", rss.write),
    "json": Format("application/feed+json; charset=utf-8", json_feed.write),
}
