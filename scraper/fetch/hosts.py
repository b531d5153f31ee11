"""Pure. Hosts and addresses as the standard compares them: case, IDNA, a dot at the end, the
scheme's own port.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from scraper.errors import Forbidden
from scraper.messages import mark

_PORTS = {"http": 80, "https": 443}


def split(url: str) -> SplitResult:
    """The parts of an address with a scheme that is opened and a host. Raises Forbidden."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Forbidden(mark("this is no address: {error}", error=error)) from None
    if parts.scheme not in _PORTS:
        raise Forbidden(mark("only http and https addresses are opened"))
    if not host_of(parts):
        raise Forbidden(mark("the address names no host"))
    return parts


def endpoint(parts: SplitResult) -> tuple[str, int]:
    """The host and port that are connected to."""
    return host_of(parts), parts.port or _PORTS[parts.scheme]


def host_of(parts: SplitResult) -> str:
    """The host as it is asked: in ASCII (IDNA), in lower case, without a dot at its end."""
    host = (parts.hostname or "").lower().rstrip(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return host  # no name of any host: ``check_host`` says so


def normalised(url: str) -> tuple[str, str, int | None, str, str]:
    """What two addresses have in common that ask the same server for the same thing: scheme and
    host in lower case, the host in IDNA and without a dot at its end, the port also where it is the
    scheme's own, path and query; no fragment.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        port = None  # no port at all: ``check`` says so
    return parts.scheme, host_of(parts), port, parts.path or "/", parts.query


def is_under(host: str, suffixes: Iterable[str]) -> bool:
    """``host`` is one of them or below one; ``*`` allows all."""
    return any(
        s == "*" or host == s or host.endswith("." + s)
        for s in (s.lower().strip(".") or "." for s in suffixes)
    )
