"""Telling a watchdog (healthchecks.io and what speaks like it) that a run began and how it ended."""

from __future__ import annotations

import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from archive.errors import BadConfig
from scraper.redact import redact

#: A watchdog that does not answer must not hold up the run, nor its end after a signal (10 s).
_TIMEOUT = 5.0
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Ping:
    """How the run ended; ``None`` until it has."""

    exit_code: int | None = None
    text: str = ""


@contextmanager
def pinging(url: str | None) -> Iterator[Ping]:
    """``URL/start`` before, ``URL`` after a success, ``URL/EXITCODE`` otherwise, ``URL/fail`` after an error.

    A watchdog that cannot be reached is a warning and nothing more. Raises BadConfig for what is no http(s) address.
    """
    ping = Ping()
    if not url:
        yield ping
        return
    if urlsplit(url).scheme not in ("http", "https"):
        raise BadConfig(f"--ping-url {redact(url)}: not an http or https address")
    _send(url, "start", "")
    try:
        yield ping
    except BaseException as error:
        code = getattr(error, "exit_code", None)
        _send(url, str(code) if code else "fail", redact(f"{type(error).__name__}: {error}"))
        raise
    _send(url, str(ping.exit_code) if ping.exit_code else "", ping.text)


def _send(url: str, what: str, text: str) -> None:
    parts = urlsplit(url)
    path = parts.path.rstrip("/") + (f"/{what}" if what else "")
    request = urllib.request.Request(
        urlunsplit(parts._replace(path=path)),
        data=text.encode(),
        headers={"User-Agent": "wechat-archive", "Content-Type": "text/plain; charset=utf-8"},
    )
    try:
        with urllib.request.build_opener().open(request, timeout=_TIMEOUT) as answer:
            answer.read(1024)
    except (OSError, urllib.error.URLError, ValueError) as error:
        _LOG.warning("the watchdog %s could not be told: %s", parts.hostname, error)
