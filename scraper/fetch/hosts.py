"""Pure. Hosts and addresses as the standard compares them: case, IDNA, a dot at the end, the
scheme's own port.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, quote, urlsplit

from scraper.errors import Forbidden
from scraper.messages import mark

_PORTS = {"http": 80, "https": 443}
#: What stands in a path and in a query as it is, as browsers have it (WHATWG URL).
_IN_QUERY = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '"#<>')
_IN_PATH = "".join(c for c in _IN_QUERY if c not in "?`{}")


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


def target(parts: SplitResult) -> str:
    """What is asked of the host: path and query in ASCII, what may not stand there
    percent-encoded, ``.`` and ``..`` resolved; no fragment.
    """
    path = quote(_without_dots(parts.path or "/"), safe=_IN_PATH, errors="replace")
    query = quote(parts.query, safe=_IN_QUERY, errors="replace")
    return f"{path}?{query}" if query else path


def _without_dots(path: str) -> str:
    names = path.split("/")
    if "." not in names and ".." not in names:
        return path
    kept: list[str] = []
    for name in names:
        if name == ".." and len(kept) > 1:
            kept.pop()
        elif name not in (".", ".."):
            kept.append(name)
    return "/".join(kept) or "/"


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
