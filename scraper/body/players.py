"""Players as a browser has drawn them: copies that a browser saved hold them beside, or in place
of, the card itself.

Seen in copies of 2017–2023: ``span.js_audio_frame`` after an ``mpvoice``, ``span.qqmusic_area``
after a ``qqmusic``, ``div#js_mpvedio_wrapper_wxv_…`` with all buttons and messages of the video
player.
"""

from __future__ import annotations

import lxml.etree as etree

from scraper.models import Media

_VIDEO = "js_mpvedio_wrapper_"
_FRAMES = frozenset(["js_audio_frame", "qqmusic_area"])
_MARKS = (_VIDEO.encode(), *(frame.encode() for frame in sorted(_FRAMES)))
_CARDS = frozenset(["mpvoice", "mp-common-mpaudio", "qqmusic", "mp-common-qqmusic"])


def present(raw: bytes) -> bool:
    """Whether a body may hold any; if not, its elements need not be asked one by one."""
    return any(mark in raw for mark in _MARKS)


def repeats_card(element: etree._Element) -> bool:
    """Whether this is what the browser drew for the card before it."""
    before = element.getprevious()
    return (
        before is not None
        and before.tag in _CARDS
        and not _FRAMES.isdisjoint((element.get("class") or "").split())
    )


def video(element: etree._Element) -> Media | None:
    """The video whose player this is; the page's own data may know more of it by its id."""
    id_ = (element.get("id") or "").partition(_VIDEO)[2]
    return Media(type="video", id=id_) if id_ else None
