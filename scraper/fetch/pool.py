"""httpcore's pool, with a mended leak: a tunnel through a proxy that fails to open gives its place
back.

httpcore 1.0.9 leaves a tunnel in the pool as busy for ever when TLS inside it fails or is cancelled
(seen here: after ten handshakes that broke, a full pool, and every later fetch waits out its
deadline). And it forgets the socket to a SOCKS proxy that refuses (seen here as unclosed sockets), so
whatever was opened on the way is closed here.
"""

from __future__ import annotations

from contextvars import ContextVar

import httpcore

_opened: ContextVar[list[httpcore.AsyncNetworkStream] | None] = ContextVar("opened", default=None)


def opened(stream: httpcore.AsyncNetworkStream) -> httpcore.AsyncNetworkStream:
    """Note what was opened for the request that is being sent: closed, should it fail."""
    streams = _opened.get()
    if streams is not None:
        streams.append(stream)
    return stream


class Pool(httpcore.AsyncConnectionPool):
    """The pool. Connections that failed are closed, whatever they are."""

    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """As httpcore asks."""
        return _Connection(super().create_connection(origin))


class _Connection(httpcore.AsyncConnectionInterface):
    """A connection that closes itself when a request over it fails: HTTP/1.1 has no other request
    on it then.
    """

    def __init__(self, inner: httpcore.AsyncConnectionInterface) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        streams: list[httpcore.AsyncNetworkStream] = []
        before = _opened.set(streams)
        try:
            return await self._inner.handle_async_request(request)
        except httpcore.ConnectionNotAvailable:
            raise  # another request was quicker: nothing is wrong with the connection
        except BaseException:
            await self._inner.aclose()
            for stream in streams:
                await stream.aclose()
            raise
        finally:
            _opened.reset(before)

    async def aclose(self) -> None:
        await self._inner.aclose()

    def info(self) -> str:
        return self._inner.info()

    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        return self._inner.can_handle_request(origin)

    def is_available(self) -> bool:
        return self._inner.is_available()

    def has_expired(self) -> bool:
        return self._inner.has_expired()

    def is_idle(self) -> bool:
        return self._inner.is_idle()

    def is_closed(self) -> bool:
        return self._inner.is_closed()
