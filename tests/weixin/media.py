"""Small files that are what they say: pictures, sound and film by their bytes."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path


def png(n: int = 0, *, width: int = 8, height: int = 8) -> bytes:
    """A valid PNG, another one for every ``n``."""
    colour = bytes(((n * 37) % 256, (n * 91 + 40) % 256, n % 256))
    rows = b"".join(b"\x00" + colour * width for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    text = chunk(b"tEXt", f"n\0{n}".encode())
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + text
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def jpeg(n: int = 0) -> bytes:
    """What begins and ends as a JPEG does, another one for every ``n``."""
    comment = f"n={n}".encode()
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    return (
        head + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + bytes(64) + b"\xff\xd9"
    )


def gif(n: int = 0) -> bytes:
    """A valid 1×1 GIF, another one for every ``n``."""
    comment = f"n={n}".encode()
    head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    return (
        head
        + b"\x21\xfe"
        + bytes((len(comment),))
        + comment
        + b"\x00"
        + b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00\x3b"
    )


def webp(n: int = 0) -> bytes:
    """What begins as a WebP does and is as long as it says."""
    data = b"VP8L" + struct.pack("<I", 16) + struct.pack("<I", n) + bytes(12)
    return b"RIFF" + struct.pack("<I", len(data) + 4) + b"WEBP" + data


def svg(text: str = "微信") -> bytes:
    """A harmless SVG."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>{text}</text></svg>'.encode()


def mp3(n: int = 0) -> bytes:
    """What begins as an MP3 with an ID3 tag does."""
    return b"ID3\x03\x00\x00\x00\x00\x00\x0a" + struct.pack(">I", n) + bytes(256)


def mp4(n: int = 0, size: int = 320) -> bytes:
    """The boxes of an MP4 with nothing in them that plays, ``size`` bytes long, another one for
    every ``n``.
    """
    film = random.Random(n).randbytes(size - 48)
    return (
        _box(b"ftyp", b"mp42\x00\x00\x00\x00mp42isom")
        + _box(b"moov", struct.pack(">Q", n))
        + _box(b"mdat", film)
    )


def film() -> bytes:
    """Two seconds of one colour and silence, 160 by 90, that every browser plays.

    ``ffmpeg -f lavfi -i color=c=0x2d6a4f:size=160x90:rate=5:duration=2 -f lavfi -i
    anullsrc=r=8000:cl=mono -t 2 -c:v libx264 -crf 40 -pix_fmt yuv420p -c:a aac -b:a 8k
    -movflags +faststart film.mp4``
    """
    return Path(__file__).with_name("film.mp4").read_bytes()


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data
