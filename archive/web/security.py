"""What every request passes before a page sees it, and every answer before it leaves.

From the outside in: ``Headers`` (on every answer, errors too), ``Failures`` (an error becomes a
page), ``Hosts`` (DNS rebinding), ``Bodies`` (how much may be sent), ``SameOrigin`` (other sites'
forms and scripts), ``Token`` (who may come in from another machine). Plain ASGI: a middleware of
Starlette's own base class would buffer server-sent events.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archive.web.settings import LOOPBACK, Settings

log = logging.getLogger(__name__)

#: Pages load nothing but what this server gives them, run no script but its own file, and stand in
#: nobody's frame.
POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: A raw page of WeChat's: it may show what it holds itself, and reaches nothing and nobody.
RAW_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; "
    "base-uri 'none'; sandbox"
)
_ALWAYS = {
    "x-content-type-options": "nosniff",
    # Not no-referrer: with that a browser sends ``Origin: null`` with our own forms too.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow",
}
COOKIE = "wechat-archive"
_COOKIE_AGE = 365 * 86400
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 256 * 1024  #: bytes of a form or a list of addresses
#: Where a token may stand in the address: feed readers and the pictures in feeds know no other way.
TOKEN_PATHS = ("/feeds", "/media/")
#: What the intake key opens: handing something in, and fetching the script that does it. Nothing is
#: read with it.
INTAKE_POSTS = frozenset({"/api/save", "/api/pages", "/api/exchanges", "/intake/save"})
#: Where a request's body asks and changes nothing: fine for ``--read-only``.
READING_POSTS = frozenset({"/mcp"})
USERSCRIPT = "/intake/wechat-archive.user.js"

ErrorPage = Callable[[Request, int, Exception | None], Response | Awaitable[Response]]


class Headers:
    """Puts the headers above on every answer; one that an answer has already stays."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", POLICY)
                headers.setdefault("cross-origin-resource-policy", "same-origin")
                headers.setdefault("cache-control", "private, no-cache")
                for name, value in _ALWAYS.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, guarded)


class Failures:
    """Whatever goes wrong in a request becomes a readable page, and the server goes on."""

    def __init__(self, app: ASGIApp, page: ErrorPage) -> None:
        self.app, self.page = app, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if begun:
                raise
            await refuse(self.page, 500, scope, receive, send, error)


class Hosts:
    """Answers only to its own names: a foreign name that points here (DNS rebinding) gets nothing.

    Bound to loopback those are this machine's; else every IP address too, since a name is what
    rebinding needs.
    """

    def __init__(self, app: ASGIApp, settings: Settings, page: ErrorPage) -> None:
        self.app, self.page = app, page
        self._names = LOOPBACK | {name.lower() for name in (settings.host, *settings.names)}
        self._any_number = not settings.is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and not self._is_ours(
            RequestHeaders(scope=scope).get("host", "")
        ):
            await refuse(self.page, 421, scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        if name in self._names:
            return True
        try:
            number = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_number or number.is_loopback


def host_name(host: str) -> str:
    """The name in a ``Host`` header, without port and brackets, in lower case; empty for
    nonsense.
    """
    try:
        parts = urlsplit(f"//{host}")
        name, _port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    bare = parts.netloc == host and not (parts.path or parts.query or parts.fragment or "@" in host)
    return name.removesuffix(".") if bare else ""


class Bodies:
    """Ends a request whose body is larger than ``limits`` allows for its path."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int], page: ErrorPage) -> None:
        self.app, self.page, self._limits = app, page, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._limits.get(scope["path"], LARGEST_BODY)
        said = RequestHeaders(scope=scope).get("content-length", "0")
        if not said.isdigit() or int(said) > most:
            await refuse(self.page, 413, scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise TooLarge
            return message

        try:
            await self.app(scope, counted, send)
        except TooLarge:
            await refuse(self.page, 413, scope, receive, send)


class TooLarge(Exception):
    """More was sent than is taken."""


class SameOrigin:
    """Lets nothing be changed by another site's page: its forms and scripts carry its ``Origin``.

    A program (curl, a shortcut on a phone) sends none and is let through; so is whoever shows the
    token in a header, which no foreign page can do for its visitor. ``read_only`` refuses every
    change.
    """

    def __init__(self, app: ASGIApp, settings: Settings, page: ErrorPage) -> None:
        self.app, self.page, self._settings = app, page, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["method"] not in _SAFE:
            headers = RequestHeaders(scope=scope)
            if not (hands_in(scope, self._settings.intake_key) or self._is_allowed(headers)):
                await refuse(self.page, 403, scope, receive, send)
                return
            if self._settings.read_only and scope["path"] not in UNGUARDED | READING_POSTS:
                await refuse(self.page, 405, scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_allowed(self, headers: RequestHeaders) -> bool:
        if shows_token(headers, self._settings.token):
            return True
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        if origin is None:
            return True
        return origin.partition("://")[2] == headers.get("host") and origin.startswith(
            ("http://", "https://")
        )


#: What is there for somebody who has not shown the token yet.
UNGUARDED = frozenset(
    {"/login", "/static/page.css", "/static/page.js", "/static/icon.svg", "/favicon.ico"}
)


class Token:
    """Asks for the token, where the settings have one.

    A visitor shows it once and gets a cookie; programs send ``Authorization: Bearer``; feeds and
    their pictures may have ``?token=`` or, for pictures, ``?sig=`` in their address.
    """

    def __init__(self, app: ASGIApp, settings: Settings, page: ErrorPage) -> None:
        self.app, self.page, self._token = app, page, settings.token
        self._intake_key = settings.intake_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or self._token is None or scope["path"] in UNGUARDED:
            await self.app(scope, receive, send)
            return
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if self._is_known(scope, query) or hands_in(scope, self._intake_key):
            await self.app(scope, receive, send)
        elif scope["method"] == "GET" and is_token(query.get("token"), self._token):
            # The address of a first visit: the token goes into the cookie and out of the address
            # bar.
            rest = urlencode([(name, value) for name, value in query.items() if name != "token"])
            answer = RedirectResponse(local_path(scope["path"]) + (f"?{rest}" if rest else ""), 303)
            give_cookie(answer, self._token, scope)
            await answer(scope, receive, send)
        else:
            await refuse(self.page, 401, scope, receive, send)

    def _is_known(self, scope: Scope, query: Mapping[str, str]) -> bool:
        assert self._token is not None
        headers = RequestHeaders(scope=scope)
        if shows_token(headers, self._token) or equal(
            cookie_of(headers), proof(self._token, "cookie")
        ):
            return True
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or not path.startswith(TOKEN_PATHS):
            return False
        return is_token(query.get("token"), self._token) or equal(
            query.get("sig"), signature(self._token, path)
        )


def hands_in(scope: Scope, key: str | None) -> bool:
    """Whether the intake key is shown for what it opens: in ``Authorization``, or as ``?key=`` by a
    bookmarklet, whose form can send no header."""
    opened = (
        scope["path"] in INTAKE_POSTS if scope["method"] == "POST" else scope["path"] == USERSCRIPT
    )
    if key is None or not opened:
        return False
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    return is_token(query.get("key"), key) or shows_token(RequestHeaders(scope=scope), key)


def local_path(path: str) -> str:
    """A path of this server: ``//other.example`` would lead to another one."""
    return "/" + path.lstrip("/\\")


def proof(token: str, purpose: str) -> str:
    """What shows that somebody knows the token, for one purpose, without giving it away."""
    return hmac.new(token.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def signature(token: str | None, path: str) -> str:
    """What opens one picture at ``/media/…`` and nothing else: it may stand in a feed that others
    read.
    """
    return proof(token, f"path {path}")[:32] if token else ""


def equal(given: str | None, expected: str) -> bool:
    """Compares in constant time."""
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "replace"), expected.encode()
    )


def is_token(given: str | None, token: str | None) -> bool:
    """Whether that is the token; never where there is none."""
    return token is not None and equal(given, token)


def shows_token(headers: RequestHeaders, token: str | None) -> bool:
    """``Authorization: Bearer TOKEN``."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and is_token(given.strip(), token)


def cookie_of(headers: RequestHeaders) -> str | None:
    """The value of our cookie."""
    try:
        cookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    return cookie[COOKIE].value if COOKIE in cookie else None


def give_cookie(response: Response, token: str, scope: Scope) -> None:
    """Let the visitor in from now on."""
    response.set_cookie(
        COOKIE,
        proof(token, "cookie"),
        max_age=_COOKIE_AGE,
        httponly=True,
        samesite="lax",
        secure=scope.get("scheme") == "https",
    )


async def refuse(
    page: ErrorPage,
    status: int,
    scope: Scope,
    receive: Receive,
    send: Send,
    error: Exception | None = None,
) -> None:
    """Answer with the page of an error."""
    made = page(Request(scope, receive), status, error)
    response = made if isinstance(made, Response) else await made
    await response(scope, receive, send)
