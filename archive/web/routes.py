"""Every address of the server, in one table."""

from __future__ import annotations

from starlette.routing import Route

from archive.web import article, files, home, language, login, search, shelves

#: Largest body in bytes by path, where it is not ``security.LARGEST_BODY``.
BODY_LIMITS: dict[str, int] = {}

ROUTES = [
    Route("/", home.home),
    Route("/search", search.search),
    Route("/search/years", search.years),
    Route("/shelves", shelves.shelves),
    Route("/accounts/{name:path}", shelves.account),
    Route("/albums/{name:path}", shelves.album),
    Route("/tags/{name:path}", shelves.tag),
    Route("/years/{name}", shelves.year),
    Route("/articles/{name}.md", article.markdown),
    Route("/articles/{name}/similar", article.similar),
    Route("/articles/{name}/raw", article.raw),
    Route("/articles/{name}/raw/{number}", article.raw_page),
    Route("/articles/{name:path}", article.article),
    Route("/static/{name}", files.static),
    Route("/favicon.ico", files.favicon),
    Route("/media/{name:path}", files.media),
    Route("/language", language.choose),
    Route("/login", login.login, methods=["GET", "POST"]),
]
