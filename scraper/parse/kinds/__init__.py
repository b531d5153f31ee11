"""One file for each kind of article that is not an ordinary one: each finds its body in the page's
data.

All of them give simple HTML in the elements of WeChat's own editor; ``scraper.body.clean`` reads
that as it reads any other body, so there is one way from page to article.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from scraper.parse.kinds import audio, ordinary, picture, short, text, video
from scraper.parse.kinds.build import Found
from scraper.parse.parsed_page import ParsedPage

#: ``item_show_type`` → what finds the body.
READERS: Final[Mapping[int, tuple[Callable[[ParsedPage], Found | None], ...]]] = {
    0: (ordinary.body,),
    5: (video.body,),
    6: (audio.music,),
    7: (audio.audio,),
    8: (picture.body,),
    10: (text.body,),
    11: (ordinary.body,),
    17: (short.body, text.body),
}
#: For a kind that nobody has seen (12, 16 and what is to come): whatever there is.
_UNKNOWN: Final = (short.body,)


def body(parsed: ParsedPage, kind: int) -> Found | None:
    """The body of a page of this kind, None where it has none."""
    readers = READERS.get(kind, _UNKNOWN)
    for reader in readers if ordinary.body in readers else (*readers, ordinary.body):
        found = reader(parsed)
        if found is not None:
            return found
    return None
