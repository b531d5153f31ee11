"""``POST /api/exchanges``: what a reader's own client received, as a recording (HAR)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from archive.errors import BadInput
from archive.i18n import gettext as _
from archive.saved import har
from archive.web.api.operation import Invalid
from archive.web.api.taken import taken
from archive.web.jobs import Job, Jobs
from archive.web.site import site_of
from scraper.traffic.clean import cleaned
from scraper.traffic.exchange import Exchange

#: Bytes of a request; the add-on hands over at most 30 answers at once.
LARGEST = 64 * 1024 * 1024


#: Entries without the document around them.
_LIST, _BARE = re.compile(rb"\s*\["), re.compile(rb'\s*\{\s*"entries"\s*:')


async def exchanges(request: Request) -> Response:
    """Take a recording; what comes of it stands in the job."""
    body = await request.body()
    job = await run_in_threadpool(_submit, site_of(request).jobs, body)
    return taken(job)


def _submit(jobs: Jobs, body: bytes) -> Job:
    """A job stands on the disk: nothing of a reader may be in it."""
    found = list(_useful(body))
    if not found:
        raise Invalid(_("nothing of mp.weixin.qq.com is in this recording"))
    return jobs.submit("exchanges", {"har": har.written(found).decode()})


def _document(body: bytes) -> bytes:
    """A recording whole, from one, from what stands under its ``log``, or from entries alone."""
    if _LIST.match(body):
        return b'{"log": {"entries": ' + body + b"}}"
    return b'{"log": ' + body + b"}" if _BARE.match(body) else body


def _useful(body: bytes) -> Iterator[Exchange]:
    try:
        for one in har.read(io.BytesIO(_document(body))):
            if isinstance(one, Exchange) and one.body and one.status == 200:
                clean = cleaned(one)
                if clean is not None:
                    yield clean
    except BadInput as error:
        raise Invalid(_(error)) from error
