"""What a fetched page is, and how it is asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from scraper.defaults import DEFAULT_USER_AGENT
from scraper.errors import BadSettings, Unreachable
from scraper.fetch import Fetcher
from tests.fetch.helper import IMAGE, URL, media, page, using
from tests.weixin import Answer, Internet
from tests.weixin.pages import article_page, png

BODY = article_page(title="一页")


@pytest.mark.parametrize("coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize(
    "how", [{}, {"chunked": True}, {"unsized": True}], ids=["sized", "chunked", "unsized"]
)
def test_a_page_is_the_bytes_that_were_meant(
    internet: Internet, coding: str | None, how: dict[str, Any]
) -> None:
    """However it is coded and measured, ``Page.body`` is the same."""
    internet.site.on(URL, Answer(body=BODY, coding=coding, **how))
    got = page(internet)
    assert (URL, BODY, None, 200, ()) == (
        got.url,
        got.body,
        got.final_url,
        got.status,
        got.redirects,
    )
    assert got.fetched is not None
    assert got.fetched.utcoffset() is not None


def test_it_asks_as_a_reader_in_china_does(internet: Internet) -> None:
    """A current desktop browser, Chinese first, gzip and deflate only, the referer without a
    reader's tokens.
    """
    internet.site.on(URL, Answer(body=BODY))
    page(internet, referer=URL + "?key=777&uin=1")
    headers = internet.log.requests()[0].headers
    assert DEFAULT_USER_AGENT == headers["user-agent"]
    assert headers["accept-language"].startswith("zh-CN")
    assert headers["accept-encoding"] == "gzip, deflate"
    assert URL == headers["referer"]
    assert "cookie" not in headers


def test_images_are_asked_for_from_wechats_own_pages(internet: Internet) -> None:
    """Without that referer the image hosts serve a placeholder."""
    internet.site.image(IMAGE, png(1))
    assert png(1) == media(internet).body
    assert internet.log.requests()[0].headers["referer"] == "https://mp.weixin.qq.com/"


def test_plain_http_goes_through_the_proxy_too(internet: Internet) -> None:
    """Images of before 2018 have http addresses."""
    internet.site.image(IMAGE, png(2))
    assert png(2) == media(internet, IMAGE.replace("https", "http")).body
    assert internet.log.urls()[0].startswith("http://mmbiz")


def test_cookies_of_the_answer_are_not_kept(internet: Internet) -> None:
    """Headers come with lower-case names and without ``Set-Cookie``."""
    internet.site.on(
        URL, Answer(body=BODY, headers={"Set-Cookie": "wap_sid2=canary", "X-Thing": "1"})
    )
    headers = dict(page(internet).headers)
    assert headers["x-thing"] == "1"
    assert not any("cookie" in name for name in headers)


def test_proxy_and_certificates_come_from_the_environment(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the settings say nothing, ``HTTPS_PROXY`` and ``SSL_CERT_FILE`` do."""
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    internet.site.on(URL, Answer(body=BODY))
    assert BODY == page(internet, proxy=None, ca_file=None).body


def test_a_certificate_of_somebody_else_is_refused(internet: Internet) -> None:
    """TLS is verified: without the throw-away CA nothing is read."""
    internet.site.on(URL, Answer(body=BODY))
    with pytest.raises(Unreachable, match="certificate"):
        page(internet, ca_file=None)
    assert len(internet.log) == 0


@pytest.mark.parametrize("proxy", ["ftp://x:1", "http://:80", "http://h:port", "nonsense://"])
def test_a_bad_proxy_is_said_to_be_one(proxy: str) -> None:
    """Before anything is fetched, with the form that works, without the value (it may hold a
    password).
    """
    from scraper.fetch import FetchSettings

    with pytest.raises(BadSettings, match="http://") as caught:
        Fetcher(FetchSettings(proxy=proxy))
    assert proxy not in str(caught.value)


def test_a_bad_certificates_file_is_named(tmp_path: Path) -> None:
    """The path and the two places that name it."""
    from scraper.fetch import FetchSettings

    with pytest.raises(BadSettings, match="SSL_CERT_FILE"):
        Fetcher(FetchSettings(ca_file=tmp_path / "none.pem"))


def test_nobody_at_the_proxy_is_unreachable(internet: Internet) -> None:
    """Exit code 69: the network is not there."""
    with pytest.raises(Unreachable) as caught:
        page(internet, proxy="http://user:canary@127.0.0.1:9")
    assert "canary" not in str(caught.value)


def test_a_feed_is_asked_for_only_if_it_changed(internet: Internet) -> None:
    """Conditional GET: the second answer is 304 and has no body, and keeps the tag for the
    third.
    """
    url = internet.site.feed("https://feeds.example.com/weixin.xml", "<rss/>", etag='"v1"')

    async def twice(fetcher: Fetcher) -> tuple[object, object]:
        first = await fetcher.feed(url)
        second = await fetcher.feed(url, etag=first.etag, last_modified=first.last_modified)
        assert (b"<rss/>", False, '"v1"') == (first.body, first.not_modified, first.etag)
        assert (b"", True, '"v1"') == (second.body, second.not_modified, second.etag)
        return first, second

    using(internet, twice)
    assert internet.log.requests()[1].headers["if-none-match"] == '"v1"'


def test_requests_to_the_article_host_are_counted(internet: Internet) -> None:
    """Redirect targets included; images are counted apart."""
    other = URL.replace("A", "B")
    internet.site.redirect(URL, other)
    internet.site.on(other, Answer(body=BODY))
    internet.site.image(IMAGE, png(3))

    async def work(fetcher: Fetcher) -> tuple[int, int]:
        got = await fetcher.page(URL)
        assert (other, ()) == (got.final_url, got.redirects)
        await fetcher.media(IMAGE)
        return fetcher.requests, fetcher.media_requests

    assert using(internet, work) == (2, 1)
    assert internet.log.count("mp.weixin.qq.com") == 2


def test_one_after_another_over_one_connection(internet: Internet) -> None:
    """Twenty pages asked for at once are fetched one at a time."""
    internet.site.on(URL, Answer(body=BODY, delay=0.005))

    async def work(fetcher: Fetcher) -> None:
        await asyncio.gather(*(fetcher.page(URL) for _ in range(20)))

    using(internet, work)
    assert internet.log.count() == 20
    assert internet.log.peak("mp.weixin.qq.com") == 1
