"""Requests over httpcore, with our headers and no others, and httpcore's errors as ours.

Imported by the first request that goes out: httpcore and what it brings cost a command whose
articles are all held more than all else.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import SplitResult

import httpcore

from scraper.fetch import hosts
from scraper.fetch.failures import translated
from scraper.fetch.settings import FetchSettings
from scraper.fetch.transport import Pools


class Wire:
    """The connections of one fetcher. ``aclose`` closes them."""

    def __init__(self, settings: FetchSettings, certificates: ssl.SSLContext | None) -> None:
        """``certificates`` None: the usual ones. Raises BadSettings."""
        self.pools = Pools(settings, certificates)

    @asynccontextmanager
    async def answer(
        self,
        parts: SplitResult,
        headers: Mapping[str, str],
        *,
        sends: bytes | None,
        connect: float,
        silence: float,
    ) -> AsyncIterator[httpcore.Response]:
        """The head of the answer to one request; its body is read inside. ``parts`` are those of an
        address that was judged; ``sends`` is posted where it is not None; ``connect`` and
        ``silence`` are seconds.

        Raises the FetchErrors.
        """
        with translated(began=False):
            request = _request(parts, headers, sends=sends, connect=connect, silence=silence)
            response = await self.pools.send(request)
        try:
            with translated(began=True):
                yield response
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        await self.pools.aclose()


def _request(
    parts: SplitResult,
    headers: Mapping[str, str],
    *,
    sends: bytes | None,
    connect: float,
    silence: float,
) -> httpcore.Request:
    said = [(name.encode("ascii"), _line(value)) for name, value in headers.items()]
    if sends is not None:
        said.append((b"Content-Length", b"%d" % len(sends)))
    return httpcore.Request(
        "GET" if sends is None else "POST",
        httpcore.URL(
            scheme=parts.scheme,
            host=_host(parts),
            port=parts.port,
            target=hosts.target(parts),
        ),
        headers=said,
        content=sends,
        extensions={
            "timeout": {"connect": connect, "read": silence, "write": connect, "pool": silence}
        },
    )


def _host(parts: SplitResult) -> str:
    """A number of IPv6 stands in brackets where a proxy is told the whole address, which only plain
    http does.
    """
    host = hosts.host_of(parts)
    return f"[{host}]" if ":" in host and parts.scheme == "http" else host


def _line(value: str) -> bytes:
    """A header's value on one line, whatever is in it."""
    return " ".join(value.split()).encode("latin-1", "replace")
