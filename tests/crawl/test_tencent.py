"""Videos of v.qq.com, by yt-dlp: a named loss where it is not installed or stumbles, a kept video
where it does not.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from archive.media import tencent
from tests.crawl.test_recordings import World, sha
from tests.weixin import media
from tests.weixin.answer import Answer, Request
from tests.weixin.recordings import ranged
from tests.weixin.server import Internet
from tests.weixin.site import Published

VID = "q326831cny0"
PAGE = f"https://v.qq.com/x/page/{VID}.html"
INFO = "https://h5vv6.video.qq.com/getvinfo"
FILES = "https://ugcydzd.video.tc.qq.com/vweb/"
FILM = media.mp4(5, 50_000)


@pytest.fixture
def world(tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch) -> World:
    # yt-dlp takes its certificates from where every program does.
    monkeypatch.setenv("SSL_CERT_FILE", internet.ca_file)
    return World(tmp_path / "archive", internet)


def _film(body: bytes, request: Request) -> Answer:
    return ranged(request, body, "video/mp4")


def publish(world: World, files: str = FILES) -> Published:
    """An article with a video of v.qq.com, and that site as yt-dlp's extractor reads it."""
    heights = {"hd": 480, "shd": 720, "fhd": 1080}

    def info(request: Request) -> Answer:
        wanted = parse_qs(urlsplit(request.url).query)["defn"][0]
        height = heights[wanted]
        video = {
            "ul": {"ui": [{"url": files}]},
            "fn": f"{height}.mp4",
            "fvkey": "KEY",
            "br": height,
            "vw": height * 16 // 9,
            "vh": height,
            "ti": "片名",
        }
        forms = [{"br": side, "name": name, "drm": 0} for name, side in heights.items()]
        said = {"code": "0.0", "vl": {"vi": [video]}, "fl": {"fi": forms}}
        return Answer(body=f"QZOutputJson={json.dumps(said)};", type="text/html")

    world.site.on(PAGE, Answer(body="<html><title>片名_腾讯视频</title></html>"))
    world.site.on(INFO, info)
    for height in heights.values():
        body = FILM if height == 720 else media.mp4(height, 1000)
        world.site.on(
            f"{FILES}{height}.mp4",
            partial(_film, body),
        )
    frame = f'<iframe class="video_iframe" data-src="https://v.qq.com/iframe/preview.html?vid={VID}"></iframe>'
    return world.site.article("有视频的文章", body=f"<p>看。</p>{frame}")


def test_a_video_of_v_qq_com_is_kept(world: World) -> None:
    """The highest form within the limits, whole, and nothing left in ``.tmp``."""
    report = world.save(publish(world))

    assert (0, 1) == (report.exit_code, report.media), world.missing()
    assert {"video": sha(FILM)} == world.held()
    assert [] == world.leftovers()


def test_without_the_extra_it_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install; once it is there, the next run fetches it whenever it was due."""
    monkeypatch.setattr(tencent, "is_installed", lambda: False)
    report = world.save(publish(world))
    for _ in range(3):
        world.run()
    assert (0, 1) == (report.exit_code, report.media_missing)
    assert "pip install 'wechat-archive[video]'" in world.missing()[0]

    monkeypatch.undo()
    monkeypatch.setenv("SSL_CERT_FILE", world.internet.ca_file)
    assert 1 == world.run().media
    assert {"video": sha(FILM)} == world.held()


def test_what_yt_dlp_stumbles_over_is_a_named_loss(world: World) -> None:
    """As happens now and then when the site changes."""
    article = publish(world)
    world.site.on(INFO, Answer(body="<html>changed</html>"))
    report = world.save(article)

    assert (0, 1, 1) == (report.exit_code, report.saved, report.media_missing)
    assert "yt-dlp could not fetch it" in world.missing()[0]
    assert [] == world.leftovers()


@pytest.mark.parametrize(
    "files", ["http://127.0.0.1:9/", "https://elsewhere.example/", "file:///etc/"]
)
def test_it_opens_no_other_host(world: World, files: str) -> None:
    """Whatever the page's data name: hosts of Tencent's, and no number inside a network."""
    world.save(publish(world, files))

    hosts = {request.host for request in world.internet.log.requests()}
    assert not {"127.0.0.1", "elsewhere.example"} & hosts
    assert 1 == len(world.missing())
    assert {} == world.held()
