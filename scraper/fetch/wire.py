"""Requests over httpx, with our headers and no others, and httpx's errors as ours.

Imported by the first request that goes out: httpx and what it brings are a seventh of the CPU of a
command whose articles are all held.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from scraper.fetch import lean as _lean  # noqa: F401 - before anything that imports httpx

# isort: split
import httpx

from scraper.errors import Forbidden
from scraper.fetch.failures import translated
from scraper.fetch.settings import FetchSettings
from scraper.fetch.transport import GuardedTransport
from scraper.messages import mark


class Wire:
    """Where one fetcher's requests go out. ``aclose`` closes its connections.

    They go to the transport itself. What ``httpx.AsyncClient`` would do besides is not wanted here:
    the fetcher judges each redirect, no cookie of an answer is kept, the environment is read in one
    place (``proxies``); and it took 0.2 ms a page.
    """

    def __init__(self, settings: FetchSettings, certificates: ssl.SSLContext | None) -> None:
        """``certificates`` None: the usual ones. Raises BadSettings."""
        self.transport = GuardedTransport(settings, certificates)

    @asynccontextmanager
    async def answer(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        sends: bytes | None,
        connect: float,
        silence: float,
    ) -> AsyncIterator[httpx.Response]:
        """The head of the answer to one request; its body is read inside. ``url`` is in ASCII;
        ``sends`` is posted where it is not None; ``connect`` and ``silence`` are seconds.

        Raises Forbidden where httpx reads another host in ``url``, and the FetchErrors.
        """
        with translated(began=False):
            request = _request(url, headers, sends=sends, connect=connect, silence=silence)
            response = await self.transport.handle_async_request(request)
        try:
            with translated(began=True):
                yield response
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        await self.transport.aclose()


def _request(
    url: str, headers: Mapping[str, str], *, sends: bytes | None, connect: float, silence: float
) -> httpx.Request:
    """With these headers and no others; httpx adds its own where its client builds the request."""
    asked = httpx.URL(url)
    if asked.raw_host.decode("ascii") != urlsplit(url).hostname:
        raise Forbidden(
            mark("this address can be read in two ways")
        )  # what is asked must be what was judged
    timeouts = httpx.Timeout(silence, connect=connect, write=connect)
    return httpx.Request(
        "GET" if sends is None else "POST",
        asked,
        content=sends,
        headers=[(name.encode("ascii"), _line(value)) for name, value in headers.items()],
        extensions={"timeout": timeouts.as_dict()},
    )


def _line(value: str) -> bytes:
    """A header's value on one line, whatever is in it."""
    return " ".join(value.split()).encode("latin-1", "replace")
