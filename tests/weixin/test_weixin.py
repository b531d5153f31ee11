"""The small internet does what its README says: as a fixture, as a command, under load."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import scraper
from scraper import urls
from scraper.errors import Blocked, Gone, NeedsPerson
from scraper.fetch import Fetcher
from tests.fetch.helper import using
from tests.weixin import Internet
from tests.weixin.default_site import CAPTCHA, DELETED, START, site

ROOT = Path(__file__).resolve().parents[2]
_FETCH = """
import asyncio, sys
from scraper.fetch import Fetcher, FetchSettings
async def main():
    async with Fetcher(FetchSettings(interval=0)) as fetcher:
        for url in sys.argv[1:]:
            page = await fetcher.page(url)
            print(page.status, len(page.body))
asyncio.run(main())
"""


def _weixin(*args: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.weixin", *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_its_own_site_has_every_kind_linked_from_one_address() -> None:
    """At least twelve linked articles of every supported kind, with images, an album, a deleted one
    and a captcha.
    """

    async def crawl(fetcher: Fetcher) -> tuple[dict[str, scraper.Article], set[str]]:
        articles: dict[str, scraper.Article] = {}
        images: set[str] = set()
        waiting, seen = [START], set[str]()
        while waiting:
            url = waiting.pop()
            key = urls.canonical(url)
            if key in seen:
                continue
            seen.add(key)
            try:
                article = scraper.parse(await fetcher.page(url))
            except (Gone, Blocked):
                continue
            articles[str(article.identity)] = article
            images.update(image.url for image in article.images)
            waiting += [link.url for link in article.links if link.relation != "album"]
        for image in images:
            await fetcher.media(image)
        return articles, images

    with Internet(site()) as internet:
        articles, images = using(internet, crawl)
    kinds = {article.kind_name for article in articles.values()}
    assert {"article", "video", "music", "audio", "picture", "text"} <= kinds
    assert len(articles) >= 12
    assert len(images) >= 5
    assert len({article.account.biz for article in articles.values()}) == 2


def test_its_deleted_one_and_its_captcha() -> None:
    """Both are linked from the first article, and neither is an article."""

    async def work(fetcher: Fetcher) -> None:
        with pytest.raises(Gone):
            scraper.parse(await fetcher.page(DELETED))
        with pytest.raises(Blocked):
            scraper.parse(await fetcher.page(CAPTCHA))

    with Internet(site()) as internet:
        using(internet, work)


def test_an_article_calls_itself_by_the_address_it_was_asked_by(internet: Internet) -> None:
    """As WeChat does: short by short, long by long; a long one without its token does not open."""
    one = internet.site.article("一篇")

    async def work(fetcher: Fetcher) -> None:
        for url, said in ((one.short, one.short), (one.long, one.fields.long)):
            article = scraper.parse(await fetcher.page(url))
            assert (said, one.identity) == (
                article.url,
                (article.account.biz, article.mid, article.idx),
            )
        with pytest.raises(NeedsPerson):
            scraper.parse(await fetcher.page(one.long.replace(one.fields.sn, "0" * 32)))

    using(internet, work)


def test_albums_come_page_by_page(internet: Internet) -> None:
    """By the last ``msgid`` and ``itemidx``; both orders; a last page with one article is an
    object, not a list.
    """
    parts = [internet.site.article(f"第{n}篇") for n in range(21)]
    url = internet.site.album("123", parts).partition("#")[0] + "&f=json&count=10"

    async def walk(fetcher: Fetcher, extra: str) -> list[str]:
        seen: list[str] = []
        more, mark = True, ""
        while more:
            body = json.loads((await fetcher.page(url + extra + mark)).body)["getalbum_resp"]
            listed = body["article_list"]
            listed = listed if isinstance(listed, list) else [listed]
            seen += [entry["title"] for entry in listed]
            more = body["continue_flag"] == "1"
            mark = f"&begin_msgid={listed[-1]['msgid']}&begin_itemidx={listed[-1]['itemidx']}"
        return seen

    titles = [part.title for part in parts]
    assert titles == using(internet, lambda fetcher: walk(fetcher, ""))
    assert titles[::-1] == using(internet, lambda fetcher: walk(fetcher, "&is_reverse=1"))


def test_the_command_runs_anything_inside_it_and_is_silent(tmp_path: Path) -> None:
    """Output and exit code are the command's own; nothing is added."""
    done = _weixin("--", sys.executable, "-c", _FETCH, START)
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("200 ")
    assert _weixin("--", sys.executable, "-c", "raise SystemExit(75)").returncode == 75
    assert (
        _weixin("--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)").returncode == 137
    )
    assert _weixin("--", "no-such-command").returncode == 127
    assert _weixin().returncode == 64


def test_the_command_takes_sites_of_ones_own(tmp_path: Path) -> None:
    """A Python file with ``site()``, a module, and a folder of files by address; ``--log`` tells
    what was asked.
    """
    url = "https://mp.weixin.qq.com/s/0123456789abcdefghijkl"
    code = f"from tests.weixin import Site\n\ndef site():\n    s = Site()\n    s.article('我的', short={url!r})\n"
    code += "    return s\n"
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    folder = tmp_path / "folder"
    (folder / "mp.weixin.qq.com/s").mkdir(parents=True)
    (folder / "mp.weixin.qq.com/s/0123456789abcdefghijkl.html").write_text(
        "<html>文件</html>", encoding="utf-8"
    )
    log = tmp_path / "log.jsonl"
    for name in (str(tmp_path / "mine.py"), str(folder)):
        done = _weixin("--log", str(log), name, "--", sys.executable, "-c", _FETCH, url)
        assert (0, "") == (done.returncode, done.stderr)
        assert url == json.loads(log.read_text(encoding="utf-8"))["url"]
    assert _weixin("tests.weixin.default_site:site", "--", "true").returncode == 0
    assert _weixin("tests.weixin.nothing", "--", "true").returncode == 64


@pytest.mark.long
def test_fifty_programs_at_once_are_served(internet: Internet) -> None:
    """Every request of every one, none lost, none refused."""
    addresses = [internet.site.article(f"第{n}篇").short for n in range(10)]

    def one(_: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", _FETCH, *addresses],
            cwd=ROOT,
            env=internet.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode or len(done.stdout.splitlines()) - 10

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(one, range(50))) == {0}
    assert internet.log.count() == 500
