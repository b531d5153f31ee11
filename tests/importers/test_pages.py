"""What is promised of saved pages, whichever command is given them."""

from __future__ import annotations

import json
import plistlib
from datetime import UTC, datetime
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from archive.errors import BadInput
from archive.importers import import_files
from archive.saved.bundles import unbundle
from archive.saved.pages import moment_in_name, saved_page
from archive.saved.pictures import beside, shown_pictures
from scraper.models import Page
from scraper.zone import minute_in_china
from tests.command import wechat_archive
from tests.keep.archives import contents, opened
from tests.keep.articles import fields, page
from tests.weixin.media import png

SHORT = "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"
ANSWER = {
    "base_resp": {"ret": 0, "errmsg": "ok"},
    "user_name": "gh_0123456789ab",
    "nick_name": "甲乙号",
    "title": "引号'与</script>与\\反斜线",
    "desc": "摘要",
    "content_noencode": '<p>正文<strong>粗</strong>\n</p><p><img data-src="https://mmbiz.qpic.cn/a/b/640"></p>',
    "create_time": "2024-11-12 16:24",
    "link": "https://mp.weixin.qq.com/s?__biz=MzkwOTk5OTk5OQ==&amp;mid=2247486026&amp;idx=1"
    "&amp;sn=c81360456e73680aa120e191ccad32e5#rd",
    "ori_create_time": 1731399898,
    "item_show_type": 0,
    "voice_in_appmsg": [],
    "is_true": True,
}


def mhtml(html: str) -> bytes:
    """As a browser writes it."""
    whole = MIMEMultipart("related")
    whole["Snapshot-Content-Location"] = SHORT
    whole.attach(MIMEText(html, "html", "utf-8"))
    return whole.as_bytes()


def test_a_bundle_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    """MHTML that is called .html, and MHTML on standard input."""
    body = mhtml(page(1).body.decode())
    (tmp_path / "page.html").write_bytes(body)

    by_name = wechat_archive("convert", str(tmp_path / "page.html"))
    piped = wechat_archive("convert", "-", stdin=body)

    assert (0, 0) == (by_name.code, piped.code)
    assert "# 文章1: 岩茶" in by_name.stdout
    assert by_name.stdout == piped.stdout


def test_the_json_answer_of_an_address_is_an_article(tmp_path: Path) -> None:
    """Title, account, time, body and picture; by import, convert and in a list of answers alike."""
    (tmp_path / "answer.json").write_text(json.dumps(ANSWER), encoding="utf-8")
    (tmp_path / "all.json").write_text(json.dumps([ANSWER]), encoding="utf-8")

    report = import_files(tmp_path / "a", [tmp_path / "answer.json", tmp_path / "all.json"])
    shown = wechat_archive("convert", str(tmp_path / "answer.json"))

    assert ({"new": 1, "held": 1}, 0, 0) == (dict(report.counts), report.exit_code, shown.code)
    with opened(tmp_path / "a") as (store, _):
        article = store.article(next(iter(store.articles())).article_id)
    assert ("引号'与</script>与\\反斜线", "甲乙号", "摘要") == (
        article.title,
        article.account.name,
        article.digest,
    )
    assert datetime(2024, 11, 12, 8, 24, 58, tzinfo=UTC) == article.published
    assert "<p>正文<strong>粗</strong></p>" in article.body
    assert ["https://mmbiz.qpic.cn/a/b/640"] == [image.url for image in article.images]
    assert ("MzkwOTk5OTk5OQ==", "2247486026", "1") == (
        article.account.biz,
        article.mid,
        article.idx,
    )


@pytest.mark.parametrize("text", ['{"base_resp": {"ret": -1}}', '{"base_resp": ', "[" * 100_000])
def test_json_that_is_no_answer_is_refused(tmp_path: Path, text: str) -> None:
    """Said with the reason, also nested beyond any reader."""
    (tmp_path / "a.json").write_text(text)
    report = import_files(tmp_path / "a", [tmp_path / "a.json"])

    assert (["failed"], 1) == ([taken.change for taken in report.results], report.exit_code)
    assert "JSON" in str(report.failures[0].error)


def test_pictures_beside_a_page_come_along(tmp_path: Path) -> None:
    """As with `save`: what lies in the folder that a browser made is kept; what is no picture is
    not.
    """
    folder = tmp_path / "in"
    (folder / "x_files").mkdir(parents=True)
    address = "https://mmbiz.qpic.cn/mmbiz_png/{}/640"
    tags = "".join(
        f'<img data-src="{address.format(name)}" src="x_files/{name}">'
        for name in ("a.png", "b.svg", "c.png", "../../secret.png")
    )
    (folder / "x.html").write_bytes(
        page(1).body.replace("后文".encode(), "后文".encode() + tags.encode())
    )
    (folder / "x_files" / "a.png").write_bytes(png(1))
    (folder / "x_files" / "b.svg").write_bytes(
        b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
    )
    (folder / "x_files" / "c.png").write_bytes(b"#!/bin/sh\nexit\n")
    (tmp_path / "secret.png").write_bytes(png(2))

    report = import_files(tmp_path / "a", [folder])

    assert (1, 1) == (report.counts["new"], report.media)
    assert [png(1)] == [
        body for name, body in contents(tmp_path / "a").items() if name.startswith("media/")
    ]


def test_a_picture_is_looked_for_once_however_often_styles_name_it() -> None:
    """A template names ``url(x)`` some seventy times a page, and each look asks database and disk."""
    styles = b"".join(b"<style>p { background: url(%b.png) }</style>" % n for n in (b"a", b"b") * 9)
    saved = Page(url=SHORT, body=styles)

    found = [name for _, name, _ in shown_pictures(saved, {})]

    assert found == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("written", "name"),
    [("x_files/a b.png", "x_files/a%20b.png"), ("a.png", "a.png?v=1"), ("a.png", "none/../a.png")],
)
def test_a_picture_beside_a_page_is_found_as_it_is_written(
    tmp_path: Path, written: str, name: str
) -> None:
    """Percent-encoded, with a query, by a folder that is not there: as browsers find it."""
    place = tmp_path / written
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(png(1))

    assert beside(tmp_path / "x.html", name) == png(1)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("2024-05-06 题目.html", "2024-05-06"),
        ("20240506_题目.html", "2024-05-06"),
        ("[2024.5.6]题目.html", "2024-05-06"),
        ("2024年5月6日 题目.html", "2024-05-06"),
        ("[202405060825]题目.html", "2024-05-06 08:25"),
        ("[2024-05-06225424]题目.html", "2024-05-06 22:54"),
        ("20240506T0825 题目.html", "2024-05-06 08:25"),
        ("2024-05-06 2025年的题目.html", "2024-05-06"),
        ("2024-13-06 题目.html", None),
        ("202405069925 题目.html", None),
        ("第120240506期.html", None),
        ("题目.html", None),
    ],
)
def test_the_time_in_a_files_name(name: str, shown: str | None) -> None:
    """A day alone stays one; a time that stands right behind it is taken, in China's zone."""
    found = moment_in_name(name)

    assert shown == (found and minute_in_china(found[0], date_only=found[1]))


def test_a_page_without_a_time_has_the_day_of_its_name(tmp_path: Path) -> None:
    """Exporters put it there; a page that says when it was published is believed."""
    body = (
        f"<html><!-- {SHORT} --><body><h1 id='activity-name'>题</h1>"
        "<div id='js_content'><p>正文。</p></div></body></html>"
    )
    (tmp_path / "2024-05-06 题.html").write_text(body, encoding="utf-8")
    (tmp_path / "1999-05-06 题.html").write_bytes(page(1).body)

    import_files(tmp_path / "a", [*tmp_path.glob("*.html")])

    with opened(tmp_path / "a") as (store, _):
        assert datetime(2024, 5, 5, 16, tzinfo=UTC) == store.get(SHORT).published
        assert 1999 != (store.get(fields(1).long).published or datetime.now(UTC)).year


def test_many_blocks_of_headers_are_read_once() -> None:
    """``curl -i -L`` writes one a redirect; what has more than any redirect is no page."""
    found = saved_page(b"HTTP/1.1 302 Found\r\nA: b\r\n\r\n" * 3 + b"<html>", "file:///x")
    hostile = saved_page(b"HTTP/1 200 OK\n\n" * 160_000, "file:///x")

    assert (b"<html>", 302, (("a", "b"),)) == (
        found.page.body,
        found.page.status,
        found.page.headers,
    )
    assert hostile.page.body.startswith(b"HTTP/1 200")


def test_a_bundle_is_read_however_it_is_nested_or_broken() -> None:
    """Three levels at most; neither recursion nor a line read once a level."""
    deep = b"".join(
        b"Content-Type: multipart/related; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(1200)
    )
    two = (
        b"Content-Type: multipart/related; boundary=a\n\n--a\n"
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b\n"
        b"Content-Type: text/html\n\n<html>1</html>\n--b--\n--a--\n"
    )

    assert unbundle(deep) is None
    found = unbundle(two)
    assert found is not None
    assert b"<html>1</html>" == found.html


@pytest.mark.parametrize(
    "body",
    [
        b"bplist00" + b"\xff" * 40,
        plistlib.dumps({"WebMainResource": 1}),
        b"Content-Type: multipart/related; boundary=x\n\n--x\nContent-Transfer-Encoding: base64\n\n=\n",
    ],
)
def test_a_broken_bundle_is_refused(body: bytes) -> None:
    """Never an error of the library that read it."""
    with pytest.raises(BadInput, match="holds no page"):
        saved_page(body, "file:///x")
