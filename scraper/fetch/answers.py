"""What an answer's status line and headers mean, before its body is looked at. Pure."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from scraper.errors import Blocked, Later, NeedsPerson, RateLimited, Refused, Unreachable
from scraper.fetch import hosts
from scraper.messages import mark
from scraper.patterns import lazy

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Where WeChat sends a reader that it wants to see: seen are /mp/wappoc_appmsgcaptcha (2024-07 on),
#: /mp/secitptpage/verify, /mp/verifycode, weixin110.qq.com and /webpoc/.
#: The path alone tells: an article's own address may carry a poc_token after a verification was
#: passed.
_VERIFY = lazy(r"captcha|verify|secitptpage|antispider|/webpoc/", re.IGNORECASE)
_VERIFY_HOSTS = frozenset({"weixin110.qq.com", "captcha.qq.com", "captcha.gtimg.com"})
_LOGIN_HOSTS = frozenset({"open.weixin.qq.com", "login.weixin.qq.com", "open.work.weixin.qq.com"})


def redirect_target(status: int, headers: Mapping[str, str], url: str) -> str | None:
    """Where the answer sends on to, absolute; None where it is no redirect. Raises Refused for one
    to nowhere.
    """
    if status not in _REDIRECTS:
        return None
    # Not every blank: as latin-1 the last byte of 章 is a no-break space.
    location = headers.get("location", "").strip(" \t")
    if not location:
        raise Refused(
            mark("the server redirects ({status}) without saying where to", status=status)
        )
    # Raw UTF-8 in the header was decoded as latin-1.
    location = location.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        return urljoin(url, location)
    except ValueError:
        raise Refused(
            mark("the server redirects to what is no address: {location}", location=location[:100])
        ) from None


def check_redirect(target: str) -> None:
    """Raises Blocked where WeChat wants a verification, NeedsPerson where it wants a login."""
    parts = urlsplit(target)
    host = hosts.host_of(parts)
    ours = host == "qq.com" or host.endswith(".qq.com")
    if host in _VERIFY_HOSTS or (ours and _VERIFY().search(parts.path)):
        raise Blocked(
            mark("WeChat asks for a verification before it shows this page"), reason="verify"
        )
    if host in _LOGIN_HOSTS or (ours and parts.path.startswith("/cgi-bin/login")):
        raise NeedsPerson(
            mark(
                "WeChat asks for a login before it shows this page: give a cookies file of "
                "your own session (--cookies)"
            ),
            reason="login",
        )


def check_status(
    status: int, headers: Mapping[str, str], *, now: datetime, cap: float, polite: bool = False
) -> None:
    """Raises what an answer other than 200 means; ``polite``: from the article host, where 403 is a
    refusal of the reader rather than of the page, and going on would make it worse."""
    if status in (200, 203):
        return
    if status == 407:
        # Plain http goes through a proxy without CONNECT, so its answer comes as the host's.
        raise Unreachable(
            mark(
                "the proxy wants a user name and password, or not these (407): put "
                "USER:PASSWORD@ before its host in the setting proxy or $HTTPS_PROXY"
            )
        )
    wait = retry_after(headers.get("retry-after"), now=now, cap=cap)
    said = mark("the server answered {status}", status=_named(status))
    if wait is not None:
        said = mark("{what} and asks to wait {wait:.0f} s", what=said, wait=wait)
    is_passing = status >= 500 or status in (408, 425)
    if status == 429 or (polite and status == 403) or (is_passing and wait is not None):
        raise RateLimited(said, retry_after=wait)
    if is_passing:
        raise Later(said)
    raise Refused(mark("the server answered {status}", status=_named(status)))


def _named(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)


def retry_after(value: str | None, *, now: datetime, cap: float) -> float | None:
    """Seconds to wait by a ``Retry-After`` header, in seconds or as a date, at most ``cap``; None
    where it says nothing that can be read."""
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{0,6})?", value):
        return min(float(value), cap)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), cap)
