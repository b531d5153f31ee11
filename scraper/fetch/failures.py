"""httpx's errors become this program's, in one place: most specific first, the cause kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from scraper.errors import CutShort, FetchError, Later, Refused, TimedOut, Unreachable
from scraper.messages import mark
from scraper.patterns import lazy

#: OpenSSL's names for itself and for its places: ``[SSL: CERTIFICATE_VERIFY_FAILED] …
#: (_ssl.c:1006)``.
_OPENSSL = lazy(r"\[[A-Z]+: [A-Z0-9_]+\] ?| ?\(_ssl\.c:\d+\)")
#: What is made of an error: its words, and whether the answer had begun.
_Maker = Callable[[str, bool], FetchError]


def _unreachable(said: str, began: bool) -> FetchError:
    if "certificate verify failed" in said:
        return Unreachable(
            mark(
                "the host's certificate cannot be verified ({said}): is the clock right? "
                "Where a proxy looks into the traffic, name its certificate in "
                "$SSL_CERT_FILE",
                said=said,
            )
        )
    return Unreachable(mark("no connection to the host ({said}): is the network up?", said=said))


def _proxy(said: str, began: bool) -> FetchError:
    status = re.match(r"\d{3}", said)
    if status and status[0] == "407":
        return Unreachable(
            mark(
                "the proxy wants a user name and password, or not these ({said}): put "
                "USER:PASSWORD@ before its host in the setting proxy or $HTTPS_PROXY",
                said=said,
            )
        )
    if status and status[0] >= "500":
        return Unreachable(
            mark(
                "the proxy has no connection to the host ({said}): is its own network up?",
                said=said,
            )
        )
    return Unreachable(
        mark(
            "the proxy does not let this host through ({said}): ask who runs it, or "
            "set another proxy",
            said=said,
        )
    )


def _silent(said: str, began: bool) -> FetchError:
    return TimedOut(
        mark("the answer stopped half-way") if began else mark("no answer came in time")
    )


def _broken(said: str, began: bool) -> FetchError:
    if began:
        return CutShort(mark("the answer was cut short ({said})", said=said))
    return Later(mark("the connection broke before an answer came ({said})", said=said))


def _unasked(said: str, began: bool) -> FetchError:
    return Refused(mark("this address cannot be asked for ({said})", said=said))


def _other(said: str, began: bool) -> FetchError:
    return Later(mark("the request failed ({said})", said=said))


#: The first row that fits. ``StreamError`` and ``CookieConflict`` are missing on purpose: those are
#: faults of ours.
TABLE: tuple[tuple[type[Exception], _Maker], ...] = (
    (httpx.ConnectTimeout, _unreachable),
    (httpx.ConnectError, _unreachable),
    (httpx.ProxyError, _proxy),
    (httpx.UnsupportedProtocol, _unasked),
    (httpx.LocalProtocolError, _broken),
    (httpx.TimeoutException, _silent),
    (httpx.NetworkError, _broken),
    (httpx.ProtocolError, _broken),
    (httpx.InvalidURL, _unasked),
    (httpx.HTTPError, _other),
)


@contextmanager
def translated(*, began: bool) -> Iterator[None]:
    """Inside, httpx's errors are ours. ``began``: the answer's head is in."""
    try:
        yield
    except tuple(kind for kind, _ in TABLE) as error:
        make = next(make for kind, make in TABLE if isinstance(error, kind))
        raise make(_said(error), began) from error


def _said(error: BaseException) -> str:
    """What an exception says, in a few words."""
    text = _OPENSSL().sub("", " ".join(str(error).split())).strip() or type(error).__name__
    return text[:200]
