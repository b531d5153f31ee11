"""An answer's bytes: unpacked in bounded steps, never more than allowed, and known to be whole."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterable

from scraper.errors import CutShort, Refused
from scraper.messages import mark

#: What is offered. brotli turns 481 bytes into 315 MB in one call that cannot be bounded
#: (docs/reliability.md, row 8).
ACCEPT_ENCODING = "gzip, deflate"
_COMMENT = re.compile(rb"<!--.*?(?:-->|$)", re.DOTALL)
#: How much is unpacked at once.
_STEP = 256 * 1024
#: No server sends more gzip members; half a million empty ones fit into 10 MB and take minutes.
_MOST_MEMBERS = 64


class Unpacker:
    """Bytes of one Content-Encoding in, plain bytes out, at most ``cap`` of them. Raises Refused,
    CutShort.
    """

    def __init__(self, coding: str, cap: int) -> None:
        self._coding = coding.strip().lower()
        if self._coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise Refused(
                mark(
                    "the answer came in the coding {coding!r}, which was not asked for",
                    coding=self._coding[:40],
                )
            )
        self._plain = self._coding in {"", "identity"}
        self._cap = cap
        self._engine = (
            None if self._plain else zlib.decompressobj(15 + 16 if "gzip" in self._coding else 15)
        )
        self._waiting = b""
        self._started = self._padding = False
        self._members = 1
        # Pieces, not one growing buffer: growing moves it, and a bomb would be in memory twice
        # before it is refused.
        self._out: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """The next bytes off the wire."""
        if self._plain:
            self._keep(data)
            return
        data, self._waiting = self._waiting + data, b""
        while data and not self._padding:
            assert self._engine is not None
            if self._engine.eof or not self._started:
                # What begins here is told by two bytes.
                if len(data) < 2:
                    self._waiting = data
                    return
                self._begin(data)
            else:
                data = self._step(data)

    def finish(self) -> bytes:
        """Everything, once the last byte is in. Raises CutShort where the packed stream has no
        end.
        """
        begun = self._started or self._waiting
        if (
            self._engine is not None
            and begun
            and (not self._engine.eof or self._waiting == b"\x1f")
        ):
            raise CutShort(
                mark("the answer was cut short inside its {coding} coding", coding=self._coding)
            )
        return b"".join(self._out)

    def _begin(self, data: bytes) -> None:
        """A packed stream begins; gzip may hold several, and what follows the last and is none is
        padding.
        """
        if not self._started:
            if self._coding == "deflate" and not _is_zlib(data):
                self._engine = zlib.decompressobj(-15)  # some servers mean the bare stream
            self._started = True
        elif "gzip" in self._coding and data[:2] == b"\x1f\x8b":
            self._members += 1
            if self._members > _MOST_MEMBERS:
                raise Refused(
                    mark(
                        "the answer is packed in more than {most_members} parts",
                        most_members=_MOST_MEMBERS,
                    )
                )
            self._engine = zlib.decompressobj(15 + 16)
        else:
            self._padding = True

    def _step(self, data: bytes) -> bytes:
        """Unpacks some of ``data`` and returns the rest."""
        assert self._engine is not None
        try:
            self._keep(self._engine.decompress(data, _STEP))
        except zlib.error as error:
            raise CutShort(
                mark(
                    "the answer is damaged inside its {coding} coding ({error})",
                    coding=self._coding,
                    error=error,
                )
            ) from None
        return self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._cap:
            # now, not when the error's traceback is collected: the next bomb may come first
            self._out.clear()
            raise Refused(
                mark("the answer is larger than the {cap} that are taken", cap=_mb(self._cap))
            )
        self._out.append(data)


def _is_zlib(data: bytes) -> bool:
    return data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0


def _mb(size: int) -> str:
    return f"{size // 1024 // 1024} MB"


async def read(
    stream: AsyncIterable[bytes], *, coding: str, length: int | None, wire_cap: int, cap: int
) -> bytes:
    """The whole body. ``length`` is the promised Content-Length.

    Raises Refused where it is over a cap (before reading, where the promise says so), CutShort
    where it is not whole.
    """
    if length is not None and length > wire_cap:
        raise Refused(
            mark(
                "the answer has {length} bytes, more than the {wire_cap} that are taken",
                length=length,
                wire_cap=_mb(wire_cap),
            )
        )
    unpacker, received = Unpacker(coding, cap), 0
    async for data in stream:
        received += len(data)
        if received > wire_cap:
            raise Refused(
                mark(
                    "the answer is larger than the {wire_cap} that are taken",
                    wire_cap=_mb(wire_cap),
                )
            )
        unpacker.feed(data)
    if length is not None and received < length:
        raise CutShort(
            mark(
                "the answer was cut short: {received} of {length} bytes came",
                received=received,
                length=length,
            )
        )
    return unpacker.finish()


def looks_whole(body: bytes) -> bool:
    """For a page whose length nobody promised (HTTP/1.0 style, ended by closing): its markup or
    JSON has an end.

    All 60 real pages and 7 status pages looked at end in ``</html>``, some with a comment behind
    it; the comment before the real beginning (``<!--headTrap…<html></html>-->``, 2015–2018) is no
    end.
    """
    tail = _COMMENT.sub(b"", body[-4096:]).rstrip().lower()
    if body.lstrip()[:1] in (b"{", b"["):
        return tail[-1:] in (b"}", b"]")
    return b"</html>" in tail
