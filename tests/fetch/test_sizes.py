"""Nothing is larger than its cap, in memory either; a file is what its bytes say.

Rows 8 and 9 of docs/reliability.md.
"""

from __future__ import annotations

import gzip
import itertools
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scraper.errors import CutShort, Refused
from scraper.fetch.content import Unpacker
from tests.fetch.helper import IMAGE, URL, media, page
from tests.weixin import Answer, Internet
from tests.weixin.pages import gif, jpeg, mp3, mp4, png, svg, webp

MB = 1024 * 1024


def _gzip_bomb() -> bytes:
    """100 MB in 100 KB."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(MB)) for _ in range(100)) + packer.flush()


def _bombs() -> dict[str, Answer]:
    bomb = _gzip_bomb()
    packed = {"Content-Encoding": "gzip"}
    return {
        "gzip": Answer(body=bomb, headers=packed),
        "gzip-in-gzip": Answer(
            body=gzip.compress(bomb), headers={"Content-Encoding": "gzip, gzip"}
        ),
        "many-gzip-members": Answer(body=gzip.compress(b"") * 400_000, headers=packed),
        "many-large-members": Answer(body=gzip.compress(bytes(MB)) * 60, headers=packed),
        "deflate": Answer(
            body=zlib.compress(bytes(100 * MB)), headers={"Content-Encoding": "deflate"}
        ),
        "endless": Answer(stream=lambda: itertools.repeat(bytes(65536))),
        "endless-gzip": Answer(stream=_endless_gzip, headers=packed),
        "promised": Answer(body=b"x", length=10**15),
        "brotli": Answer(body=bytes(481), headers={"Content-Encoding": "br"}),
    }


def _endless_gzip() -> Iterator[bytes]:
    packer = zlib.compressobj(1, wbits=31)
    while True:
        yield packer.compress(bytes(MB)) + packer.flush(zlib.Z_SYNC_FLUSH)


_CHILD = """
import asyncio, sys
from scraper.errors import Refused, CutShort
from scraper.fetch import Fetcher, FetchSettings
from tests.memory import peak_mb

async def main(names):
    async with Fetcher(FetchSettings(interval=0)) as fetcher:
        for name in names:
            for kind, url in ((fetcher.page, "https://mp.weixin.qq.com/x/"), (fetcher.media, "https://mmbiz.qpic.cn/")):
                try:
                    await kind(url + name)
                    print(name, "came", 0)
                except (Refused, CutShort) as error:
                    print(name, type(error).__name__, round(peak_mb() - before))

before = peak_mb()
asyncio.run(main(sys.argv[1:]))
"""


def test_bombs_take_no_memory(internet: Internet) -> None:
    """Refused, as a page and as an image, with less than 64 MB more memory, measured in a program
    of its own.
    """
    bombs = _bombs()
    for name, answer in bombs.items():
        internet.site.on(f"https://mp.weixin.qq.com/x/{name}", answer)
        internet.site.on(f"https://mmbiz.qpic.cn/{name}", answer)
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *bombs],
        env={**os.environ, **internet.env},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [name for name in bombs for _ in range(2)] == [name for name, _, _ in lines]
    assert {said for _, said, _ in lines} <= {"Refused", "CutShort"}
    assert max(int(grown) for _, _, grown in lines) < 64, done.stdout


def test_caps_are_on_the_wire_and_unpacked(internet: Internet) -> None:
    """Just under each cap is fine, just over is refused."""
    for body, fine in ((bytes(2 * MB - 1), True), (bytes(2 * MB + 1), False)):
        for answer in (
            Answer(body=b"<i>" + body[3:]),
            Answer(body=b"<i>" + body[3:], coding="gzip"),
        ):
            internet.site.on(URL, answer)
            if fine:
                assert len(page(internet, page_cap=2 * MB, page_wire_cap=2 * MB).body) == 2 * MB - 1
            else:
                with pytest.raises(Refused, match="2 MB"):
                    page(internet, page_cap=2 * MB, page_wire_cap=2 * MB)


def test_a_huge_image_is_refused(internet: Internet) -> None:
    """25 MB and a byte, promised or not."""
    big = png(1) + bytes(25 * MB)
    for answer in (Answer(body=big), Answer(body=big, chunked=True)):
        internet.site.on(IMAGE, answer)
        with pytest.raises(Refused, match="25 MB"):
            media(internet)


TYPES = {
    "png": (png(1), "image/png", "png"),
    "jpeg": (jpeg(1), "image/jpeg", "jpg"),
    "gif": (gif(1), "image/gif", "gif"),
    "webp": (webp(1), "image/webp", "webp"),
    "svg": (svg(), "image/svg+xml", "svg"),
    "svg with a prolog": (
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a --><!DOCTYPE svg>' + svg(),
        "image/svg+xml",
        "svg",
    ),
    "bmp": (b"BM" + bytes(60), "image/bmp", "bmp"),
    "avif": (b"\x00\x00\x00\x1cftypavif" + bytes(60), "image/avif", "avif"),
    "heic": (b"\x00\x00\x00\x1cftypheic" + bytes(60), "image/heic", "heic"),
    "mp3": (mp3(1), "audio/mpeg", "mp3"),
    "mp3 without a tag": (b"\xff\xfb\x90\x00" + bytes(60), "audio/mpeg", "mp3"),
    "m4a": (b"\x00\x00\x00\x1cftypM4A " + bytes(60), "audio/mp4", "m4a"),
    "mp4": (mp4(1), "video/mp4", "mp4"),
}


@pytest.mark.parametrize(("body", "kind", "extension"), TYPES.values(), ids=TYPES)
def test_a_file_is_what_its_bytes_say(
    internet: Internet, body: bytes, kind: str, extension: str
) -> None:
    """Whatever the server calls it."""
    internet.site.on(IMAGE, Answer(body=body, type="text/html"))
    got = media(internet)
    assert (body, kind, extension) == (got.body, got.type, got.extension)


WRONG = {
    "html": b"<!DOCTYPE html><html><body>404</body></html>",
    "html with svg in it": b"<html><svg></svg></html>",
    "text": "图片不存在".encode(),
    "zip": b"PK\x03\x04" + bytes(60),
    "exe": b"MZ" + bytes(60),
    "svg script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "svg prefixed script": b"<s:svg xmlns:s='http://www.w3.org/2000/svg'><s:script>alert(1)</s:script></s:svg>",
    "svg handler": b"<svg><rect onload=alert(1) /></svg>",
    "svg handler, slash": b"<svg/onload=alert(1)>",
    "svg javascript": b"<svg><a href='javascript:alert(1)'>x</a></svg>",
    "svg hidden javascript": b"<svg><a href='&#106;ava&#x73;cript:alert(1)'>x</a></svg>",
    "svg split javascript": b"<svg><a href='java\nscript:alert(1)'>x</a></svg>",
    "svg entity": b"<!DOCTYPE svg [<!ENTITY x 'y'>]><svg>&x;</svg>",
    "svg foreign": b"<svg><foreignObject><body/></foreignObject></svg>",
    "svg utf-16": "\ufeff<svg><script>alert(1)</script></svg>".encode("utf-16"),
    "svg in capitals": b"<SVG><SCRIPT>alert(1)</SCRIPT></SVG>",
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_what_is_no_picture_or_can_run_is_refused(internet: Internet, body: bytes) -> None:
    """Even if the server calls it an image."""
    internet.site.on(IMAGE, Answer(body=body, type="image/png"))
    with pytest.raises(Refused):
        media(internet)


def test_what_a_server_calls_its_file_is_quoted_briefly(internet: Internet) -> None:
    """Sixty characters of it."""
    said = []
    for kind in ("x" * 60, "x" * 61):
        internet.site.on(IMAGE, Answer(body=b"no picture", type=kind))
        with pytest.raises(Refused) as caught:
            media(internet)
        said.append(str(caught.value).partition("calls it ")[2])

    assert [f"{'x' * 60})"] * 2 == said


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_unpacking_does_not_depend_on_how_the_bytes_come(coding: str, size: int) -> None:
    """One at a time or all at once; several gzip members; padding behind the last."""
    text = "公众号文章 ".encode() * 500
    packed = (
        gzip.compress(text[:100]) + gzip.compress(text[100:]) + b"\0\0"
        if coding == "gzip"
        else zlib.compress(text)
    )
    unpacker = Unpacker(coding, MB)
    for at in range(0, len(packed), size):
        unpacker.feed(packed[at : at + size])
    assert text == unpacker.finish()


TEXT = "公众号文章 ".encode() * 50
BARE, FRAMED, GZIP = (
    zlib.compress(TEXT, wbits=-15),
    zlib.compress(TEXT),
    gzip.compress(TEXT, mtime=0),
)
ODD = {
    "bare deflate": ("deflate", BARE),
    "deflate and garbage": ("deflate", FRAMED + b"garbage"),
    "bare deflate and garbage": ("deflate", BARE + b"garbage"),
    "gzip and garbage": ("gzip", GZIP + b"garbage"),
    "gzip and a line end": ("gzip", GZIP + b"\n"),
    "an empty member first": ("gzip", gzip.compress(b"", mtime=0) + GZIP),
    "x-gzip": ("x-gzip", GZIP),
    "capitals": (" GZIP ", GZIP),
    "identity": ("identity", TEXT),
}


@pytest.mark.parametrize(("coding", "packed"), ODD.values(), ids=ODD)
@pytest.mark.parametrize("size", [1, 10_000])
def test_odd_packings_that_browsers_read_are_read(coding: str, packed: bytes, size: int) -> None:
    """Without zlib's frame, with something behind the end, by the old name; however the bytes
    come.
    """
    unpacker = Unpacker(coding, MB)
    for at in range(0, len(packed), size):
        unpacker.feed(packed[at : at + size])
    assert TEXT == unpacker.finish()


ENDLESS = {
    "bare deflate": ("deflate", BARE),
    "deflate": ("deflate", FRAMED),
    "two members": ("gzip", GZIP + GZIP),
}


@pytest.mark.parametrize(("coding", "packed"), ENDLESS.values(), ids=ENDLESS)
def test_a_packing_without_its_end_is_a_cut(coding: str, packed: bytes) -> None:
    """Cut at any byte, in the second member of gzip too (but for just behind the first, which
    nobody can know).
    """
    for at in range(1, len(packed)):
        if at != len(GZIP) or coding != "gzip":
            unpacker = Unpacker(coding, MB)
            unpacker.feed(packed[:at])
            with pytest.raises(CutShort):
                unpacker.finish()


def test_damage_inside_gzip_is_a_cut(internet: Internet) -> None:
    """A flipped bit fails gzip's own check: tried again, never archived."""
    packed = bytearray(gzip.compress(b"<html>" + b"word " * 1000 + b"</html>"))
    packed[len(packed) // 2] ^= 0x10
    internet.site.on(URL, Answer(body=bytes(packed), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(CutShort):
        page(internet)
