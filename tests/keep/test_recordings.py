"""Sound and video that is held goes along: in the file, in every export, in a backup, and back into
an archive that lost its database.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

import archive
from archive.exporters import html
from archive.importers import import_files
from archive.library import ExportFormat
from archive.snapshots import Snapshots
from archive.store import Store
from archive.verify import check
from scraper.body import cards
from scraper.models import Media, Page
from scraper.recordings import PLAY_URL, VOICE
from tests.command import wechat_archive
from tests.store.make import NOW, Download, article, keep, opened
from tests.weixin import media

SOUND, FILM = media.mp3(1), media.mp4(1, 5000)
VOICE_CARD = Media(type="audio", id="MzA_1=", title="早安", author="小号", url=f"{VOICE}MzA_1=")
FILM_CARD = Media(type="video", id="wxv_1000000000000000001", title="片名")
FILM_URL = f"{PLAY_URL}&vid=wxv_1000000000000000001"
MP3, MP4 = (
    f"media/{hashlib.sha256(body).hexdigest()[:2]}/{hashlib.sha256(body).hexdigest()}.{end}"
    for body, end in ((SOUND, "mp3"), (FILM, "mp4"))
)


def fill(store: Store) -> str:
    """An article with a voice and a video; its path."""
    body = f"<p>前</p>{cards.line(VOICE_CARD)}{cards.line(FILM_CARD)}<p>后</p>"
    lines = ["前", cards.text(VOICE_CARD), cards.text(FILM_CARD), "后"]
    found = article(1, media=(VOICE_CARD, FILM_CARD), body=body, text="\n".join(lines))
    return keep(store, found).path


def add(store: Store) -> None:
    store.recordings.add(VOICE_CARD.url or "", "audio", Download(SOUND, "audio/mpeg", "mp3"), NOW)
    store.recordings.add(FILM_URL, "video", Download(FILM, "video/mp4", "mp4"), NOW)
    store.write_stale_files()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with opened(tmp_path / "archive") as store:
        fill(store)
        add(store)
    return tmp_path / "archive"


def test_the_card_in_the_file_leads_to_the_copy(tmp_path: Path) -> None:
    """Before it is held to WeChat, then to the file; what went wrong stands in the front matter."""
    with opened(tmp_path) as store:
        path = fill(store)
        before = store.files.read(path)
        store.recordings.want(["audio"], NOW)
        store.recordings.failed(VOICE_CARD.url or "", OSError("cut short"), NOW, NOW)
        store.write_stale_files()
        failed = (store.files.read(path) or b"").decode()
        add(store)
        text = (store.files.read(path) or b"").decode()

    assert f"音频: [早安]({VOICE}MzA_1=)（小号）\n\n视频: 片名" in (before or b"").decode()
    assert "missing_media:" in failed
    assert "cut short" in failed
    assert f"音频: [早安](../../../{MP3})（小号）\n" in text
    assert f"视频: [片名](../../../{MP4})\n" in text
    assert "missing_media" not in text


def test_a_lost_database_finds_them_again(root: Path, tmp_path: Path) -> None:
    """``import articles/`` takes them in where they lie, and the files say the same as before."""
    before = {p.name: p.read_bytes() for p in (root / "articles").rglob("*.md")}
    (root / "archive.db").unlink()
    run(root, "import", root / "articles")
    assert before == {p.name: p.read_bytes() for p in (root / "articles").rglob("*.md")}
    with opened(root) as store:
        assert [MP3, MP4] == [one.path for one in store.recordings.of(1)]
    assert [] == [found.what for found in check(root)]


def test_another_archive_takes_them_along(root: Path, tmp_path: Path) -> None:
    """Copied from beside the files; one that is not what its name says is left."""
    (root / MP4).write_bytes(FILM[:-1] + b"x")
    other = tmp_path / "other"
    run(other, "import", root / "articles")
    assert SOUND == (other / MP3).read_bytes()
    assert not (other / MP4).exists()
    assert [] == list((other / ".tmp").iterdir())


def test_markdown_and_backup_have_the_files(root: Path, tmp_path: Path) -> None:
    """Whole, at the place where the Markdown files look for them."""
    for command in (("export", "markdown"), ("backup",)):
        target = tmp_path / command[-1]
        run(root, *command, target)
        assert (SOUND, FILM) == ((target / MP3).read_bytes(), (target / MP4).read_bytes())


def test_html_plays_them(root: Path, tmp_path: Path) -> None:
    """In a folder beside the page."""
    run(root, "export", "html", tmp_path / "out")
    (page,) = (tmp_path / "out" / "articles").rglob("*.html")
    text = page.read_text(encoding="utf-8")
    sources = re.findall(r'<(audio|video) controls="controls" preload="none" src="([^"]+)"', text)

    assert ["audio", "video"] == [name for name, _ in sources]
    assert [SOUND, FILM] == [(page.parent / src).read_bytes() for _, src in sources]


def test_an_epub_plays_them(root: Path, tmp_path: Path) -> None:
    """Each once in the book, named in its package."""
    run(root, "export", "epub", tmp_path / "book.epub")
    with zipfile.ZipFile(tmp_path / "book.epub") as book:
        names = {name for name in book.namelist() if name.startswith("EPUB/media/")}
        package = book.read("EPUB/package.opf").decode()
        chapter = next(book.read(n) for n in book.namelist() if n.endswith(".xhtml") and "nav" not in n)  # fmt: skip
        film = book.read(f"EPUB/media/{MP4.rpartition('/')[2]}")

    assert {f"EPUB/media/{path.rpartition('/')[2]}" for path in (MP3, MP4)} == names
    assert ('media-type="audio/mpeg"' in package, 'media-type="video/mp4"' in package) == (True, True)  # fmt: skip
    assert (b"<audio controls=" in chapter, b"<video controls=" in chapter) == (True, True)
    assert FILM == film


@pytest.mark.parametrize("format", ["html", "epub"])
def test_what_is_too_large_for_one_file_is_said_in_it(
    root: Path, format: ExportFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a page or book of one article, which have no folder beside them: the voice plays, the
    film's card says how large it is and leads to the article."""
    monkeypatch.setattr(html, "LARGEST_INSIDE", len(FILM) - 1)
    with archive.open(root) as library:
        (held,) = library.articles()
        made = library.export(held.key, format)
    if format == "epub":
        with zipfile.ZipFile(io.BytesIO(made)) as book:
            made = book.read(f"EPUB/{held.key}.xhtml")
            assert [f"EPUB/media/{MP3.rpartition('/')[2]}"] == [
                name for name in book.namelist() if "/media/" in name
            ]
    shown = made.decode()

    assert (1, 0) == (shown.count("<audio"), shown.count("<video"))
    said = re.search(
        r'视频: 片名<br/>0\.0 MB，没有放进这个文件：<a href="([^"]+)">在原文里播放</a>', shown
    )
    assert said is not None
    assert (held.url or "").split("#")[0] in said[1].replace("&amp;", "&")


def test_json_tells_what_is_held(root: Path, tmp_path: Path) -> None:
    """``list``, ``show`` and JSON Lines: how many, which file, what is missing."""
    with opened(root) as store:
        keep(store, article(2, media=(Media(type="video", id="wxv_2222222222"),)))
    listed = [json.loads(line) for line in run(root, "list", "--json", "--oldest-first")]
    run(root, "export", "jsonl", tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()

    assert {(2, 0), (0, 1)} == {(one["media_held"], one["media_missing"]) for one in listed}
    shown = next(
        json.loads(run(root, "show", one["key"], "--json")[0])
        for one in listed
        if one["media_held"]
    )
    assert [(MP3, "audio/mpeg", len(SOUND)), (MP4, "video/mp4", len(FILM))] == [
        (one["path"], one["type"], one["bytes"]) for one in shown["media_files"]
    ]
    assert {VOICE_CARD.url: MP3, FILM_URL: MP4} in [
        json.loads(line)["media_files"] for line in lines
    ]


def run(root: Path, *arguments: str | Path) -> list[str]:
    """The lines on standard output of a command that succeeds."""
    said = wechat_archive("--archive", str(root), *map(str, arguments))
    assert 0 == said.code, said.stderr
    return said.stdout.splitlines()


def test_a_warc_has_them(root: Path, tmp_path: Path) -> None:
    """Each as a record at its address, with its true type."""
    with Snapshots(root / "snapshots.db") as snapshots:
        address = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"
        snapshots.put(Page(url=address, body=b"<html></html>"), address=address)
    run(root, "export", "warc", tmp_path / "all.warc.gz")
    with (tmp_path / "all.warc.gz").open("rb") as file:
        found = {
            record.rec_headers["WARC-Target-URI"]: record.content_stream().read()
            for record in ArchiveIterator(file)
            if record.rec_type == "resource" and record.rec_headers["WARC-Target-URI"] != address
        }

    assert {VOICE_CARD.url: SOUND, FILM_URL: FILM} == found


def test_those_that_an_import_takes_in_are_counted(root: Path, tmp_path: Path) -> None:
    """From beside Markdown files and out of a web archive; what is held is not taken in again."""
    with Snapshots(root / "snapshots.db") as snapshots:
        address = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"
        snapshots.put(Page(url=address, body=b"<html></html>"), address=address)
    run(root, "export", "warc", tmp_path / "all.warc.gz")
    (root / MP3).rename(tmp_path / "away.mp3")
    markdown = import_files(tmp_path / "b", [root / "articles"])
    web = import_files(tmp_path / "b", [tmp_path / "all.warc.gz"])
    again = import_files(tmp_path / "b", [root / "articles", tmp_path / "all.warc.gz"])

    assert [1, 1, 0] == [markdown.media, web.media, again.media]
    assert (SOUND, FILM) == tuple((tmp_path / "b" / name).read_bytes() for name in (MP3, MP4))
