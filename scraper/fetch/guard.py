"""Keeps the program out of the network it runs in: which hosts and numbers may be opened. Pure but
for ``resolve``.

An article, a feed or a redirect names any address it likes, so each one is judged three times: the
scheme and port as written, the host as written, and the number that is really connected to. A name
is resolved once, all its numbers are judged, and the connection goes to one of the judged numbers
(DNS rebinding answers differently the second time).
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from scraper.errors import Forbidden, Refused, Unreachable
from scraper.fetch.hosts import host_of, is_under, split
from scraper.messages import mark

#: What ``parse_ip`` gives.
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# An own list, because Python's `is_global` changes between versions: 3.11 calls 192.0.0.192 (a
# cloud's metadata service) and 64:ff9b:1::/48 public. From the IANA special-purpose registries,
# 2026-10.
_DENIED4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        *(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
        ),
        *(
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
        ),
        *(
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
        # Azure's platform service, on a number that looks public (Alibaba's, 100.100.100.200, lies
        # in 100.64.0.0/10)
        "168.63.129.16/32",
    )
)
#: All of IPv6 but global unicast, and inside that the special blocks.
_GLOBAL6 = ipaddress.IPv6Network("2000::/3")
_DENIED6 = tuple(
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)
#: Blocks that carry an IPv4 number in their last 32 bits: mapped, SIIT and NAT64. (6to4, 2002::/16,
#: is dead: denied.)
_EMBEDDED = tuple(
    ipaddress.IPv6Network(block) for block in ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)

#: Names that mean this machine or this network wherever they are asked.
_LOCAL_SUFFIXES = (
    *(
        ".localhost",
        ".local",
        ".localdomain",
        ".internal",
        ".intranet",
        ".lan",
        ".home",
        ".corp",
        ".private",
    ),
    *(".home.arpa", ".in-addr.arpa", ".ip6.arpa", ".onion"),
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def check(url: str, *, hosts: Iterable[str] | None = None) -> SplitResult:
    """The parts of ``url`` where it may be opened: http(s), port 80 or 443, a public host.

    ``hosts`` are the only ones allowed, with their subdomains; None: any. Raises Forbidden.
    """
    parts = split(url)
    port = parts.port
    if parts.username is not None or parts.password is not None:
        raise Forbidden(
            mark(
                "an address with a user name in it is not opened: take out what stands before the @"
            )
        )
    if port not in (None, 80, 443):
        raise Forbidden(mark("only ports 80 and 443 are opened, not {port}", port=port))
    host = host_of(parts)
    check_host(host)
    if hosts is not None and not is_under(host, hosts):
        raise Forbidden(
            mark(
                "{host} is not among the hosts that are opened for this (for images the "
                "setting allow_hosts adds some)",
                host=host,
            )
        )
    return parts


def check_host(host: str) -> None:
    """Raises Forbidden for a number that is not public, a name of this machine or network, or no
    name at all.
    """
    try:
        number = parse_ip(host)
    except ValueError:
        raise Forbidden(mark("{host} is neither a host name nor a number", host=host)) from None
    if number is None:
        _check_name(host)
    elif not is_public(number):
        raise Forbidden(
            mark("{host} lies inside a network, and only the open internet is asked", host=host)
        )


def _check_name(host: str) -> None:
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise Forbidden(mark("{host!r} is no host name", host=host)) from None
    if name != host and parse_ip(name) is not None:  # full-width digits and dots become a number
        check_host(name)
        return
    labels = name.split(".")
    if len(labels) < 2 or any("." + name == s or name.endswith(s) for s in _LOCAL_SUFFIXES):
        raise Forbidden(
            mark(
                "{host} is a name inside a network, and only the open internet is asked", host=host
            )
        )
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Forbidden(mark("{host!r} is no host name", host=host))


def parse_ip(host: str) -> IPAddress | None:
    """The number that ``host`` means to any resolver: dotted, decimal, octal, hexadecimal, short;
    None for a name.

    Raises ValueError for what begins like a number and is none, such as ``1.2.3.4.5`` or
    ``999.1.1.1``.
    """
    bare = host.strip("[]").partition("%")[0]
    if ":" in bare:
        return ipaddress.IPv6Address(bare)
    parts = bare.split(".")
    if not re.fullmatch(r"0[xX][0-9a-fA-F]*|[0-9]+", parts[-1]):
        return None
    if len(parts) > 4:
        raise ValueError(host)
    values = [_integer(part) for part in parts]
    if any(value > 255 for value in values[:-1]) or values[-1] >= 256 ** (5 - len(parts)):
        raise ValueError(host)
    total = values[-1]
    for place, value in enumerate(values[:-1]):
        total += value << (8 * (3 - place))
    return ipaddress.IPv4Address(total)


def _integer(text: str) -> int:
    """As ``inet_aton`` reads it: ``0x7f`` hexadecimal, ``0177`` octal."""
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    return int(text, 8) if text.startswith("0") and text != "0" else int(text, 10)


def is_public(number: IPAddress) -> bool:
    """Whether ``number`` lies on the open internet, also where it is wrapped in an IPv6 one."""
    if isinstance(number, ipaddress.IPv4Address):
        return not any(number in block for block in _DENIED4)
    if any(number in block for block in _EMBEDDED):
        return is_public(ipaddress.IPv4Address(int(number) & 0xFFFFFFFF))
    return number in _GLOBAL6 and not any(number in block for block in _DENIED6)


async def resolve(host: str, port: int) -> list[str]:
    """The numbers to connect to, all of them public, in the resolver's order.

    Raises Forbidden where any one of them is not, Unreachable where the name is not known.
    """
    number = parse_ip(host)
    if number is not None:
        check_host(host)
        return [str(number)]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise Unreachable(
            mark(
                "the name server does not know {host} ({said}): is the network up?",
                host=host,
                said=said,
            )
        ) from error
    numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not numbers:
        raise Unreachable(mark("the name server knows no address of {host}", host=host))
    for text in numbers:
        if not is_public(ipaddress.ip_address(text.partition("%")[0])):
            raise Forbidden(
                mark(
                    "{host} leads to {text}, which lies inside a network, and only the open "
                    "internet is asked",
                    host=host,
                    text=text,
                )
            )
    return numbers


def check_hop(before: str, after: str) -> None:
    """A redirect may not leave https for http: what comes then can be anybody's. Raises Refused."""
    if urlsplit(before).scheme == "https" and urlsplit(after).scheme == "http":
        raise Refused(mark("a redirect from https to http is not followed: {after}", after=after))
