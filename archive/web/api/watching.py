"""Watched sources and groups of accounts, as ``watch``, ``unwatch`` and ``group`` have them."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from archive.crawl.sources import SourceRules
from archive.i18n import gettext as _
from archive.web.api.operation import Invalid, json_object, text_of, texts_of, whole_of
from archive.web.api.taken import taken
from archive.web.site import site_of

SCOPES = ("any", "account", "album")
MOST_FOLLOW = 5
#: Seconds between two looks: from a minute to a year.
SHORTEST, LONGEST = 60, 366 * 86400
MOST_ACCOUNTS = 1000
LONGEST_NAME = 200


def sources(request: Request) -> Response:
    """``GET /api/sources``."""
    return JSONResponse([one.as_dict() for one in site_of(request).library.sources()])


async def watch(request: Request) -> Response:
    """``POST /api/watch``: done by a job, which waits for a command that is writing."""
    body = await json_object(request)
    address = text_of(body, "address") or ""
    if not address.startswith(("http://", "https://")):  # a file would be one of this server's
        raise Invalid(_("address must begin with http:// or https://"))
    rules = SourceRules.of(
        include=text_of(body, "include"),
        exclude=text_of(body, "exclude"),
        tags=texts_of(body, "tags"),
        group=text_of(body, "group"),
    )
    scope = text_of(body, "scope")
    if scope is not None and scope not in SCOPES:
        raise Invalid(_("{name} must be one of: {known}", name="scope", known=", ".join(SCOPES)))
    arguments: dict[str, Any] = {
        "addresses": [address],
        "every": whole_of(body, "every", SHORTEST, LONGEST),
        "follow": whole_of(body, "follow", 0, MOST_FOLLOW),
        "scope": scope,
        **rules.as_dict(),
    }
    jobs = site_of(request).jobs
    return taken(await run_in_threadpool(lambda: jobs.submit("watch", arguments)))


async def unwatch(request: Request) -> Response:
    """``POST /api/unwatch``: by the source's ``id`` or address."""
    given = (await json_object(request)).get("source")
    if not isinstance(given, str | int) or isinstance(given, bool) or not str(given).strip():
        raise Invalid(_("source must be the id or the address of a source"))
    site = site_of(request)
    source = await run_in_threadpool(lambda: site.library.source(str(given)))
    return taken(
        await run_in_threadpool(lambda: site.jobs.submit("unwatch", {"source": source.id}))
    )


def groups(request: Request) -> Response:
    """``GET /api/groups``."""
    found = site_of(request).library.groups()
    return JSONResponse([_group(name, accounts) for name, accounts in found.items()])


async def group(request: Request) -> Response:
    """``POST /api/groups``: put accounts into one, or take them out."""
    body = await json_object(request)
    name = (text_of(body, "name") or "").strip()
    add, remove = (
        [account for text in texts_of(body, key) if (account := text.strip())]
        for key in ("add", "remove")
    )
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(_("name must have 1 to {most} characters", most=LONGEST_NAME))
    if len(add) + len(remove) > MOST_ACCOUNTS or any(len(one) > LONGEST_NAME for one in add):
        raise Invalid(
            _("at most {most} accounts at once, each of a name's length", most=MOST_ACCOUNTS)
        )
    library = site_of(request).library
    accounts = await run_in_threadpool(lambda: library.group(name, add=add, remove=remove))
    return JSONResponse(_group(name, accounts))


def _group(name: str, accounts: list[str]) -> dict[str, Any]:
    return {"name": name, "accounts": accounts}
