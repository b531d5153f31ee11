"""Running the application: a socket, uvicorn, and an end that waits for nobody long."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvicorn

from archive.db.running import announce_page
from archive.errors import BadConfig
from archive.i18n import gettext as _
from archive.web.app import Endpoint, make_app
from archive.web.settings import Settings

#: Seconds that open pages get when the server ends; a stream of events would stay for ever.
_PATIENCE = 2


def serve(
    root: Path,
    settings: Settings,
    ready: Callable[[str], None],
    endpoint: Endpoint | None = None,
) -> None:
    """Serve the archive in ``root`` until a signal comes. ``ready`` hears the address once it is
    answered; ``endpoint``: see ``make_app``.

    Raises BadConfig where the address cannot be listened at, and the errors of ``make_app``.
    """
    with listen(settings) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        app = make_app(root, settings, endpoint)
        announced: list[Callable[[], None]] = []

        def begun() -> None:
            announced.append(announce_page(root, settings.address))
            ready(settings.address)

        server = Server(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_PATIENCE,
            ),
            begun=begun,
            ending=app.state.site.end_streams,
        )
        try:
            server.run(sockets=[listener])
        finally:
            for end in announced:
                end()


class Server(uvicorn.Server):
    """Says when it has begun and when it is about to end: it waits for open answers, and streams of
    events never end by themselves."""

    def __init__(
        self, config: uvicorn.Config, *, begun: Callable[[], None], ending: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._begun, self._ending = begun, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.started:
            self._begun()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was asked, and end."""
        self._ending()
        await super().shutdown(sockets)


def listen(settings: Settings) -> socket.socket:
    """The socket. Raises BadConfig, saying what is in the way."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named TCP: only then does asyncio switch off the delay that costs 40 ms an answer in two
    # parts.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise BadConfig(
            _(
                "cannot listen at {host} port {port}: {error}; choose another --host or --port"
            ).format(host=settings.host, port=settings.port, error=error.strerror or error)
        ) from error
    return listener
