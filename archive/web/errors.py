"""What a reader sees when something goes wrong: what happened and what to do, never a traceback."""

from __future__ import annotations

import logging
import sqlite3
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from archive import errors, i18n
from archive.db.errors import as_archive_error
from archive.db.names import ARCHIVE_DB
from archive.web import render
from archive.web.site import site_of

_ = i18n.gettext
log = logging.getLogger(__name__)
STATUS: dict[type[errors.ArchiveError], int] = {
    errors.NotHeld: 404,
    errors.BadQuery: 400,
    errors.BadInput: 400,
    errors.Locked: 503,
    errors.CoolingDown: 503,
    errors.NotIndexed: 503,
}


def error_page(request: Request, status: int, error: Exception | None = None) -> Response:
    """The answer with this status; JSON for programs."""
    title, text = _words(status)
    for_programs = request.url.path.startswith(("/api", "/mcp"))
    if isinstance(error, errors.ArchiveError):
        text = str(error) if for_programs else _(error)
    if for_programs:
        return JSONResponse({"error": {"status": status, "title": title, "message": text}}, status)
    if status == 401:
        return render.page(
            request,
            "login.html",
            status=401,
            back=render.here(request),
            wrong="token" in request.query_params,
        )
    return render.page(request, "error.html", status=status, title=title, text=text, code=status)


def archive_error(request: Request, error: Exception) -> Response:
    """For Starlette: an error of the archive as a page."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    return error_page(request, status, error)


def database_error(request: Request, error: Exception) -> Response:
    """For Starlette: what SQLite says while a page is made, as commands say it. What they would
    call a bug is one here too.
    """
    assert isinstance(error, sqlite3.Error)
    told = as_archive_error(error, site_of(request).root / ARCHIVE_DB)
    if type(told) is errors.ArchiveError:
        raise error
    log.error("%s: %s", request.url.path, told)
    return archive_error(request, told)


def http_error(request: Request, error: Exception) -> Response:
    """For Starlette: 404 and its like."""
    assert isinstance(error, HTTPException)
    answer = error_page(request, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _words(status: int) -> tuple[str, str]:
    """A title and a sentence."""
    known = {
        400: (_("Not understood"), _("The request does not say what it should.")),
        401: (_("Token needed"), _("Send the server's token: Authorization: Bearer TOKEN.")),
        403: (
            _("Refused"),
            _("The request came from another site's page, so nothing was changed."),
        ),
        404: (_("Not here"), _("There is nothing at this address.")),
        405: (
            _("Not possible"),
            _("This address takes no such request, or the server was started with --read-only."),
        ),
        413: (_("Too large"), _("More was sent than this address takes.")),
        421: (
            _("Wrong name"),
            _(
                "The server does not answer to this name. Use its own, or start it with --allow-host NAME."
            ),
        ),
        500: (
            _("Something failed"),
            _("The error is in the server's log. Nothing that was kept is lost."),
        ),
    }
    return known.get(status) or (HTTPStatus(status).phrase, "")
