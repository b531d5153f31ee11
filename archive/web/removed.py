"""Removing an article from its page, and ``/removed``: what was removed, to be brought back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archive.web import render
from archive.web.site import site_of


def remove(request: Request) -> Response:
    """``POST /articles/KEY/remove``; leads to what was removed."""
    library = site_of(request).library
    (outcome,) = library.remove([library.get(request.path_params["name"]).key])
    if outcome.error is not None:
        raise outcome.error
    return RedirectResponse("/removed", 303)


def undo(request: Request) -> Response:
    """``POST /removed/KEY``: bring it back; leads to it."""
    (outcome,) = site_of(request).library.bring_back([request.path_params["key"]])
    if outcome.error is not None:
        raise outcome.error
    return RedirectResponse(render.article_url(outcome.key), 303)


def removed(request: Request) -> Response:
    """``/removed``."""
    return render.page(request, "removed.html", removed=site_of(request).library.removed())
