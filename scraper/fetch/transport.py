"""Connections: httpcore's pool over a backend that connects to judged numbers only.

httpcore rather than httpx: the body comes raw, so that it can be unpacked in bounded steps and its end be checked,
and the connection is made by a backend of ours, which is where DNS rebinding is stopped.
"""

from __future__ import annotations

import importlib.util
import os
import ssl
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

import httpcore

from scraper import guard
from scraper.errors import BadSettings
from scraper.fetch.settings import FetchSettings


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name once, judges every number, connects to one of those. The configured proxy is exempt."""

    def __init__(self, exempt: tuple[str, int] | None = None) -> None:
        self._exempt = exempt
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
        numbers = [host] if (host, port) == self._exempt else await guard.resolve(host, port, f"{host}:{port}")
        failure: Exception | None = None
        for place, number in enumerate(numbers, 1):
            # A number that swallows packets (IPv6 in half-made networks) must not use up the whole deadline.
            limit = timeout if place == len(numbers) or timeout is None else min(timeout, 5.0)
            try:
                return await self._plain.connect_tcp(number, port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never: no address leads to one."""
        raise httpcore.ConnectError("unix sockets are not used")

    async def sleep(self, seconds: float) -> None:
        """As httpcore asks."""
        await self._plain.sleep(seconds)


def pool(settings: FetchSettings) -> tuple[httpcore.AsyncConnectionPool, bool]:
    """The pool for all requests of a fetcher, and whether they go through a proxy. Raises BadSettings."""
    proxy, exempt = _proxy(settings)
    context = _certificates(settings)
    connections = settings.media_parallel + 2
    made = httpcore.AsyncConnectionPool(
        ssl_context=context,
        proxy=proxy,
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=60.0,
        http1=True,
        http2=False,
        retries=0,
        network_backend=GuardedBackend(exempt),
    )
    return made, proxy is not None


def _proxy(settings: FetchSettings) -> tuple[httpcore.Proxy | None, tuple[str, int] | None]:
    text = settings.proxy
    if text is None:
        names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
        text = next((os.environ[name] for name in names if os.environ.get(name)), "")
    if not text:
        return None, None
    bad = (
        "the proxy setting is not of the form http://host:port, with a user, a colon, a password and an @ before the "
        "host where it wants a login (https and socks5 work too)"
    )
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port, scheme = parts.hostname, parts.port, parts.scheme
    except ValueError:
        raise BadSettings(bad) from None
    if not host or scheme not in {"http", "https", "socks5", "socks5h"}:
        raise BadSettings(bad)
    if scheme.startswith("socks5"):
        scheme = "socks5"
        if importlib.util.find_spec("socksio") is None:
            raise BadSettings("a socks5 proxy needs one more package: pip install 'httpcore[socks]'")
    port = port or {"http": 80, "https": 443, "socks5": 1080}[scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    return httpcore.Proxy(url, auth=(user, password) if user or password else None), (host, port)


def _certificates(settings: FetchSettings) -> ssl.SSLContext:
    path = settings.ca_file or os.environ.get("SSL_CERT_FILE")
    if not path:
        return httpcore.default_ssl_context()
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise BadSettings(f"the certificates file {path} (ca_file, $SSL_CERT_FILE) cannot be used: {error}") from error
