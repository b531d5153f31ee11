"""Every operation of the API in one table: the routes and the OpenAPI description are made from
it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, wraps
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from archive.web.api import exchanges, intake, own, reading, removing, watching
from archive.web.api.operation import Invalid, Operation, Parameter
from archive.web.api.shapes import COMPONENTS, MAYBE_TEXT, NUMBER, TEXT, listed, named, record

_LIMIT = Parameter("limit", "how many at most", {"type": "integer", "minimum": 1, "maximum": 200})


def _word(name: str, what: str, *choices: str) -> Parameter:
    return Parameter(name, what, {"type": "string", "enum": list(choices)})


_ENTRIES = {
    "type": "object",
    "properties": {"entries": listed({"type": "object"})},
    "required": ["entries"],
}

OPERATIONS = (
    Operation(
        method="GET",
        path="/api/search",
        what="Articles that match a query",
        answer=reading.search,
        parameters=(
            Parameter("q", "the query", {"type": "string", "minLength": 1}, required=True),
            _LIMIT,
            Parameter(
                "offset",
                "how many to pass over",
                {"type": "integer", "minimum": 0, "maximum": 10_000},
            ),
            _word("sort", "order", "relevance", "newest"),
            _word("fold", "reprints under the best of them", "no", "yes"),
        ),
        gives=record(
            count=NUMBER,
            more={"type": "boolean"},
            next={"type": ["integer", "null"]},
            hits=listed(named("Hit")),
        ),
        errors=(400,),
    ),
    Operation(
        method="GET",
        path="/api/articles",
        what="Articles page by page, the newest first",
        answer=reading.articles,
        parameters=(
            _LIMIT,
            Parameter("cursor", "the next of the page before", {"type": "string"}),
            _word(
                "order",
                "by when they were kept, published or starred",
                "archived",
                "published",
                "starred",
            ),
            Parameter("account", "name, __biz, gh_… or 微信号", {"type": "string"}),
            Parameter("tag", "a tag of your own", {"type": "string"}),
            Parameter("topic", "a tag of WeChat's", {"type": "string"}),
            _word("starred", "only what is starred", "no", "yes"),
            Parameter(
                "year",
                "published in that year in China",
                {"type": "integer", "minimum": 1990, "maximum": 2100},
            ),
        ),
        gives=record(articles=listed(named("Article")), next=MAYBE_TEXT),
    ),
    Operation(
        method="GET",
        path="/api/articles/{key}",
        what="One article: facts, text, links; or its Markdown or HTML",
        answer=reading.article,
        parameters=(
            _word("format", "what to give", "json", "markdown", "html"),
            Parameter(
                "version", "an earlier version", {"type": "integer", "minimum": 1, "maximum": 10**6}
            ),
        ),
        gives=named("Article"),
        types=("application/json", "text/markdown", "text/html"),
    ),
    Operation(
        method="GET",
        path="/api/articles/{key}/versions",
        what="Every distinct content of an article, WeChat's and your own, each oldest first",
        answer=reading.versions,
        gives=listed(named("Version")),
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/api/articles/{key}/links",
        what="Where an article leads, and what leads to it",
        answer=reading.links,
        gives=record(
            key=TEXT,
            links=listed(named("Link")),
            backlinks=listed({"type": "object"}),
            not_held=listed(named("Link")),
        ),
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/api/articles/{key}/similar",
        what="Reprints, near-duplicates and linked articles",
        answer=reading.similar,
        parameters=(
            Parameter(
                "limit", "how many at most", {"type": "integer", "minimum": 1, "maximum": 100}
            ),
        ),
        gives=listed(named("Similar")),
    ),
    Operation(
        method="GET",
        path="/api/accounts",
        what="Accounts with how many articles are held",
        answer=reading.accounts,
        gives=listed(named("Tally")),
        errors=(),
    ),
    Operation(
        method="GET",
        path="/api/albums",
        what="Albums with how many articles are held",
        answer=reading.albums,
        gives=listed(named("Tally")),
        errors=(),
    ),
    Operation(
        method="GET",
        path="/api/status",
        what="What is held, waiting, failed and blocked",
        answer=reading.status,
        gives={"type": "object"},
        errors=(),
    ),
    Operation(
        method="GET",
        path="/api/jobs",
        what="Jobs, the newest first",
        answer=reading.jobs,
        gives=listed(named("Job")),
        errors=(),
    ),
    Operation(
        method="GET",
        path="/api/jobs/{id}",
        what="One job",
        answer=reading.job,
        gives=named("Job"),
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="/api/save",
        what="Fetch and keep addresses",
        answer=intake.save,
        takes={
            "type": "object",
            "properties": {
                "addresses": {"oneOf": [listed(TEXT), TEXT]},
                "follow": {"type": "integer", "minimum": 0, "maximum": intake.MOST_FOLLOW},
                "refresh": {"type": "boolean"},
            },
            "required": ["addresses"],
        },
        gives=named("Job"),
        status=202,
        errors=(400, 403, 405, 413),
    ),
    Operation(
        method="POST",
        path="/api/own",
        what="Tag, star, note or mark as read: named articles, or all that a query finds",
        answer=own.change,
        takes={
            "type": "object",
            "properties": {
                "keys": listed(TEXT),
                "query": TEXT,
                "add": listed(TEXT),
                "remove": listed(TEXT),
                "starred": {"type": "boolean"},
                "read": {"type": "boolean"},
                "note": TEXT,
            },
        },
        gives=record(articles=listed(named("Own"))),
        errors=(400, 403, 405, 413),
    ),
    Operation(
        method="POST",
        path="/api/remove",
        what="Remove articles, or bring them back within 30 days",
        answer=removing.remove,
        takes={
            "type": "object",
            "properties": {
                "keys": listed(TEXT),
                "undo": {"type": "boolean"},
                "query": TEXT,
                "count": {"type": "integer", "minimum": 0, "maximum": removing.MOST_KEYS},
            },
        },
        gives=record(articles=listed(named("Outcome"))),
        errors=(400, 403, 405, 409, 413),
    ),
    Operation(
        method="GET",
        path="/api/sources",
        what="What is watched",
        answer=watching.sources,
        gives=listed(named("Source")),
        errors=(),
    ),
    Operation(
        method="POST",
        path="/api/watch",
        what="Watch a source: what of it is kept, and how that is tagged",
        answer=watching.watch,
        takes={
            "type": "object",
            "properties": {
                "address": TEXT,
                "every": {
                    "type": "integer",
                    "minimum": watching.SHORTEST,
                    "maximum": watching.LONGEST,
                },
                "follow": {"type": "integer", "minimum": 0, "maximum": watching.MOST_FOLLOW},
                "scope": {"type": "string", "enum": list(watching.SCOPES)},
                "include": TEXT,
                "exclude": TEXT,
                "tags": listed(TEXT),
                "group": TEXT,
            },
            "required": ["address"],
        },
        gives=named("Job"),
        status=202,
        errors=(400, 403, 405, 413),
    ),
    Operation(
        method="POST",
        path="/api/unwatch",
        what="Stop watching a source; what it brought stays",
        answer=watching.unwatch,
        takes={
            "type": "object",
            "properties": {"source": {"oneOf": [TEXT, NUMBER]}},
            "required": ["source"],
        },
        gives=named("Job"),
        status=202,
        errors=(400, 403, 404, 405, 413),
    ),
    Operation(
        method="GET",
        path="/api/groups",
        what="Your groups of accounts",
        answer=watching.groups,
        gives=listed(named("Group")),
        errors=(),
    ),
    Operation(
        method="POST",
        path="/api/groups",
        what="Put accounts into a group, or take them out",
        answer=watching.group,
        takes={
            "type": "object",
            "properties": {"name": TEXT, "add": listed(TEXT), "remove": listed(TEXT)},
            "required": ["name"],
        },
        gives=named("Group"),
        errors=(400, 403, 405, 413),
    ),
    Operation(
        method="POST",
        path="/api/pages",
        what="Keep a page as a browser shows it",
        answer=intake.pages,
        takes={
            "type": "object",
            "properties": {
                "url": TEXT,
                "html": TEXT,
                "pictures": listed(record(url=TEXT, data=TEXT)),
            },
            "required": ["url", "html"],
        },
        gives=named("Job"),
        status=202,
        errors=(400, 403, 405, 413),
    ),
    Operation(
        method="POST",
        path="/api/exchanges",
        what="Keep what your own client received (a HAR recording)",
        answer=exchanges.exchanges,
        takes={
            "oneOf": [
                {"type": "object", "properties": {"log": _ENTRIES}, "required": ["log"]},
                _ENTRIES,
                listed({"type": "object"}),
            ]
        },
        gives=named("Job"),
        status=202,
        errors=(400, 403, 405, 413),
    ),
)

BODY_LIMITS = {"/api/pages": intake.LARGEST_PAGE, "/api/exchanges": exchanges.LARGEST}


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "wechat-archive", "version": version("wechat-archive")},
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _described(operation: Operation) -> dict[str, Any]:
    in_path = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": TEXT} for name in in_path
    ]
    parameters += [
        {
            "name": one.name,
            "in": "query",
            "description": one.what,
            "required": one.required,
            "schema": one.schema,
        }
        for one in operation.parameters
    ]
    said: dict[str, Any] = {"summary": operation.what, "parameters": parameters}
    if operation.takes is not None:
        said["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": operation.takes}},
        }
    content = {
        type: {"schema": operation.gives if type == "application/json" else TEXT}
        for type in operation.types
    }
    said["responses"] = {str(operation.status): {"description": "as asked", "content": content}}
    for status in (*operation.errors, 401, 500, 503):
        said["responses"][str(status)] = {
            "description": "what went wrong and what to do",
            "content": {"application/json": {"schema": named("Error")}},
        }
    return said


def describe(request: Request) -> Response:
    """``GET /api/openapi.json``."""
    return JSONResponse(openapi())


def _guarded(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """An ``Invalid`` becomes a 400 that says what is wrong."""
    if inspect.iscoroutinefunction(answer):

        @wraps(answer)
        async def later(request: Request) -> Response:
            try:
                return await answer(request)  # type: ignore[no-any-return]
            except Invalid as error:
                return _invalid(error)

        return later

    @wraps(answer)
    def now(request: Request) -> Response:
        try:
            return answer(request)  # type: ignore[no-any-return]
        except Invalid as error:
            return _invalid(error)

    return now


def _invalid(error: Invalid) -> Response:
    body = {"error": {"status": 400, "title": "Not understood", "message": str(error)}}
    return JSONResponse(body, 400)


ROUTES = [
    Route("/api/openapi.json", describe),
    *(
        Route(operation.path, _guarded(operation.answer), methods=[operation.method])
        for operation in OPERATIONS
    ),
]
