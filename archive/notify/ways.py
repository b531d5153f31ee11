"""The ways that messages go: a command, a webhook, a service. Each takes a message or says in one
sentence why not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from archive.config import Config, WayConfig
from archive.errors import BadConfig
from archive.notify import process, wording
from archive.notify.gather import part
from archive.notify.message import Message
from archive.notify.payload import as_bytes
from scraper.crawl.backoff import Retries
from scraper.errors import ScrapeError
from scraper.messages import changed, mark, message_of
from scraper.redact import HIDDEN, redact

if TYPE_CHECKING:
    from scraper.clock import Clock
    from scraper.fetch import Fetcher

#: The name of the way that ``--exec`` is.
EXEC = "exec"
#: Seconds that a command or service gets; and a webhook's answer.
_LONGEST, _DEADLINE = 30, 10
#: Of a webhook, within one run; later runs go on.
_RETRIES = Retries(tries=3, base=1.0, patience=5.0)
_MISSING = mark("the extra is not installed: pip install 'wechat-archive[notify]'")


class WayFailedError(Exception):
    """A way did not take a message; the words hold no secret."""


class Way(Protocol):
    """``only``: what of a message it gets (see ``gather.part``); ``shown`` for people: where it
    leads, without secrets."""

    @property
    def only(self) -> Sequence[str]: ...
    @property
    def shown(self) -> str: ...
    async def send(self, message: Message, page: str | None) -> None:
        """Hand it over. Raises WayFailedError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a way needs besides its own settings."""

    config: Config
    clock: Clock
    rng: random.Random


def configured(config: Config) -> list[WayConfig]:
    """The ways of the settings and of ``--exec``."""
    extra = (WayConfig(name=EXEC),) if config.exec else ()
    return [*(way for way in config.notify if way.name != EXEC or not extra), *extra]


def way_of(one: WayConfig, around: Surroundings) -> Way:
    """What sends by it."""
    if one.webhook is not None:
        return Webhook(one.name, one.only, one.webhook, one.secret, one.private, around)
    if one.url is not None:
        return Service(one.name, one.only, one.url, around.config)
    return Command(one.name, one.only, around.config.exec or "")


def shown(one: WayConfig, config: Config) -> str:
    """Where a way leads, without its secrets."""
    if one.webhook is not None:
        parts = urlsplit(one.webhook)
        return f"{parts.scheme}://{parts.hostname or ''}/{HIDDEN}"
    if one.url is not None:
        return f"{one.url.partition('://')[0]}://{HIDDEN}"
    return (redact(config.exec or "").split() or [EXEC])[0]


def hidden(text: str, *secrets: str | None) -> str:
    """``text`` without any part of ``secrets``, whatever form of them a library repeats."""
    pieces = {one for secret in secrets if secret for one in re.split(r"[/?&=@:#,;\s]+", secret)}
    for piece in sorted((one for one in pieces if len(one) > 3), key=len, reverse=True):
        text = text.replace(piece, HIDDEN)
    return redact(" ".join(text.split()))[:300]


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise BadConfig(mark("--exec {command}: {error}", command=command, error=error)) from error


@dataclass(frozen=True, slots=True)
class Command:
    """``--exec CMD``: the message as JSON on its standard input. No shell reads the command, and
    nothing of the message stands in it."""

    name: str
    only: Sequence[str]
    command: str

    @property
    def shown(self) -> str:
        return (redact(self.command).split() or [EXEC])[0]

    async def send(self, message: Message, page: str | None) -> None:
        argv = _words(self.command)
        if not argv:
            raise WayFailedError(mark("--exec names no command"))
        env = {**os.environ, "WECHAT_ARCHIVE_MESSAGE_ID": message.id}
        ended = await _run(argv, as_bytes(message, page), env)
        if ended.code:
            said = hidden(ended.stderr.decode("utf-8", "replace"))
            raise WayFailedError(
                mark(
                    "{program} ended with {code}: {said}",
                    program=argv[0],
                    code=ended.code,
                    said=said,
                )
            )


async def _run(argv: Sequence[str], given: bytes, env: Mapping[str, str]) -> process.Ended:
    try:
        return await process.run(argv, given, timeout=_LONGEST, env=env)
    except TimeoutError:
        raise WayFailedError(
            mark("{program} took longer than {n} s and was ended", program=argv[0], n=_LONGEST)
        ) from None
    except OSError as error:
        raise WayFailedError(
            mark("{program} cannot be run: {error}", program=argv[0], error=error.strerror or error)
        ) from None


@dataclass(frozen=True, slots=True)
class Webhook:
    """The message as JSON, posted; signed as Standard Webhooks has it, so that a receiver can
    check where and when it comes from, and drop a repeat by its id."""

    name: str
    only: Sequence[str]
    url: str
    secret: str | None
    private: bool
    around: Surroundings

    @property
    def shown(self) -> str:
        return shown(WayConfig(name=self.name, webhook=self.url), self.around.config)

    async def send(self, message: Message, page: str | None) -> None:
        from scraper.fetch import Fetcher, FetchSettings

        config = self.around.config
        trusted = (self.url,) if self.private else ()
        settings = FetchSettings(
            user_agent="wechat-archive",
            proxy=config.proxy,
            ca_file=config.ca_file,
            trusted=trusted,
        )
        try:
            async with Fetcher(settings, clock=self.around.clock) as fetcher:
                await self._post(fetcher, message, page)
        except ScrapeError as error:
            said = changed(message_of(error), lambda text: hidden(text, *self._secrets))
            raise WayFailedError(said) from None

    @property
    def _secrets(self) -> tuple[str | None, ...]:
        parts = urlsplit(self.url)
        return parts.path, parts.query, parts.username, parts.password, self.secret

    async def _post(self, fetcher: Fetcher, message: Message, page: str | None) -> None:
        body, around = as_bytes(message, page), self.around
        for failed in range(_RETRIES.tries):
            now = str(int(around.clock.now().timestamp()))
            headers = signed(message.id, now, body, self.secret)
            try:
                await fetcher.post(
                    self.url, body, deadline=_DEADLINE, headers=headers, private=self.private
                )
                return
            except ScrapeError as error:
                wait = _RETRIES.delay(error, failed, around.rng)
                if wait is None:
                    raise
                await around.clock.sleep(wait)


def signed(id: str, timestamp: str, body: bytes, secret: str | None) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0: id, seconds since 1970, and with a secret HMAC-SHA256
    over id, time and body. ``whsec_…`` is base64, any other secret its own bytes."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
    }
    if secret:
        content = b".".join((id.encode(), timestamp.encode(), body))
        digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise WayFailedError(
            mark("the secret begins with whsec_ and is no base64 behind it")
        ) from None


@dataclass(frozen=True, slots=True)
class Service:
    """Any service that apprise knows, in a process of its own: it can be ended in time, and what
    its plug-ins load, log and keep stays there. The address goes over standard input."""

    name: str
    only: Sequence[str]
    url: str
    config: Config

    @property
    def shown(self) -> str:
        return shown(WayConfig(name=self.name, url=self.url), self.config)

    async def send(self, message: Message, page: str | None) -> None:
        given = {
            "url": self.url,
            "title": wording.title(message),
            "body": wording.text(message, page),
        }
        argv = (sys.executable, "-m", "archive.notify.service")
        ended = await _run(argv, json.dumps(given).encode(), self._environment())
        try:
            error = json.loads(ended.stdout.splitlines()[-1])["error"]
        except (ValueError, IndexError, KeyError):
            said = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            error = said or f"ended with {ended.code}"
        if error == "missing":
            raise WayFailedError(_MISSING)
        if error is not None:
            raise WayFailedError(hidden(str(error), self.url))

    def _environment(self) -> dict[str, str]:
        """The proxy and the certificates of the settings, as the libraries of plug-ins read
        them."""
        env = dict(os.environ)
        if self.config.proxy:
            env |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), self.config.proxy)
        if self.config.ca_file:
            env |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), self.config.ca_file)
        return env


def wanted(way: Way, message: Message) -> Message:
    """What of a message a way wants."""
    if message.is_test:
        return message
    content = part(message.content, way.only)
    return Message(id=message.id, made=message.made, content=content)
