"""Pure. What is known about one exchange besides its body, and how it is kept free of secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from archive.record import COMPACT
from scraper.models import Page
from scraper.records import dataclass
from scraper.redact import redact, redact_url

Headers = tuple[tuple[str, str], ...]

#: Headers that are nothing but a secret: not kept at all.
SECRET_HEADERS = frozenset(
    {
        "authorization", "cookie", "cookie2", "proxy-authenticate", "proxy-authorization", "set-cookie", "set-cookie2",
        "www-authenticate", "x-wechat-key", "x-wechat-uin",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One exchange without its body.

    ``address`` is the canonical address it was made for; ``url`` what was asked, ``final_url``
    where it ended (``None``: the same); ``request`` and ``response`` headers in order, lower-case
    names; ``fetched`` aware UTC, or ``None`` for a page given as a file; ``size`` the body's bytes,
    ``stored`` those of its frame.
    """

    id: int
    address: str
    url: str
    final_url: str | None
    status: int
    redirects: tuple[str, ...]
    request: Headers
    response: Headers
    fetched: datetime | None
    sha256: str
    size: int
    stored: int

    def page(self, body: bytes) -> Page:
        """The exchange as the ``Page`` it came from."""
        return Page(
            url=self.url,
            body=body,
            final_url=self.final_url,
            status=self.status,
            headers=self.response,
            redirects=self.redirects,
            fetched=self.fetched,
            request=self.request,
        )


def without_secrets(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers with lower-case names, cookies and credentials left out, tokens inside values
    masked.
    """
    return [(n.lower(), redact(v)) for n, v in headers if n.lower() not in SECRET_HEADERS]


def row(page: Page, address: str) -> dict[str, Any]:
    """The columns of ``snapshots`` that say what happened; addresses without readers' tokens."""
    return {
        "address": redact_url(address),
        "url": redact_url(page.url),
        "final_url": redact_url(page.final_url) if page.final_url else None,
        "status": page.status,
        "redirects": _dump([redact_url(url) for url in page.redirects]),
        "request": _dump(without_secrets(page.request)),
        "response": _dump(without_secrets(page.headers)),
        "fetched": page.fetched.astimezone(UTC).isoformat() if page.fetched else None,
    }


def row_checksum(*values: object) -> bytes:
    """Sixteen bytes that change when any of the values does (``str``, ``int``, ``bytes``,
    ``None``).
    """
    parts: list[bytes] = []
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        parts += [b"%b:%d:" % (type(value).__name__.encode(), len(data)), data]
    return hashlib.sha256(b"".join(parts)).digest()[:16]


def pairs(text: str) -> Headers:
    """The headers that a column holds."""
    return tuple((name, value) for name, value in json.loads(text))


def texts(text: str) -> tuple[str, ...]:
    """The list of addresses that a column holds."""
    return tuple(json.loads(text))


def moment(text: str | None) -> datetime | None:
    """The time that a column holds, aware UTC."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _dump(value: object) -> str:
    return COMPACT.encode(value)
