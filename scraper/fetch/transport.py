"""The transport: httpx's requests, over connections that are made to judged numbers only.

httpx's own transport makes its pool itself and takes no network backend, and the backend is where
DNS rebinding is stopped: so the transport here does what httpx's does, a ``httpcore`` pool behind
httpx's interface, with a backend of ours. (Rewriting each request to a judged number would need no
httpcore, but two hosts on one number would then share a TLS connection that was verified for one of
them.)
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import cast

import httpcore
import httpx

from scraper.errors import Unreachable
from scraper.fetch import guard, hosts, proxies
from scraper.fetch.certificates import named
from scraper.fetch.pool import Pool, opened
from scraper.fetch.settings import FetchSettings
from scraper.messages import mark

#: As httpx translates them; a test fails if httpcore has one that is missing here.
_SAME: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.TimeoutException: httpx.TimeoutException,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.NetworkError: httpx.NetworkError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.ProtocolError: httpx.ProtocolError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name once, judges every number, connects to one of those. What a person has named
    is exempt: the proxy, and the (host, port) pairs in ``trusted``."""

    def __init__(
        self, proxy: proxies.Proxy | None = None, trusted: Iterable[tuple[str, int]] = ()
    ) -> None:
        self._proxy = (proxy.host, proxy.port) if proxy else None
        self._trusted = frozenset(trusted)
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to ``host``. Raises Forbidden and Unreachable besides httpcore's own."""
        if (host, port) in self._trusted and (host, port) != self._proxy:
            return await self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        if (host, port) == self._proxy:
            try:
                return opened(
                    await self._plain.connect_tcp(
                        host, port, timeout, local_address, socket_options
                    )
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                said = " ".join(str(error).split()) or mark("no answer")
                raise Unreachable(
                    mark(
                        "the proxy {host}:{port} cannot be reached ({said}): is it running, and "
                        "are the setting proxy and $HTTPS_PROXY right?",
                        host=host,
                        port=port,
                        said=said,
                    )
                ) from error
        numbers = await guard.resolve(host, port)
        failure: Exception | None = None
        for place, number in enumerate(numbers, 1):
            # A number that swallows packets (IPv6 in half-made networks) must not use up the whole
            # deadline.
            limit = timeout if place == len(numbers) or timeout is None else min(timeout, 5.0)
            try:
                return await self._plain.connect_tcp(
                    number, port, limit, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: no address leads to one."""
        raise httpcore.ConnectError(mark("unix sockets are not used"))

    async def sleep(self, seconds: float) -> None:
        """As httpcore asks."""
        await self._plain.sleep(seconds)


class GuardedTransport(httpx.AsyncBaseTransport):
    """What httpx sends requests through: one pool by way of the proxy, one for the hosts around
    it.
    """

    def __init__(self, settings: FetchSettings, certificates: ssl.SSLContext | None) -> None:
        self._proxy = proxies.chosen(settings)
        self._certificates = certificates or _usual()
        self._connections = settings.media_parallel + 2
        self._trusted = [hosts.endpoint(hosts.split(url)) for url in settings.trusted]
        self._pools: dict[proxies.Proxy | None, Pool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx asks; the body comes as it is on the wire."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        host = url.raw_host.decode("ascii")
        proxy = self._proxy if self._proxy and self._proxy.serves(host, port) else None
        asked = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=url.raw_scheme, host=_host(url), port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=cast(AsyncIterable[bytes], request.stream),
            extensions=request.extensions,
        )
        with as_httpx():
            got = await self._pool(proxy).handle_async_request(asked)
        return httpx.Response(
            got.status, headers=got.headers, stream=_Body(got), extensions=got.extensions
        )

    async def aclose(self) -> None:
        """Closes every connection."""
        with as_httpx():
            for pool in self._pools.values():
                await pool.aclose()

    def _pool(self, proxy: proxies.Proxy | None) -> Pool:
        if proxy not in self._pools:
            self._pools[proxy] = Pool(
                ssl_context=self._certificates,
                proxy=httpcore.Proxy(proxy.url, auth=proxy.login) if proxy else None,
                max_connections=self._connections,
                max_keepalive_connections=self._connections,
                keepalive_expiry=60.0,
                http1=True,
                http2=False,
                retries=0,
                network_backend=GuardedBackend(proxy, self._trusted),
            )
        return self._pools[proxy]


def _host(url: httpx.URL) -> bytes:
    """A number of IPv6 stands in brackets where a proxy is told the whole address, which only plain
    http does.
    """
    return b"[%b]" % url.raw_host if b":" in url.raw_host and url.scheme == "http" else url.raw_host


class _Body(httpx.AsyncByteStream):
    """A body's raw bytes."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with as_httpx():
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        with as_httpx():
            await self._response.aclose()


@contextmanager
def as_httpx() -> Iterator[None]:
    """httpcore's errors become httpx's of the same name."""
    try:
        yield
    except tuple(_SAME) as error:
        raise next(same for kind, same in _SAME.items() if isinstance(error, kind))(
            str(error)
        ) from error


def certificates(settings: FetchSettings) -> ssl.SSLContext:
    """What hosts' certificates are checked against. Raises BadSettings for a file that cannot be
    used.
    """
    return named(settings) or _usual()


def _usual() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
