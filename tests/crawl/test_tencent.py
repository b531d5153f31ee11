"""Videos of v.qq.com, by yt-dlp: a named loss where it is not installed or stumbles, a kept video
where it does not.
"""

from __future__ import annotations

import json
import shutil
import socketserver
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import ClassVar
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


def publish_hls(world: World, playlist: str, files: dict[str, bytes]) -> Published:
    """The same article; its video comes as a playlist and the pieces that it names."""
    article = publish(world)
    video = {
        "ul": {"ui": [{"url": FILES, "hls": {"pt": "film.m3u8"}}]},
        "vw": 1280,
        "vh": 720,
        "ti": "片名",
    }
    said = {"code": "0.0", "vl": {"vi": [video]}, "fl": {"fi": [{"name": "hd", "drm": 0}]}}
    world.site.on(INFO, Answer(body=f"QZOutputJson={json.dumps(said)};", type="text/html"))
    world.site.on(f"{FILES}film.m3u8", Answer(body=playlist, type="application/vnd.apple.mpegurl"))
    for name, body in files.items():
        world.site.on(f"{FILES}{name}", partial(_film, body))
    return article


def m3u8(*names: str, before: str = "") -> str:
    """A playlist of pieces that are there for good."""
    pieces = "".join(f"#EXTINF:1.0,\n{name}\n" for name in names)
    return f"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n{before}{pieces}#EXT-X-ENDLIST\n"


def test_a_video_in_pieces_is_put_together(world: World) -> None:
    """As v.qq.com serves most (HLS): a beginning and two pieces of MP4 are one file, and need no
    ffmpeg."""
    pieces = {"0.mp4": FILM[:1000], "1.m4s": FILM[1000:20_000], "2.m4s": FILM[20_000:]}
    playlist = m3u8("1.m4s", "2.m4s", before='#EXT-X-MAP:URI="0.mp4"\n')
    report = world.save(publish_hls(world, playlist, pieces))

    assert (0, 1) == (report.exit_code, report.media), world.missing()
    assert {"video": sha(FILM)} == world.held()
    assert [] == world.leftovers()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg on this machine")
def test_transport_streams_become_a_film(world: World, tmp_path: Path) -> None:
    """Pieces of MPEG-TS, with ffmpeg: an MP4 that plays from its beginning to its end."""
    made = (
        "ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=5:duration=2 -f lavfi -i sine=duration=2 "
        "-c:v libx264 -g 5 -c:a aac -f hls "
        "-hls_time 1 -hls_list_size 0 film.m3u8"
    )
    subprocess.run(made.split(), cwd=tmp_path, check=True)
    pieces = {place.name: place.read_bytes() for place in tmp_path.glob("*.ts")}
    playlist = (tmp_path / "film.m3u8").read_text()
    report = world.save(publish_hls(world, playlist, pieces))

    assert (0, 1) == (report.exit_code, report.media), world.missing()
    (place,) = (tmp_path / "archive" / "media").rglob("*.mp4")
    asked = [
        "ffprobe",
        "-v",
        "error",
        "-show_entries",
        "format=duration,format_name",
        "-of",
        "csv=p=0",
    ]
    told = subprocess.run([*asked, str(place)], capture_output=True, text=True, check=True).stdout
    name, seconds = told.strip().rsplit(",", 1)
    assert ('"mov,mp4,m4a,3gp,3g2,mj2"', 2) == (name, round(float(seconds)))


def test_transport_streams_without_ffmpeg_are_a_named_loss(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to install."""
    from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(FFmpegPostProcessor, "_version_cache", {None: None})  # what it found before
    monkeypatch.setattr(FFmpegPostProcessor, "_features_cache", {})
    stream = b"".join(b"G" + bytes([0, number, 0x10]) + bytes(184) for number in range(200))
    report = world.save(publish_hls(world, m3u8("1.ts"), {"1.ts": stream}))

    assert (0, 1) == (report.exit_code, report.media_missing)
    assert "install ffmpeg" in world.missing()[0]
    assert [] == world.leftovers()
    assert "no-ffmpeg" not in tencent.mended()


@pytest.mark.parametrize(
    "before",
    [
        '#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:9/key"\n',
        '#EXT-X-MAP:URI="http://127.0.0.1:9/0.mp4"\n',
        "#EXTINF:1.0,\nfile:///etc/hostname\n",
        "#EXTINF:1.0,\nhttp://127.0.0.1:9/0.ts\n",
    ],
)
# yt-dlp leaves its own temporary file to the garbage collector where a piece cannot be fetched.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_playlist_opens_no_other_address(world: World, before: str) -> None:
    """No number inside a network and no file, be it a key, the beginning or a piece."""
    with socketserver.TCPServer(("127.0.0.1", 0), Listening) as server:
        Listening.met.clear()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        playlist = m3u8("1.ts", before=before.replace(":9/", f":{server.server_address[1]}/"))
        world.save(publish_hls(world, playlist, {"1.ts": b"G" * 188}))
        server.shutdown()

    assert ([], {}, 1) == (Listening.met, world.held(), len(world.missing()))
    assert [] == world.leftovers()


# As above.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ffmpeg_may_open_no_network(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An encrypted stream is handed to it by yt-dlp, address and all: it is told to open none."""
    from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor

    told, program = tmp_path / "told", tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {told}\necho "ffmpeg version 7.0"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(FFmpegPostProcessor, "_version_cache", {None: None})
    monkeypatch.setattr(FFmpegPostProcessor, "_features_cache", {})
    key = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="https://v.qq.com/key"\n'
    world.save(publish_hls(world, m3u8("1.ts", before=key), {"1.ts": b"G" * 188}))

    (asked,) = [line for line in told.read_text().splitlines() if " -i " in line]
    assert "-protocol_whitelist crypto" in asked.partition(" -i ")[0]
    assert "film.m3u8" in asked
    assert {} == world.held()


class Listening(socketserver.BaseRequestHandler):
    """Notes whoever comes."""

    met: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        self.met.append(self.request.recv(1000))


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
