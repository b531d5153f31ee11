"""A page saved by a browser brings its pictures along, in a folder beside it."""

from __future__ import annotations

import base64
import plistlib
import quopri
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crawl.archives import World
from tests.crawl.pages import page
from tests.weixin import media

FOLDER = "我的 文章_files"
ORIGIN = "https://mp.weixin.qq.com/s/SavedFromHere123456789"
PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/A1/640?wx_fmt=png"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "archive")


def saved(folder: Path, *images: str, origin: str | None = None) -> Path:
    """A saved page whose body shows ``images``, each the attributes of an ``<img>``."""
    (folder / FOLDER).mkdir(parents=True)
    tags = "".join(f"<p><img {image}></p>" for image in images).encode()
    body = page(1).body.replace("正文。".encode(), "正文。".encode() + tags)
    note = f"<!-- saved from url=({len(origin):04}){origin} -->\n".encode() if origin else b""
    path = folder / "我的 文章.html"
    path.write_bytes(body.replace(b"<html>", note + b"<html>", 1))
    return path


def shown(world: World) -> tuple[str, list[str]]:
    """The kept body and the names of the kept media."""
    files = world.files()
    text = next(content for name, (content, _) in files.items() if name.endswith(".md")).decode()
    return text.partition("\n# ")[2], [name for name in files if name.startswith("media/")]


@pytest.mark.parametrize("origin", [None, "https://mp.weixin.qq.com/s/SavedFromHere123456789"])
@pytest.mark.parametrize(
    "name",
    [
        "./我的 文章_files/640 (1).png",
        "%E6%88%91%E7%9A%84%20%E6%96%87%E7%AB%A0_files/640%20(1).png",
    ],
)
def test_a_picture_beside_the_page_is_kept_without_a_request(
    world: World, tmp_path: Path, name: str, origin: str | None
) -> None:
    """Its name written plainly or percent-encoded, with or without the note where the page came
    from.
    """
    path = saved(tmp_path, f'class="x" src="{name}"', origin=origin)
    (tmp_path / FOLDER / "640 (1).png").write_bytes(media.png(1))
    report = world.save(str(path))

    body, kept = shown(world)
    assert (report.exit_code, report.images_missing, world.script.media_log) == (0, 0, [])
    assert (f"](../../../{kept[0]})" in body, len(kept)) == (True, 1)


def test_the_picture_keeps_the_address_that_the_page_names(world: World, tmp_path: Path) -> None:
    """Fetched articles that show the same picture then have it too."""
    path = saved(tmp_path, f'data-src="{PICTURE}" src="./{FOLDER}/640.png"')
    (tmp_path / FOLDER / "640.png").write_bytes(media.png(1))
    world.save(str(path))

    assert [row["url"] for row in world.rows("SELECT url FROM media_addresses")] == [PICTURE]
    assert world.script.media_log == []


def test_a_stand_in_or_no_file_is_asked_for_on_the_web(world: World, tmp_path: Path) -> None:
    """A picture that the browser had not loaded is fetched, where the page says from where."""
    path = saved(tmp_path, f'data-src="{PICTURE}" src="./{FOLDER}/1.gif"')
    (tmp_path / FOLDER / "1.gif").write_bytes(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")
    world.save(str(path))

    assert [url for _, url in world.script.media_log] == [PICTURE]


def test_a_picture_that_is_not_there_is_noted_and_never_asked_for(
    world: World, tmp_path: Path
) -> None:
    """mp.weixin.qq.com has no such file."""
    path = saved(
        tmp_path,
        f'src="./{FOLDER}/gone.png"',
        origin="https://mp.weixin.qq.com/s/SavedFromHere123456789",
    )
    report = world.save(str(path))

    assert (report.images_missing, world.script.media_log) == (1, [])
    (note,) = world.rows("SELECT error FROM media_addresses")
    assert "is not beside the saved page" in note["error"]


def test_nothing_outside_the_pages_folder_is_taken(world: World, tmp_path: Path) -> None:
    """A page that somebody else made cannot bring files of this machine into the archive."""
    (tmp_path / "secret.png").write_bytes(media.png(1))
    path = saved(tmp_path / "pages", 'src="../secret.png"', 'src="./x/../../secret.png"')
    world.save(str(path))

    assert shown(world)[1] == []


def test_images_remote_takes_nothing(world: World, tmp_path: Path) -> None:
    """The user said so."""
    path = saved(tmp_path, f'data-src="{PICTURE}" src="./{FOLDER}/640.png"')
    (tmp_path / FOLDER / "640.png").write_bytes(media.png(1))
    world.save(str(path), images="remote")

    assert shown(world)[1] == []


def mhtml(html: bytes, parts: dict[str, bytes]) -> bytes:
    """As Chrome writes it."""
    lines = [f"Snapshot-Content-Location: {ORIGIN}", "MIME-Version: 1.0", "Content-Type: multipart/related;",
             '\ttype="text/html"; boundary="--x"', "", "----x", "Content-Type: text/html",
             f"Content-Location: {ORIGIN}", "Content-Transfer-Encoding: quoted-printable", ""]  # fmt: skip
    lines += quopri.encodestring(html).decode().split("\n")
    for where, body in parts.items():
        lines += ["----x", "Content-Type: image/png", f"Content-Location: {where}"]
        lines += ["Content-Transfer-Encoding: base64", "", base64.b64encode(body).decode()]
    return "\r\n".join([*lines, "----x--", ""]).encode()


def webarchive(html: bytes, parts: dict[str, bytes]) -> bytes:
    """As Safari writes it."""
    rest = [{"WebResourceURL": where, "WebResourceData": body} for where, body in parts.items()]
    page = {"WebResourceURL": ORIGIN, "WebResourceData": html, "WebResourceMIMEType": "text/html"}
    return plistlib.dumps(
        {"WebMainResource": page, "WebSubresources": rest}, fmt=plistlib.FMT_BINARY
    )


@pytest.mark.parametrize(
    ("ending", "write"), [(".mhtml", mhtml), (".mht", mhtml), (".webarchive", webarchive)]
)
def test_a_page_saved_as_one_file_brings_its_pictures(
    world: World, tmp_path: Path, ending: str, write: Callable[[bytes, dict[str, bytes]], bytes]
) -> None:
    """Chrome's and Safari's single files: the article, its address and its pictures without a
    request.
    """
    shown_as = PICTURE + "&tp=webp"
    html = saved(
        tmp_path, f'data-src="{PICTURE}" src="{shown_as.replace("&", "&amp;")}"'
    ).read_bytes()
    path = tmp_path / f"page{ending}"
    path.write_bytes(write(html, {shown_as: media.png(1), "https://res.wx.qq.com/x.css": b"p {}"}))
    report = world.save(str(path))

    body, kept = shown(world)
    assert (report.exit_code, report.images_missing, world.script.media_log) == (0, 0, [])
    assert f"](../../../{kept[0]})" in body
    assert [
        row["address"] for row in world.rows("SELECT address FROM addresses WHERE form = 'short'")
    ] == [ORIGIN]


@pytest.mark.parametrize(
    "content", [b"", b"bplist00garbage", b"Content-Type: multipart/related; boundary=x\n\n", b"x"]
)
def test_a_damaged_single_file_is_told_of(world: World, tmp_path: Path, content: bytes) -> None:
    """By its name; nothing is kept of it."""
    (tmp_path / "page.mhtml").write_bytes(content)
    report = world.save(str(tmp_path / "page.mhtml"))

    assert (report.exit_code, [result.error_code for result in report.results]) == (
        1,
        ["bad-input"],
    )
