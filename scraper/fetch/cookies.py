"""A person's cookies, out of a Netscape file as browsers' extensions and curl write it.

They are sent to their own domains only, are never stored again, and their values stand in no
message.

Read here and not by ``http.cookiejar.MozillaCookieJar``, which took one of six files that tools and
editors make (it wants its own first line, tabs, no BOM, and the dot of a domain to agree with its
TRUE) and quotes the cookie in its error.
"""

from __future__ import annotations

import http.cookiejar
import urllib.request
from pathlib import Path

from scraper.clock import utc_now
from scraper.errors import BadSettings
from scraper.messages import mark, strerror

_FIELDS = 7


class Cookies:
    """The cookies of one file; an empty set where there is none."""

    def __init__(self, jar: http.cookiejar.CookieJar | None = None) -> None:
        self._jar = jar or http.cookiejar.CookieJar()

    def __len__(self) -> int:
        return len(self._jar)

    def header(self, url: str) -> str | None:
        """The ``Cookie`` header that a browser would send to ``url``; None where there is none to
        send.
        """
        if not len(self._jar):
            return None
        request = urllib.request.Request(url)
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def values(self) -> list[str]:
        """Every value, for redaction only."""
        return [cookie.value for cookie in self._jar if cookie.value]


def load(path: str | Path) -> Cookies:
    """The unexpired cookies of a Netscape file. Raises BadSettings, naming the line."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = strerror(error) if isinstance(error, OSError) else mark("it is no text")
        raise BadSettings(
            mark("the cookies file {path} cannot be read: {said}", path=path, said=said)
        ) from error
    # A cookie of one host goes to that host alone, as in a browser.
    policy = http.cookiejar.DefaultCookiePolicy(
        strict_ns_domain=http.cookiejar.DefaultCookiePolicy.DomainStrictNonDomain
    )
    jar = http.cookiejar.CookieJar(policy)
    for number, line in enumerate(text.splitlines(), 1):
        # `#HttpOnly_` before a domain marks a cookie, not a comment (curl's form).
        line = line.removeprefix("#HttpOnly_")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cookie = _cookie(line)
        if cookie is None:
            raise BadSettings(
                mark(
                    "line {number} of the cookies file {path} is not of the Netscape form: "
                    "domain, TRUE or FALSE, path, TRUE or FALSE, expiry, name, value, with "
                    "tabs between them",
                    number=number,
                    path=path,
                )
            )
        if not cookie.is_expired(int(utc_now().timestamp())):
            jar.set_cookie(cookie)
    return Cookies(jar)


def _cookie(line: str) -> http.cookiejar.Cookie | None:
    fields = line.rstrip("\r\n").split("\t")
    if len(fields) < _FIELDS and len(line.split()) == _FIELDS:  # an editor made blanks of the tabs
        fields = line.split()
    if len(fields) != _FIELDS:
        return None
    domain, everywhere, path, secure, expires, name, value = (field.strip() for field in fields)
    flags = {"TRUE": True, "FALSE": False}
    is_everywhere, is_secure = flags.get(everywhere.upper()), flags.get(secure.upper())
    until = _until(expires)
    if not domain or until is None or is_everywhere is None or is_secure is None:
        return None
    return http.cookiejar.Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=f".{domain.removeprefix('.')}" if is_everywhere else domain,
        domain_specified=is_everywhere,
        domain_initial_dot=domain.startswith("."),
        path=path or "/",
        path_specified=bool(path),
        secure=is_secure,
        expires=until or None,
        discard=not until,
        comment=None,
        comment_url=None,
        rest={},
    )


def _until(expires: str) -> int | None:
    """Seconds since 1970, 0 for the session's end; None for no number."""
    try:
        return int(float(expires or 0))
    except ValueError:
        return None
