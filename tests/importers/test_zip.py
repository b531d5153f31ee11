"""What is promised of packed exports: each page with its pictures, nothing unpacked to disk, bombs
refused.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from archive.importers import import_files
from archive.importers.report import ImportReport
from tests.keep.archives import contents
from tests.keep.articles import page
from tests.weixin.media import png

PICTURE = '<p><img data-src="https://mmbiz.qpic.cn/mmbiz_png/{}/640" src="./assets/{}"></p>'
SHORT = "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"


def packed(tmp_path: Path, files: dict[str, bytes]) -> ImportReport:
    """The report of an import of a ZIP with ``files``."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return import_files(tmp_path / "a", [tmp_path / "x.zip"])


def showing(number: int, *pictures: str) -> bytes:
    tags = "".join(PICTURE.format(number, name) for name in pictures).encode()
    return page(number).body.replace("后文".encode(), "后文".encode() + tags)


def test_each_page_comes_with_the_pictures_of_its_folder(tmp_path: Path) -> None:
    """As wechat-article-exporter packs them; Markdown too; other files are nobody's loss."""
    report = packed(
        tmp_path,
        {
            "题一/index.html": showing(1, "a.png"),
            "题一/assets/a.png": png(1),
            "题二/index.html": showing(2, "a.png"),
            "题二/assets/a.png": png(2),
            "三.md": f"# 题三\n\n原文链接: {SHORT}\n\n正文。\n".encode(),
            "style.css": b"p {}",
        },
    )

    media = [body for name, body in contents(tmp_path / "a").items() if name.startswith("media/")]
    assert ({"new": 3}, 2, 0) == (dict(report.counts), report.media, report.exit_code)
    assert sorted([png(1), png(2)]) == sorted(media)
    assert {"a", "x.zip"} == {place.name for place in tmp_path.iterdir()}


def test_pictures_of_one_name_stay_apart(tmp_path: Path) -> None:
    """Without any address of WeChat's: each page shows that of its own folder, also where it is the
    background of a section; names may be percent-encoded.
    """
    body = (
        '<p><img src="img/1%20a.png"></p>'
        '<section style="background-image: url(&quot;./img/2.png&quot;);height:90px"><p>后文</p></section>'
    )
    pages = {
        f"{n}/index.html": f"<html><body><h1 id='activity-name'>题{n}</h1><div id='js_content'>"
        f"<p>正文{n}。</p>{body}</div></body></html>".encode()
        for n in (1, 2)
    }
    pictures = {
        f"{n}/img/{name}.png": png(n * 10 + at)
        for n in (1, 2)
        for at, name in enumerate(("1 a", "2"))
    }
    packed(tmp_path, pages | pictures)

    kept = contents(tmp_path / "a")
    shown = [
        [
            kept[f"media/{found}"]
            for found in re.findall(r"\(\.\./\.\./\.\./media/(\S+?)\)", text.decode())
        ]
        for name, text in sorted(kept.items(), key=lambda one: "题2" in one[0])
        if name.endswith(".md")
    ]
    assert [[png(10), png(11)], [png(20), png(21)]] == shown


def test_names_lead_nowhere_else(tmp_path: Path) -> None:
    """Neither out of the page's folder nor out of the file; what is no picture is not taken."""
    (tmp_path / "secret.png").write_bytes(png(3))
    report = packed(
        tmp_path,
        {
            "题/index.html": showing(
                1, "../../other.png", "../../../secret.png", "b.png", "/etc/x.png"
            ),
            "other.png": png(1),
            "题/assets/b.png": b"#!/bin/sh\n",
            "../evil.html": page(2).body,
        },
    )

    assert ({"new": 2}, 0) == (dict(report.counts), report.media)
    assert {"a", "x.zip", "secret.png"} == {place.name for place in tmp_path.iterdir()}


def test_in_a_folder_only_those_with_pages_are_read(tmp_path: Path) -> None:
    """Others are passed over and told."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, inside in (("a.zip", "x/index.html"), ("b.zip", "src/main.c")):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr(inside, page(1).body)
    report = import_files(tmp_path / "a", [folder])

    assert {"new": 1} == dict(report.counts)
    assert [("b.zip", "no page is in it")] == [(p.name, why) for p, why in report.passed_over]


def test_a_bomb_is_one_failure(tmp_path: Path) -> None:
    """100 MB that unpack from 100 KB; the page behind it is taken."""
    report = packed(tmp_path, {"a.html": bytes(100 * 2**20), "b.html": page(1).body})

    assert {"new": 1, "failed": 1} == dict(report.counts)
    assert "larger than 96 MB" in str(report.failures[0].error)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "cut short"),
        (b"PK\x03\x04" + bytes(100), "cut short"),
        (b"PK\x05\x06" + bytes(8) + b"\xff\xff\xff\x7f" + bytes(6), "more files than any export"),
        (b"PK\x05\x06" + bytes(18), "no page and no Markdown"),
    ],
)
def test_what_is_no_zip_is_refused(tmp_path: Path, body: bytes, reason: str) -> None:
    """Cut, foreign, with a list that would fill the memory, or empty."""
    (tmp_path / "x.zip").write_bytes(body)
    report = import_files(tmp_path / "a", [tmp_path / "x.zip"])

    assert reason in str(report.failures[0].error)
