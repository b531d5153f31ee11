"""Pure. A page that says its text twice, once escaped inside a script, with that copy in plain
writing.

``content_noencode: JsDecode('\\x3csection style=\\x22…')`` repeats what stands in ``#js_content``
(on pages captured in 2025 and 2026). Packed as it is, the second copy costs half as much as the
first, since every escape breaks a match; in plain writing it is one long repetition. On article
pages frames get 8–13 % smaller, for 5 ms. The way back is exact or not gone: a piece that would not
come back as it was stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

#: Where a piece in plain writing stands in the page so written: start and length.
Span = tuple[int, int]

# What WeChat's pages escape, the backslash last: it is made of what the others leave.
_ESCAPES = (
    (b"\\x22", b'"'),
    (b"\\x26", b"&"),
    (b"\\x27", b"'"),
    (b"\\x3c", b"<"),
    (b"\\x3e", b">"),
    (b"\\x0a", b"\n"),
    (b"\\x0d", b"\r"),
    (b"\\x5c", b"\\"),
)
#: A string of a script in single quotes, on one line, of so many bytes.
_LONG = 2000
#: Escapes from which on a string is worth a span.
_MANY = 64
MOST_SPANS = 255


#: An escape that every copy of an article's text has: what is before the first and behind the last
#: needs no look, four fifths of most pages.
_SIGN = b"\\x3c"


def plain(body: bytes) -> tuple[bytes, tuple[Span, ...]]:
    """The page in plain writing, and where; no spans where there is nothing to gain."""
    first = body.find(_SIGN)
    begin = body.rfind(b"'", 0, max(first, 0))
    end = body.find(b"'", body.rfind(_SIGN)) + 1
    if first < 0 or begin < 0 or not end:
        return body, ()
    written, spans = _plain(body[begin:end])
    if not spans:
        return body, ()
    moved = tuple((start + begin, length) for start, length in spans)
    return body[:begin] + written + body[end:], moved


def _plain(body: bytes) -> tuple[bytes, tuple[Span, ...]]:
    parts: list[bytes] = []
    spans: list[Span] = []
    at = length = 0
    for start, piece in _strings(body):
        escapes = piece.count(b"\\x")
        if len(spans) == MOST_SPANS or escapes < _MANY:
            continue
        written = _unescaped(piece, escapes)
        if written is None or _escaped(written) != piece:
            continue
        before = body[at:start]
        spans.append((length + len(before), len(written)))
        parts += [before, written]
        length += len(before) + len(written)
        at = start + len(piece)
    return (b"".join([*parts, body[at:]]), tuple(spans)) if spans else (body, ())


def _strings(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The long strings, and where they begin. Cut at the quotes, which takes a third of searching
    with a pattern; a quote that ends a string begins no other.
    """
    pieces = body.split(b"'")
    sizes = list(map(len, pieces))
    start = at = 0
    ended = -1
    for number in [number for number, size in enumerate(sizes) if size >= _LONG]:
        start += sum(sizes[at:number]) + number - at
        at = number
        inside = 0 < number < len(pieces) - 1 and number - 1 != ended
        if inside and b"\n" not in pieces[number]:
            ended = number
            yield start, pieces[number]


def original(written: bytes, spans: Sequence[Span]) -> bytes:
    """The page again. Raises ``ValueError`` for spans that no page has: a damaged frame may hold
    any.
    """
    parts = []
    at = 0
    for start, length in spans:
        if start < at or start + length > len(written):
            raise ValueError("the spans are not in order")
        parts += [written[at:start], _escaped(written[start : start + length])]
        at = start + length
    return b"".join([*parts, written[at:]]) if spans else written


def _unescaped(piece: bytes, escapes: int) -> bytes | None:
    """The piece with so many ``\\x`` in plain writing; None where a backslash in it begins anything
    but ``\\x22`` and its like. In one go, a fifth of looking for each escape; the codec takes bytes
    for Latin-1."""
    if piece.count(b"\\") != escapes:
        return None
    try:
        return piece.decode("unicode_escape").encode("latin-1")
    except UnicodeDecodeError:  # no digits behind the x
        return None


def _escaped(piece: bytes) -> bytes:
    for escape, char in reversed(_ESCAPES):
        piece = piece.replace(char, escape)
    return piece
