"""A scripted answer, faults included, and the request that it answers."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Request:
    """One request as the server saw it. ``at`` and ``ended`` are monotonic seconds, ``wall`` aware
    UTC.

    ``url`` is the whole address; ``in_flight`` how many requests to the same host were being
    answered when this one came, itself included. ``status`` is None while no answer was sent. ``body`` is what was
    posted.
    """

    method: str
    url: str
    host: str
    path: str
    headers: dict[str, str]
    at: float
    wall: datetime
    in_flight: int = 1
    ended: float | None = None
    status: int | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to send, and how to send it wrongly.

    ``coding``: ``gzip`` or ``deflate`` where the client offers it; ``chunked``, ``unsized`` (ended
    by closing) instead of a Content-Length; ``length`` lies about it. ``truncate`` keeps so many
    bytes of the coded body and promises just those; ``cut`` promises all and closes after so many.
    ``reset`` breaks the connection ``before`` the answer, after its ``head`` or in the middle of
    its ``body``. ``drip`` sends (so many bytes, every so many seconds). ``hang`` never answers.
    ``delay`` is seconds before the answer; with ``hold`` it is sent once that is set. ``stream`` is
    a body without an end, or made as it goes. ``version`` is HTTP's.
    """

    status: int = 200
    body: bytes | str = b""
    type: str = "text/html; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    coding: str | None = None
    chunked: bool = False
    unsized: bool = False
    length: int | None = None
    truncate: int | None = None
    cut: int | None = None
    reset: str | None = None
    drip: tuple[int, float] | None = None
    delay: float = 0.0
    hold: threading.Event | None = None
    hang: bool = False
    stream: Callable[[], Iterable[bytes]] | None = None
    version: str = "1.1"

    def coded(self, offered: str) -> tuple[bytes, str | None]:
        """The body as it goes over the wire, and its Content-Encoding."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        coding = self.coding if self.coding and self.coding in offered else None
        if coding == "gzip":
            body = gzip.compress(body, 6, mtime=0)
        elif coding == "deflate":
            body = zlib.compress(body)
        return (body if self.truncate is None else body[: self.truncate]), coding


Handler = Callable[[Request], Answer]
