"""What is promised of files from anybody: bounded in time and memory, refused by name, and the
others go on.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive.document import bounds, frontmatter
from archive.document.facts import article_of, holding_of
from archive.document.reading import read_body, read_head
from archive.errors import BadInput
from archive.importers import budget, formats, import_files
from archive.importers.items import ImportFormat, ImportItem
from archive.saved.pages import saved_page
from archive.store import Store
from tests.command import wechat_archive
from tests.keep.archives import contents, opened
from tests.keep.articles import fields, page
from tests.weixin.media import png

SHORT = "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"
HEAD = f"# 题\n\n文章作者: 某\n原文链接: {SHORT}\n\n"
OURS = f'---\ntitle: "题"\nkey: "abcdefghjk"\nkind: "article"\nurl: "{SHORT}"\n{{}}\n---\n\n# 题\n\n正文。\n'
BOMB = "".join([f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)])


def beside_a_good_one(tmp_path: Path, name: str, body: str | bytes) -> tuple[str, dict[str, int]]:
    """The reason why ``body`` was refused, and the counts of an import of it with a good page
    behind it.
    """
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(
        body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    )
    (folder / "z.html").write_bytes(page(1).body)
    report = import_files(tmp_path / "a", [folder])
    assert 0 == wechat_archive("verify", "--archive", str(tmp_path / "a")).code
    return " ".join(str(taken.error) for taken in report.failures), dict(report.counts)


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("a.md", f"---\nx: &a0 [b]\n{BOMB}---\n{HEAD}", "aliases"),
        ("a.md", "---\nx: " + "[" * 20_000 + "\n---\n", "not YAML"),
        ("a.md", f"---\nx: {'y' * 2**19}\n---\n{HEAD}", "longer than 512 KB"),
        ("a.md", HEAD + "字" * 2**20, "larger than 1 MB"),
        ("a.json", "[" * 20_000, "JSON"),
        ("a.json", '[{"link": "' + SHORT + '", "x": ' + "[" * 20_000 + "]" * 20_000 + "}]", "nested"),
        ("a.json", "[" + "0," * 3_000_000 + "0]", "more values"),
        ("a.warc", "WARC/1.0\r\nX: " + "y" * 2**21, "headers are longer than 1 MB"),
        ("a.warc.gz", gzip.compress(b"WARC/1.0\r\n" + b"A: b\r\n" * 500_000), "headers are longer"),
        ("a.html", gzip.compress(b"<html>" + bytes(100 * 2**20)), "gzip"),
        ("a.mhtml", "Content-Type: multipart/related; boundary=x\r\n\r\n--x\r\n" * 2_000, "no page"),
    ],
    ids=lambda value: value[:8] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_too_much_is_refused_by_name(
    tmp_path: Path, name: str, body: str | bytes, reason: str
) -> None:
    """With the reason; what stands behind it is taken in."""
    said, counts = beside_a_good_one(tmp_path, name, body)

    assert reason in said
    assert {"new": 1, "failed": 1} == counts


@pytest.mark.parametrize(
    "facts",
    [
        "media: [{extra: 5}]",
        "media: [{sort: [1]}]",
        "media: [{sort: video, duration: .nan, transcodings: [{size: 99999999999999999999}]}]",
        "sort: [1]",
        "album: {id: [1]}",
        "album: {id: 1, size: 1.0e+30}",
        "losses: [{kind: [x], count: y}]",
        "losses: [{kind: x, count: 99999999999999999999}]",
        "item_show_type: 99999999999999999999",
        "item_show_type: -1",
        "published: 0001-01-01T00:00:00Z",
        "published: 2024-13-45",
        "archived: 9999-12-31T23:59:59+00:00",
        "edits: [{at: 0001-01-01}]",
        "biz: [1]\nmid: {a: b}\nidx: '../1'",
        "gone: {date: [1]}",
        "images: {x: [1], '../../y.png': https://mmbiz.qpic.cn/a/0}",
        "links: [{url: [1], relation: text}, 5]",
        "related: [5, [6]]",
        "tags: [[1], {a: b}, 5]",
        "missing_images: [5, {url: [1]}]",
        "reprint: {account: [1]}",
        "x: 1" + ":59" * 30_000,
        'digest: "\\0"',
        "version: x",
    ],
)
def test_what_our_own_front_matter_says_is_checked_like_anybodys(
    tmp_path: Path, facts: str
) -> None:
    """A value that cannot be one is none; the article is kept, sound, and told of no damage."""
    said, counts = beside_a_good_one(tmp_path, "a.md", OURS.replace("{}", facts))

    assert ("", {"new": 2}) == (said, counts)


@pytest.mark.parametrize(
    "key", ["../../x", "a/b/c", "abc\\ndefghjk", "abc\\0defghjk", "k" * 300, "ABCDEFGHJK", "-", ""]
)
def test_a_key_that_is_none_is_made_anew(tmp_path: Path, key: str) -> None:
    """It would be part of a file's name."""
    _, counts = beside_a_good_one(
        tmp_path, "a.md", OURS.replace("{}", "").replace('"abcdefghjk"', f'"{key}"')
    )

    assert {"new": 2} == counts
    with opened(tmp_path / "a") as (store, _):
        found = store.get(SHORT)
    assert bounds.key(found.key) == found.key
    assert found.path.startswith("articles/")
    assert {p.name for p in tmp_path.iterdir()} == {"in", "a"}


@pytest.mark.parametrize(
    "item",
    [
        {"create_time": 1e20},
        {"create_time": 10**30},
        {"create_time": "²"},
        {"create_time": -1},
        {"update_time": "0001-01-01"},
        {"item_show_type": 10**19},
        {"item_show_type": "x"},
        {"aid": [1], "fakeid": {}, "appmsg_album_infos": [{"id": [1]}]},
        {"title": "a\ud800b", "digest": "\0"},
        {"content": "\ud800<p>正文</p>"},
        {"content": ["x"], "cover": 5},
    ],
    ids=str,
)
def test_numbers_times_and_texts_of_lists_are_checked(tmp_path: Path, item: dict[str, Any]) -> None:
    """Whatever a field holds, the article with it is kept, and so is the one behind it."""
    items = [
        {"link": SHORT, "title": "题", "content": "正文", **item},
        {"link": SHORT[:-1] + "x", "title": "二", "content": "正文"},
    ]
    _, counts = beside_a_good_one(tmp_path, "a.json", json.dumps(items))

    assert {"new": 3} == counts


def test_an_error_nobody_foresaw_is_one_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told with file and place, exit code 1; the raw page is kept, the others are done."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.html").write_bytes(page(number).body)
    (folder / "3.md").write_text("x", encoding="utf-8")
    keep: Callable[..., Any] = Store.keep

    def failing(store: Store, article: Any, **given: Any) -> Any:
        if "文章1" in article.title:
            raise KeyError("surprise")
        return keep(store, article, **given)

    def reading(path: Path) -> Any:
        raise MemoryError

    monkeypatch.setattr(Store, "keep", failing)
    failing_format = ImportFormat(
        name="x", label="", chinese="坏的", endings=(".md",), read=reading
    )
    monkeypatch.setattr(formats, "FORMATS", (failing_format, *formats.FORMATS))

    result = wechat_archive("import", str(folder), "--archive", str(tmp_path / "a"))

    assert (1, "import: 1 new, 2 could not be read\n") == (result.code, result.stdout)
    assert f"not read: {folder / '1.html'}: an unexpected error at " in result.stderr
    assert f"not read: {folder / '3.md'}: an unexpected error at " in result.stderr
    assert "KeyError: 'surprise'" in result.stderr
    with opened(tmp_path / "a") as (store, snapshots):
        assert 1 == store.count()
        assert {page(1).body, page(2).body} == {snapshots.get(n).body for n in (1, 2)}


def test_reading_ends_after_so_much_computing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPU time, not the clock's; told by name."""

    def endless(path: Path) -> Iterator[ImportItem]:
        yield from (ImportItem(source="", path=path) for n in iter(int, 1) if n)

    monkeypatch.setattr(budget, "CPU_SECONDS", 0.05)
    slow = ImportFormat(name="x", label="", chinese="坏的", endings=(".md",), read=endless)
    monkeypatch.setattr(formats, "FORMATS", (slow,))
    (tmp_path / "a.md").write_text("x")

    report = import_files(tmp_path / "a", [tmp_path / "a.md"])

    assert ["reading it takes more than 0.05 s of computing: no article does"] == [
        taken.error for taken in report.failures
    ]


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("archive.importers.documents.read_head", "a.md"),
        ("archive.importers.documents.read_body", "a.md"),
        ("archive.importers.ahead.parse", "a.html"),
    ],
)
def test_no_stage_computes_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, name: str
) -> None:
    """Neither what a file says of itself, nor its text, nor a page."""

    def endless(*_given: object, **_named: object) -> None:
        end = time.process_time() + 5
        while time.process_time() < end:
            pass

    monkeypatch.setattr(budget, "CPU_SECONDS", 0.05)
    monkeypatch.setattr(stage, endless)
    text = f"# 题\n\n原文链接: {fields(1).long}\n\n文。\n".encode()
    (tmp_path / name).write_bytes(text if name == "a.md" else page(1).body)

    report = import_files(tmp_path / "a", [tmp_path / name])

    assert ["reading it takes more than 0.05 s of computing: no article does"] == [
        taken.error for taken in report.failures
    ]


MARKDOWN = {
    "soft line ends": "字\n",
    "lines of a quote": "> 字\n",
    "brackets": "[",
    "pictures": "![",
    "stars": "*a",
    "mixed": "[*a _b ~~c `d",
    "rows": "|a|b|\n",
    "entities": "&",
    "tags": "<a ",
    "items": "1. a\n",
    "code": "`a``b",
}


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python ``work`` runs through: the same in every run, and on every
    machine.
    """
    count = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("kind", MARKDOWN)
def test_twice_the_markdown_takes_twice_the_steps(kind: str) -> None:
    """Whatever is repeated: 24,000 soft line ends in one paragraph once took 7 s."""

    def read(number: int) -> int:
        return steps(lambda: read_body(read_head(HEAD + "文。\n\n" + MARKDOWN[kind] * number)))

    assert read(1600) < 2.3 * read(800)


def test_twice_the_lines_of_a_digest_take_twice_the_steps() -> None:
    """The quote under the header is one paragraph: 32,000 lines once took 11 s."""

    def read(number: int) -> int:
        return steps(lambda: read_head(HEAD + "> 字\n" * number))

    assert read(1600) < 2.3 * read(800)


def test_soft_line_ends_are_joined_by_one_look_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices hide from counted steps: the scan must not take any."""
    from markdown_it.token import Token

    from archive.document import reading_html

    class Counted(list[Token]):
        sliced = 0

        def __getitem__(self, at: Any) -> Any:
            Counted.sliced += isinstance(at, slice)
            return super().__getitem__(at)

    tokens = Counted(Token("softbreak", "br", 0) for _ in range(100))
    reading_html._join_lines(tokens)

    assert 0 == Counted.sliced


def test_blocks_of_headers_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """160,000 of them once took 5 s: each cut a new copy of the rest."""
    from archive.saved import pages

    found = saved_page(b"HTTP/1 200 OK\n\n" * 160_000, "file:///x").page.body

    assert 15 * (160_000 - pages._MOST_REDIRECTS) == len(found)


def test_what_lies_beside_our_own_files_comes_through_the_same_door(tmp_path: Path) -> None:
    """Type by the bytes: no page, no script, no drawing that can run something gets into media,
    whatever its name.
    """
    import hashlib

    bodies = {
        "png": png(1),
        "html": b"<html><script>alert(1)</script>",
        "sh": b"#!/bin/sh\nrm -rf ~\n",
        "desktop": b"[Desktop Entry]\nExec=x\n",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>',
        "jpg": b"#!/bin/sh\n",
    }
    named = {
        f"{hashlib.sha256(body).hexdigest()}.{ending}": body for ending, body in bodies.items()
    }
    for name, body in named.items():
        place = tmp_path / "in" / "media" / name[:2] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    shown = "".join(f"  {name}: https://mmbiz.qpic.cn/{name[:8]}/0\n" for name in named)
    text = OURS.replace("{}", f"images:\n{shown}").replace(
        "正文。", "".join(f"![](../media/{n[:2]}/{n})\n\n" for n in named)
    )
    (tmp_path / "in" / "a.md").write_text(text, encoding="utf-8")

    report = import_files(tmp_path / "a", [tmp_path / "in"])

    media = {
        name: body for name, body in contents(tmp_path / "a").items() if name.startswith("media/")
    }
    assert (1, 1, [png(1)]) == (report.counts["new"], report.media, [*media.values()])


def test_front_matter_that_is_fine_is_read_as_before() -> None:
    """Stars and ampersands in texts are no aliases; days, zones and numbers keep their kinds."""
    values, rest = frontmatter.read(
        '---\ntitle: "a * b & c"\nx: A&B *粗*\nn: 5\nday: 2024-05-06\nlist: [1, 2.5, true]\n---\nrest'
    )

    assert ("a * b & c", "A&B *粗*", 5, [1, 2.5, True], "rest") == (
        values["title"],
        values["x"],
        values["n"],
        values["list"],
        rest,
    )
    day = article_of({"published": values["day"]}).published
    assert datetime(2024, 5, 5, 16, tzinfo=UTC) == day
    assert None is holding_of({"key": "x"}).key
    with pytest.raises(BadInput, match="aliases"):
        frontmatter.read("---\na: &b 1\nc: *b\n---\n")
