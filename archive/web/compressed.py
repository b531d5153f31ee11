"""Text sent packed to whoever takes it. Pure.

The page of an index article with 228 related reads is 165 KB of HTML, and 51 KB so.
"""

from __future__ import annotations

import gzip

from starlette.requests import Request

_SMALL = 1000  #: bytes that gain nothing
_LEVEL = 5  #: 1.2 ms for a page of 58 KB, 2 % larger than at level 9


def compressed(request: Request, body: bytes, headers: dict[str, str]) -> bytes:
    """``body`` as this browser takes it; what the answer must say of that goes into ``headers``."""
    headers["vary"] = "accept-encoding"
    if len(body) < _SMALL or not _takes_gzip(request.headers.get("accept-encoding", "")):
        return body
    headers["content-encoding"] = "gzip"
    return gzip.compress(body, _LEVEL, mtime=0)


def _takes_gzip(accepted: str) -> bool:
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
