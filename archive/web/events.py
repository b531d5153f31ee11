"""``/events``: server-sent events that say *that* something changed; the page then asks for what it
shows.

So there is one way in which a page is made, and an event that got lost costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from archive.web import errors
from archive.web.site import Site, site_of

#: Seconds between two looks at what other commands do; and between two signs of life.
LOOK, ALIVE = 2.0, 20.0
_MOST = 50  #: streams at once


async def events(request: Request) -> Response:
    """The stream; 503 where there are too many."""
    site = site_of(request)
    if site.streams >= _MOST:
        return errors.error_page(request, 503)
    return StreamingResponse(
        stream(site), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


async def stream(site: Site, look: float = LOOK) -> AsyncIterator[str]:
    """An event at the beginning, and one whenever a job or the archive changed; ends with the
    server.
    """
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    stop = site.jobs.listen(lambda: loop.call_soon_threadsafe(changed.set))
    site.streams += 1
    try:
        seen, quiet = await run_in_threadpool(_state, site), 0.0
        yield "retry: 3000\ndata: hello\n\n"
        while not site.closing:
            try:
                await asyncio.wait_for(changed.wait(), look)
            except TimeoutError:
                quiet += look
            now = await run_in_threadpool(_state, site)
            if changed.is_set() or now != seen:
                seen, quiet = now, 0.0
                changed.clear()
                yield "data: changed\n\n"
            elif quiet >= ALIVE:
                quiet = 0.0
                yield ": alive\n\n"
    finally:
        site.streams -= 1
        stop()


def _state(site: Site) -> tuple[object, ...]:
    return site.library.data_version(), site.library.writer()
