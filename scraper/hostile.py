"""What no page of WeChat's looks like and libxml2 would choke on, found before it is parsed."""

from __future__ import annotations

import re
from typing import Final

from scraper.errors import Hostile
from scraper.messages import mark
from scraper.patterns import lazy

#: Real pages have up to 4.2 MB and 52,000 ``<`` (scripts included), the largest body 459 KB and
#: 9,600 tags.
MAX_BYTES: Final = 32 << 20
MAX_TAGS: Final = 240_000
#: Whatever is shorter is read soon: 25,000 attributes in one tag, the most that fit, take 1.3 s.
_HARMLESS: Final = 100_000
#: libxml2 compares each attribute of a tag with all before it: 100,000 of them take three minutes.
MAX_ATTRIBUTES: Final = 1000

#: Whatever parts attributes. Two million of them would take 300 MB; pictures inlined by a saver
#: (base64) have few.
_SEPARATORS: Final = (b" ", b"\n", b"\t", b"\r", b"\f", b"/", b"=")
MAX_SEPARATED: Final = 2_000_000
_MUCH: Final = MAX_SEPARATED

_FLOOD = lazy(
    rb"<[a-zA-Z][^\s<>/]*+(?:[\s/]++[^\s=<>/]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s<>\"']*+))?+){%d}"
    % MAX_ATTRIBUTES
)
_LONG_WAY: Final = 4000
#: Signs that such a tag may be there: a long way without ``<``, one inside quotes, or very many
#: attributes in all.
_LONG = re.compile(rb"<[^<]{%d}" % _LONG_WAY)
_UNTELLING: Final = bytes(set(range(256)) - set(b"<>\"'="))
_QUOTED = re.compile(rb"=(?:\"[^\"<]*+<|'[^'<]*+<)")
_MANY: Final = 12_000


def check(html: bytes) -> None:
    """Raises ``Hostile`` for HTML that would take too much time or memory to parse. Linear, 1 ms
    for a megabyte.
    """
    if len(html) < _HARMLESS:
        return
    if len(html) > MAX_BYTES:
        raise Hostile(
            mark(
                "{n:,} bytes of HTML; no article is longer than {max_bytes:,}",
                n=len(html),
                max_bytes=MAX_BYTES,
            )
        )
    if len(html) > _MUCH and sum(map(html.count, _SEPARATORS)) > MAX_SEPARATED:
        raise Hostile(
            mark("{n:,} bytes of HTML full of attributes; they would fill the memory", n=len(html))
        )
    tags = html.count(b"<")
    if tags > MAX_TAGS:
        raise Hostile(
            mark(
                "about {tags:,} tags; no article has more than {max_tags:,}",
                tags=tags,
                max_tags=MAX_TAGS,
            )
        )
    suspicious = _has_long(html) or html.count(b"=") > _MANY or _has_quoted(html)
    if suspicious and _FLOOD().search(html):
        raise Hostile(
            mark(
                "a tag with more than {max_attributes:,} attributes", max_attributes=MAX_ATTRIBUTES
            )
        )


def _has_quoted(html: bytes) -> bool:
    """Whether a ``<`` stands in a quoted value. Of all other characters cleared, which takes a
    third of the time.
    """
    return _QUOTED.search(html.translate(None, _UNTELLING)) is not None


def _has_long(html: bytes) -> bool:
    """Whether ``_LONG`` is there. A stretch without ``<`` holds one of these pieces whole, and to
    look into each takes a twentieth of the time.
    """
    piece = _LONG_WAY // 2
    starts = range(0, len(html) - piece + 1, piece)
    if all(html.find(b"<", at, at + piece) >= 0 for at in starts):
        return False
    return _LONG.search(html) is not None
