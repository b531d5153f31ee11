"""An exit through socks5, against a real small SOCKS server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from archive.config import Config, ExitConfig
from archive.run.inputs import read
from archive.run.runner import Runner
from scraper.errors import BadSettings, Refused, Unreachable
from scraper.fetch import Fetcher, FetchSettings
from scraper.models import Page
from tests.weixin.server import Internet
from tests.weixin.socks import SocksProxy


def fetched(url: str, proxy: str, internet: Internet) -> Page:
    """One page through ``proxy``."""

    async def ask() -> Page:
        settings = FetchSettings(interval=0, proxy=proxy, ca_file=internet.ca_file)
        async with Fetcher(settings) as fetcher:
            return await fetcher.page(url)

    return asyncio.run(ask())


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_page_comes_through_socks(internet: Internet, scheme: str) -> None:
    """The host goes to the proxy by its name, so that it is looked up there; TLS is end to end."""
    article = internet.site.article("一篇")
    with SocksProxy(internet.proxy) as socks:
        page = fetched(article.short, f"{scheme}://{socks.address}", internet)

    assert "一篇".encode() in page.body
    assert socks.asked == [("mp.weixin.qq.com", 443)]


def test_a_login_is_given_where_one_is_wanted(internet: Internet) -> None:
    """Also with signs that an address writes percent-encoded; a wrong one shows no password."""
    article = internet.site.article("一篇")
    with SocksProxy(internet.proxy, login=("me", "c@n:ary")) as socks:
        page = fetched(article.short, f"socks5://me:c%40n%3Aary@{socks.address}", internet)
        with pytest.raises(Unreachable) as wrong:
            fetched(article.short, f"socks5://me:canary@{socks.address}", internet)
        with pytest.raises(Unreachable) as none:
            fetched(article.short, f"socks5://{socks.address}", internet)

    assert page.status == 200
    assert "canary" not in str(wrong.value) + str(none.value)


@pytest.mark.parametrize("reply", [1, 2, 4, 5])
def test_what_the_proxy_cannot_reach_is_tried_again_later(internet: Internet, reply: int) -> None:
    """Failure, not allowed, host unreachable, refused: told as the proxy's trouble."""
    article = internet.site.article("一篇")
    with SocksProxy(internet.proxy, refuses=reply) as socks, pytest.raises(Unreachable):
        fetched(article.short, f"socks5://{socks.address}", internet)


def test_a_proxy_that_is_not_there_is_told(internet: Internet) -> None:
    """By its host and port, without its login."""
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 cannot be reached") as dead:
        fetched("https://mp.weixin.qq.com/s/x", "socks5://u:canary@127.0.0.1:1", internet)

    assert "canary" not in str(dead.value)


def test_the_inside_of_a_network_stays_closed(internet: Internet) -> None:
    """Through socks, too, only the hosts of articles are asked."""
    with SocksProxy(internet.proxy) as socks, pytest.raises(Refused):
        fetched("https://127.0.0.1/s/x", f"socks5://{socks.address}", internet)

    assert socks.asked == []


def test_without_the_package_it_is_said_what_to_install(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """78 with `pip install 'wechat-archive[socks]'`, not a traceback."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadSettings, match=r"wechat-archive\[socks\]"):
        fetched("https://mp.weixin.qq.com/s/x", "socks5://127.0.0.1:1", internet)


def test_exits_through_several_socks_proxies(internet: Internet, tmp_path: Path) -> None:
    """Each exit asks through its own; one with a dead proxy leaves its pages to the others."""
    articles = [internet.site.article(f"文章{number}") for number in range(9)]
    with SocksProxy(internet.proxy) as one, SocksProxy(internet.proxy) as other:
        exits = tuple(
            ExitConfig(name=name, proxy=f"socks5://{address}", interval=0.0)
            for name, address in (("a", one.address), ("b", other.address), ("c", "127.0.0.1:1"))
        )
        config = Config(exits=exits, ca_file=internet.ca_file, images="none")
        runner = Runner(root=tmp_path, config=config)
        report = runner.save(read([article.short for article in articles]))
        again = Runner(root=tmp_path, config=config).run() if report.saved < 9 else report

    assert report.saved + (again.saved if again is not report else 0) == 9
    assert {len(socks.asked) > 0 for socks in (one, other)} == {True}
