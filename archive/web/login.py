"""The way in from another machine: the token, once."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archive.web import render, security
from archive.web.site import site_of


async def form(request: Request) -> dict[str, str]:
    """The fields of a form, the last of each name."""
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=100))


async def login(request: Request) -> Response:
    """``GET`` shows the field, ``POST`` takes the token and lets in."""
    token = site_of(request).settings.token
    if token is None:
        return RedirectResponse("/", 303)
    if request.method != "POST":
        return render.page(request, "login.html", back="/", wrong=False)
    given = await form(request)
    back = security.local_path(given.get("back", "/"))
    if not security.is_token(given.get("token", "").strip(), token):
        return render.page(request, "login.html", status=401, back=back, wrong=True)
    answer = RedirectResponse(back, 303)
    security.give_cookie(answer, token, request.scope)
    return answer
