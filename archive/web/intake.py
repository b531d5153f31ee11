"""``/intake``: a bookmarklet, a userscript and a phone's share sheet to hand in what one reads,
made for this server.

They show the intake key, which opens nothing but handing in: what stands in a bookmark or on a
phone is seen by others sooner than the server's token.
"""

from __future__ import annotations

import json
import secrets
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from archive.db.names import INTAKE_KEY
from archive.errors import DiskTrouble
from archive.web import own_files, render
from archive.web.jobs import Job
from archive.web.security import USERSCRIPT, proof
from archive.web.site import Site, site_of
from scraper import urls
from scraper.errors import NotAnAddress

#: A page of 4 MB grows to three times that in a form.
LARGEST_FORM = 40 * 1024 * 1024
#: In one line, as a bookmark holds it. It sends the page as it stands to a tab of its own.
BOOKMARKLET = (
    "javascript:(function(){var d=document,f=d.createElement('form');f.method='POST';f.target='_blank';"
    "f.acceptCharset='utf-8';f.action=%s;"
    "[['url',location.href],['html',d.documentElement.outerHTML]].forEach(function(p){"
    "var t=d.createElement('textarea');t.name=p[0];t.value=p[1];f.appendChild(t)});"
    "d.body.appendChild(f);f.submit();f.remove()})()"
)


def intake_key(root: Path, token: str | None) -> str:
    """The key of this archive's server: made from its token where it has one, else kept in
    ``intake.key``.

    Raises DiskTrouble.
    """
    if token is not None:
        return proof(token, "intake")
    place = root / INTAKE_KEY
    kept = (own_files.get(place) or b"").decode("ascii", "replace").strip()
    if len(kept) >= 32 and kept.isascii() and kept.isprintable():
        return kept
    key = secrets.token_urlsafe(32)
    try:
        own_files.put(place, f"{key}\n".encode())
    except DiskTrouble:
        return key  # it then changes with the next start; reading goes on
    return key


def intake(request: Request) -> Response:
    """The page that explains them, with this server's address and key filled in."""
    base, key = _base(request), _key(site_of(request))
    action = f"{base}/intake/save?key={quote(key, safe='')}"
    return render.page(
        request,
        "intake.html",
        base=base,
        key=key,
        bookmarklet=BOOKMARKLET % json.dumps(action),
        userscript=f"{USERSCRIPT}?key={quote(key, safe='')}",
    )


def userscript(request: Request) -> Response:
    """The userscript for this server."""
    source = resources.files("archive.web").joinpath("static", "intake.user.js").read_text("utf-8")
    base, key = _base(request), _key(site_of(request))
    host = request.url.hostname or "127.0.0.1"
    filled = (
        source.replace('"@BASE@"', json.dumps(base))
        .replace('"@KEY@"', json.dumps(key))
        .replace("@HOST@", host)
    )
    return Response(filled, media_type="text/javascript; charset=utf-8")


async def save(request: Request) -> Response:
    """``POST /intake/save``: the bookmarklet's form: the address and the page as it was shown."""
    body = (await request.body()).decode("utf-8", "replace")
    fields = dict(parse_qsl(body, max_num_fields=10))
    job = await run_in_threadpool(_submit, site_of(request), fields)
    return render.page(request, "taken.html", job=job)


def _submit(site: Site, fields: dict[str, str]) -> Job:
    """A page of WeChat's is kept as it was shown; any other text is searched for addresses. Raises
    BadInput.
    """
    url, html = fields.get("url", ""), fields.get("html", "")
    try:
        address = urls.parse(url)
    except NotAnAddress:
        return site.jobs.save([url, fields.get("text", "")])
    if not html.strip() or address.form == "album":
        return site.jobs.save([url])
    arguments: dict[str, Any] = {"url": address.fetch, "html": html, "pictures": []}
    return site.jobs.submit("page", arguments)


def _key(site: Site) -> str:
    if site.settings.intake_key is None:
        raise HTTPException(404)  # --read-only takes nothing in
    return site.settings.intake_key


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
