"""What a worker found, as a row of the queue and back: a page, or the error that came instead.

Reading does not trust the row: a worker is another machine, maybe somebody else's. Sizes are
bounded, names and types are checked, and the address is the one that was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import zstandard

from scraper import errors
from scraper.crawl.protocols import BudgetSpent
from scraper.errors import ScrapeError
from scraper.messages import mark
from scraper.models import Page
from scraper.redact import redact

_LEVEL = 6
#: Bytes of a page, as `scraper.fetch` takes them.
_CAP = 32 * 1024 * 1024
#: Of an answer's own text: an address, a header's value, a message.
_LONGEST = 8192
_MOST_HEADERS = 200
#: Which errors a worker may bring, and what each has besides its message.
_ERRORS: Mapping[str, tuple[type[ScrapeError], tuple[str, ...]]] = {
    one.__name__: (one, extra)
    for one, extra in (
        (errors.Gone, ("reason", "shown", "target")),
        (errors.NeedsPerson, ("reason", "shown")),
        (errors.Blocked, ("reason", "shown")),
        (errors.Unrecognised, ()),
        (errors.Hostile, ()),
        (errors.Unexpected, ()),
        (errors.FetchError, ()),
        (errors.Later, ()),
        (errors.RateLimited, ("retry_after",)),
        (errors.TimedOut, ()),
        (errors.CutShort, ()),
        (errors.Unreachable, ()),
        (errors.Refused, ()),
        (errors.Forbidden, ()),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``facts`` and ``body`` as the queue holds them; ``requests`` went out for it; ``is_captcha``:
    WeChat asked for a verification."""

    facts: Mapping[str, Any]
    body: bytes | None = field(default=None, repr=False)

    @property
    def requests(self) -> int:
        """How many requests went out, redirects included."""
        found = self.facts.get("requests")
        return found if isinstance(found, int) and 0 <= found <= 100 else 1

    @property
    def is_captcha(self) -> bool:
        """Whether its exit waits until the archive has judged it."""
        return self.facts.get("captcha") is True


def of_page(page: Page, *, requests: int, captcha: bool) -> Answer:
    """A page that came."""
    facts = {
        "requests": requests,
        "captcha": captcha,
        "page": {
            "final_url": page.final_url,
            "status": page.status,
            "headers": page.headers,
            "redirects": page.redirects,
            "request": page.request,
        },
    }
    return Answer(facts=_storable(facts), body=zstandard.compress(page.body, _LEVEL))


def of_error(error: Exception, *, requests: int) -> Answer:
    """What came instead of a page."""
    if isinstance(error, BudgetSpent):
        return Answer(facts={"requests": requests, "spent": True})
    if not isinstance(error, ScrapeError) or type(error).__name__ not in _ERRORS:
        error = errors.Unexpected.of(error)
    name = type(error).__name__
    given = {key: getattr(error, key) for key in _ERRORS[name][1]}
    said = {"class": name, "message": str(error), "url": error.url, **given}
    captcha = isinstance(error, errors.Blocked)
    return Answer(facts=_storable({"requests": requests, "captcha": captcha, "error": said}))


def _storable(value: Any) -> Any:
    """Without the characters that PostgreSQL's JSON cannot hold."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _storable(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_storable(one) for one in value]
    return value


def page_of(answer: Answer, url: str, fetched: datetime) -> Page:
    """The page that was asked for at ``url``.

    Raises what the worker met instead, and CutShort for an answer that cannot be read.
    """
    if answer.facts.get("spent") is True:
        raise BudgetSpent
    try:
        if "error" in answer.facts:
            raise _error(answer.facts["error"], url)
        return _page(answer, url, fetched)
    except (ValueError, TypeError, KeyError, AttributeError, zstandard.ZstdError) as error:
        raise errors.CutShort(
            mark("what a worker brought cannot be read ({error})", error=str(error)[:200]), url=url
        ) from error


def _page(answer: Answer, url: str, fetched: datetime) -> Page:
    facts = answer.facts["page"]
    return Page(
        url=url,
        body=_unpacked(answer.body),
        final_url=_text_or_none(facts["final_url"]),
        status=_number(facts["status"]),
        headers=_pairs(facts["headers"]),
        redirects=tuple(map(_text, _listed(facts["redirects"]))),
        fetched=fetched,
        request=_pairs(facts["request"]),
    )


def _error(facts: Any, url: str) -> ScrapeError:
    kind, names = _ERRORS[_text(facts["class"])]
    given: dict[str, Any] = {
        name: _seconds(facts[name]) if name == "retry_after" else _text_or_none(facts[name])
        for name in names
    }
    if "reason" in given and given["reason"] is None:
        raise ValueError("no reason")
    return kind(_text(facts["message"]), url=_text_or_none(facts["url"]) or url, **given)


def _unpacked(body: bytes | None) -> bytes:
    if body is None:
        raise ValueError("no body")
    size = zstandard.get_frame_parameters(body).content_size
    if not 0 <= size <= _CAP:
        raise ValueError(f"larger than {_CAP} bytes")
    return zstandard.ZstdDecompressor().decompress(body, max_output_size=max(size, 1))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError("no text, or too long a one")
    return redact(value)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> int:
    if not isinstance(value, int) or not 100 <= value <= 599:
        raise ValueError("no status")
    return value


def _seconds(value: Any) -> float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError("no seconds")
    return None if value is None else float(value)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > _MOST_HEADERS:
        raise ValueError("no list, or too long a one")
    return value


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(said)) for name, said in map(_listed, _listed(value)))
