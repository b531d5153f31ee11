"""``POST /api/own``: what a reader says of articles."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from archive.i18n import gettext as _
from archive.web.api.operation import Invalid, json_object
from archive.web.site import site_of

MOST_KEYS = 1000
_TEXTS, _SWITCHES = ("keys", "add", "remove"), ("starred", "read")


async def change(request: Request) -> Response:
    """Tags, star, note and read of the articles named or found; what fails for one stands in its
    ``error``."""
    wanted = _wanted(await json_object(request))
    library = site_of(request).library
    names = wanted.pop("keys", [])
    marked = await run_in_threadpool(lambda: library.mark(names, **wanted))
    return JSONResponse({"articles": [one.as_dict() for one in marked]})


def _wanted(body: dict[str, Any]) -> dict[str, Any]:
    """Raises Invalid."""
    found = {name: body[name] for name in (*_TEXTS, *_SWITCHES, "query", "note") if name in body}
    for name, value in found.items():
        _require_fit(name, value)
    if not found.get("keys") and "query" not in found:
        raise Invalid(_("keys must name articles, or query find them"))
    if len(found.get("keys", [])) > MOST_KEYS:
        raise Invalid(_("keys must be at most {most}; query finds any number", most=MOST_KEYS))
    return found


def _require_fit(name: str, value: Any) -> None:
    """Raises Invalid."""
    if name in _TEXTS and not _are_texts(value):
        raise Invalid(_("{name} must be a list of texts", name=name))
    if name in _SWITCHES and not isinstance(value, bool):
        raise Invalid(_("{name} must be true or false", name=name))
    if name in ("query", "note") and not isinstance(value, str):
        raise Invalid(_("{name} must be a text", name=name))


def _are_texts(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(text, str) for text in given)
