"""What the API takes in: addresses, and pages as a browser shows them."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from archive.web.api.operation import Invalid, json_object
from archive.web.api.taken import taken
from archive.web.site import site_of
from scraper import urls
from scraper.errors import NotAnAddress

MOST_FOLLOW = 5
MOST_PICTURES = 300
#: Bytes of a request with a page and its pictures; today's pages have up to 4.2 MB.
LARGEST_PAGE = 40 * 1024 * 1024


async def save(request: Request) -> Response:
    """``POST /api/save``: addresses, in any form; what comes of them stands in the job."""
    body = await json_object(request)
    texts = body.get("addresses")
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Invalid("addresses must be a list of texts")
    follow = body.get("follow", 0)
    if not isinstance(follow, int) or isinstance(follow, bool) or not 0 <= follow <= MOST_FOLLOW:
        raise Invalid(f"follow must be a whole number from 0 to {MOST_FOLLOW}")
    refresh = body.get("refresh", False)
    if not isinstance(refresh, bool):
        raise Invalid("refresh must be true or false")
    jobs = site_of(request).jobs
    return taken(await run_in_threadpool(lambda: jobs.save(texts, follow=follow, refresh=refresh)))


async def pages(request: Request) -> Response:
    """``POST /api/pages``: a page's HTML as a browser shows it, with its address, perhaps with
    pictures.
    """
    body = await json_object(request)
    html = body.get("html")
    if not isinstance(html, str) or not html.strip():
        raise Invalid("html must be the text of the page")
    try:
        address = urls.parse(str(body.get("url", "")))
    except NotAnAddress as error:
        raise Invalid(f"url must be the page's address on mp.weixin.qq.com: {error}") from error
    arguments = {"url": address.fetch, "html": html, "pictures": _pictures(body.get("pictures"))}
    jobs = site_of(request).jobs
    return taken(await run_in_threadpool(lambda: jobs.submit("page", arguments)))


def _pictures(given: Any) -> list[dict[str, str]]:
    """``[{"url", "data"}]``, ``data`` being base64. Raises Invalid."""
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_PICTURES:
        raise Invalid(f"pictures must be a list of at most {MOST_PICTURES}")
    found = []
    for one in given:
        url, data = (one.get("url"), one.get("data")) if isinstance(one, dict) else (None, None)
        if not isinstance(url, str) or not isinstance(data, str):
            raise Invalid("each picture must have url and data")
        try:
            b64decode(data, validate=True)
        except binascii.Error as error:
            raise Invalid("the data of a picture must be base64") from error
        found.append({"url": url, "data": data})
    return found
