"""What a file is, by its first bytes. Nothing is decoded, so nothing crafted can go wrong in a
decoder.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from scraper.messages import mark
from scraper.patterns import lazy

#: (bytes, where they stand) → (media type, extension); the first that fits.
_SIGNATURES: tuple[tuple[bytes, int, str, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png", "png"),
    (b"GIF87a", 0, "image/gif", "gif"),
    (b"GIF89a", 0, "image/gif", "gif"),
    (b"\x00\x00\x01\x00", 0, "image/x-icon", "ico"),
    (b"II*\x00", 0, "image/tiff", "tiff"),
    (b"MM\x00*", 0, "image/tiff", "tiff"),
    (b"\xff\x0a", 0, "image/jxl", "jxl"),
    (b"\x00\x00\x00\x0cJXL ", 0, "image/jxl", "jxl"),
    (b"ID3", 0, "audio/mpeg", "mp3"),
    (b"OggS", 0, "audio/ogg", "ogg"),
    (b"fLaC", 0, "audio/flac", "flac"),
    (b"#!AMR", 0, "audio/amr", "amr"),
    (b"#!SILK", 0, "audio/silk", "silk"),
    (b"\x02#!SILK", 0, "audio/silk", "silk"),
    (b"\x1aE\xdf\xa3", 0, "video/webm", "webm"),
    (b"FLV\x01", 0, "video/x-flv", "flv"),
    (b"%PDF-", 0, "application/pdf", "pdf"),
)
#: The brand of an ISO media file (bytes 8–12) → type; any other brand is taken for MP4.
_BRANDS = {
    b"avif": ("image/avif", "avif"),
    b"avis": ("image/avif", "avif"),
    b"heic": ("image/heic", "heic"),
    b"heix": ("image/heic", "heic"),
    b"hevc": ("image/heic", "heic"),
    b"hevx": ("image/heic", "heic"),
    b"mif1": ("image/heif", "heif"),
    b"msf1": ("image/heif", "heif"),
    b"M4A ": ("audio/mp4", "m4a"),
    b"M4B ": ("audio/mp4", "m4a"),
    b"qt  ": ("video/quicktime", "mov"),
}
_RIFF = {
    b"WEBP": ("image/webp", "webp"),
    b"WAVE": ("audio/wav", "wav"),
    b"AVI ": ("video/x-msvideo", "avi"),
}
_XML_PROLOG = lazy(
    r"(?:\s|\ufeff|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\b[^>\[]*(?:\[.*?\])?\s*>)*", re.DOTALL | re.I
)
_SVG_ACTIVE = lazy(
    r"<\s*(?:[\w.-]+:)?(?:script|foreignobject|iframe|embed|object|handler|listener)\b|[\s/\"'](?:[\w.-]+:)?on[a-z]+\s*="
    r"|(?:java|vb)script\s*:|data:\s*text/html|<!ENTITY|<!ATTLIST|<\?xml-stylesheet|@import",
    re.IGNORECASE,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]|[\t\r\n](?=\w*:)")


class Active(ValueError):
    """An SVG that can run something."""


def sniff(body: bytes) -> tuple[str, str] | None:
    """``("image/png", "png")`` and the like; None where the bytes are no image, sound or film that
    is known.

    Raises Active for an SVG with a script, a handler, an entity or foreign content in it.
    """
    for signature, at, kind, extension in _SIGNATURES:
        if body.startswith(signature, at):
            return kind, extension
    if body[:4] == b"RIFF":
        return _RIFF.get(body[8:12])
    if body[4:8] == b"ftyp":
        return _BRANDS.get(body[8:12], ("video/mp4", "mp4"))
    if body[:2] == b"BM" and body[6:10] == bytes(4) and len(body) >= 26:
        return "image/bmp", "bmp"
    if _is_mp3_frame(body[:4]):
        return "audio/mpeg", "mp3"
    if body[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return "audio/aac", "aac"
    return _svg(body)


def _is_mp3_frame(head: bytes) -> bool:
    """An MP3 without an ID3 tag begins with a frame: 11 bits set, layer III, a known bitrate and
    sampling rate.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[1] & 0x18 != 0x08 and 0 < head[2] >> 4 < 15 and head[2] & 0x0C != 0x0C


def _svg(body: bytes) -> tuple[str, str] | None:
    if b"<" not in body[:4096]:
        return None
    text = _text(body)
    start = _XML_PROLOG().match(text)
    begin = text[start.end() if start else 0 :][:64].lstrip()
    if not re.match(r"<(?:[\w.-]+:)?svg[\s>/]", begin, re.IGNORECASE):
        return None
    # Character references hide `javascript:` from a plain look.
    if _SVG_ACTIVE().search(text) or _SVG_ACTIVE().search(_CONTROLS.sub("", html.unescape(text))):
        raise Active(mark("an SVG image that carries a script"))
    return "image/svg+xml", "svg"


def _text(body: bytes) -> str:
    for begin, name in (
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"<\x00", "utf-16-le"),
        (b"\x00<", "utf-16-be"),
    ):
        if body.startswith(begin):
            return body.decode(name, "replace")
    return body.decode("utf-8", "replace")


#: ISO media files: boxes, each of which says how long it is.
BOXED = frozenset({"mp4", "m4a", "mov"})
#: More boxes than this side by side are no film.
_MOST_BOXES = 100_000


def is_film_cut(read: Callable[[int, int], bytes], size: int) -> bool:
    """Whether an ISO media file (MP4, M4A, MOV) of ``size`` bytes ends inside one of its boxes, or
    has no index (``moov``) of what is in it. ``read`` gives some bytes from some place.

    Length by Content-Length alone says little: a proxy that cut the file promises what it has.
    """
    at, names = 0, set[bytes]()
    for _ in range(_MOST_BOXES):
        head = read(at, 16)
        if len(head) < 8:
            break
        length, name = int.from_bytes(head[:4]), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16])
        names.add(name)
        if length == 0:  # to the end of the file
            break
        if length < 8 or at + length > size:
            return True
        at += length
    return b"moov" not in names and b"moof" not in names


def is_cut(body: bytes, extension: str) -> bool:
    """Whether a file lacks its end; asked of a picture only where nobody promised its length."""
    if extension in BOXED:
        return is_film_cut(lambda at, size: body[at : at + size], len(body))
    if extension == "png":
        return b"IEND\xaeB`\x82" not in body[-4096:]
    if extension == "jpg":
        return b"\xff\xd9" not in body[-4096:]
    if extension == "gif":
        return b"\x3b" not in body[-16:]
    if extension == "webp":
        return len(body) < int.from_bytes(body[4:8], "little") + 8
    return False
