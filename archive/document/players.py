"""Cards of sound and video that lead to the copy that is held. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

from scraper.recordings import Recording, recording

#: A card's line, as ``scraper.body.cards.line`` writes it.
_CARD = re.compile(
    r'<p data-card="(audio|video)"(?: data-id="([^"]*)")?>([^:<]*: )((?:(?!</p>).)*)</p>', re.DOTALL
)
_HREF = re.compile(r'<a href="([^"]*)"')


def recording_of_line(type: str, id: str | None, href: str | None) -> Recording | None:
    """The recording of a card's line, by what its element says."""
    return recording(type, id or None, href or None)


def linked(body: str, local: Callable[[str], str | None]) -> str:
    """``body`` (clean HTML) with each card's line as one link to what ``local`` gives for its
    recording's address; those for which it gives ``None`` stay."""

    def line(match: re.Match[str]) -> str:
        type_, id_, label, inner = match.groups()
        href = _HREF.search(inner)
        found = recording_of_line(type_, unescape(id_ or ""), unescape(href[1]) if href else None)
        place = local(found.address) if found is not None else None
        if place is None:
            return match[0]
        target = f'<a href="{escape(place)}"'
        shown = _HREF.sub(lambda _: target, inner, count=1) if href else f"{target}>{inner}</a>"
        start = match[0][: match.start(3) - match.start()]
        return f"{start}{label}{shown}</p>"

    return _CARD.sub(line, body)
