"""Files as they are: the page's own, and the archive's media."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from archive.web.compressed import compressed
from archive.web.site import STATIC, site_of, static_file

_MEDIA = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,8}")
_FOR_EVER = "private, max-age=31536000, immutable"
#: What may be shown in a page; anything else is only handed out for saving.
_SHOWN = ("image/", "audio/", "video/")


def static(request: Request) -> Response:
    """``/static/NAME``."""
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404)
    body, version = static_file(name)
    fresh = request.query_params.get("v") == version
    headers = {"etag": f'"{version}"', "cache-control": _FOR_EVER if fresh else "no-cache"}
    body = compressed(request, body, headers)
    return Response(body, media_type=STATIC[name], headers=headers)


def favicon(request: Request) -> Response:
    """What browsers ask for without being told to."""
    return Response(static_file("icon.svg")[0], media_type=STATIC["icon.svg"])


def media(request: Request) -> Response:
    """``/media/ab/abcdef….png``: a file that the archive holds under this very name, with ranges.

    Named by content, so it never changes. An SVG's script is kept from running by the policy of an
    answer.
    """
    name = request.path_params["name"]
    if not _MEDIA.fullmatch(name):
        raise HTTPException(404)
    found = site_of(request).library.media(f"media/{name}")
    if found is None:
        raise HTTPException(404)
    shown = found.type.startswith(_SHOWN)
    return FileResponse(
        found.place,
        media_type=found.type if shown else "application/octet-stream",
        headers={
            "cache-control": _FOR_EVER,
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            # Readers of feeds show pictures in pages of their own.
            "cross-origin-resource-policy": "cross-origin",
            **({} if shown else {"content-disposition": "attachment"}),
        },
    )
