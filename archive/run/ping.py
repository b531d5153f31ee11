"""Telling a watchdog (healthchecks.io and what speaks like it) that a run began and how it
ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from archive.errors import BadConfig
from scraper.errors import ScrapeError
from scraper.messages import mark

if TYPE_CHECKING:
    from archive.config import Config

#: A watchdog that does not answer must not hold up the run, nor its end after a signal (10 s).
_DEADLINE = 5.0
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Ping:
    """How the run ended; ``None`` until it has."""

    exit_code: int | None = None
    text: str = ""


@contextmanager
def pinging(config: Config) -> Iterator[Ping]:
    """``URL/start`` before, ``URL`` after a success, ``URL/EXITCODE`` otherwise, ``URL/fail`` after
    an error.

    URL is the setting ``ping_url``; without it nothing happens. A watchdog that cannot be reached
    is a warning and nothing more. Raises BadConfig for what is no http(s) address.
    """
    ping, url = Ping(), config.ping_url
    if not url:
        yield ping
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadConfig(mark("--ping-url {url}: not an http or https address", url=url))
    _send(config, url, "start", "")
    try:
        yield ping
    except BaseException as error:
        code = getattr(error, "exit_code", None)
        said = f"{type(error).__name__}: {error}"
        _send(config, url, str(code) if code else "fail", said)
        raise
    _send(config, url, str(ping.exit_code) if ping.exit_code else "", ping.text)


def _send(config: Config, url: str, what: str, text: str) -> None:
    from scraper.fetch import Fetcher, FetchSettings

    parts = urlsplit(url)
    told = urlunsplit(parts._replace(path=parts.path.rstrip("/") + (f"/{what}" if what else "")))
    settings = FetchSettings(
        user_agent="wechat-archive", proxy=config.proxy, ca_file=config.ca_file, trusted=(told,)
    )

    async def post() -> None:
        async with Fetcher(settings) as fetcher:
            await fetcher.post(told, text.encode(), deadline=_DEADLINE)

    try:
        asyncio.run(post())
    except (ScrapeError, OSError) as error:
        _LOG.warning("the watchdog %s could not be told: %s", parts.hostname, error)
