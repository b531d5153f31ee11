"""Pure. A page and its pictures in one file: MHTML (Chrome, Edge, phones) and Safari's web
archive.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import field
from email.message import Message
from email.parser import BytesHeaderParser

from scraper.records import dataclass

ENDINGS = frozenset({".mhtml", ".mht", ".webarchive"})
#: The headers of a part; Chrome writes some hundred bytes.
_LONGEST_HEADERS = 64 * 2**10
#: Browsers write one level, Outlook's copies two (multipart/alternative inside).
_DEEPEST = 3
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
#: Header lines up to the one that says multipart.
_MULTIPART = re.compile(
    rb"\s*(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?content-type:\s*multipart/", re.IGNORECASE
)
_HTML = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class Bundle:
    """The page's HTML in UTF-8 or whatever it says, its address, and address → bytes of what was
    saved with it.
    """

    html: bytes = field(repr=False)
    url: str | None = None
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)


def is_bundle(body: bytes) -> bool:
    """Whether a file is one, by its beginning: browsers also give such files the ending
    ``.html``.
    """
    head = body[:4096]
    return (
        head.startswith(b"bplist")
        or b"<key>WebMainResource</key>" in head
        or _MULTIPART.match(head) is not None
    )


def unbundle(body: bytes) -> Bundle | None:
    """What such a file holds; None for one that is none, that is damaged, or that holds no page."""
    if body.startswith(b"bplist") or b"WebMainResource" in body[:4096]:
        return _webarchive(body)
    if _MULTIPART.match(body[:4096]):
        return _mhtml(body)
    return None


def _mhtml(body: bytes) -> Bundle | None:
    body = body.lstrip()
    headers, _ = _part(body)
    html: bytes | None = None
    parts: dict[str, bytes] = {}
    for message, content in _leaves(body, _DEEPEST):
        if html is None and message.get_content_type() in _HTML:
            html = _decoded(message, content)
        elif where := message.get("Content-Location"):
            parts[str(where).strip()] = _decoded(message, content)
    url = headers.get("Snapshot-Content-Location") or headers.get("Content-Location")
    return Bundle(html, str(url).strip() if url else None, parts) if html else None


def _leaves(body: bytes, deepest: int) -> Iterator[tuple[Message, bytes]]:
    """The parts that hold something. ``email`` itself reads each line once for every level and
    recurses without end.
    """
    message, content = _part(body)
    boundary = message.get_boundary()
    if message.get_content_maintype() != "multipart" or boundary is None:
        yield message, content
    elif deepest:
        line = re.escape(b"--" + boundary.encode("latin-1", "replace"))
        between = re.compile(rb"(?:\A|\r?\n)" + line + rb"(?:--)?[ \t]*(?=\r?\n|\Z)")
        for part in between.split(content)[1:]:
            yield from _leaves(part.lstrip(b"\r\n"), deepest - 1)


def _part(body: bytes) -> tuple[Message, bytes]:
    """Headers and content. What has no end of its headers within bounds has none."""
    end = _BLANK_LINE.search(body, 0, _LONGEST_HEADERS)
    if end is None:
        return Message(), body
    return BytesHeaderParser().parsebytes(body[: end.start()]), body[end.end() :]


def _decoded(message: Message, content: bytes) -> bytes:
    encoding = str(message.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(content)
    if encoding == "base64":
        try:
            return binascii.a2b_base64(content)
        except binascii.Error:  # cut short
            return b""
    return content


def _webarchive(body: bytes) -> Bundle | None:
    # Inside: Safari's archives are rare, and every command that takes addresses may be given one.
    import plistlib
    from xml.parsers.expat import ExpatError

    try:
        found = plistlib.loads(body)
        page = found["WebMainResource"]
        html, url = page["WebResourceData"], page.get("WebResourceURL")
        rest = [
            (part["WebResourceURL"], part["WebResourceData"])
            for part in found.get("WebSubresources", ())
        ]
    except (
        plistlib.InvalidFileException,
        ExpatError,
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
        OverflowError,
        RecursionError,
    ):
        return None
    parts = {
        where: data for where, data in rest if isinstance(where, str) and isinstance(data, bytes)
    }
    return (
        Bundle(html, url if isinstance(url, str) else None, parts)
        if isinstance(html, bytes)
        else None
    )
