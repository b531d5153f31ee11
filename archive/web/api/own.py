"""``POST /api/own``: what a reader says of articles."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from archive.i18n import gettext as _
from archive.web.api.operation import Invalid, json_object, switch_of, text_of, texts_of
from archive.web.site import site_of

MOST_KEYS = 1000


async def change(request: Request) -> Response:
    """Tags, star, note and read of the articles named or found; what fails for one stands in its
    ``error``."""
    wanted = _wanted(await json_object(request))
    library = site_of(request).library
    names = wanted.pop("keys", [])
    marked = await run_in_threadpool(lambda: library.mark(names, **wanted))
    return JSONResponse({"articles": [one.as_dict() for one in marked]})


def _wanted(body: dict[str, Any]) -> dict[str, Any]:
    """What the body says, by the names of ``Library.mark``. Raises Invalid."""
    said: dict[str, Any] = {
        **{name: texts_of(body, name) for name in ("keys", "add", "remove")},
        **{name: switch_of(body, name) for name in ("starred", "read")},
        **{name: text_of(body, name) for name in ("query", "note")},
    }
    found = {name: value for name, value in said.items() if name in body}
    if not found.get("keys") and "query" not in found:
        raise Invalid(_("keys must name articles, or query find them"))
    if len(found.get("keys", [])) > MOST_KEYS:
        raise Invalid(_("keys must be at most {most}; query finds any number", most=MOST_KEYS))
    return found
