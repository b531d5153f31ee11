"""Every address of the server, in one table."""

from __future__ import annotations

from starlette.routing import Route

from archive.web import files, home, language, login

#: Largest body in bytes by path, where it is not ``security.LARGEST_BODY``.
BODY_LIMITS: dict[str, int] = {}

ROUTES = [
    Route("/", home.home),
    Route("/static/{name}", files.static),
    Route("/favicon.ico", files.favicon),
    Route("/media/{name:path}", files.media),
    Route("/language", language.choose),
    Route("/login", login.login, methods=["GET", "POST"]),
]
