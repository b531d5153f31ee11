"""Where counts and comments are shown: files, exports, lists, the page."""

from __future__ import annotations

import csv
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.command import wechat_archive
from tests.store.make import opened
from tests.traffic.test_har import SAID, day, run
from tests.web.pages import visiting
from tests.weixin.recorded import WHEN, Recording
from tests.weixin.site import Published, Site
from tests.weixin.talk import Said

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/abcdefghijklmnopq/640?wx_fmt=png"
HOSTILE = "<script>alert(1)</script> <!-- 留言 --> & [x](javascript:1) `c`"


@pytest.fixture
def article() -> Published:
    """An article that shows one picture."""
    return Site().article("一天的阅读", pictures=[PICTURE])


@pytest.fixture
def root(tmp_path: Path, article: Published) -> Path:
    """An archive that holds it with counts of two days and comments."""
    run(tmp_path, day(article).har())
    said = [*SAID, Said(id=103, text=HOSTILE, author=HOSTILE)]
    later = Recording(at=WHEN + timedelta(days=1)).counts(
        article, read_num=100001, old_like_num=31, like_num=9, share_num=5
    )
    later.comments(article, said, total=417)
    run(tmp_path, later.har(), name="later.har")
    return tmp_path / "a"


def said(root: Path, *argv: str) -> str:
    """What a command writes to stdout."""
    done = wechat_archive(*argv, "--archive", str(root))
    assert 0 == done.code, done.stderr
    return done.stdout


def test_show_tells_counts_and_comments(root: Path, article: Published) -> None:
    """Of how many comments how many are held, and 10万+ where WeChat itself stopped counting."""
    counts = said(root, "show", article.long, "--counts", "--lang", "en")
    talk = said(root, "show", article.long, "--comments", "--lang", "en")

    assert "read 100k+  liked 7  recommended 3  shared 2  commented 2  (page)" in counts
    assert "10万+" in said(root, "show", article.long, "--counts", "--lang", "zh")
    assert [
        "3 of 417 comments held",
        "一位读者  广东  2026-07-01 18:00  赞 12  置顶  作者赞过",
        "  写得好[强]",
        "    测试号（作者） 回复 一位读者  广东  2026-07-01 18:00",
        "      谢谢支持",
    ] == talk.splitlines()[:5]


def test_lists_have_the_newest_counts(root: Path, tmp_path: Path, article: Published) -> None:
    """``list --json`` and CSV; numbers stay numbers there."""
    (line,) = said(root, "list", "--json").splitlines()
    said(root, "export", "csv", str(tmp_path / "x.csv"))
    (row,) = csv.DictReader((tmp_path / "x.csv").read_text("utf-8-sig").splitlines())

    newest = json.loads(line)["counts"]
    assert (100001, 31, 9, 5) == tuple(newest[n] for n in ("read", "like", "looking", "share"))
    assert ("100001", "31", "9", "5", "", "2026-09-02 10:00:01") == tuple(
        row[name] for name in ("read_count", "like_count", "looking_count", "share_count",
                               "comment_count", "counted")
    )  # fmt: skip


def test_json_lines_have_both(root: Path, tmp_path: Path) -> None:
    """Every look, and the whole tree."""
    said(root, "export", "jsonl", str(tmp_path / "x.jsonl"))
    (line,) = (tmp_path / "x.jsonl").read_text().splitlines()
    found: dict[str, Any] = json.loads(line)

    assert 3 == len(found["count_history"])
    assert ["写得好[强]", "第二条", HOSTILE] == [
        one["text"] for one in found["discussion"]["comments"]
    ]


def test_web_pages_and_books_show_comments_that_can_do_nothing(root: Path, tmp_path: Path) -> None:
    """With how many of how many, replies below, and pictures out of the archive."""
    said(root, "export", "html", str(tmp_path / "html"))
    said(root, "export", "epub", str(tmp_path / "x.epub"))
    page = next((tmp_path / "html").rglob("2026-*.html")).read_text()
    with zipfile.ZipFile(tmp_path / "x.epub") as book:
        chapter = next(n for n in book.namelist() if n.endswith(".xhtml") and "nav" not in n)
        shown = book.read(chapter).decode()
        pictures = [name for name in book.namelist() if name.endswith(".jpg")]

    for text in (page, shown):
        assert "<h2>留言（3 / 417）</h2>" in text
        assert "<strong>测试号（作者） 回复 一位读者</strong>" in text
        assert "<script>alert" not in text
    assert 'src="data:image/jpeg;base64,' in page
    assert 1 == len(pictures)


def test_files_show_comments_where_that_is_set(root: Path, article: Published) -> None:
    """The setting is followed by the next command that writes, both ways; the file reads back as
    the same article, and the comments stay what they were.
    """
    with opened(root) as store:
        held = store.get(article.long)
        before = store.article(held.article_id)
    place = root / held.path
    assert "留言" not in place.read_text()

    (root / "config.toml").write_text('comments = true\nimages = "none"\nrecheck = "off"\n')
    said(root, "run")
    shown = place.read_text()
    other = root.parent / "b"
    wechat_archive("import", str(place), "--archive", str(other))

    assert "## 留言（3 / 417）" in shown
    assert (
        "- **一位读者** · 广东 · 2026-07-01 18:00 · 赞 12 · 置顶 · 作者赞过  \n  写得好[强]\n"
        in shown
    )
    assert "  - **测试号（作者） 回复 一位读者** · 广东" in shown
    assert "![](../../../media/" in shown
    assert 1 == shown.count("\n<!-- 留言 -->\n")
    with opened(other) as store:
        again = store.article(store.get(article.long).article_id)
        assert before.text == again.text
    said(root, "verify")

    (root / "config.toml").write_text('images = "none"\nrecheck = "off"\n')
    said(root, "run")
    assert "留言" not in place.read_text()
    said(root, "verify")


def test_the_page_shows_them(root: Path, article: Published) -> None:
    """In both languages, with a line of how often it was read."""
    with opened(root) as store:
        key = store.get(article.long).key
    pages = {}
    for language in ("en", "zh"):
        with visiting(root, language=language) as client:
            pages[language] = client.get(f"/articles/{key}").text

    assert "3 of 417" in pages["en"]
    assert "100k+" in pages["en"]
    assert "10万+" in pages["zh"]
    for page in pages.values():
        assert "<polyline points=" in page
        assert "谢谢支持" in page
        assert "<script>alert" not in page
