"""A page and its pictures in one file, as browsers save it: MHTML (Chrome, Edge, phones) and Safari's web archive."""

from __future__ import annotations

import email
import plistlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from xml.parsers.expat import ExpatError

ENDINGS = frozenset({".mhtml", ".mht", ".webarchive"})


@dataclass(frozen=True, slots=True)
class Bundle:
    """The page's HTML in UTF-8 or whatever it says, its address, and address → bytes of what was saved with it."""

    html: bytes = field(repr=False)
    url: str | None = None
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)


def unbundle(body: bytes) -> Bundle | None:
    """What such a file holds; None for one that is none, or that holds no page."""
    if body.startswith(b"bplist") or b"WebMainResource" in body[:4096]:
        return _webarchive(body)
    if b"multipart/related" in body[:4096].lower():
        return _mhtml(body)
    return None


def _mhtml(body: bytes) -> Bundle | None:
    message = email.message_from_bytes(body)
    html: bytes | None = None
    parts = {}
    for part in _leaves(message):
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        if html is None and part.get_content_type() in ("text/html", "application/xhtml+xml"):
            html = content
        elif where := part.get("Content-Location"):
            parts[str(where).strip()] = content
    url = message.get("Snapshot-Content-Location") or message.get("Content-Location")
    return Bundle(html, str(url).strip() if url else None, parts) if html else None


def _leaves(message: Message) -> Iterator[Message]:
    return (part for part in message.walk() if not part.is_multipart())


def _webarchive(body: bytes) -> Bundle | None:
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
