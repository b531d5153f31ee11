"""Which proxy a request goes through: the setting's, else the environment's, and ``$NO_PROXY``'s
exceptions. Pure but for reading the environment."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
from dataclasses import field
from urllib.parse import SplitResult, unquote, urlsplit

from scraper.errors import BadSettings
from scraper.fetch.settings import FetchSettings
from scraper.messages import mark
from scraper.records import dataclass

_PORTS = {"http": 80, "https": 443, "socks5": 1080}
_FORM = mark(
    "the proxy setting (or $HTTPS_PROXY) is not of the form http://HOST:PORT, "
    "with USER:PASSWORD@ before the host where the proxy wants a login; "
    "https:// and socks5:// work too"
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where requests are sent instead. ``around`` are ``$NO_PROXY``'s entries: hosts asked
    directly.
    """

    url: str
    host: str
    port: int
    login: tuple[str, str] | None = field(default=None, repr=False)
    around: tuple[str, ...] = ()

    def serves(self, host: str, port: int) -> bool:
        """Whether a request to ``host`` goes through it."""
        return not any(_names(entry, host.lower().rstrip("."), port) for entry in self.around)


def chosen(settings: FetchSettings) -> Proxy | None:
    """The proxy to use. ``$NO_PROXY`` holds for one from the settings too, as with curl.

    Raises BadSettings, without quoting the value: it may hold a password.
    """
    text = settings.proxy
    if text is None:
        text = _environment("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    around = re.split(r"[,\s]+", _environment("NO_PROXY", "no_proxy").lower())
    return _read(text, tuple(filter(None, around))) if text else None


def _environment(*names: str) -> str:
    return next((value for name in names if (value := os.environ.get(name))), "")


def _read(text: str, around: tuple[str, ...]) -> Proxy:
    parts, host, port = _parts(text)
    scheme = parts.scheme.replace("socks5h", "socks5")
    if not host or scheme not in _PORTS:
        raise BadSettings(_FORM)
    if scheme == "socks5" and importlib.util.find_spec("socksio") is None:
        raise BadSettings(
            mark("a socks5 proxy needs one more package: pip install 'wechat-archive[socks]'")
        )
    port = port or _PORTS[scheme]
    login = unquote(parts.username or ""), unquote(parts.password or "")
    shown = f"[{host}]" if ":" in host else host
    return Proxy(f"{scheme}://{shown}:{port}", host, port, login if any(login) else None, around)


def _parts(text: str) -> tuple[SplitResult, str | None, int | None]:
    """The address with its host and port. Raises BadSettings for what is none."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        return parts, parts.hostname, parts.port
    except ValueError:
        raise BadSettings(_FORM) from None


def _names(entry: str, host: str, port: int) -> bool:
    """One entry of ``$NO_PROXY``, as curl and Go read it: ``*``, a host with its subdomains (a dot
    or ``*.`` before it says the same), a number, a block of numbers; a port behind any of them
    limits it."""
    if entry == "*":
        return True
    bare, _, wanted = (
        entry.rpartition(":") if re.search(r"(?:^[^:]+|\]):[0-9]+$", entry) else (entry, "", "")
    )
    if wanted and int(wanted) != port:
        return False
    bare = bare.strip("[]")
    number = _network(host)
    if number is not None:
        block = _network(bare)
        return (
            block is not None
            and block.version == number.version
            and number.network_address in block
        )
    bare = bare.removeprefix("*").strip(".")
    return bool(bare) and (host == bare or host.endswith("." + bare))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
