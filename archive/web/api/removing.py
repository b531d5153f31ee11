"""``POST /api/remove``: take articles out, and bring them back."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from archive.i18n import gettext as _
from archive.run.removing import Outcome
from archive.web.api.operation import Invalid, json_object
from archive.web.site import site_of

MOST_KEYS = 1000


async def remove(request: Request) -> Response:
    """Named articles; ``undo`` brings them back. What fails for one stands in its ``error``."""
    body = await json_object(request)
    keys, undo = _keys(body), body.get("undo", False)
    if not isinstance(undo, bool):
        raise Invalid(_("{name} must be true or false", name="undo"))
    library = site_of(request).library

    def work() -> list[Outcome]:
        return library.bring_back(keys) if undo else library.remove(keys)

    outcomes = await run_in_threadpool(work)
    return JSONResponse({"articles": [one.as_dict() for one in outcomes]})


def _keys(body: dict[str, Any]) -> list[str]:
    """Raises Invalid."""
    keys = body.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise Invalid(_("{name} must be a list of texts", name="keys"))
    if not 0 < len(keys) <= MOST_KEYS:
        raise Invalid(_("keys must be 1 to {most}", most=MOST_KEYS))
    return keys
