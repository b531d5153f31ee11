"""Pure. A page as a small zstd frame: what it shares with earlier pages stands there and is not
kept again.

A current page is 2.3–4.1 MB, of which the article is a few KB; the rest is template script that the
pages of a month have in common, in an order that no trained dictionary catches. Measured on 64 real
pages of 2014–2026 (KB a page): gzip -6 393, zstd -9 230, against the best earlier page 24.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Literal

import zstandard

from archive.snapshots.escapes import Span, original, plain
from scraper.messages import mark
from scraper.records import dataclass

_ANOTHER_PAGE = mark("the page does not have the hash it had when it was kept")

#: How hard ``pack`` tries. Four pages of 2.3–3.7 MB against others of their account, KB of the
#: frame and CPU ms: ``quick`` 48/106/109/7.4, 8 ms: ranks the bases as the others do · ``light``
#: 37/72/75/6.5, 18 ms · ``usual`` 35/63/66/6.3, 40 ms, as small as level 16 at 300 ms ·
#: ``thorough`` (level 19) 33/54/56/5.5, 420 ms. ``fast``: level 3, for a page on its own, 5 ms a
#: page of 1.9 MB where gzip -6 takes 42.
Effort = Literal["fast", "quick", "light", "usual", "thorough"]

#: Entries of a sketch. 64 choose as well as 160 over the real pages, and every sketch is a part of
#: the file.
SKETCH_SIZE = 64
#: zstd finds no match farther back than its window; 2^27 (128 MB) is the most that every decoder
#: accepts.
MAX_WINDOW_LOG = 27
MIN_BASE = 1024
#: The first byte of a frame with spans; zstd's own begin with ``(``.
_MARK = b"P"
#: Entries of the tables (a power of two), steps of a search (too), shortest match, a match long
#: enough, strategy.
_EFFORTS = {
    "quick": (20, 1, 7, 0, zstandard.STRATEGY_FAST),
    "light": (20, 4, 6, 64, zstandard.STRATEGY_LAZY2),
    "usual": (22, 6, 6, 64, zstandard.STRATEGY_LAZY2),
}


#: zstd's own levels.
_LEVELS = {"fast": 3, "thorough": 19}


class BadFrame(Exception):
    """A frame that does not unpack to the page it was made from."""


def digest(body: bytes) -> str:
    """The sha256 of a page, as 64 hex digits."""
    return hashlib.sha256(body).hexdigest()


def sketch(body: bytes) -> tuple[int, ...]:
    """The ``SKETCH_SIZE`` lowest checksums of the page's pieces: two pages that share script share
    entries.

    Pieces end at ``;`` or, in large pages, at ``function``: script has plenty of both, and a
    template that gains a line moves all offsets but few pieces. About 10 ms for 3 MB.
    """
    pieces = set(body.split(b"function" if len(body) > 400_000 else b";"))
    return tuple(sorted({zlib.crc32(piece) for piece in pieces})[:SKETCH_SIZE])


@dataclass(frozen=True, slots=True)
class Look:
    """What a page looks like: its sha256 (64 hex digits) and its sketch."""

    sha256: str
    sketch: tuple[int, ...]

    @classmethod
    def of(cls, body: bytes) -> Look:
        """Found out of the page's bytes alone, so in any process."""
        return cls(digest(body), sketch(body))


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """How much two sketches share, 0 to 1."""
    if not one or not other:
        return 0.0
    return len(one & other) / min(len(one), len(other))


def pack(body: bytes, base: bytes = b"", *, effort: Effort = "usual") -> bytes:
    """A frame of ``body`` that needs ``base`` (raw bytes) to unpack: see ``Plain``."""
    return Plain(body).pack(base, effort=effort)


class Plain:
    """A page made ready to be packed, once for several tries.

    Its frame is one of zstd or, where an escaped copy of the text is packed in plain writing
    (``escapes``), ``P``, how many spans there are, the spans (start and length, 4 bytes each,
    little-endian) and then the frame.
    """

    __slots__ = ("_head", "body", "size")

    def __init__(self, body: bytes) -> None:
        """``size`` is that of the page as it came."""
        self.size = len(body)
        self.body, spans = plain(body)
        self._head = _dump_spans(spans)

    def pack(self, base: bytes = b"", *, effort: Effort = "usual") -> bytes:
        """A frame against ``base`` (raw bytes)."""
        return self._head + _frame(self.body, base, effort)


def _dump_spans(spans: tuple[Span, ...]) -> bytes:
    if not spans:
        return b""
    return b"".join(
        [_MARK, bytes([len(spans)]), *(n.to_bytes(4, "little") for span in spans for n in span)]
    )


def _load_spans(frame: bytes) -> tuple[list[Span], bytes]:
    """The spans and the zstd frame behind them."""
    if frame[:1] != _MARK:
        return [], frame
    end = 2 + 8 * frame[1]
    numbers = [int.from_bytes(frame[at : at + 4], "little") for at in range(2, end, 4)]
    return list(zip(numbers[::2], numbers[1::2], strict=True)), frame[end:]


def _frame(body: bytes, base: bytes, effort: Effort) -> bytes:
    total = len(body) + len(base)
    if base and total >= 1 << MAX_WINDOW_LOG:
        raise ValueError(mark("page and base are too large for one window"))
    window = min(max(total.bit_length(), 18), MAX_WINDOW_LOG)
    if effort in _LEVELS:
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVELS[effort], window_log=window, source_size=len(body), dict_size=len(base)
        )
    else:
        table, search, match, target, strategy = _EFFORTS[effort]
        table = min(window, table)
        parameters = zstandard.ZstdCompressionParameters(
            window_log=window,
            hash_log=table,
            chain_log=table,
            search_log=search,
            min_match=match,
            target_length=target,
            strategy=strategy,
        )
    # One compressor a call: sharing one between threads gave "Data corruption detected".
    return zstandard.ZstdCompressor(
        compression_params=parameters, dict_data=_dictionary(base)
    ).compress(body)


def unpack(frame: bytes, base: bytes, size: int, sha256: str) -> bytes:
    """The page again, checked against its ``size`` and hash. Raises ``BadFrame``."""
    body = _unpacked(frame, base, size)
    require_hash(body, sha256)
    return body


def require_hash(body: bytes, sha256: str) -> None:
    """Raises ``BadFrame`` where this is not the hash of ``body``."""
    if digest(body) != sha256:
        raise BadFrame(_ANOTHER_PAGE)


def require_exact(frame: bytes, base: bytes, body: bytes) -> None:
    """Raises ``BadFrame`` where the frame is not one of the page ``body``, which is at hand."""
    if _unpacked(frame, base, len(body)) != body:
        raise BadFrame(_ANOTHER_PAGE)


def _unpacked(frame: bytes, base: bytes, size: int) -> bytes:
    """What a frame holds. A damaged one can claim any size, so that is looked at before memory is
    taken.
    """
    try:
        spans, frame = _load_spans(frame)
        claimed = zstandard.get_frame_parameters(frame).content_size
        if claimed > size or (claimed < size and not spans):
            raise BadFrame(
                mark(
                    "the frame says {claimed} bytes, the page had {size}",
                    claimed=claimed,
                    size=size,
                )
            )
        body = zstandard.ZstdDecompressor(
            dict_data=_dictionary(base), max_window_size=1 << MAX_WINDOW_LOG
        ).decompress(frame, max_output_size=claimed)
        return original(body, spans)
    except (zstandard.ZstdError, MemoryError, IndexError, ValueError) as error:
        raise BadFrame(str(error)) from error


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict | None:
    if not base:
        return None
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
