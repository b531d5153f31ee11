"""Connections that are made to judged numbers only, and where each request finds one.

httpcore takes a network backend, and the backend is where DNS rebinding is stopped. (Rewriting each
request to a judged number would need none, but two hosts on one number would then share a TLS
connection that was verified for one of them.) httpx, which stands on it, takes none, and what it
adds is not wanted here: redirects are judged one by one, no cookie of an answer is kept, headers
are ours alone. It costs as much as all of httpcore.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable

import httpcore

from scraper.errors import Unreachable
from scraper.fetch import certificates, guard, hosts, proxies
from scraper.fetch.pool import Pool, opened
from scraper.fetch.settings import FetchSettings
from scraper.messages import mark


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


class Pools:
    """What requests go out through: one pool by way of the proxy, one for the hosts around it.

    ``named``: certificates to trust instead of the usual ones. Raises BadSettings.
    """

    def __init__(self, settings: FetchSettings, named: ssl.SSLContext | None) -> None:
        self._proxy = proxies.chosen(settings)
        self._certificates = named or certificates.usual()
        self._connections = settings.media_parallel + 2
        self._trusted = [hosts.endpoint(hosts.split(url)) for url in settings.trusted]
        self._pools: dict[proxies.Proxy | None, Pool] = {}

    async def send(self, request: httpcore.Request) -> httpcore.Response:
        """The head of the answer; the body comes as it is on the wire. Raises httpcore's errors."""
        host = request.url.host.decode("ascii").strip("[]")
        port = request.url.port or (443 if request.url.scheme == b"https" else 80)
        proxy = self._proxy if self._proxy and self._proxy.serves(host, port) else None
        return await self._pool(proxy).handle_async_request(request)

    async def aclose(self) -> None:
        """Closes every connection."""
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
