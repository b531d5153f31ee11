"""The fetcher: one address, one try, one whole answer or one error that says what to do next."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import SplitResult, urlsplit

from scraper import urls
from scraper.clock import Clock, SystemClock
from scraper.crawl.protocols import RequestBudget
from scraper.errors import CutShort, Refused, TimedOut, Unrecognised
from scraper.fetch import (
    answers,
    certificates,
    content,
    guard,
    hosts,
    magic,
    proxies,
    streaming,
)
from scraper.fetch.pacing import Pacer
from scraper.fetch.places import about
from scraper.fetch.settings import (
    ARTICLE_HOSTS,
    MEDIA_HOSTS,
    Download,
    FeedResponse,
    FetchSettings,
)
from scraper.fetch.streaming import Part, Streamed
from scraper.messages import mark
from scraper.models import Page
from scraper.recordings import Sort
from scraper.records import dataclass
from scraper.redact import redact, scrub

if TYPE_CHECKING:
    import httpx

    from scraper.fetch.cookies import Cookies
    from scraper.fetch.wire import Wire

_ACCEPT_PAGE = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
)
# Not avif and webp first, as browsers say: what the author uploaded is wanted, not a smaller copy
# of it.
_ACCEPT_MEDIA = "image/*,audio/*,video/*,*/*;q=0.8"
_ACCEPT_FEED = (
    "application/atom+xml,application/rss+xml,application/feed+json,application/xml;q=0.9,*/*;q=0.8"
)
#: What is read of the answer to something posted.
_ANSWER_CAP = 64 * 1024
_COOKIE_HEADERS = frozenset({"set-cookie", "set-cookie2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How one kind of address is fetched: which hosts, how long, how much. ``sends``: a body,
    posted. ``follows``: redirects are followed, unless a body was sent. ``trusted``: the person
    has named the address, which may lie in their own network. ``stream``: the body goes there."""

    accept: str
    hosts: tuple[str, ...] | None
    deadline: float
    wire_cap: int
    cap: int
    sends: bytes | None = None
    follows: bool = True
    trusted: bool = False
    stream: _Stream | None = None
    #: the longest silence inside an answer; None: the deadline
    silence: float | None = None


@dataclass(frozen=True, slots=True)
class _Stream:
    """Where the body of an answer goes that is not held in memory."""

    part: Part
    source: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer after all redirects."""

    status: int
    headers: Mapping[str, str]
    listed: tuple[tuple[str, str], ...]
    body: bytes
    hops: tuple[str, ...]
    measured: bool


class Fetcher:
    """Fetches pages, media and feeds. Use it as an async context manager.

    ``requests`` counts what went out to mp.weixin.qq.com, redirect targets included;
    ``media_requests`` all the rest. ``asked_ago``: seconds since the last request to that host from
    here, by whoever made it. Raises BadSettings when made with a proxy, certificates or cookies
    file that cannot be used.
    """

    def __init__(
        self,
        settings: FetchSettings | None = None,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        asked_ago: float | None = None,
    ) -> None:
        self.settings = settings = settings or FetchSettings()
        self.requests = 0
        self.media_requests = 0
        self._clock = clock or SystemClock()
        self._cookies = _cookies(settings)
        proxies.chosen(settings)  # what is wrong with it is said now, whether or not it is used
        self._certificates = certificates.named(settings)
        self._wire: Wire | None = None
        self._pacer = Pacer(settings.interval, settings.jitter, self._clock, rng)
        if asked_ago is not None:
            for host in ARTICLE_HOSTS:
                self._pacer.ended(host, asked_ago)
        self._media_turns = asyncio.Semaphore(max(settings.media_parallel, 1))

    def _opened(self) -> Wire:
        """Where requests go out, made by the first of them."""
        if self._wire is None:
            from scraper.fetch.wire import Wire

            self._wire = Wire(self.settings, self._certificates)
        return self._wire

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        if self._wire is not None:
            await self._wire.aclose()

    async def page(
        self, url: str, *, referer: str | None = None, budget: RequestBudget | None = None
    ) -> Page:
        """The page at ``url``, an address of mp.weixin.qq.com (an article or an album's JSON).

        Each request to that host is taken from ``budget``; where it is spent, also in the middle of
        redirects, BudgetSpent is raised instead of one more. Raises Blocked for a redirect to a
        verification, before any body is read, Unrecognised for one to another host, and the
        FetchErrors.
        """
        s = self.settings
        kind = _Kind(
            accept=_ACCEPT_PAGE,
            hosts=ARTICLE_HOSTS,
            deadline=s.page_deadline,
            wire_cap=s.page_wire_cap,
            cap=s.page_cap,
        )
        extra = {"Referer": urls.clean_link(referer)} if referer else {}
        answer = await self._fetch(url, kind, extra, budget)
        with about(url, []):
            if not answer.body.strip():
                raise CutShort(mark("the answer was empty"))
            if not answer.measured and not content.looks_whole(answer.body):
                raise CutShort(mark("the answer was cut short: the page ended without its </html>"))
        # A page that came without cookies holds nobody's tokens, so its bytes stay as they are.
        body = scrub(answer.body, self._cookies.values()) if self._cookies else answer.body
        return Page(
            url=url,
            body=body,
            final_url=answer.hops[-1] if answer.hops else None,
            status=answer.status,
            headers=answer.listed,
            redirects=answer.hops[:-1],
            fetched=self._clock.now(),
            request=tuple(
                (name.lower(), value) for name, value in {**self._said(kind), **extra}.items()
            ),
        )

    async def media(self, url: str) -> Download:
        """The image, sound or film at ``url``.

        Raises Refused also for what is none by its bytes, and the FetchErrors.
        """
        s = self.settings
        kind = _Kind(
            accept=_ACCEPT_MEDIA,
            hosts=(*MEDIA_HOSTS, *s.allow_hosts),
            deadline=s.media_deadline,
            wire_cap=s.media_cap,
            cap=s.media_cap,
        )
        answer = await self._fetch(url, kind, {"Referer": "https://mp.weixin.qq.com/"})
        with about(url, []):
            if not answer.body:
                raise CutShort(mark("the answer was empty"))
            try:
                found = magic.sniff(answer.body)
            except magic.Active as error:
                raise Refused(mark("this is {error}", error=error)) from None
            if found is None:
                said = answer.headers.get("content-type", mark("no type"))[:60]
                raise Refused(
                    mark(
                        "by its bytes this is no image, sound or film (the server calls it {said})",
                        said=said,
                    )
                )
            if not answer.measured and magic.is_cut(answer.body, found[1]):
                raise CutShort(
                    mark("the answer was cut short: the {found} has no end", found=found[1])
                )
        return Download(url, answer.body, found[0], found[1], answer.listed)

    async def recording(self, url: str, part: Part, *, sort: Sort, cap: int) -> Streamed:
        """The sound or film at ``url`` into ``part``, gone on with where that broke off.

        Raises Refused also for what is none by its bytes and for more than ``cap`` bytes, and the
        FetchErrors. What came before an error stays in ``part``.
        """
        s = self.settings
        stream = _Stream(part, urlsplit(url).path, sort)
        kind = _Kind(
            accept=_ACCEPT_MEDIA,
            hosts=(*MEDIA_HOSTS, *s.allow_hosts),
            deadline=s.recording_deadline,
            wire_cap=cap,
            cap=cap,
            stream=stream,
            silence=s.media_deadline,
        )
        asked = streaming.request_headers(part, stream.source)
        await self._fetch(url, kind, {"Referer": "https://mp.weixin.qq.com/", **asked})
        with about(url, []):
            return streaming.whole(part, sort)

    async def feed(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> FeedResponse:
        """The feed at ``url``, on any public host, asked for only if it changed since
        ``etag``/``last_modified``.
        """
        s = self.settings
        kind = _Kind(
            accept=_ACCEPT_FEED,
            hosts=None,
            deadline=s.page_deadline,
            wire_cap=s.page_wire_cap,
            cap=s.page_cap,
        )
        given = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        answer = await self._fetch(
            url, kind, {name: value for name, value in given.items() if value}
        )
        same = answer.status == 304
        return FeedResponse(
            url,
            answer.body,
            same,
            answer.headers.get("etag") or (etag if same else None),
            answer.headers.get("last-modified") or (last_modified if same else None),
            answer.hops[-1] if answer.hops else None,
            answer.listed,
            self._clock.now(),
        )

    async def answer(
        self, url: str, *, cookie: str, referer: str, form: bytes | None = None
    ) -> bytes:
        """What mp.weixin.qq.com answers a reader's own client, paced as pages are; ``form`` is
        posted.

        ``url`` and ``cookie`` are that reader's secrets: they go to this host alone, no redirect is
        followed, and no error quotes them. Raises Blocked and the FetchErrors.
        """
        s = self.settings
        kind = _Kind(
            accept="application/json, text/plain, */*",
            hosts=ARTICLE_HOSTS,
            deadline=s.page_deadline,
            wire_cap=s.page_wire_cap,
            cap=s.page_cap,
            sends=form,
            follows=False,
        )
        extra = {"X-Requested-With": "XMLHttpRequest"}
        if referer:
            extra["Referer"] = urls.clean_link(referer)
        if cookie:
            extra["Cookie"] = cookie
        if form is not None:
            extra["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        return (await self._fetch(url, kind, extra)).body

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        private: bool = True,
    ) -> None:
        """Send a text (UTF-8; ``headers`` say so otherwise) to an address that a person has named.

        Where ``private``, ``FetchSettings.trusted`` lists it, and it may lie inside a network and
        on any port; else it is judged as any other. No redirect is followed. Raises the
        FetchErrors.
        """
        kind = _Kind(
            accept="*/*",
            hosts=None,
            deadline=deadline,
            wire_cap=_ANSWER_CAP,
            cap=_ANSWER_CAP,
            sends=body,
            trusted=private,
        )
        said = {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}
        await self._fetch(url, kind, said)

    async def _fetch(
        self,
        url: str,
        kind: _Kind,
        extra: Mapping[str, str],
        budget: RequestBudget | None = None,
    ) -> _Answer:
        """Follows redirects by hand: each hop is judged, waits its turn and counts."""
        hops: list[str] = []
        asked = url
        while True:
            with about(url, hops):
                parts = _judged(asked, kind, redirected=bool(hops))
                try:
                    async with (
                        self._turn(hosts.host_of(parts), kind),
                        asyncio.timeout(kind.deadline),
                    ):
                        answer = await self._exchange(asked, parts, kind, extra, budget)
                except TimeoutError:
                    raise TimedOut(
                        mark("no whole answer came within {deadline:g} s", deadline=kind.deadline)
                    ) from None
                follows = kind.follows and kind.sends is None
                if not follows and isinstance(answer, str):
                    raise Refused(mark("the server redirects, which is not followed here"))
                if isinstance(answer, _Answer):
                    return replace(answer, hops=tuple(map(redact, hops)))
                if hosts.normalised(answer) in map(hosts.normalised, (url, *hops)):
                    raise Refused(mark("the server redirects in a circle"))
                if len(hops) == self.settings.max_redirects:
                    raise Refused(
                        mark(
                            "the server redirects more than {max_redirects} times",
                            max_redirects=self.settings.max_redirects,
                        )
                    )
            hops.append(answer.partition("#")[0])
            asked = hops[-1]

    def _turn(self, host: str, kind: _Kind) -> AbstractAsyncContextManager[None]:
        if host in ARTICLE_HOSTS or (kind.hosts is None and not kind.trusted):
            return self._pacer.turn(host)
        return self._media_turn()

    @asynccontextmanager
    async def _media_turn(self) -> AsyncIterator[None]:
        async with self._media_turns:
            yield

    async def _exchange(
        self,
        url: str,
        parts: SplitResult,
        kind: _Kind,
        extra: Mapping[str, str],
        budget: RequestBudget | None,
    ) -> _Answer | str:
        """One request: a whole answer, or where it redirects to."""
        polite = hosts.host_of(parts) in ARTICLE_HOSTS
        if polite:
            if budget is not None:
                budget.spend()
            self.requests += 1
        else:
            self.media_requests += 1
        async with self._opened().answer(
            _ascii(parts),
            self._headers(url, parts, kind, extra),
            sends=kind.sends,
            connect=min(self.settings.connect_timeout, kind.deadline),
            silence=kind.silence or kind.deadline,
        ) as response:
            return await self._read(response, url, kind, polite=polite)

    async def _read(
        self, response: httpx.Response, url: str, kind: _Kind, *, polite: bool
    ) -> _Answer | str:
        listed, status = _listed(response.headers.raw), response.status_code
        headers = dict(reversed(listed))
        if target := answers.redirect_target(status, headers, url):
            answers.check_redirect(target)
            guard.check_hop(url, target)
            return target
        kept = tuple((name, redact(value)) for name, value in listed if name not in _COOKIE_HEADERS)
        if kind.stream is not None:
            return await self._streamed(response, status, headers, kept, kind)
        if status == 304 and kind.hosts is None:
            return _Answer(304, headers, kept, b"", (), True)
        answers.check_status(
            status, headers, now=self._clock.now(), cap=self.settings.max_retry_after, polite=polite
        )
        length, coding = (
            headers.get("content-length", ""),
            headers.get("content-encoding", "").strip().lower(),
        )
        async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_raw())) as raw:
            body = await content.read(
                raw,
                coding=coding,
                length=int(length) if length.isdigit() else None,
                wire_cap=kind.wire_cap,
                cap=kind.cap,
            )
        packed = coding not in ("", "identity")
        measured = (
            packed or length.isdigit() or "chunked" in headers.get("transfer-encoding", "").lower()
        )
        return _Answer(status, headers, kept, body, (), measured)

    async def _streamed(
        self,
        response: httpx.Response,
        status: int,
        headers: Mapping[str, str],
        kept: tuple[tuple[str, str], ...],
        kind: _Kind,
    ) -> _Answer:
        """A body that goes where ``kind.stream`` says."""
        assert kind.stream is not None
        part, source, sort = kind.stream.part, kind.stream.source, kind.stream.sort
        if status == 416:
            raise streaming.range_refused(part)
        if status != 206:
            cap = self.settings.max_retry_after
            answers.check_status(status, headers, now=self._clock.now(), cap=cap)
        async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_raw())) as raw:
            await streaming.receive(
                raw, status, headers, part, source=source, sort=sort, cap=kind.cap
            )
        return _Answer(status, headers, kept, b"", (), True)

    def _said(self, kind: _Kind) -> dict[str, str]:
        """The headers that every request of this kind carries; none of them is a secret."""
        return {
            "User-Agent": self.settings.user_agent,
            "Accept": kind.accept,
            "Accept-Language": self.settings.accept_language,
            "Accept-Encoding": content.ACCEPT_ENCODING,
        }

    def _headers(
        self, url: str, parts: SplitResult, kind: _Kind, extra: Mapping[str, str]
    ) -> dict[str, str]:
        """All headers of a request."""
        headers = {"Host": _netloc(parts), **self._said(kind), **extra}
        cookie = self._cookies.header(url) if self._cookies else None
        if cookie and "Cookie" not in headers:
            headers["Cookie"] = cookie
        return headers


def _judged(url: str, kind: _Kind, *, redirected: bool) -> SplitResult:
    """The parts of an address that may be asked.

    Raises Forbidden, and Unrecognised where an article leads to a host that no article was ever
    seen at: that may be a new kind of verification, and an address must not be given up for good
    because of it.
    """
    if kind.trusted:
        return hosts.split(url)
    if not (redirected and kind.hosts is ARTICLE_HOSTS):
        return guard.check(url, hosts=kind.hosts)
    parts = guard.check(url)
    if not hosts.is_under(hosts.host_of(parts), ARTICLE_HOSTS):
        raise Unrecognised(mark("WeChat leads to another host, where no article is known to be"))
    return parts


def _cookies(settings: FetchSettings) -> Cookies | None:
    """The person's cookies, if any; the standard library's cookie jar costs 30 ms to import and is
    rarely needed.
    """
    if not settings.cookies_file:
        return None
    from scraper.fetch import cookies

    return cookies.load(settings.cookies_file)


def _netloc(parts: SplitResult) -> str:
    """Host in IDNA and port."""
    host = hosts.host_of(parts)
    host = f"[{host}]" if ":" in host else host
    return host + (f":{parts.port}" if parts.port else "")


def _ascii(parts: SplitResult) -> str:
    """As it goes over the wire: without a fragment, what is not ASCII percent-encoded."""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    safe = "".join(
        c if "!" <= c <= "~" else "".join(f"%{b:02X}" for b in c.encode("utf-8", "replace"))
        for c in path
    )
    return f"{parts.scheme}://{_netloc(parts)}{safe}"


def _listed(headers: Sequence[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers
    )
