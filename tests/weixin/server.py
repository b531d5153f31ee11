"""The small internet: a proxy on 127.0.0.1 that is every host at once.

``CONNECT`` is answered with TLS by a certificate for that host from a throw-away CA; ``GET
http://…`` is answered directly. A thread a connection: simple enough to be right about resets and
half-sent bodies, and quick enough for 50 programs at once. It is silent, and gone when its block
ends.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import trustme

from archive.db.closing import Closing
from tests.weixin.answer import Answer, Request
from tests.weixin.log import Log
from tests.weixin.site import Site

_LONGEST_HEAD = 64 * 1024
_PATIENCE = 120.0
_REASONS = {
    200: "OK",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    304: "Not Modified",
    404: "Not Found",
}


class Internet(Closing):
    """A running small internet; use it as a context manager.

    ``site`` scripts the answers, ``log`` has the requests, ``env`` is what a program needs to be in
    it: the proxy, the CA file, and nothing that goes around them. ``proxy`` and ``ca_file`` are the
    same for ``FetchSettings``. ``refuses`` is the status that the proxy answers every CONNECT with,
    instead of connecting.
    """

    def __init__(self, site: Site | None = None) -> None:
        self.site = site or Site()
        self.log = Log()
        self.proxy = ""
        self.ca_file = ""
        self.refuses: int | None = None
        self._ca = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._open: set[socket.socket] = set()
        self._stack = contextlib.ExitStack()

    @property
    def env(self) -> dict[str, str]:
        """Environment variables for a program in it."""
        return {
            "HTTPS_PROXY": self.proxy,
            "HTTP_PROXY": self.proxy,
            "https_proxy": self.proxy,
            "http_proxy": self.proxy,
            "ALL_PROXY": "",
            "all_proxy": "",
            "NO_PROXY": "",
            "no_proxy": "",
            "SSL_CERT_FILE": self.ca_file,
        }

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weixin-")))
            path = folder / "ca.pem"
            self._ca.cert_pem.write_to_path(str(path))
            listener = stack.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", 0))
            listener.listen(1024)
            self.ca_file, self.proxy = str(path), f"http://127.0.0.1:{listener.getsockname()[1]}"
            thread = threading.Thread(
                target=self._accept, args=(listener,), daemon=True, name="weixin"
            )
            thread.start()
            stack.callback(thread.join, 5)
            stack.callback(self._stop, listener)
            self._stack = stack.pop_all()
        return self

    def close(self) -> None:
        """End its threads; its files go."""
        self._stack.close()

    def _stop(self, listener: socket.socket) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            still = list(self._open)
        for sock in still:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with self._lock:
            self._open.add(sock)
        try:
            sock.settimeout(_PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with (
                contextlib.suppress(OSError, ValueError),
                contextlib.closing(_Connection(self, sock)) as connection,
            ):
                connection.run()
        finally:
            with self._lock:
                self._open.discard(sock)
            with contextlib.suppress(OSError):
                sock.close()

    def context(self, host: str) -> ssl.SSLContext:
        """TLS as ``host``."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._ca.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]

    def wait(self, seconds: float) -> None:
        """Sleeps, but not longer than this internet lives."""
        self._stopped.wait(seconds)

    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._stopped.is_set()


class _Broken(OSError):
    """The connection was broken on purpose."""


class _Connection:
    """One connection of a client: requests one after another, inside TLS or not."""

    def __init__(self, internet: Internet, sock: socket.socket) -> None:
        self._internet, self._raw, self._sock = internet, sock, sock
        self._buffer = b""
        self._base = ""

    def close(self) -> None:
        """Close what TLS was wrapped in."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def run(self) -> None:
        """Until the client goes, or an answer says to close."""
        while self._internet.alive() and (head := self._head()) is not None:
            method, target, headers = head
            if method == "CONNECT":
                self._tunnel(target)
            elif not self._answer(method, target, headers):
                return

    def _tunnel(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        host = host.strip("[]").lower()
        if self._internet.refuses:
            self._sock.sendall(
                b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self._internet.refuses
            )
            return
        self._sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if self._raw.recv(1, socket.MSG_PEEK)[:1] == b"\x16":
            self._sock = self._internet.context(host).wrap_socket(self._raw, server_side=True)
            self._base = f"https://{host}" + ("" if port == "443" else f":{port}")
        else:
            self._base = f"http://{host}" + ("" if port == "80" else f":{port}")

    def _head(self) -> tuple[str, str, dict[str, str]] | None:
        while b"\r\n\r\n" not in self._buffer:
            data = self._sock.recv(16384)
            if not data or len(self._buffer) > _LONGEST_HEAD:
                return None
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (f.partition(":") for f in fields)
        }
        return method, target, headers

    def _posted(self, length: int) -> bytes:
        while len(self._buffer) < length and (data := self._sock.recv(16384)):
            self._buffer += data
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _answer(self, method: str, target: str, headers: dict[str, str]) -> bool:
        base = self._base or f"http://{headers.get('host', 'unknown')}"
        url = target if "://" in target else base + target
        parts = urlsplit(url)
        request = self._internet.log.began(method, url, parts.hostname or "", parts.path, headers)
        request.body = self._posted(int(headers.get("content-length", "0")))
        status: int | None = None
        try:
            answer = self._internet.site.answer(request)
            status = answer.status
            return self._send(answer, request) and headers.get("connection", "").lower() != "close"
        except _Broken:
            return False
        finally:
            self._internet.log.ended(request, status)

    def _send(self, answer: Answer, request: Request) -> bool:
        """True: the connection can be used again."""
        if answer.delay:
            self._internet.wait(answer.delay)
        while answer.hold and not answer.hold.wait(0.05) and self._internet.alive():
            pass
        if answer.hang:
            self._internet.wait(_PATIENCE)
            return False
        if answer.reset == "before":
            self._reset()
        body, coding = answer.coded(request.headers.get("accept-encoding", ""))
        sized = not (answer.chunked or answer.unsized or answer.stream)
        headers = {"Content-Type": answer.type, "Server": "nginx", **answer.headers}
        if coding:
            headers["Content-Encoding"] = coding
        if answer.status in (204, 304):
            body, sized = b"", False
        elif sized:
            headers["Content-Length"] = str(len(body) if answer.length is None else answer.length)
        elif answer.unsized:
            headers["Connection"] = "close"
        else:
            headers["Transfer-Encoding"] = "chunked"
        lines = [f"HTTP/{answer.version} {answer.status} {_REASONS.get(answer.status, 'Whatever')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._sock.sendall("\r\n".join([*lines, "", ""]).encode("utf-8"))
        if answer.reset == "head":
            self._reset()
        if request.method != "HEAD":
            self._send_body(answer, body, chunked="Transfer-Encoding" in headers)
        return answer.cut is None and not answer.unsized and answer.length is None

    def _send_body(self, answer: Answer, body: bytes, *, chunked: bool) -> None:
        pieces = answer.stream() if answer.stream else _pieces(answer, body)
        left = answer.cut
        for piece in pieces:
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            if piece:
                self._sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if answer.reset == "body":
                self._reset()
            if left == 0:
                return
            if answer.drip:
                self._internet.wait(answer.drip[1])
            if not self._internet.alive():
                raise _Broken
        if chunked:
            self._sock.sendall(b"0\r\n\r\n")

    def _reset(self) -> None:
        """RST instead of FIN."""
        # wrap_socket detached the first socket: this is the one that owns the descriptor.
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.01)
        self._sock.close()
        raise _Broken


def _pieces(answer: Answer, body: bytes) -> list[bytes]:
    size = (
        answer.drip[0]
        if answer.drip
        else 8192
        if answer.chunked or answer.reset == "body"
        else len(body) or 1
    )
    return [body[at : at + size] for at in range(0, len(body), size)]
