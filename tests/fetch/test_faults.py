"""What goes wrong on the way has its own error, no half page ever comes back.

Rows 5, 6, 7, 11, 12 of docs/reliability.md.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from scraper import parse
from scraper.errors import (
    Blocked,
    CutShort,
    FetchError,
    Forbidden,
    Later,
    NeedsPerson,
    RateLimited,
    Refused,
    TimedOut,
    Unrecognised,
)
from scraper.fetch.answers import retry_after
from tests.fetch.helper import IMAGE, URL, media, page
from tests.share import share
from tests.weixin import Answer, Internet
from tests.weixin.pages import article_page, jpeg, png
from tests.weixin.site import captcha

BODY = article_page(
    title="完整的一页", body="".join(f"<p>第 {n} 段，说点什么。</p>" for n in range(400))
)

STATUSES: list[tuple[Answer, type[FetchError], float | None]] = [
    (Answer(status=429), RateLimited, None),
    (Answer(status=429, headers={"Retry-After": "7"}), RateLimited, 7.0),
    (Answer(status=429, headers={"Retry-After": "0"}), RateLimited, 0.0),
    (Answer(status=429, headers={"Retry-After": "999999"}), RateLimited, 3600.0),
    (Answer(status=429, headers={"Retry-After": "soon"}), RateLimited, None),
    (Answer(status=503, headers={"Retry-After": "120"}), RateLimited, 120.0),
    (Answer(status=403), RateLimited, None),
    (Answer(status=500), Later, None),
    (Answer(status=502), Later, None),
    (Answer(status=503), Later, None),
    (Answer(status=504), Later, None),
    (Answer(status=408), Later, None),
    (Answer(status=408, headers={"Retry-After": "2"}), RateLimited, 2.0),
    (Answer(status=503, headers={"Retry-After": "0"}), RateLimited, 0.0),
    (Answer(status=404), Refused, None),
    (Answer(status=404, headers={"Retry-After": "5"}), Refused, None),
    (Answer(body=BODY, headers={"Content-Length": "7, 8"}, unsized=True), Later, None),
    (Answer(status=410), Refused, None),
    (Answer(status=400), Refused, None),
    (Answer(status=204), Refused, None),
    (Answer(status=304), Refused, None),
    (Answer(reset="before"), Later, None),
    (Answer(body=BODY, reset="head"), CutShort, None),
    (Answer(body=BODY, reset="body", chunked=True), CutShort, None),
    (Answer(body=""), CutShort, None),
    (Answer(body=BODY, headers={"Content-Encoding": "br"}), Refused, None),
    (Answer(body=BODY, headers={"Content-Encoding": "gzip"}), CutShort, None),
]


@pytest.mark.parametrize(
    ("answer", "expected", "wait"), STATUSES, ids=lambda v: getattr(v, "__name__", None)
)
def test_every_fault_has_its_class(
    internet: Internet, answer: Answer, expected: type[FetchError], wait: float | None
) -> None:
    """What can be tried again is ``Later``; what another try would not change is ``Refused``; one
    request each.
    """
    internet.site.on(URL, answer)
    with pytest.raises(FetchError) as caught:
        page(internet)
    assert expected is type(caught.value)
    assert wait == getattr(caught.value, "retry_after", None)
    assert caught.value.url == URL
    assert internet.log.count() == 1


NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=1), usegmt=True), 3600.0),
        ("Wed, 01 Jul 2026 12:00:30 -0000", 30.0),
        ("Wednesday, 01-Jul-26 12:00:30 GMT", 30.0),  # RFC 850
        ("Wed Jul  1 12:00:30 2026", 30.0),  # asctime
        ("Wed, 01 Jul 2026 20:00:30 +0800", 30.0),
        ("0", 0.0),
        ("1e9", None),
        ("７", None),
        (" 12 ", 12.0),
        ("1.5", 1.5),
        ("-5", None),
        ("", None),
        ("9" * 400, None),
        ("Wed, 99 Foo 2026", None),
        (None, None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(value: str | None, seconds: float | None) -> None:
    """At most an hour, never in the past, and nothing unreadable is believed."""
    assert seconds == retry_after(value, now=NOW, cap=3600.0)


CUTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "gzip": {"coding": "gzip"},
    "deflate": {"coding": "deflate"},
    "chunked": {"chunked": True},
    "gzip chunked": {"coding": "gzip", "chunked": True},
    "unsized": {"unsized": True},
    "gzip unsized": {"coding": "gzip", "unsized": True},
}


@pytest.mark.parametrize("how", CUTS.values(), ids=CUTS)
def test_a_body_cut_short_is_never_a_page(internet: Internet, how: dict[str, Any]) -> None:
    """Cut anywhere, on the wire or already before it was measured, also inside gzip: CutShort,
    which is tried again.
    """
    full = len(Answer(body=BODY, **how).coded("gzip, deflate")[0])
    end = BODY.index(b"</html>") if "coding" not in how else full
    inside = "coding" in how or how.get("unsized")
    for place in range(share(24, least=8)):
        at = (end - 1) * place // 23 if place else 0
        faults: list[dict[str, Any]] = [{"cut": at}, *([{"truncate": at}] if inside else [])]
        for fault in faults:
            internet.site.on(URL, Answer(body=BODY, **how, **fault))
            with pytest.raises(CutShort):
                page(internet)


@pytest.mark.long
def test_real_pages_cut_short_are_never_pages(internet: Internet, corpus: Path) -> None:
    """The same with real pages of three eras."""
    for name in ("20150410_t0_threefoldo", "20190121_t0_531014023", "20260710_t0_mdzzsakura"):
        body = (corpus / "pages" / f"{name}.html").read_bytes()
        for how in CUTS.values():
            full = len(Answer(body=body, **how).coded("gzip, deflate")[0])
            # Behind the real end 2018's pages have a comment with another one in it.
            end = (
                body.index(b"</html>", body.index(b"</body>", len(body) * 2 // 3))
                if "coding" not in how
                else full
            )
            internet.site.on(URL, Answer(body=body, **how))
            assert body == page(internet).body
            for at in (0, 1, 1000, end // 3, end - 9, end - 1):
                internet.site.on(URL, Answer(body=body, cut=at, **how))
                with pytest.raises(CutShort):
                    page(internet)


@pytest.mark.parametrize("body", [png(1), jpeg(1)], ids=["png", "jpeg"])
def test_a_picture_cut_short_is_never_kept(internet: Internet, body: bytes) -> None:
    """Also where nobody promised its length."""
    for answer in (
        Answer(body=body, cut=len(body) - 3),
        Answer(body=body, cut=len(body) - 3, unsized=True),
    ):
        internet.site.on(IMAGE, answer)
        with pytest.raises(CutShort):
            media(internet)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=BODY, drip=(1, 0.02)),
        Answer(body=BODY, drip=(1, 0.02), chunked=True),
        Answer(body=BODY, drip=(1, 0.02), coding="gzip"),
        Answer(hang=True),
        Answer(body=BODY, delay=5),
    ],
    ids=["drip", "drip chunked", "drip gzip", "hang", "slow"],
)
def test_the_whole_answer_has_a_deadline(internet: Internet, answer: Answer) -> None:
    """A byte now and then keeps no fetch alive (httpx's own timeouts never fire)."""
    internet.site.on(URL, answer)
    began = time.monotonic()
    with pytest.raises(TimedOut):
        page(internet, page_deadline=0.5)
    assert time.monotonic() - began < 10


def test_images_have_their_own_deadline(internet: Internet) -> None:
    """120 s unless told otherwise."""
    internet.site.on(IMAGE, Answer(body=png(1), drip=(1, 0.02)))
    with pytest.raises(TimedOut):
        media(internet, media_deadline=0.3)


OTHER = URL.replace("A", "B")
REDIRECTS: dict[str, tuple[str, type[Exception]]] = {
    "to itself": (URL, Refused),
    "downgrade": (OTHER.replace("https", "http"), Refused),
    "downgrade in capitals": (OTHER.replace("https", "HTTP"), Refused),
    "downgrade in mixed case": (OTHER.replace("https", "hTtP"), Refused),
    "downgrade behind a blank": (" " + OTHER.replace("https", "http"), Refused),
    "downgrade with TLS's port": (
        OTHER.replace("https", "http").replace(".com/", ".com:443/"),
        Refused,
    ),
    "to itself in capitals": (URL.replace("https://mp.weixin", "HTTPS://MP.Weixin"), Refused),
    "to itself with its port": (URL.replace(".com/", ".com:443/"), Refused),
    "to itself with a dot": (URL.replace(".com/", ".com./"), Refused),
    "to itself in full width": (URL.replace("//mp.", "//ｍｐ．"), Refused),
    "no port": ("https://mp.weixin.qq.com:99999/", Forbidden),
    "nowhere": ("", Refused),
    "the same host without TLS": (URL.replace("https", "http"), Refused),
    "user names": (f"https://user:secret@mp.weixin.qq.com/s/{'B' * 22}", Forbidden),
    "a host behind a backslash": ("https://mp.weixin.qq.com\\@evil.example/", Forbidden),
    "another host": ("https://example.com/s/x", Unrecognised),
    "another scheme": ("ftp://mp.weixin.qq.com/s/x", Forbidden),
    "a file": ("file:///etc/passwd", Forbidden),
    "this machine": ("https://127.0.0.1/", Forbidden),
    "another port": ("https://mp.weixin.qq.com:8443/", Forbidden),
    "captcha": (
        "https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=x&target_url=y",
        Blocked,
    ),
    "captcha in capitals": (
        "HTTPS://MP.WEIXIN.QQ.COM./mp/wappoc_appmsgcaptcha?poc_token=x",
        Blocked,
    ),
    "verify": ("/mp/verifycode?cert=1", Blocked),
    "secitptpage": ("https://mp.weixin.qq.com/mp/secitptpage/verify?x", Blocked),
    "weixin110": (
        "https://weixin110.qq.com/cgi-bin/mmspamsupport-bin/newredirectconfirmcgi?x=1",
        Blocked,
    ),
    "login": ("https://open.weixin.qq.com/connect/oauth2/authorize?appid=x", NeedsPerson),
}


@pytest.mark.parametrize(("to", "expected"), REDIRECTS.values(), ids=REDIRECTS)
def test_redirects_that_are_not_followed(
    internet: Internet, to: str, expected: type[Exception]
) -> None:
    """One request, then the error; nothing is asked of where it leads. No body is waited for: there
    is none.
    """
    internet.site.on(
        URL,
        Answer(status=302, headers={"Location": to} if to else {}, body="x" * 100, drip=(1, 0.5)),
    )
    with pytest.raises(expected) as caught:
        page(internet)
    assert expected is type(caught.value)
    assert internet.log.urls() == [URL]


def test_a_verification_is_known_by_where_it_sends(internet: Internet) -> None:
    """``Blocked`` with the reason ``verify``, exit code 75, and the captcha's own page is not asked
    for.
    """
    internet.site.on(URL, captcha(URL, redirect=True))
    with pytest.raises(Blocked) as caught:
        page(internet)
    assert ("verify", 75, URL) == (caught.value.reason, caught.value.exit_code, caught.value.url)
    assert internet.log.count() == 1


def test_an_article_behind_a_passed_verification_is_followed(internet: Internet) -> None:
    """Its address then carries a token of the verification; that is no captcha."""
    internet.site.redirect(URL, OTHER + "?poc_token=x")
    internet.site.on(OTHER, Answer(body=BODY))
    assert BODY == page(internet).body


def test_ten_redirects_are_followed_and_no_more(internet: Internet) -> None:
    """A chain that ends is a page with all its hops; an endless one is refused after eleven
    requests.
    """
    chain = [URL.replace("A", letter) for letter in "BCDEFGHIJKLM"]
    for here, there in zip([URL, *chain], chain, strict=False):
        internet.site.redirect(here, there)
    with pytest.raises(Refused, match="more than 10"):
        page(internet)
    assert internet.log.count() == 11
    internet.site.on(chain[9], Answer(body=BODY))
    got = page(internet)
    assert (chain[9], tuple(chain[:9])) == (got.final_url, got.redirects)


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("/s/x", "https://mp.weixin.qq.com/s/x"),
        ("x?a=b", "https://mp.weixin.qq.com/s/x?a=b"),
        ("//mp.weixin.qq.com/s/x", "https://mp.weixin.qq.com/s/x"),
        ("https://MP.weixin.qq.com:443/s/x#rd", "https://mp.weixin.qq.com/s/x"),
        ("/s/文 章", "https://mp.weixin.qq.com/s/%E6%96%87%20%E7%AB%A0"),
        ("/s/../s/x", "https://mp.weixin.qq.com/s/x"),
    ],
)
def test_a_redirect_may_be_written_in_many_ways(
    internet: Internet, location: str, asked: str
) -> None:
    """Relative, without a scheme, with raw UTF-8 and blanks, with a fragment: as browsers read
    it.
    """
    internet.site.on(URL, Answer(status=302, headers={"Location": location}))
    internet.site.on(asked, Answer(body=BODY))
    assert BODY == page(internet).body
    assert [URL, asked] == [
        url.replace("MP.", "mp.").replace(":443", "") for url in internet.log.urls()
    ]


@pytest.mark.parametrize("coding", [None, "gzip", "deflate"])
def test_http_1_0_is_understood(internet: Internet, coding: str | None) -> None:
    """A body that ends with its connection is whole if its page, or its packing, has an end."""
    internet.site.on(URL, Answer(body=BODY, coding=coding, unsized=True, version="1.0"))
    assert BODY == page(internet).body
    internet.site.on(
        URL, Answer(body=BODY, coding=coding, unsized=True, version="1.0", truncate=len(BODY) // 3)
    )
    if coding is None:
        with pytest.raises(CutShort, match="</html>"):
            page(internet)


def test_a_circle_is_noticed(internet: Internet) -> None:
    """Two addresses that send to each other: two requests."""
    internet.site.redirect(URL, OTHER)
    internet.site.redirect(OTHER, URL)
    with pytest.raises(Refused, match="circle"):
        page(internet)
    assert internet.log.count() == 2


ENCODINGS = {
    "utf-8 named": ("utf-8", "text/html; charset=UTF-8", b""),
    "utf-8 with a mark": ("utf-8", "text/html", b"\xef\xbb\xbf"),
    "gb18030 in the header": ("gb18030", "text/html; charset=gb18030", b""),
    "big5 in the header": ("big5", "text/html; charset=Big5", b""),
    "utf-16 with a mark": ("utf-16", "text/html", b""),
}


@pytest.mark.parametrize(("codec", "kind", "mark"), ENCODINGS.values(), ids=ENCODINGS)
def test_the_header_that_names_the_charset_reaches_the_parser(
    internet: Internet, codec: str, kind: str, mark: bytes
) -> None:
    """docs/reliability.md, row 11, the network's part: bytes untouched, content-type kept, the same
    text in the end.
    """
    text = article_page(title="編碼", body="<p>同一段文字</p>").decode()
    text = text if codec == "utf-8" else text.replace("charset=utf-8", "")
    text = text if codec != "big5" else "".join(c for c in text if c.encode("big5", "ignore"))
    body = mark + text.encode(codec)
    internet.site.on(URL, Answer(body=body, type=kind))
    got = page(internet)
    assert body == got.body
    assert kind == dict(got.headers)["content-type"]
    assert "同一段文字" in parse(got).text
