"""``/articles/KEY/versions``: what its author changed and what a person did, side by side."""

from __future__ import annotations

from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from archive.document.layout import without_check
from archive.library import Library
from archive.store import Stored
from archive.store.comparing import Which
from archive.web import render
from archive.web.diff import Row, side_by_side
from archive.web.site import site_of
from scraper.models import Article


def versions(request: Request) -> Response:
    """Every version, and the difference of two: the newest two unless ``?a=1&b=m2``."""
    site = site_of(request)
    site.notice()
    library = site.library
    held = library.get(request.path_params["name"])
    known, own = library.versions(held.key), library.own_versions(held.key)
    names = {str(one.number) for one in known} | {one.name for one in own}
    newest = own[-1].name if held.version == 1 and own else str(held.version)
    newer = request.query_params.get("b") or newest
    older = request.query_params.get("a") or _before(newer, held)
    if not {older, newer} <= names:
        raise HTTPException(404)
    return render.page(
        request,
        "versions.html",
        stored=held,
        versions=known,
        own=own,
        older=older,
        newer=newer,
        rows=_rows(library, held, older, newer),
    )


def _rows(library: Library, held: Stored, older: str, newer: str) -> list[Row]:
    """Where a person's own is among them, the files; else the words."""
    if older == newer:
        return []
    lines = _file_lines if "m" in older + newer else _lines
    return side_by_side(*(lines(library, held, one) for one in (older, newer)))


def _before(name: str, held: Stored) -> str:
    """What a version is compared with where nothing else is asked for: the one before it, a
    person's first with what WeChat shows."""
    which = Which.of(name)
    if which is None:
        raise HTTPException(404)
    if which == Which(1, own=True):
        return str(held.version)
    return str(replace(which, number=max(1, which.number - 1)))


def _lines(library: Library, held: Stored, name: str) -> list[str]:
    article: Article = library.version(held.key, int(name))
    head = [article.title, *(part for part in (article.author, article.digest) if part)]
    return [*head, *(line for line in article.text.splitlines() if line.strip())]


def _file_lines(library: Library, held: Stored, name: str) -> list[str]:
    text = without_check(library.version_text(held.key, name))
    return [line for line in text.splitlines() if line.strip()]
