"""The Markdown file: what it looks like, and that nothing in an article can break it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import archive
from archive.document import frontmatter
from archive.document.layout import (
    Holding,
    article_of,
    escape,
    holding_of,
    is_untouched,
    relative,
    sealed,
    to_markdown,
)
from archive.document.reading import read_body, read_head
from scraper.models import Account, Album, Article, Edit, Link, Loss, Media, Reprint, Transcoding
from tests.store.make import article

PERMANENT = "http://mp.weixin.qq.com/s?__biz=MzIyMDA3MjMwNw==&mid=2455850242&idx=1&sn=3947c8d5&chksm=80447d1e#rd"
SAMPLE = Article(
    title="AIGC行业FOMO了，刚拿1亿美金",
    author="投资实习所",
    account=Account(name="投资实习所", biz="MzIyMDA3MjMwNw=="),
    published=datetime(2022, 10, 27, 4, 18, tzinfo=UTC),
    place="北京",
    mid="2455850242",
    idx="1",
    sn="3947c8d5",
    url=PERMANENT,
    cover="https://mmbiz.qpic.cn/mmbiz_jpg/ID/300",
    digest="AIGC 行业不仅 VC 投资人 FOMO 了",
    body="<p>正文<strong>加粗</strong>。</p><ul><li>一</li></ul>",
    text="正文加粗。\n一",
)
FILE = """\
---
title: "AIGC行业FOMO了，刚拿1亿美金"
author: "投资实习所"
account: "投资实习所"
published: "2022-10-27T12:18:00+08:00"
place: "北京"
url: "http://mp.weixin.qq.com/s?__biz=MzIyMDA3MjMwNw==&mid=2455850242&idx=1&sn=3947c8d5&chksm=80447d1e#rd"
cover: "https://mmbiz.qpic.cn/mmbiz_jpg/ID/300"
digest: "AIGC 行业不仅 VC 投资人 FOMO 了"
key: "788nxrcbh0"
kind: "article"
biz: "MzIyMDA3MjMwNw=="
mid: "2455850242"
idx: "1"
sn: "3947c8d5"
---

# AIGC行业FOMO了，刚拿1亿美金

文章作者: 投资实习所··
发布时间: 2022-10-27 12:18··
发布地: 北京··
原文链接: http://mp.weixin.qq.com/s?__biz=MzIyMDA3MjMwNw==&mid=2455850242&idx=1&sn=3947c8d5&chksm=80447d1e#rd

封面图链接: https://mmbiz.qpic.cn/mmbiz_jpg/ID/300

> AIGC 行业不仅 VC 投资人 FOMO 了

正文**加粗**。

- 一
""".replace("·", " ")

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

#: Texts that mean something to Markdown, HTML, YAML, Obsidian or a template.
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title><svg onload=1>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "[a[b]c](d)",
    "[[wiki]] ![[embed]]",
    "[^1]",
    "[x]: https://evil.example",
    "`code` ``` fence",
    "**bold** _it_ *a* __b__ ~~s~~ ==h==",
    "a_b_c 5*3 *",
    "$x$ costs $5",
    "&amp; &lt; &#60; &copy",
    "\\* \\[ \\",
    "# heading #",
    "---",
    "--- \nfoo: bar\n---",
    "- item",
    "1. item",
    "> quote",
    "| a | b |",
    "key: value",
    "'single' \"double\"",
    "!!python/object/apply:os.system ['true']",
    "&anchor *alias",
    "{{ 7*7 }} {% raw %}",
    "%%comment%% %x%",
    "yes",
    "null",
    "2022-10-27",
    "0x1F",
    "\u2028line\u2029para\x85nel",
    "emoji 😀👨‍👩‍👧",
    "\t tab",
    "trailing \\",
    "<!-- comment -->",
    "<https://auto.link>",
    "http://bare.example/a_b_c*d*",
]


def shown(markdown: str) -> str:
    """What a reader sees of a line, without the marks."""
    import lxml.html

    return "".join(
        map(str, lxml.html.fromstring(f"<div>{MARKDOWN.render(markdown)}</div>").itertext())
    ).strip()


def test_the_file_is_laid_out_as_it_was_asked_for() -> None:
    """Front matter, title, author, time in China, place, address, cover, digest, body."""
    assert archive.to_markdown(SAMPLE) == FILE


def test_the_permanent_address_stays_as_the_page_gives_it() -> None:
    """With chksm and #rd, with & and without a backslash, at the end of its line."""
    assert f"原文链接: {PERMANENT}\n" in archive.to_markdown(SAMPLE)


def test_the_header_names_the_account_and_where_a_reprint_is_from() -> None:
    """Where the author is somebody else; a file from before that is read back to the same body."""
    article = replace(SAMPLE, author="某人", reprint=Reprint(account="原来的号"))
    text = archive.to_markdown(article)

    assert "文章作者: 某人  \n公众号: 投资实习所  \n转载自: 原来的号  \n发布时间" in text
    older = text.replace("公众号: 投资实习所  \n转载自: 原来的号  \n", "")
    assert older != text
    assert read_body(read_head(text)).body == read_body(read_head(older)).body


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("author", "文章作者"),
        ("published", "发布时间"),
        ("place", "发布地"),
        ("url", "原文链接"),
        ("cover", "封面图链接"),
    ],
)
def test_a_line_without_a_value_is_left_out(field: str, line: str) -> None:
    """The other lines stay; the last of the block never ends in a break."""
    text = archive.to_markdown(replace(SAMPLE, **{field: None}))  # type: ignore[arg-type]

    assert line not in text
    assert "  \n\n" not in text
    assert f"{field}:" not in frontmatter.write(frontmatter.read(text)[0])


def test_the_header_lines_stay_lines_when_rendered() -> None:
    """They do not run together into one paragraph's line."""
    assert MARKDOWN.render(frontmatter.read(FILE)[1]).count("<br />\n") == 3


def test_a_page_on_somebodys_disk_is_no_address() -> None:
    """The place where a saved page lay is nobody else's business."""
    text = archive.to_markdown(
        Article(title="t", address="file:///home/me/page.html", body="<p>x</p>")
    )

    assert "file:" not in text


def test_nothing_known_still_makes_a_file() -> None:
    """A title is all that an article must have, and even that may be empty."""
    assert archive.to_markdown(Article(title="", body="<p>x</p>", text="x")).endswith("---\n\nx\n")
    assert archive.to_markdown(Article(title="只有标题")).endswith("# 只有标题\n")


def test_an_address_with_stars_is_no_emphasis() -> None:
    """Temporary addresses hold signatures such as ``a*b*-c``; every other address stands bare."""
    temporary = "https://mp.weixin.qq.com/s?src=11&timestamp=1&ver=1&signature=a*b*-c"
    text = archive.to_markdown(
        Article(title="题", address=temporary, cover="https://mmbiz.qpic.cn/x_y_z/0")
    )

    assert f"\n原文链接: <{temporary}>\n" in text
    assert "\n封面图链接: https://mmbiz.qpic.cn/x_y_z/0\n" in text


def test_what_the_archive_knows_stands_in_the_front_matter() -> None:
    """When it was kept, whether it is gone, which images are missing."""
    holding = Holding(
        key="0123456789",
        archived=datetime(2026, 11, 23, 9, tzinfo=UTC),
        gone=datetime(2026, 12, 1, tzinfo=UTC),
        gone_reason="deleted",
        gone_shown="该内容已被发布者删除",
        missing=(("https://x.example/1.png", "timed out"),),
    )
    values, _ = frontmatter.read(to_markdown(SAMPLE, holding))

    assert values["key"] == "0123456789"
    assert values["gone"] == {
        "date": "2026-12-01T00:00:00+00:00",
        "reason": "deleted",
        "shown": "该内容已被发布者删除",
    }
    assert values["missing_images"] == [{"url": "https://x.example/1.png", "why": "timed out"}]
    assert holding_of(values) == holding


def test_the_front_matter_carries_every_fact() -> None:
    """Whatever the page said beside its body can be read back from the file alone."""
    full = replace(
        SAMPLE,
        account=Account(
            name="号", biz="Mz==", user_name="gh_1", alias="wx", signature='签名: "引"\n第二行'
        ),
        modified=datetime(2023, 1, 1, tzinfo=UTC),
        kind=8,
        address="https://mp.weixin.qq.com/s/0123456789012345678901",
        language="zh_CN",
        category="财经",
        original=False,
        reprint=Reprint(account="原号", biz="Mx==", mid="1", idx="2", url="https://x.example"),
        source_url="https://example.com/?a=1&b=2",
        album=Album(id="123", title="合集", size=7),
        tags=("甲", "yes"),
        claims=("个人观点",),
        comment_id="42",
        paid=True,
        title_modified=True,
        edits=(Edit(at=datetime(2023, 1, 1, tzinfo=UTC), note="改"), Edit()),
        media=(
            Media(
                type="video",
                id="wxv_1",
                duration=1.5,
                transcodings=(Transcoding(url="https://v.example", width=1),),
                extra=(("a", "b"), ("a", "c")),
            ),
        ),
        links=(Link(url="https://mp.weixin.qq.com/s/x", relation="ainfos", text="相关"),),
        losses=(Loss(kind="svg", where="附近", count=2),),
    )
    found = article_of(frontmatter.read(archive.to_markdown(full))[0])

    for field in fields(Article):
        if field.name not in ("body", "text", "images"):
            assert getattr(found, field.name) == getattr(full, field.name), field.name


def test_front_matter_edited_by_hand_is_read_with_calm() -> None:
    """Values of the wrong type are as good as none; unknown names do no harm."""
    values, rest = frontmatter.read(
        "\ufeff---\r\ntitle: 123\r\npublished: 2022-10-27 12:18\r\ntags: one\r\nedits: [1]\r\nmedia: {a: b}\r\n"
        "album: x\r\ngone: maybe\r\nmine: {a: 1}\r\n---\r\n正文"
    )
    found = article_of(values)

    assert (found.title, found.tags, found.edits, found.album) == ("123", (), (), None)
    assert found.published == datetime(2022, 10, 27, 4, 18, tzinfo=UTC)
    assert holding_of(values).gone is None
    assert rest == "正文"


def test_no_front_matter_is_no_front_matter() -> None:
    """A rule further down is not taken for one."""
    assert frontmatter.read("# 题\n\n---\n\nx: y\n\n---\n") == ({}, "# 题\n\n---\n\nx: y\n\n---\n")
    assert frontmatter.read("---\n---\nx") == ({}, "x")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_gets_out_of_its_place(payload: str) -> None:
    """A title, author, place or digest shows as it is, and the YAML reads back equal."""
    hostile = replace(SAMPLE, title=payload, author=payload, place=payload, digest=payload)
    text = archive.to_markdown(hostile)
    values, rest = frontmatter.read(text)
    html = MARKDOWN.render(rest)

    assert [values[name] for name in ("title", "author", "place", "digest")] == [payload] * 4
    assert not any(
        tag in html
        for tag in ("<script", "<img", "<svg", 'javascript:alert(1)"', "<!--", "<h2", "<code")
    )
    assert html.count("<h1") == 1
    assert html.count("<ul") == 1
    line = next(line for line in rest.splitlines() if line.startswith("# "))
    assert shown(line).split() == payload.split()


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_line_shows_as_it_is(text: str) -> None:
    """Escaping never adds or eats a character that a reader sees."""
    line = " ".join(text.replace("\x00", "").split())
    line = line.encode("utf-8", "replace").decode()

    assert shown("前 " + escape(line) + " 后").split() == f"前 {line} 后".split()


@given(st.dictionaries(st.sampled_from(["title", "author", "digest"]), st.text(max_size=80)))
@settings(max_examples=300)
def test_any_text_survives_the_front_matter(values: dict[str, str]) -> None:
    """Whatever YAML might take it for."""
    mended = {
        n: v.encode("utf-8", "replace").decode().replace("?", "?") for n, v in values.items() if v
    }
    read, rest = frontmatter.read(frontmatter.write(mended) + "rest")

    assert (read, rest) == (mended, "rest")
    assert yaml.safe_load(
        frontmatter.write(mended).removesuffix("---\n").removeprefix("---\n")
    ) == (mended or None)


def test_only_what_must_be_is_escaped() -> None:
    """A file is also read as it is: no stray backslashes in ordinary titles."""
    for title in (
        "C++ 与 a_b_c",
        "5*3=15",
        "【方括号】[1]",
        "100% & more",
        "A~B",
        "$5",
        "#1 也不是标题",
        "（一）- 二",
    ):
        assert escape(title) == title


def test_a_file_tells_whether_somebody_changed_it() -> None:
    """Without a database, for any version of the article: the check covers every other
    character.
    """
    text = sealed(FILE)

    assert is_untouched(text)
    assert text.replace(text[text.index("check:") : text.index("---\n\n#")], "") == FILE
    for at in range(0, len(text), 7):
        assert not is_untouched(text[:at] + "x" + text[at + 1 :]) or text[at] == "x"
    assert not is_untouched(FILE)
    assert not is_untouched("")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("articles/甲/2022/a [k].md", "a%20%5Bk%5D.md"),
        ("articles/乙/2022/a.md", "../../乙/2022/a.md"),
        ("media/ab/cd.png", "../../../media/ab/cd.png"),
        ("articles/甲/2022/100%&(x)#y'.md", "100%25%26%28x%29%23y%27.md"),
    ],
)
def test_local_addresses_open_everywhere(target: str, expected: str) -> None:
    """Relative, and percent-encoded where Obsidian, VS Code or GitHub would stumble."""
    found = relative(target, "articles/甲/2022/this one.md")

    assert found == expected
    assert unquote(found).rpartition("/")[2] == target.rpartition("/")[2]
    rendered = MARKDOWN.renderInline(f"[x]({found})")
    assert rendered.startswith("<a href=")


def test_front_matter_has_no_anchors() -> None:
    """YAML anchors and aliases never show, even where two values are one object."""
    shared = ("甲", "甲")
    text = archive.to_markdown(replace(article(1), tags=shared, claims=shared))

    assert " &id" not in text
    assert " *id" not in text
