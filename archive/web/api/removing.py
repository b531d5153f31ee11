"""``POST /api/remove``: take articles out, by key or all that a query finds, and bring them back.

All that a query finds is more than a slip should cost: the request must say how many that is.
"""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from archive.i18n import gettext as _
from archive.i18n import plural
from archive.run.removing import Outcome
from archive.web.api.operation import (
    Invalid,
    json_object,
    switch_of,
    text_of,
    texts_of,
    whole_of,
)
from archive.web.site import site_of

MOST_KEYS = 1000


async def remove(request: Request) -> Response:
    """Named articles; ``undo`` brings them back. What fails for one stands in its ``error``."""
    body = await json_object(request)
    undo, query = switch_of(body, "undo"), text_of(body, "query")
    count = whole_of(body, "count", 0, MOST_KEYS)
    library = site_of(request).library
    if query is None:
        keys = _keys(body)
    else:
        if undo or "keys" in body:
            raise Invalid(_("query stands alone: without keys, and not with undo"))
        keys = await run_in_threadpool(lambda: library.keys(query))
        if len(keys) != count:
            return _unconfirmed(len(keys))

    def work() -> list[Outcome]:
        return library.bring_back(keys) if undo else library.remove(keys)

    outcomes = await run_in_threadpool(work)
    return JSONResponse({"articles": [one.as_dict() for one in outcomes]})


def _unconfirmed(count: int) -> Response:
    """Nothing was removed: the request did not say that it means so many."""
    if count > MOST_KEYS:
        text = _(
            "the query finds {n}, and at most {most} articles go at once: narrow it",
            n=count,
            most=MOST_KEYS,
        )
    else:
        text = plural(
            "the query finds {n} article: send that as count to remove it",
            "the query finds {n} articles: send that as count to remove them",
            count,
        )
    error = {"status": 409, "title": "Not confirmed", "message": text}
    return JSONResponse({"error": error, "count": count}, 409)


def _keys(body: dict[str, Any]) -> list[str]:
    """Raises Invalid."""
    keys = texts_of(body, "keys")
    if not 0 < len(keys) <= MOST_KEYS:
        raise Invalid(_("keys must be 1 to {most}", most=MOST_KEYS))
    return keys
