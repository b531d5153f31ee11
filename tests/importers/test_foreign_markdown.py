"""What is promised of other tools' Markdown: who, when, where from, the text, and the pictures
beside it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.document.reading import read_body, read_head
from archive.errors import BadInput
from archive.importers import import_files
from scraper.models import Article, Loss
from scraper.zone import CHINA
from tests.command import wechat_archive
from tests.keep.archives import contents, opened
from tests.keep.articles import fields
from tests.weixin.media import png

SHORT = "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"
DAY = datetime(2025, 7, 1, tzinfo=UTC)

#: Obsidian Web Clipper's default template.
CLIPPER = f"""---
title: 两个时间
source: {SHORT}
author:
  - "[[丁作者]]"
  - "[[别人|戊]]"
published: 2025-07-01
created: 2025-07-09
description: "一句摘要"
tags:
  - "clippings"
---
正文乙，见[[另一篇|那一篇]]和[[第三篇]]。

```
[[不动]]
```
"""
#: MarkDownload's default template.
MARKDOWNLOAD = f"""---
created: 2025-07-01T08:00:00 (UTC +08:00)
tags: []
source: {SHORT}
author: 丁作者
---

# 题目丙

> ## Excerpt
> 一句摘要

---
正文丙。

---

## 一节
"""
#: html2text over a page, as wechatDownload writes it: no address.
HTML2TEXT = """![cover_image](https://mmbiz.qpic.cn/mmbiz_jpg/C/0?wx_fmt=jpeg)

#  题目丁

原创  丁作者  [ 甲乙号 ](javascript:void\\(0\\);)

__ _ _ _ _

正文丁。

> 引文。
"""
#: wechatmp2markdown: a title, what stood under it, and pictures beside the file; no address.
MP2MARKDOWN = "  \n".join(
    ["# 题目戊", "原创 丁作者 甲乙号", "", "正文戊。", "![图](0123456789abcdef.png)", ""]
)
#: Header lines as a quote, a line below them, pictures in a folder.
QUOTED = f"""# 题目己

> 公众号: 甲乙号
> 发布时间: 2025-07-01 08:00
> 原文链接: {SHORT}

---
前一段。

![Image](images/img_001.png)

后一段。
"""


def test_obsidian_web_clipper() -> None:
    """Published is not when the note was made; names are names; links to notes are words, not in
    code.
    """
    article = read_body(read_head(CLIPPER))

    assert ("两个时间", SHORT, "丁作者、戊", "一句摘要") == (
        article.title,
        article.url,
        article.author,
        article.digest,
    )
    assert datetime(2025, 6, 30, 16, tzinfo=UTC) == article.published
    assert "正文乙，见那一篇和第三篇。\n[[不动]]" == article.text


def test_markdownload() -> None:
    """The heading is the title, the excerpt the digest, the line under it nothing; later lines
    stay.
    """
    article = read_body(read_head(MARKDOWNLOAD))

    assert ("题目丙", SHORT, "丁作者", "一句摘要", DAY) == (
        article.title,
        article.url,
        article.author,
        article.digest,
        article.published,
    )
    assert "<p>正文丙。</p><hr><h2>一节</h2>" == article.body


def test_the_first_value_that_is_an_address_is_the_address() -> None:
    """Among url, source and link; a site's name or another page is none."""
    article = read_head(
        f"---\ntitle: 题\nurl: 微信\nsource: https://example.com/\nlink: {SHORT}\n---\n文\n"
    ).article

    assert SHORT == article.url


@pytest.mark.parametrize(
    ("facts", "when"),
    [
        ("published: 2025-07-01T08:00:00+08:00\ncreated: 2025-07-09", DAY),
        ("created: 2025-07-09\npublished: 2025-07-01 08:00", DAY),
        ("date: 2025-07-01T00:00:00Z", DAY),
        ("created: 2025-07-01 08:00", DAY),
        ("published: soon\ndate: 2025-07-01 08:00", DAY),
        ("published: soon", None),
        ("发布时间: 2025年7月1日 8:00", DAY),
    ],
)
def test_the_time_is_the_best_one(facts: str, when: datetime | None) -> None:
    """Published before date before created; YAML's own dates and times too; what is no time is
    passed over.
    """
    assert when == read_head(f"---\ntitle: 题\nurl: {SHORT}\n{facts}\n---\n文\n").article.published


def test_a_heading_that_is_not_the_title_stays() -> None:
    """The first heading of a clipped text is not thrown away."""
    body = read_body(
        read_head(f"---\ntitle: 题\nurl: {SHORT}\n---\n# 第一节\n\n> 引文\n\n文\n")
    ).body

    assert "<h1>第一节</h1><blockquote><p>引文</p></blockquote><p>文</p>" == body


def test_pictures_beside_the_file_are_kept_under_no_made_up_address(tmp_path: Path) -> None:
    """Shown from media, never fetched, the same in every archive; the tool's line under its header
    is gone.
    """
    folder = tmp_path / "in"
    (folder / "images").mkdir(parents=True)
    (folder / "文.md").write_text(QUOTED, encoding="utf-8")
    (folder / "images" / "img_001.png").write_bytes(png(1))

    report = import_files(tmp_path / "a", [folder])

    files = contents(tmp_path / "a")
    (media,) = (name for name in files if name.startswith("media/"))
    text = next(body.decode() for name, body in files.items() if name.endswith(".md"))
    assert ({"new": 1}, 1) == (dict(report.counts), report.media)
    assert f"\n前一段。\n\n![](../../../{media})\n\n后一段。\n" in text
    assert "mp.weixin.qq.com/images" not in text
    assert (tmp_path / "in").as_posix() not in text
    with opened(tmp_path / "a") as (store, _):
        stored = store.get(SHORT)
        assert (DAY, "甲乙号") == (stored.published, stored.account)
    (tmp_path / "a" / "archive.db").unlink()
    import_files(tmp_path / "a", [tmp_path / "a" / "articles"])
    assert files == contents(tmp_path / "a")
    assert 0 == wechat_archive("verify", "--archive", str(tmp_path / "a")).code


def test_a_picture_that_is_not_there_is_told_as_lost() -> None:
    """Its words stay; no address is invented; neither is one for a link to another file."""
    article = read_body(read_head(QUOTED.replace("后一段", "[后一段](./b.md)")))

    assert "<p>前一段。</p><p>[图片: Image]</p><p>后一段。</p>" == article.body
    assert ((), (), (Loss(kind="local-picture", where="images/img_001.png", count=1),)) == (
        article.images,
        article.links,
        article.losses,
    )


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hosts", "a.png", "%2e%2e/secret.png"])
def test_only_pictures_below_the_files_folder_are_taken(tmp_path: Path, name: str) -> None:
    """A file from a stranger cannot bring others of this machine into the archive."""
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").write_bytes(png(1))
    (tmp_path / "in" / "a.png").write_bytes(b"<html>no picture")
    path = tmp_path / "in" / "文.md"
    path.write_text(QUOTED.replace("images/img_001.png", name), encoding="utf-8")
    report = import_files(tmp_path / "a", [path])

    assert (1, 0) == (report.counts["new"], report.media)


@pytest.mark.parametrize("text", [HTML2TEXT, MP2MARKDOWN, "正文。\n"])
def test_without_an_address_a_file_is_refused_with_the_way_out(text: str) -> None:
    """Nothing becomes an article of WeChat's by accident."""
    with pytest.raises(BadInput, match="--without-address takes it"):
        read_head(text)


def without_address(tmp_path: Path, name: str, text: str) -> Article:
    """The article that ``import --without-address`` keeps of one file."""
    path = tmp_path / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    result = wechat_archive(
        "import", "--without-address", str(path), "--archive", str(tmp_path / "a")
    )
    assert (0, "import: 1 new\n") == (result.code, result.stdout.replace(", 1 image", ""))
    with opened(tmp_path / "a") as (store, _):
        return store.article(next(iter(store.articles())).article_id)


def test_html2text_without_address(tmp_path: Path) -> None:
    """Title, author, account and cover from the page's own head, the day from the file's name."""
    article = without_address(tmp_path, "20250702题目丁.md", HTML2TEXT)

    assert ("题目丁", "丁作者", "甲乙号", "https://mmbiz.qpic.cn/mmbiz_jpg/C/0?wx_fmt=jpeg") == (
        article.title,
        article.author,
        article.account.name,
        article.cover,
    )
    assert datetime(2025, 7, 1, 16, tzinfo=UTC) == article.published
    assert ("正文丁。\n引文。", None) == (article.text, article.url)


#: wechat-article-exporter's: the page's own head as Turndown writes it.
EXPORTERS = """题目己
===

原创 丁作者 [甲乙号](javascript:void(0);) _2024年05月06日 08:25_ _上海_

正文己。

![图片](https://mmbiz.qpic.cn/mmbiz_png/P/640)
"""
#: wechatDownload's of 2025: a picture message below what the page has above it.
WITH_BUTTONS = """

[ 知道了 ](javascript:;)


****


__

![作者头像](http://mmbiz.qpic.cn/sz_mmbiz_png/A/0?wx_fmt=png)


![](https://mmbiz.qpic.cn/sz_mmbiz_jpg/P/0?wx_fmt=jpeg)

# 题目庚

正文庚。
"""


def test_the_exporters_without_address(tmp_path: Path) -> None:
    """Underlined title, author, account, time and place; only the text is left as text."""
    article = without_address(tmp_path, "anything.md", EXPORTERS)

    assert ("题目己", "丁作者", "甲乙号", "上海") == (
        article.title,
        article.author,
        article.account.name,
        article.place,
    )
    assert datetime(2024, 5, 6, 0, 25, tzinfo=UTC) == article.published
    assert ("正文己。", 1) == (article.text, len(article.images))


def test_buttons_of_the_page_are_no_text(tmp_path: Path) -> None:
    """Nor the author's portrait; the message's own picture stays."""
    article = without_address(tmp_path, "[2025-12-20225424]题目庚.md", WITH_BUTTONS)

    assert ("题目庚", datetime(2025, 12, 20, 14, 54, 24, tzinfo=UTC)) == (
        article.title,
        article.published,
    )
    assert ["https://mmbiz.qpic.cn/sz_mmbiz_jpg/P/0?wx_fmt=jpeg"] == [i.url for i in article.images]
    assert "正文庚。" == article.text.splitlines()[-1]


def test_wechatmp2markdown_without_address(tmp_path: Path) -> None:
    """The picture beside the file too."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "0123456789abcdef.png").write_bytes(png(1))
    article = without_address(tmp_path, "题目戊.md", MP2MARKDOWN)

    assert ("题目戊", 1) == (article.title, len(article.images))
    assert "正文戊。" in article.text


@pytest.mark.parametrize(
    "name",
    [
        "2025-07-02 3个方法",
        "20250702_3个方法",
        "[202507020825]3个方法",
        "2025年7月2日 3个方法",
        "3个方法",
    ],
)
def test_a_bare_text_has_the_files_name_for_a_title(tmp_path: Path, name: str) -> None:
    """Without the day that stands before it."""
    assert "3个方法" == without_address(tmp_path, f"{name}.md", "正文。\n").title


BODY = "".join(f"第{n}句说的是岩茶与融资的第{n}件事，每一句都不一样。" for n in range(40))
PAGE = (
    f"<html><!-- saved from url=(0000){SHORT} --><body><h1 id='activity-name'>题目丁</h1>"
    f"<div id='js_content'><p>{BODY}</p><p>图注。</p></div></body></html>"
)


def test_its_address_once_known_belongs_to_the_same_article(tmp_path: Path) -> None:
    """Imported without one, then as a page: one article, found under both keys, whole now."""
    before = without_address(tmp_path, "题目丁.md", f"# 题目丁\n\n{BODY}\n")
    with opened(tmp_path / "a") as (store, _):
        (old,) = store.articles()
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    report = import_files(tmp_path / "a", [tmp_path / "page.html"])

    assert (None, {"modified": 1}) == (before.url, dict(report.counts))
    with opened(tmp_path / "a") as (store, _):
        (new,) = store.articles()
        assert store.get(SHORT) == store.get(old.key) == new
        assert "图注。" in store.article(new.article_id).text
    assert 0 == wechat_archive("verify", "--archive", str(tmp_path / "a")).code


def test_another_article_of_the_same_title_stays_another(tmp_path: Path) -> None:
    """Weekly columns share titles."""
    without_address(tmp_path, "题目丁.md", "# 题目丁\n\n别的话，别的事，别的人，都和那一页不同。\n")
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")

    assert {"new": 1} == dict(import_files(tmp_path / "a", [tmp_path / "page.html"]).counts)


def test_what_is_held_with_its_address_is_not_taken_without(tmp_path: Path) -> None:
    """The page came first; the same words from another tool are that page's. Again and again."""
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "题目丁.md").write_text(f"# 题目丁\n\n{BODY}\n", encoding="utf-8")
    (tmp_path / "别的.md").write_text(f"{BODY[:300]}\n", encoding="utf-8")
    import_files(tmp_path / "a", [tmp_path / "page.html"])

    files = [tmp_path / "题目丁.md", tmp_path / "别的.md"]
    first = import_files(tmp_path / "a", files, without_address=True)
    again = import_files(tmp_path / "a", files, without_address=True)

    assert ({"held": 1, "new": 1}, {"held": 2}) == (dict(first.counts), dict(again.counts))


@pytest.mark.parametrize(("without_address", "day"), [(False, None), (True, "2024-01-02")])
def test_a_day_in_a_files_name_counts_where_names_may_tell(
    tmp_path: Path, without_address: bool, day: str | None
) -> None:
    """Only when it was said that a file's name may stand for what the file lacks."""
    file = tmp_path / "2024-01-02 标题.md"
    file.write_text(f"# 标题\n\n原文链接: {fields(1).long}\n\n正文。\n", encoding="utf-8")
    import_files(tmp_path / "archive", [file], without_address=without_address)

    with opened(tmp_path / "archive") as (store, _):
        found = store.get(fields(1).long).published
    assert day == (found and found.astimezone(CHINA).date().isoformat())
