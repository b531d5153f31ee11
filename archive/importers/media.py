"""Pure. Images that come with a file: what they are, by their first bytes."""

from __future__ import annotations

from dataclasses import dataclass

_SIGNATURES = (
    (b"\xff\xd8\xff", 0, "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png", "png"),
    (b"GIF87a", 0, "image/gif", "gif"),
    (b"GIF89a", 0, "image/gif", "gif"),
    (b"WEBP", 8, "image/webp", "webp"),
    (b"avif", 8, "image/avif", "avif"),
    (b"BM", 0, "image/bmp", "bmp"),
)


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An image as the store takes it in: bytes, true type, its extension."""

    body: bytes
    type: str
    extension: str


def local_image(body: bytes) -> LocalImage | None:
    """The image that these bytes are; ``None`` for anything else (SVG too: it may hold script)."""
    for signature, at, type_, extension in _SIGNATURES:
        if body.startswith(signature, at):
            return LocalImage(body, type_, extension)
    return None
