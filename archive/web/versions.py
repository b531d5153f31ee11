"""``/articles/KEY/versions``: what its author changed, side by side."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from archive.web import render
from archive.web.article import number
from archive.web.diff import side_by_side
from archive.web.site import site_of
from scraper.models import Article


def versions(request: Request) -> Response:
    """Every version, and the difference of two: the newest two unless ``?a=1&b=2``."""
    library = site_of(request).library
    held = library.get(request.path_params["name"])
    known = library.versions(held.key)
    newer = number(request.query_params.get("b")) or held.version
    older = number(request.query_params.get("a")) or max(1, newer - 1)
    if not {older, newer} <= {one.number for one in known}:
        raise HTTPException(404)
    rows = []
    if older != newer:
        rows = side_by_side(*(_lines(library.version(held.key, one)) for one in (older, newer)))
    return render.page(
        request, "versions.html", stored=held, versions=known, older=older, newer=newer, rows=rows
    )


def _lines(article: Article) -> list[str]:
    head = [article.title, *(part for part in (article.author, article.digest) if part)]
    return [*head, *(line for line in article.text.splitlines() if line.strip())]
