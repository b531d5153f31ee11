"""What the API gives out."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from archive.search.as_json import hit_as_dict
from archive.store.browse import Order, Place, Tally
from archive.web.api.operation import Invalid, choice, number
from archive.web.security import RAW_POLICY
from archive.web.site import site_of


def search(request: Request) -> Response:
    """``GET /api/search?q=``."""
    words = request.query_params.get("q", "")
    if not words.strip():
        raise Invalid("q must say what to look for")
    limit, offset = number(request, "limit", 20, 1, 200), number(request, "offset", 0, 0, 10_000)
    newest = choice(request, "sort", ("relevance", "newest")) == "newest"
    fold = choice(request, "fold", ("no", "yes")) == "yes"
    library = site_of(request).library
    results = library.search(words, limit=limit, offset=offset, newest=newest, fold=fold)
    count = library.count(words)
    return JSONResponse(
        {
            "count": count.number,
            "more": count.more,
            "next": offset + limit if results.more else None,
            "hits": [hit_as_dict(hit) for hit in results],
        }
    )


def articles(request: Request) -> Response:
    """``GET /api/articles``: page by page, ``cursor`` being the ``next`` of the page before."""
    limit = number(request, "limit", 50, 1, 200)
    order = choice(request, "order", ("archived", "published", "starred"))
    before = _place(request.query_params.get("cursor", ""))
    library = site_of(request).library
    account = request.query_params.get("account")
    found = library.newest(
        order=cast(Order, order),
        account_id=library.account(account).account_id if account else None,
        tag=request.query_params.get("tag"),
        topic=request.query_params.get("topic"),
        starred=choice(request, "starred", ("no", "yes")) == "yes",
        year=number(request, "year", 0, 1990, 2100) or None,
        before=before,
        limit=limit,
    )
    return JSONResponse(
        {
            "articles": [library.listed(card.stored) for card in found.cards],
            "next": _cursor(found.next) if found.next else None,
        }
    )


def _cursor(place: Place) -> str:
    """A place as one word that needs no escaping in an address."""
    return urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _place(cursor: str) -> Place | None:
    """What ``_cursor`` wrote; None for nothing. Raises Invalid."""
    if not cursor:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        text = ""
    place = Place.read(text)
    if place is None:
        raise Invalid("cursor must be what a page before gave as next")
    return place


def article(request: Request) -> Response:
    """``GET /api/articles/{key}``."""
    form = choice(request, "format", ("json", "markdown", "html"))
    version = number(request, "version", 0, 1, 10**6) or None
    library = site_of(request).library
    name = request.path_params["key"]
    if form == "json":
        return JSONResponse(library.everything(name, version))
    if form == "markdown":
        if version is None:
            text = library.markdown(name)
        else:
            from archive import to_markdown

            text = to_markdown(library.version(name, version))
        return PlainTextResponse(text, media_type="text/markdown; charset=utf-8")
    held = library.article(name) if version is None else library.version(name, version)
    return Response(
        held.body,
        media_type="text/html; charset=utf-8",
        headers={"content-security-policy": RAW_POLICY},
    )


def versions(request: Request) -> Response:
    """``GET /api/articles/{key}/versions``."""
    return JSONResponse(site_of(request).library.versions_as_json(request.path_params["key"]))


def links(request: Request) -> Response:
    """``GET /api/articles/{key}/links``."""
    return JSONResponse(site_of(request).library.links_as_json(request.path_params["key"]))


def similar(request: Request) -> Response:
    """``GET /api/articles/{key}/similar``."""
    limit = number(request, "limit", 20, 1, 100)
    found = site_of(request).library.similar(request.path_params["key"], limit)
    return JSONResponse([one.as_dict() for one in found])


def accounts(request: Request) -> Response:
    """``GET /api/accounts``."""
    return JSONResponse([_tally(one) for one in site_of(request).library.accounts()])


def albums(request: Request) -> Response:
    """``GET /api/albums``."""
    return JSONResponse([_tally(one) for one in site_of(request).library.albums()])


def _tally(one: Tally) -> dict[str, object]:
    return {"name": one.name, "title": one.title, "articles": one.articles}


def status(request: Request) -> Response:
    """``GET /api/status``."""
    return JSONResponse(site_of(request).library.status())


def job(request: Request) -> Response:
    """``GET /api/jobs/{id}``."""
    found = site_of(request).jobs.get(request.path_params["id"])
    if found is None:
        raise HTTPException(404)
    return JSONResponse(found.as_dict())


def jobs(request: Request) -> Response:
    """``GET /api/jobs``."""
    return JSONResponse([one.as_dict() for one in site_of(request).jobs.all()])
