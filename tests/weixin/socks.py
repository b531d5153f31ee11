"""A SOCKS5 server (RFC 1928, 1929) whose every way leads into the small internet."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from typing import Self
from urllib.parse import urlsplit

from archive.db.closing import Closing

_VERSION, _NO_LOGIN, _LOGIN, _NOBODY = 5, 0, 2, 0xFF
_NAME, _V4 = 3, 1


class SocksProxy(Closing):
    """A running server at ``address``; use it as a context manager.

    ``login``: whom it lets in, None: everybody. ``refuses``: the reply to every request instead of
    connecting. ``asked`` has the host, as it was named, and the port of each connection.
    """

    def __init__(
        self, proxy: str, *, login: tuple[str, str] | None = None, refuses: int = 0
    ) -> None:
        self.asked: list[tuple[str, int]] = []
        self.login, self.refuses = login, refuses
        self.inner = (str(urlsplit(proxy).hostname), int(urlsplit(proxy).port or 0))
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, EOFError):
                    _serve(outer, self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def close(self) -> None:
        """Serve nobody any more."""
        self._server.shutdown()
        self._server.server_close()


def _read(sock: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = sock.recv(count - len(found))
        if not part:
            raise EOFError
        found += part
    return found


def _serve(proxy: SocksProxy, sock: socket.socket) -> None:
    _, count = _read(sock, 2)
    offered = _read(sock, count)
    wanted = _NO_LOGIN if proxy.login is None else _LOGIN
    if wanted not in offered:
        sock.sendall(bytes((_VERSION, _NOBODY)))
        return
    sock.sendall(bytes((_VERSION, wanted)))
    if proxy.login is not None and not _is_let_in(proxy, sock):
        return
    _, _, _, kind = _read(sock, 4)
    if kind == _NAME:
        host = _read(sock, _read(sock, 1)[0]).decode()
    else:
        host = socket.inet_ntop(
            *(
                (socket.AF_INET, _read(sock, 4))
                if kind == _V4
                else (socket.AF_INET6, _read(sock, 16))
            )
        )
    (port,) = struct.unpack("!H", _read(sock, 2))
    proxy.asked.append((host, port))
    sock.sendall(bytes((_VERSION, proxy.refuses, 0, _V4)) + bytes(6))
    if not proxy.refuses:
        _pass_on(proxy, sock, f"{host}:{port}")


def _is_let_in(proxy: SocksProxy, sock: socket.socket) -> bool:
    _read(sock, 1)
    given = tuple(_read(sock, _read(sock, 1)[0]).decode() for _ in range(2))
    is_known = given == proxy.login
    sock.sendall(bytes((1, not is_known)))
    return is_known


def _pass_on(proxy: SocksProxy, sock: socket.socket, target: str) -> None:
    """Both ways, through the small internet's own proxy."""
    with socket.create_connection(proxy.inner) as inner:
        inner.sendall(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += _read(inner, 1)
        back = threading.Thread(target=_pump, args=(inner, sock), daemon=True)
        back.start()
        _pump(sock, inner)
        back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
