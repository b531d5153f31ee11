"""What a reader adds to an article from its page: star, read, tags, note."""

from __future__ import annotations

import re
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from archive import i18n
from archive.document.own import tag_of
from archive.library import Library
from archive.store import Stored
from archive.store.marking import Marked
from archive.web import render
from archive.web.login import form
from archive.web.site import site_of

_ = i18n.gettext
_BETWEEN_TAGS = re.compile(r"[,，、\n]")


def star(request: Request) -> Response:
    """``POST /articles/KEY/star``: star it, or take the star away."""
    held = _held(request)
    on = held.starred is None
    _mark(request, held, starred=on)
    title = _("Starred") if on else _("Star")
    return _turned(request, held, {"starred": on, "title": title})


def read(request: Request) -> Response:
    """``POST /articles/KEY/read``: mark it as read, or as unread."""
    held = _held(request)
    on = held.read is None
    _mark(request, held, read=on)
    title = _("Read") if on else _("Mark as read")
    return _turned(request, held, {"read": on, "title": title})


async def change(request: Request) -> Response:
    """``POST /articles/KEY/own``: the form with tags (commas between them) and note."""
    fields = await form(request)
    return await run_in_threadpool(_change, request, fields)


def _change(request: Request, fields: dict[str, str]) -> Response:
    held = _held(request)
    said = [tag for text in _BETWEEN_TAGS.split(fields.get("tags", "")) if (tag := tag_of(text))]
    wanted = {tag.casefold() for tag in said}
    gone = [tag for tag in held.own_tags if tag.casefold() not in wanted]
    _mark(request, held, add=said, remove=gone, note=fields.get("note", ""))
    return RedirectResponse(render.article_url(held.key), 303)


def _held(request: Request) -> Stored:
    return site_of(request).library.get(request.path_params["name"])


def _mark(request: Request, held: Stored, **wanted: Any) -> Marked:
    """Raises what went wrong with this one article."""
    return only(site_of(request).library, held.key, **wanted)


def only(library: Library, key: str, **wanted: Any) -> Marked:
    """Change what is said of one article. Raises NotHeld, BadInput, DiskTrouble, CannotCreate."""
    (marked,) = library.mark([key], **wanted)
    if marked.error is not None:
        raise marked.error
    return marked


def _turned(request: Request, held: Stored, said: dict[str, Any]) -> Response:
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(said)
    return RedirectResponse(render.article_url(held.key), 303)
