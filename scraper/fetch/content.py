"""An answer's bytes: unpacked in bounded steps, never more than allowed, and known to be whole."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

from scraper.errors import CutShort, Refused

#: What is offered. brotli turns 481 bytes into 315 MB in one call that cannot be bounded (faults.md, row 8).
ACCEPT_ENCODING = "gzip, deflate"
#: How much is unpacked at once.
_STEP = 256 * 1024


class Unpacker:
    """Bytes of one Content-Encoding in, plain bytes out, at most ``cap`` of them. Raises Refused, CutShort."""

    def __init__(self, coding: str, cap: int, url: str) -> None:
        self._coding = coding.strip().lower()
        if self._coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise Refused(f"{url} came in the coding {self._coding[:40]!r}, which was not offered", url=url)
        self._plain = self._coding in {"", "identity"}
        self._cap, self._url = cap, url
        self._engine = None if self._plain else zlib.decompressobj(15 + 16 if "gzip" in self._coding else 15)
        self._started = False
        self._out = bytearray()

    def feed(self, data: bytes) -> None:
        """The next bytes off the wire."""
        if self._plain:
            self._room(len(data))
            self._out += data
            return
        while data:
            assert self._engine is not None
            if self._engine.eof:
                data = self._next_member(data)
                continue
            data = self._step(data)

    def finish(self) -> bytes:
        """Everything, once the last byte is in. Raises CutShort where the packed stream has no end."""
        if self._engine is not None and self._started and not self._engine.eof:
            raise CutShort(f"{self._url} was cut short inside its {self._coding} coding", url=self._url)
        return bytes(self._out)

    def _step(self, data: bytes) -> bytes:
        assert self._engine is not None
        if not self._started and self._coding == "deflate" and not _is_zlib(data):
            self._engine = zlib.decompressobj(-15)  # some servers mean the bare stream
        self._started = True
        try:
            self._out += self._engine.decompress(data, _STEP)
        except zlib.error as error:
            raise CutShort(
                f"{self._url} is damaged inside its {self._coding} coding ({error})", url=self._url
            ) from None
        self._room(0)
        return self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail

    def _next_member(self, data: bytes) -> bytes:
        """gzip may hold several members; what follows the last and is none is padding, as gunzip takes it."""
        if "gzip" in self._coding and data[:2] == b"\x1f\x8b":
            self._engine = zlib.decompressobj(15 + 16)
            return data
        return b""

    def _room(self, more: int) -> None:
        if len(self._out) + more > self._cap:
            raise Refused(f"{self._url} is larger than {self._cap // 1024 // 1024} MB", url=self._url)


def _is_zlib(data: bytes) -> bool:
    return len(data) < 2 or (data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0)


async def read(
    stream: AsyncIterable[bytes], *, coding: str, length: int | None, wire_cap: int, cap: int, url: str
) -> bytes:
    """The whole body. ``length`` is the promised Content-Length.

    Raises Refused where it is over a cap (before reading, where the promise says so), CutShort where it is not whole.
    """
    if length is not None and length > wire_cap:
        raise Refused(f"{url} has {length} bytes, more than the {wire_cap // 1024 // 1024} MB taken", url=url)
    unpacker, received = Unpacker(coding, cap, url), 0
    async for data in stream:
        received += len(data)
        if received > wire_cap:
            raise Refused(f"{url} is larger than {wire_cap // 1024 // 1024} MB", url=url)
        unpacker.feed(data)
    if length is not None and received < length:
        raise CutShort(f"{url} was cut short: {received} of {length} bytes", url=url)
    return unpacker.finish()


def looks_whole(body: bytes) -> bool:
    """For a page whose length nobody promised (HTTP/1.0 style, ended by closing): its markup or JSON has an end.

    All 60 real pages and 7 status pages looked at end in ``</html>``, some with a comment behind it.
    """
    tail = body[-4096:].rstrip().lower()
    if body.lstrip()[:1] in (b"{", b"["):
        return tail[-1:] in (b"}", b"]")
    return b"</html>" in tail or b"<html" not in body[:65536].lower()
