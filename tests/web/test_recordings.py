"""Sound and video in the page: played from the archive under the page's policy, and gone through
without loading all of it.
"""

from __future__ import annotations

import io
import wave
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

import archive
from archive.exporters.html import POLICY
from scraper.body import cards
from scraper.models import Media
from scraper.recordings import PLAY_URL, VOICE
from tests.command import wechat_archive
from tests.store.make import NOW, Download, article, keep, opened
from tests.web.chromium import Chromium, executable, served
from tests.web.pages import visiting
from tests.weixin import media

SECONDS, RATE = 60, 8000
VOICE_CARD = Media(type="audio", id="MzA_1=", title="早安", url=f"{VOICE}MzA_1=")
FILM_CARD = Media(type="video", id="wxv_1000000000000000001", title="片名")
MISSING = Media(type="video", id="wxv_2000000000000000002", title="没有的")


def sound() -> bytes:
    """A minute of silence that every browser plays."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(RATE)
        out.writeframes(b"\x80" * (SECONDS * RATE))
    return file.getvalue()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with an article that plays a voice and a film and lacks another."""
    film = f"{PLAY_URL}&vid={FILM_CARD.id}"
    with opened(tmp_path / "archive") as store:
        body = "".join(map(cards.line, (VOICE_CARD, FILM_CARD, MISSING)))
        text = "\n".join(map(cards.text, (VOICE_CARD, FILM_CARD, MISSING)))
        keep(store, article(1, body=body, text=text, media=(VOICE_CARD, FILM_CARD, MISSING)))
        store.recordings.want(["audio", "video"], NOW)
        wav, mp4 = Download(sound(), "audio/wav", "wav"), Download(media.film(), "video/mp4", "mp4")
        store.recordings.add(VOICE_CARD.url or "", "audio", wav, NOW)
        store.recordings.add(film, "video", mp4, NOW)
        gone = f"{PLAY_URL}&vid={MISSING.id}"
        store.recordings.failed(gone, OSError("cut short"), NOW, NOW)
        store.write_stale_files()
    return tmp_path / "archive"


def path_of(root: Path) -> str:
    with opened(root) as store:
        return f"/{store.recordings.path_of(VOICE_CARD.url or '')}"


def test_a_player_can_begin_anywhere(root: Path) -> None:
    """Ranges are answered with just what was asked for."""
    path = path_of(root)
    with visiting(root) as client:
        found = client.get(path, headers={"range": "bytes=100-199"})
        beyond = client.get(path, headers={"range": "bytes=99999999-"})

    assert (206, sound()[100:200]) == (found.status_code, found.content)
    assert f"bytes 100-199/{len(sound())}" == found.headers["content-range"]
    assert ("audio/wav", 416) == (found.headers["content-type"], beyond.status_code)


def test_what_is_not_here_is_said(root: Path) -> None:
    """Which, why, and when it is tried again."""
    with visiting(root) as client:
        key = client.get("/api/articles").json()["articles"][0]
        page = client.get(f"/articles/{key['key']}").text

    assert (2, 1) == (key["media_held"], key["media_missing"])
    assert "Sound and video that is not here" in page
    assert "cut short · next try" in " ".join(page.replace('<span class="quiet">', "").split())


@pytest.fixture(scope="module")
def chromium() -> Any:
    program = executable()
    if program is None:
        pytest.skip("there is no chromium on this machine (apt-get install chromium)")
    browser = Chromium(program)
    yield browser
    browser.close()


def play(page: Page, address: str) -> tuple[Any, list[str]]:
    """What becomes of playing the sound at ``address`` from its fortieth second, and what the
    console says of the policy."""
    said: list[str] = []

    def on_console(told: ConsoleMessage) -> None:
        if "Content Security" in told.text:
            said.append(told.text)

    page.on("console", on_console)
    page.goto(address)
    found = page.evaluate(
        """async () => {
            const audio = document.querySelector("audio");
            audio.muted = true;
            await audio.play();
            const seeked = new Promise((done) => (audio.onseeked = done));
            audio.currentTime = 40;
            await seeked;
            return [Math.round(audio.duration), audio.currentTime >= 40, audio.error];
        }"""
    )
    return found, said


def test_the_page_plays_under_its_policy(root: Path, chromium: Chromium) -> None:
    """In a real browser: it plays, and goes to the fortieth second; nothing is asked elsewhere."""
    before = len(chromium.asked())
    with served(root) as address:
        name = f"{address}/articles/{key_of(root)}"
        found, said = chromium.visit(lambda page: play(page, name))
        kinds = chromium.visit(lambda page: players(page, name))

    assert ([SECONDS, True, None], []) == (found, said)
    assert ["AUDIO none", "VIDEO none"] == kinds
    assert before == len(chromium.asked())


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("where", ["page", "html", "alone", "epub"])
def test_a_film_plays_wherever_it_is_shown(
    root: Path, tmp_path: Path, chromium: Chromium, where: str, width: int
) -> None:
    """In the page, an exported folder of pages, one page by itself and a book's chapter: the player
    knows how long it is, plays it to its end, stands inside the screen, and no policy objects."""
    with served(root) as address:
        made = {"html": exported, "alone": alone, "epub": chapter}
        page = f"{address}/articles/{key_of(root)}"
        place = made[where](root, tmp_path) if where in made else page
        found = chromium.visit(lambda page: watch(page, place), width=width)

    assert {
        "seconds": 2, "shape": [160, 90], "played": True, "inside": True, "wide": False, "said": []
    } == found  # fmt: skip


def watch(page: Page, address: str) -> dict[str, Any]:
    """What becomes of a film that is played from its beginning, and where its player stands."""
    said: list[str] = []
    page.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
    page.goto(address)
    found: dict[str, Any] = page.evaluate(
        """async () => {
            const film = document.querySelector("video");
            film.muted = true;
            film.playbackRate = 8;
            const ended = new Promise((done) => (film.onended = done));
            await film.play();
            await ended;
            const box = film.getBoundingClientRect();
            const root = document.documentElement;
            return {
                seconds: Math.round(film.duration),
                shape: [film.videoWidth, film.videoHeight],
                played: film.currentTime > 1.5,
                inside: box.left >= 0 && box.right <= root.clientWidth && box.width > 100,
                wide: root.scrollWidth > root.clientWidth,
            };
        }"""
    )
    return {**found, "said": said}


def exported(root: Path, tmp_path: Path) -> str:
    said = wechat_archive("--archive", str(root), "export", "html", str(tmp_path / "out"))
    assert 0 == said.code, said.stderr
    (place,) = (tmp_path / "out" / "articles").rglob("*.html")
    return place.as_uri()


def alone(root: Path, tmp_path: Path) -> str:
    """As the page hands it out: one file with all of it inside."""
    with archive.open(root) as library:
        (tmp_path / "alone.html").write_bytes(library.export(key_of(root), "html"))
    return (tmp_path / "alone.html").as_uri()


def chapter(root: Path, tmp_path: Path) -> str:
    """The chapter of a book, as a reader opens it."""
    with archive.open(root) as library:
        book = library.export(key_of(root), "epub")
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        packed.extractall(tmp_path / "book")
    (place,) = [p for p in (tmp_path / "book").rglob("*.xhtml") if "<video" in p.read_text("utf-8")]
    return place.as_uri()


def players(page: Page, address: str) -> list[str]:
    page.goto(address)
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('audio[controls],video[controls]')]"
        ".map((player) => `${player.tagName} ${player.preload}`)"
    )
    return found


def test_an_exported_page_plays_from_its_folder(
    root: Path, tmp_path: Path, chromium: Chromium
) -> None:
    """Opened as a file, under the policy that stands in it."""
    said = wechat_archive("--archive", str(root), "export", "html", str(tmp_path / "out"))
    assert 0 == said.code, said.stderr
    (place,) = (tmp_path / "out" / "articles").rglob("*.html")
    assert POLICY in place.read_text(encoding="utf-8")

    assert ([SECONDS, True, None], []) == chromium.visit(lambda page: play(page, place.as_uri()))


def key_of(root: Path) -> str:
    with opened(root) as store:
        return next(iter(store.articles())).key
