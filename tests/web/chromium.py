"""A real Chromium for the page's tests: one a session, in a thread of its own, behind a proxy that
counts.

Playwright's synchronous half keeps an event loop running in its thread; in the tests' own thread no
other test could run one. Whatever is not for this machine would go through the proxy, which answers
nothing and remembers.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from archive.web.app import make_app
from archive.web.settings import Settings

T = TypeVar("T")
#: Hosts that Chromium talks to of its own accord, whatever page it shows.
_ITS_OWN = ("google.com", "googleapis.com", "gvt1.com")
NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def executable() -> str | None:
    """The browser on this machine, if there is one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class CountingProxy:
    """Takes connections, remembers the first line of each, and closes them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True, name="proxy").start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                with contextlib.suppress(OSError):
                    line = connection.recv(500).decode("latin-1").partition("\r\n")[0]
                    if line.count(" ") == 2:  # else a connection that was only held ready
                        self.asked.append(line)

    def close(self) -> None:
        """No more connections."""
        self._listener.close()


class Chromium:
    """The browser. ``visit`` runs a function with a fresh page."""

    def __init__(self, program: str) -> None:
        self.proxy = CountingProxy()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chromium")
        self._playwright, self._browser = self._thread.submit(self._start, program).result()

    def _start(self, program: str) -> tuple[Playwright, Browser]:
        playwright = sync_playwright().start()
        flags = [*_FLAGS.split(), f"--proxy-server={self.proxy.address}"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        return playwright, browser

    def visit(
        self,
        work: Callable[[Page], T],
        *,
        width: int = 1280,
        language: str = "en",
        dark: bool = False,
        script: bool = True,
    ) -> T:
        """What ``work`` gives; its failed assertions are this test's."""

        def inside() -> T:
            context = self._browser.new_context(
                viewport={"width": width, "height": 900},
                locale=language,
                color_scheme="dark" if dark else "light",
                java_script_enabled=script,
            )
            context.set_default_timeout(20_000)
            try:
                return work(context.new_page())
            finally:
                context.close()

        return self._thread.submit(inside).result()

    def asked(self) -> list[str]:
        """What was asked for elsewhere so far, but for what the browser itself wants to know."""
        hosts = (
            (line, line.split(" ")[1].split("/")[2 * ("//" in line)]) for line in self.proxy.asked
        )
        return [line for line, host in hosts if not host.partition(":")[0].endswith(_ITS_OWN)]

    def close(self) -> None:
        """End it."""

        def inside() -> None:
            self._browser.close()
            self._playwright.stop()

        self._thread.submit(inside).result()
        self._thread.shutdown()
        self.proxy.close()


@contextmanager
def served(root: Path, **settings: Any) -> Iterator[str]:
    """A running server over the archive in ``root``; its address without a slash at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = make_app(root, Settings(port=port, **settings))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), name="server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
