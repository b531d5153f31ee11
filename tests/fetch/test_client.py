"""The edge: every error of the libraries below has its own here, and every proxy setting does what
it says.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest

from scraper.errors import (
    CutShort,
    FetchError,
    Forbidden,
    Later,
    Refused,
    ScrapeError,
    TimedOut,
    Unreachable,
)
from scraper.fetch import Fetcher, FetchSettings, failures, proxies, transport
from scraper.redact import redact
from tests.fetch.helper import IMAGE, URL, media, page, using
from tests.weixin import Answer, Internet
from tests.weixin.pages import article_page, png

BODY = article_page(title="一页")

#: httpx's class → ours before the answer's head, and after it.
EXPECTED: dict[str, tuple[type[FetchError], type[FetchError]]] = {
    "CloseError": (Later, CutShort),
    "ConnectError": (Unreachable, Unreachable),
    "ConnectTimeout": (Unreachable, Unreachable),
    "DecodingError": (Later, Later),
    "HTTPError": (Later, Later),
    "HTTPStatusError": (Later, Later),
    "InvalidURL": (Refused, Refused),
    "LocalProtocolError": (Later, CutShort),
    "NetworkError": (Later, CutShort),
    "PoolTimeout": (TimedOut, TimedOut),
    "ProtocolError": (Later, CutShort),
    "ProxyError": (Unreachable, Unreachable),
    "ReadError": (Later, CutShort),
    "ReadTimeout": (TimedOut, TimedOut),
    "RemoteProtocolError": (Later, CutShort),
    "RequestError": (Later, Later),
    "TimeoutException": (TimedOut, TimedOut),
    "TooManyRedirects": (Later, Later),
    "TransportError": (Later, Later),
    "UnsupportedProtocol": (Refused, Refused),
    "WriteError": (Later, CutShort),
    "WriteTimeout": (TimedOut, TimedOut),
}
#: Wrong use of httpx by us: these go through, as the bugs that they are.
OURS = {
    "CookieConflict",
    "StreamError",
    "StreamClosed",
    "StreamConsumed",
    "RequestNotRead",
    "ResponseNotRead",
}


def _exceptions(library: Any) -> dict[str, type[Exception]]:
    found = {name: getattr(library, name) for name in library.__all__}
    return {
        name: kind
        for name, kind in found.items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }


def _raised(kind: type[Exception], message: str = "said so") -> Exception:
    error = kind.__new__(kind)
    error.args = (message,)
    return error


def test_every_error_of_httpx_is_known() -> None:
    """A new one in a new release fails here, not in somebody's night."""
    assert set(EXPECTED) | OURS == set(_exceptions(httpx))


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("began", [False, True])
def test_an_error_of_httpx_is_one_of_ours(name: str, began: bool) -> None:
    """Its class as promised, what was said in its words, the cause kept."""
    error = _raised(_exceptions(httpx)[name])
    with pytest.raises(FetchError) as caught, failures.translated(began=began):
        raise error
    assert EXPECTED[name][began] is type(caught.value)
    assert error is caught.value.__cause__
    if not isinstance(error, httpx.TimeoutException) or isinstance(error, httpx.ConnectTimeout):
        assert "said so" in str(caught.value)


def test_every_error_of_httpcore_becomes_httpxs_of_that_name() -> None:
    """So nothing of the lower library reaches a caller. (ConnectionNotAvailable never leaves its
    pool.)
    """
    for name, kind in _exceptions(httpcore).items():
        if name != "ConnectionNotAvailable":
            with pytest.raises(getattr(httpx, name)) as caught, transport.as_httpx():
                raise _raised(kind)
            assert name == type(caught.value).__name__


def test_the_table_has_the_most_specific_first() -> None:
    """No row can be hidden by one before it."""
    kinds = [kind for kind, _ in failures.TABLE]
    assert not [
        (a, b) for place, a in enumerate(kinds) for b in kinds[place + 1 :] if issubclass(b, a)
    ]


def test_the_headers_are_ours_and_no_others(internet: Internet) -> None:
    """Names as a browser writes them; nothing of httpx (its own name, ``br``, ``Connection``)."""
    internet.site.on(URL, Answer(body=BODY))
    sent: list[list[tuple[bytes, bytes]]] = []

    class Noted(transport.GuardedTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request.headers.raw)
            return await super().handle_async_request(request)

    async def work(fetcher: Fetcher) -> None:
        fetcher._opened().transport = Noted(fetcher.settings, fetcher._certificates)
        await fetcher.page(URL)

    using(internet, work, user_agent="Reader/1")
    names = [b"Host", b"User-Agent", b"Accept", b"Accept-Language", b"Accept-Encoding"]
    assert names == [name for name, _ in sent[0]]
    assert (b"mp.weixin.qq.com", b"Reader/1") == (sent[0][0][1], sent[0][1][1])
    assert {name.decode().lower() for name in names} == set(internet.log.requests()[0].headers)


def test_no_cookie_of_an_answer_comes_back(internet: Internet) -> None:
    """A fetcher is a stranger at every request, unless a person gave cookies."""
    internet.site.on(
        URL, Answer(body=BODY, headers={"Set-Cookie": "a=b; Domain=weixin.qq.com; Path=/"})
    )

    async def twice(fetcher: Fetcher) -> None:
        await fetcher.page(URL)
        await fetcher.page(URL)

    using(internet, twice)
    assert ["cookie" in request.headers for request in internet.log.requests()] == [False, False]


AROUND = {
    "": (),
    "*": ("mp.weixin.qq.com", "10.0.0.1"),
    "qq.com": ("qq.com", "mp.weixin.qq.com"),
    ".qq.com": ("qq.com", "mp.weixin.qq.com"),
    "*.qq.com": ("qq.com", "mp.weixin.qq.com"),
    "WEIXIN.QQ.com": ("mp.weixin.qq.com",),
    "x.com, weixin.qq.com": ("mp.weixin.qq.com",),
    "x.com weixin.qq.com": ("mp.weixin.qq.com",),
    "mp.weixin.qq.com:443": ("mp.weixin.qq.com",),
    "mp.weixin.qq.com:80": (),
    "eixin.qq.com": (),
    "10.0.0.1": ("10.0.0.1",),
    "10.0.0.0/8": ("10.0.0.1",),
    "10.0.0.0/8:443": ("10.0.0.1",),
    "11.0.0.0/8": (),
    "[2606:4700::1]:443": ("2606:4700::1",),
    "2606:4700::/32": ("2606:4700::1",),
    "[::1]:80,,:::,/,:443,a:b:c": (),
}


@pytest.mark.parametrize(("value", "direct"), AROUND.items(), ids=AROUND)
def test_no_proxy_names_the_hosts_that_are_asked_directly(
    monkeypatch: pytest.MonkeyPatch, value: str, direct: tuple[str, ...]
) -> None:
    """As curl and Go read it: hosts with their subdomains, numbers, blocks, ports, ``*``."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", value)
    proxy = proxies.chosen(FetchSettings())
    assert proxy is not None
    hosts = ("mp.weixin.qq.com", "qq.com", "10.0.0.1", "2606:4700::1", "example.com")
    expected = hosts if value == "*" else tuple(host for host in hosts if host in direct)
    assert expected == tuple(host for host in hosts if not proxy.serves(host, 443))


def test_a_proxy_in_the_settings_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """``$NO_PROXY`` holds for it too, as with curl; an empty setting is no proxy at all."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example")
    monkeypatch.setenv("no_proxy", "qq.com")
    given = proxies.chosen(FetchSettings(proxy="mine.example:3128"))
    assert given is not None
    assert ("http://mine.example:3128", False) == (given.url, given.serves("mp.weixin.qq.com", 443))
    assert given.serves("example.com", 443)
    assert proxies.chosen(FetchSettings(proxy="")) is None


def test_no_advice_is_mangled_by_redaction(internet: Internet) -> None:
    """What is said about a password must survive the hiding of passwords."""
    with pytest.raises(ScrapeError) as caught:
        Fetcher(FetchSettings(proxy="ftp://user:canary@h"))
    assert str(caught.value) == redact(str(caught.value))
    internet.refuses = 407
    internet.site.on(IMAGE, Answer(status=407))
    for call in (page, lambda internet: media(internet, IMAGE.replace("https", "http"))):
        with pytest.raises(ScrapeError) as caught:
            call(internet)
        assert str(caught.value) == redact(str(caught.value))


@pytest.mark.parametrize("around", ["qpic.cn", "qpic.cn:443"])
def test_a_host_around_the_proxy_is_judged_by_its_number(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, around: str
) -> None:
    """Asked directly it is resolved here, so a name that leads inside is found out; the others go
    through the proxy.
    """
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", around)
    internet.site.on(URL, Answer(body=BODY))
    internet.site.image(IMAGE, png(1))

    async def look_up(self: Any, host: str, port: int, **kwargs: Any) -> list[Any]:
        assert host != "mp.weixin.qq.com"
        if host == "127.0.0.1":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.9.8.7", port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", look_up)

    async def work(fetcher: Fetcher) -> None:
        await fetcher.page(URL)
        with pytest.raises(Forbidden, match=r"10\.9\.8\.7"):
            await fetcher.media(IMAGE)

    using(internet, work, proxy=None, ca_file=None)
    assert internet.log.urls() == [URL]


@pytest.mark.parametrize(
    ("status", "said"),
    [(407, "user name and password"), (403, "does not let this host"), (502, "no connection")],
)
def test_a_proxy_that_refuses_says_what_to_do(internet: Internet, status: int, said: str) -> None:
    """Exit code 69, worth another try; and that next try is not spoiled by the first."""
    internet.site.on(URL, Answer(body=BODY))

    async def work(fetcher: Fetcher) -> None:
        internet.refuses = status
        with pytest.raises(Unreachable, match=said) as caught:
            await fetcher.page(URL)
        assert (69, URL, "later") == (caught.value.exit_code, caught.value.url, caught.value.after)
        assert str(status) in str(caught.value)
        internet.refuses = None
        assert BODY == (await fetcher.page(URL)).body

    using(internet, work)


def test_a_proxy_that_refuses_plain_http_is_not_taken_for_the_host(internet: Internet) -> None:
    """There its 407 comes as if the host had answered: tried again, never final."""
    internet.site.on(IMAGE, Answer(status=407))
    with pytest.raises(Unreachable, match="user name"):
        media(internet, IMAGE.replace("https", "http"))


def test_a_proxy_that_is_down_is_named(internet: Internet) -> None:
    """Host and port, never the password, and what to look at."""
    with pytest.raises(
        Unreachable, match=r"127\.0\.0\.1:9 cannot be reached .* \$HTTPS_PROXY"
    ) as caught:
        page(internet, proxy="http://user:canary@127.0.0.1:9")
    assert (69, URL) == (caught.value.exit_code, caught.value.url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(status=503, headers={"Retry-After": "120"}),
        Answer(status=799),
        Answer(body=""),
        Answer(body="<html>", unsized=True),
        Answer(body="<html></html>", cut=3),
        Answer(body=b"x", length=10**15),
        Answer(body="x", headers={"Content-Encoding": "br"}),
        Answer(reset="before"),
        Answer(hang=True),
        Answer(status=302),
        Answer(status=302, headers={"Location": URL}),
        Answer(status=302, headers={"Location": "/mp/verifycode?x=1"}),
        Answer(status=302, headers={"Location": "https://open.weixin.qq.com/connect"}),
    ],
)
def test_an_error_does_not_repeat_its_address(internet: Internet, answer: Answer) -> None:
    """The address is in ``url``, for the caller to show before it; the words fit behind a colon."""
    internet.site.on(URL, answer)
    with pytest.raises(ScrapeError) as caught:
        page(internet, page_deadline=0.5)
    said = str(caught.value)
    assert URL == caught.value.url
    assert URL not in said
    assert "mp.weixin.qq.com" not in said
    assert said[-1] not in ".:"


def test_an_error_behind_a_redirect_says_where(internet: Internet) -> None:
    """Else the line would blame the wrong address."""
    other = URL.replace("A", "B")
    internet.site.redirect(URL, other)
    internet.site.on(other, Answer(status=500))
    with pytest.raises(Later) as caught:
        page(internet)
    assert (
        URL,
        f"the server answered 500 (Internal Server Error) (after a redirect to {other})",
    ) == (
        caught.value.url,
        str(caught.value),
    )


def test_hosts_in_other_scripts_are_asked_for_in_punycode(internet: Internet) -> None:
    """The same host to the guard, in the ``Host`` header and to the proxy; odd characters in a path
    come encoded.
    """
    url = internet.site.feed("https://xn--fsqu00a.xn--0zwm56d/rss", "<rss/>")
    internet.site.on(
        "https://xn--fsqu00a.xn--0zwm56d/%E6%96%87?q=%E7%AB%A0%20b", Answer(body="<rss></rss>")
    )

    async def work(fetcher: Fetcher) -> None:
        assert (await fetcher.feed("https://例子.测试/rss")).body == b"<rss/>"
        assert (await fetcher.feed("https://例子.测试/文?q=章 b")).body == b"<rss></rss>"

    using(internet, work)
    assert url == internet.log.urls()[0]
    assert {request.headers["host"] for request in internet.log.requests()} == {
        "xn--fsqu00a.xn--0zwm56d"
    }


@pytest.mark.parametrize("then", ["close", "hang"])
def test_tunnels_that_fail_to_open_use_nothing_up(internet: Internet, then: str) -> None:
    """Handshakes broken off or never answered behind the proxy leave the two places of this pool
    free.
    """

    async def run() -> int:
        seen, writers = 0, set[asyncio.StreamWriter]()

        async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal seen
            seen += 1
            writers.add(writer)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await writer.drain()
            if then == "close":
                writer.close()

        async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as server:
            proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with Fetcher(
                FetchSettings(interval=0, proxy=proxy, page_deadline=0.3, media_parallel=0)
            ) as fetcher:
                for _ in range(4):
                    with pytest.raises(Later):
                        await fetcher.page(URL)
            for writer in writers:
                writer.close()
        return seen

    assert asyncio.run(run()) > 2


def test_a_public_number_in_ipv6_is_asked_for_as_it_is_written(internet: Internet) -> None:
    """In brackets; what is inside the network is refused in that form too (test_guard.py)."""
    internet.site.feed("http://[2606:4700:4700::1111]/rss", "<rss/>")

    async def work(fetcher: Fetcher) -> None:
        assert (await fetcher.feed("http://[2606:4700:4700::1111]/rss")).body == b"<rss/>"

    using(internet, work)
    assert internet.log.requests()[0].headers["host"] == "[2606:4700:4700::1111]"


def test_http_1_is_spoken_also_with_a_server_that_would_rather_have_http_2(
    internet: Internet,
) -> None:
    """As WeChat's do."""
    internet.context("mp.weixin.qq.com").set_alpn_protocols(["h2", "http/1.1"])
    internet.site.on(URL, Answer(body=BODY))

    assert BODY == page(internet).body


def test_a_redirect_from_tls_is_not_followed(internet: Internet) -> None:
    """Nobody on the way reads what was asked for with a certificate."""
    internet.site.redirect(URL, "http://mp.weixin.qq.com/s/BBBBBBBBBBBBBBBBBBBBBB")
    with pytest.raises(Refused, match="https to http"):
        page(internet)

    assert [URL] == internet.log.urls()


def test_what_is_sent_or_signed_follows_no_redirect(internet: Internet) -> None:
    """A reader's own request, with and without a form, and what is posted: to the host that was
    named, and to no other address.
    """
    internet.site.redirect(URL, "https://mp.weixin.qq.com/s/BBBBBBBBBBBBBBBBBBBBBB")

    async def work(fetcher: Fetcher) -> None:
        for form in (None, b"a=b"):
            with pytest.raises(Refused, match="redirects, which is not followed"):
                await fetcher.answer(URL, cookie="a=b", referer="", form=form)
        with pytest.raises(Refused, match="redirects, which is not followed"):
            await fetcher.post(URL, b"x", deadline=5, private=False)

    using(internet, work)
    assert [URL] * 3 == internet.log.urls()


def test_no_other_certificates_are_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """OpenSSL's folder is not named in the manual, and holds for no request."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    assert 0 < transport.certificates(FetchSettings()).cert_store_stats()["x509_ca"]


def test_no_socket_of_the_file_system_is_opened() -> None:
    """No address leads to one."""
    with pytest.raises(httpcore.ConnectError, match="unix sockets are not used"):
        asyncio.run(transport.GuardedBackend().connect_unix_socket("/run/docker.sock"))


def test_what_a_person_has_named_may_lie_inside_the_network() -> None:
    """That host at that port, and no other port of it."""

    async def connect(port: int) -> None:
        backend = transport.GuardedBackend(trusted=[("127.0.0.1", named)])
        await (await backend.connect_tcp("127.0.0.1", port)).aclose()

    with socket.create_server(("127.0.0.1", 0)) as server:
        named = server.getsockname()[1]
        asyncio.run(connect(named))
        with pytest.raises(Forbidden):
            asyncio.run(connect(named - 1))


def test_a_request_looks_for_no_module_on_the_disk(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that tries at every request to import what is not installed searches the disk each
    time, which costs more than the request: what is used is there, and found once.
    """
    internet.site.on(URL, Answer(body=BODY))
    searched: list[str] = []

    class Finder:
        @staticmethod
        def find_spec(name: str, *about: object) -> None:
            searched.append(name)

    async def twice(fetcher: Fetcher) -> None:
        await fetcher.page(URL)
        monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
        await fetcher.page(URL)

    using(internet, twice)

    assert searched == []
