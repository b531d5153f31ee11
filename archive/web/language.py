"""The language of a page: what the reader chose, else what the browser asks for."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from archive import i18n
from archive.web.security import local_path

COOKIE = "language"
DOMAIN = "web"
_AGE = 365 * 86400


class Language:
    """ASGI middleware: inside it, ``i18n.gettext`` speaks the reader's language."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["language"] = chosen = wanted(Headers(scope=scope))
        with i18n.use(chosen, DOMAIN):
            await self.app(scope, receive, send)


def wanted(headers: Headers) -> str:
    """The language for a request with these headers."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    if cookie is not None and cookie.value in i18n.LANGUAGES:
        return cookie.value
    return i18n.best(_by_weight(headers.get("accept-language", "")))


def _by_weight(accepted: str) -> list[str]:
    """``en;q=0.5, zh-CN`` → zh-CN, en."""
    weighed = []
    for part in accepted.split(",")[:20]:
        name, _, weight = part.partition(";q=")
        try:
            weighed.append((-float(weight or 1), name.strip()))
        except ValueError:
            continue
    return [name for _, name in sorted(weighed, key=lambda one: one[0])]


def choose(request: Request) -> Response:
    """``/language?to=en&back=/status``: remembers the reader's choice and goes back."""
    response = RedirectResponse(local_path(request.query_params.get("back", "/")), 303)
    language = request.query_params.get("to", "")
    if language in i18n.LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=_AGE, httponly=True, samesite="lax")
    return response
