"""Nothing inside the network is opened: by number, name, redirect or a name server's lie.

Row 13 of docs/reliability.md.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import httpcore
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scraper.errors import FetchError, Forbidden, Refused, Unreachable
from scraper.fetch import Fetcher, FetchSettings, guard, hosts
from scraper.fetch.transport import GuardedBackend
from tests.fetch.helper import IMAGE, URL, media, page, using
from tests.weixin import Answer, Internet
from tests.weixin.pages import png

INSIDE = [
    "127.0.0.1",
    "127.1",
    "127.0.0.1.",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "0xa9fea9fe",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.168.257",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "168.63.129.16",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::1%25lo]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:10.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2002:c0a8:101::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2001:db8::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[ff02::1]",
    "[100::1]",
    "[5f00::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "localhost.localdomain",
    "printer",
    "router.lan",
    "nas.local",
    "metadata.google.internal",
    "box.home.arpa",
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.0.0.1",
]
NO_ADDRESSES = [
    "https://user@mmbiz.qpic.cn/x",
    "https://mmbiz.qpic.cn:22/x",
    "https://mmbiz.qpic.cn:8443/x",
    "https://mmbiz.qpic.cn:99999/x",
    "https://1.2.3.4.5/x",
    "https://999.1.1.1/x",
    "https://0x/x",
    "https:///x",
    "https://[::1/x",
    "https://a..b.com/x",
    "https://-.com/x",
    f"https://{'a' * 64}.com/",
    "ftp://mmbiz.qpic.cn/x",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "gopher://mmbiz.qpic.cn/x",
    "mmbiz.qpic.cn/x",
    "",
    "https://mmbiz.qpic.cn.evil.example.com/x",
    "https://evilqpic.cn/x",
    "https://example.com/mmbiz.qpic.cn/x",
]


def test_the_list_is_long_enough() -> None:
    """At least the 30 forms that were promised."""
    assert len(INSIDE) >= 30


@pytest.mark.parametrize("host", INSIDE)
def test_a_host_inside_the_network_is_not_opened(internet: Internet, host: str) -> None:
    """As an image, a feed or a page; with ``allow_hosts = *`` too; nobody is asked, the proxy
    neither.
    """
    url = f"http://{host}/x.png"

    async def work(fetcher: Fetcher) -> None:
        for call in (fetcher.media, fetcher.feed, fetcher.page):
            with pytest.raises(Forbidden):
                await call(url)

    using(internet, work, allow_hosts=("*",))
    assert len(internet.log) == 0


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_open_address_is_forbidden(internet: Internet, url: str) -> None:
    """Other schemes and ports, user names, and hosts that only look like WeChat's."""
    with pytest.raises(Forbidden):
        media(internet, url)
    assert len(internet.log) == 0


@pytest.mark.parametrize(
    "host",
    [
        "a..b.com",
        "-a.com",
        "a-.com",
        "a!b.com",
        f"{'a' * 64}.com",
        ".".join(["a" * 50] * 5 + ["com"]),
        "1.2.3.4.0",
        "1.2.3.256",
        "1.2.65536",
        "1.16777216",
        "4294967296",
        "256.2.3.4",
    ],
)
def test_what_no_resolver_reads_is_no_host(host: str) -> None:
    """Nobody is asked for it, also where any host is allowed."""
    with pytest.raises(Forbidden, match=r"is no host name|neither a host name nor a number"):
        guard.check(f"https://{host}/x")


def test_allowed_hosts_are_what_the_setting_says(internet: Internet) -> None:
    """Their subdomains too; pages come from mp.weixin.qq.com alone, whatever is allowed for
    media.
    """
    url = "https://cdn.example.com/x.png"
    internet.site.image(url, png(1))
    with pytest.raises(Forbidden, match="allow_hosts"):
        media(internet, url)
    for allowed in (("example.com",), ("cdn.example.com",), (".example.com",), ("*",)):
        assert png(1) == media(internet, url, allow_hosts=allowed).body
    with pytest.raises(Forbidden):
        page(internet, "https://example.com/s/x", allow_hosts=("*",))


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:10.0.0.1]", "localhost", "0x7f.1"])
def test_a_redirect_inside_is_not_followed(internet: Internet, host: str) -> None:
    """Judged at every hop: for pages, images and feeds, behind one good hop or two."""
    second = IMAGE.replace("abc", "def")
    internet.site.redirect(IMAGE, second)
    internet.site.redirect(second, f"https://{host}/x.png")
    internet.site.redirect(URL, f"https://{host}/")
    for url, call in ((IMAGE, media), (URL, page)):
        with pytest.raises(Forbidden):
            call(internet, url, allow_hosts=("*",))
    assert [IMAGE, second, URL] == internet.log.urls()


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the name server says, one list after another; connections are noted at the end of it and
    refused.
    """
    answers: list[list[str]] = []

    async def look_up(self: Any, host: str, port: int, **kwargs: Any) -> list[Any]:
        numbers = answers.pop(0)
        if not numbers:
            raise socket.gaierror(-2, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in n else socket.AF_INET, 1, 6, "", (n, port)) for n in numbers
        ]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", look_up)
    return answers


def _connects_to(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    asked: list[tuple[str, int]] = []

    async def connect(self: Any, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        asked.append((host, port))
        raise httpcore.ConnectError("refused by the test")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    return asked


@pytest.mark.parametrize(
    ("given", "limits"), [(20.0, [5.0, 5.0, 20.0]), (3.0, [3.0, 3.0, 3.0]), (None, [None] * 3)]
)
def test_a_number_that_swallows_packets_does_not_use_up_the_time(
    resolver: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    given: float | None,
    limits: list[float | None],
) -> None:
    """Five seconds for each but the last, which has what is left."""
    resolver[:] = [["2402:4e00::1", "2402:4e00::2", "203.205.1.1"]]
    waited: list[float | None] = []

    async def connect(self: Any, host: str, port: int, limit: float | None, *_: Any) -> Any:
        waited.append(limit)
        raise httpcore.ConnectTimeout("no answer")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    with pytest.raises(httpcore.ConnectTimeout):
        asyncio.run(GuardedBackend().connect_tcp("mmbiz.qpic.cn", 443, given))

    assert limits == waited


def _direct(url: str) -> FetchError:
    async def run() -> FetchError:
        async with Fetcher(FetchSettings(interval=0, proxy="")) as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.media(url)
            return caught.value

    return asyncio.run(run())


def test_connected_is_to_a_judged_number(
    resolver: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is looked up once, and the connection goes to that answer, not to a
    second one.
    """
    resolver[:] = [["203.205.1.1", "2402:4e00::1"], ["127.0.0.1"]]
    asked = _connects_to(monkeypatch)
    assert type(_direct(IMAGE)) is Unreachable
    assert asked == [("203.205.1.1", 443), ("2402:4e00::1", 443)]
    assert resolver == [["127.0.0.1"]]


@pytest.mark.parametrize(
    "numbers",
    [
        ["127.0.0.1"],
        ["203.205.1.1", "10.0.0.1"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:192.168.0.1"],
        ["64:ff9b::a00:1"],
    ],
)
def test_a_name_that_leads_inside_is_not_connected_to(
    resolver: list[list[str]], monkeypatch: pytest.MonkeyPatch, numbers: list[str]
) -> None:
    """One bad number among good ones is enough."""
    resolver[:] = [numbers]
    asked = _connects_to(monkeypatch)
    assert type(_direct(IMAGE)) is Forbidden
    assert asked == []


def test_an_unknown_name_is_unreachable(
    resolver: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worth another try when the network is up again."""
    resolver[:] = [[]]
    _connects_to(monkeypatch)
    assert type(_direct(IMAGE)) is Unreachable


def test_the_configured_proxy_is_exempt(internet: Internet) -> None:
    """It stands on 127.0.0.1 here, as in many offices; what is asked of it is still judged."""
    internet.site.on(URL, Answer(body="<html>x</html>"))
    assert page(internet).body


@given(st.integers(0, 2**32 - 1))
def test_every_way_to_write_a_number_is_the_same_number(value: int) -> None:
    """Decimal, hexadecimal, octal, short and wrapped in IPv6: judged alike."""
    number = ipaddress.IPv4Address(value)
    a, b, c, d = number.packed
    written = [
        str(number),
        str(value),
        hex(value),
        f"0{value:o}",
        f"{a}.{b}.{c << 8 | d}",
        f"{a}.{b << 16 | c << 8 | d}",
        f"0x{a:x}.0{b:o}.{c}.{d}",
    ]
    assert {number} == {guard.parse_ip(text) for text in written}
    for wrapped in (f"::ffff:{number}", f"::ffff:0:{number}", f"64:ff9b::{number}"):
        assert guard.is_public(number) == guard.is_public(ipaddress.ip_address(wrapped))
    assert not guard.is_public(ipaddress.ip_address(f"2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"))


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_public(number: Any) -> None:
    """The own list is never laxer than Python's; it is stricter where 3.11 errs."""
    if guard.is_public(number):
        assert number.is_global or number in ipaddress.ip_network(
            "64:ff9b::/96" if number.version == 6 else "0.0.0.0/32"
        )
    assert not guard.is_public(ipaddress.ip_address("192.0.0.192"))


@given(st.text(max_size=40))
@example("mmbiz.qpic.cn")
@example("u:p@mmbiz.qpic.cn")
@example("qpic.cn:8080")
@example("127.0.0.1")
def test_any_text_is_judged(text: str) -> None:
    """Never another error than Forbidden; what is let through is a host that was named, by http(s),
    at 80 or 443, with nobody's password.
    """
    for url in (text, f"https://{text}/x", f"https://mmbiz.qpic.cn/{text}"):
        try:
            parts = guard.check(url, hosts=("qpic.cn",))
        except Forbidden as error:
            assert error.code == "forbidden"
        else:
            assert f".{(parts.hostname or '').rstrip('.')}".endswith(".qpic.cn")
            assert (parts.scheme in ("http", "https"), parts.username) == (True, None)
            assert parts.port in (None, 80, 443)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://mp.weixin.qq.com/s/a", "HTTPS://MP.WEIXIN.QQ.COM/s/a", True),
        ("https://mp.weixin.qq.com/s/a", "https://mp.weixin.qq.com:443/s/a", True),
        ("https://mp.weixin.qq.com/s/a", "https://mp.weixin.qq.com./s/a", True),
        ("https://mp.weixin.qq.com/s/a", "https://ｍｐ．ｗｅｉｘｉｎ.qq.com/s/a", True),
        ("https://mp.weixin.qq.com/s/a", "https://mp。weixin。qq。com/s/a#b", True),
        ("https://例子.测试/", "https://xn--fsqu00a.xn--0zwm56d", True),
        ("https://mp.weixin.qq.com/s/a", "http://mp.weixin.qq.com/s/a", False),
        ("https://mp.weixin.qq.com/s/a", "https://mp.weixin.qq.com:80/s/a", False),
        ("https://mp.weixin.qq.com/s/a", "https://mp.weixin.qq.com/s/A", False),
        ("https://mp.weixin.qq.com/s/a", "https://mp.weixin.qq.com/s/a?b", False),
        ("https://mp.weixin.qq.com/s/a", "https://mp.weixin.qq.com:x/s/a", False),
    ],
)
def test_addresses_are_compared_as_the_standard_does(one: str, other: str, same: bool) -> None:
    """Scheme, host and port in any spelling are the same; path and query are not touched."""
    assert (hosts.normalised(one) == hosts.normalised(other)) is same


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (before + "://a.example/", after + "://b.example/", True)
        for before in ("https", "HTTPS", "hTTps")
        for after in ("http", "HTTP", "Http")
    ]
    + [
        ("https://a.example/", "https://a.example/", False),
        ("https://a.example/", "HTTPS://a.example/", False),
        ("http://a.example/", "http://b.example/", False),
        ("HTTP://a.example/", "HTTPS://a.example/", False),
    ],
)
def test_no_redirect_leaves_tls(before: str, after: str, refused: bool) -> None:
    """However the schemes are written."""
    if not refused:
        guard.check_hop(before, after)
        return
    with pytest.raises(Refused, match="https to http"):
        guard.check_hop(before, after)
