"""The application: routes, what every request passes, and what stands behind them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp

from archive.errors import ArchiveError
from archive.library import Library
from archive.web import errors, security
from archive.web.intake import intake_key
from archive.web.language import Language
from archive.web.routes import BODY_LIMITS, ROUTES
from archive.web.schedule import run_every
from archive.web.settings import Settings
from archive.web.site import Site

#: An application that another room puts beside the pages: its path, itself, and what is open as
#: long as it answers.
Endpoint = Callable[[Library], tuple[str, ASGIApp, AbstractAsyncContextManager[None]]]


def make_app(
    root: Path, settings: Settings | None = None, endpoint: Endpoint | None = None
) -> Starlette:
    """The page of the archive in ``root``, as an ASGI application; opened here, closed when the
    application ends.

    ``endpoint`` stands behind the same token, Host and Origin checks as every page.
    Raises NotHeld and the other ArchiveErrors of ``archive.open``.
    """
    settings = settings or Settings()
    if not settings.read_only:
        settings = replace(settings, intake_key=intake_key(root, settings.token))
    site = Site(root, settings)
    routes = [*ROUTES]
    opened: AbstractAsyncContextManager[None] = nullcontext()
    if endpoint is not None:
        path, answering, opened = endpoint(site.library)
        # It keeps no sessions, so that a stream that GET would open has nothing to bring.
        routes.append(Route(path, answering, methods=["POST", "DELETE"]))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        task: asyncio.Task[None] | None = None
        if not settings.read_only:
            site.jobs.start()
            if settings.every is not None:
                task = asyncio.create_task(run_every(site.jobs, settings.every))
        try:
            async with opened:
                yield
        finally:
            if task is not None:
                task.cancel()
            await run_in_threadpool(site.jobs.stop)
            site.close()

    page = errors.error_page
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(security.Headers),
            Middleware(Language),
            Middleware(security.Failures, page=page),
            Middleware(security.Hosts, settings=settings, page=page),
            Middleware(security.Bodies, limits=BODY_LIMITS, page=page),
            Middleware(security.SameOrigin, settings=settings, page=page),
            Middleware(security.Token, settings=settings, page=page),
        ],
        exception_handlers={
            HTTPException: errors.http_error,
            ArchiveError: errors.archive_error,
            sqlite3.Error: errors.database_error,
        },
    )
    app.state.site = site
    return app
