"""What is promised of articles whose page tells a day and no time: nowhere a time that nobody knows,
and their place among the others.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.db import file_checksums
from archive.db.opening import open_database
from archive.importers import import_files
from archive.store import Store
from archive.verify.check import check
from scraper.models import Page
from scraper.parse import values
from tests.command import wechat_archive
from tests.keep.archives import fill, opened

DAY = "2026-06-03"


def dated(number: int, shown: str) -> Page:
    """A page of before 2015: what it shows is all that is known of when it was published."""
    url = f"http://mp.weixin.qq.com/s?__biz=MzI4NjAxNjY4NA==&mid=20000{number}&idx=1&sn={'a' * 32}"
    body = (
        f'<html><body id="activity-detail"><h2 id="activity-name">第{number}篇</h2>'
        f'<em id="post-date">{shown}</em><a id="post-user">甲乙号</a>'
        f'<div id="js_content"><p>岩茶{number}。</p></div></body></html>'
    )
    return Page(url=url, body=body.encode())


def three(root: Path) -> Path:
    """The middle one tells its day."""
    fill(root, [dated(1, "2026-06-02 23:30"), dated(2, DAY), dated(3, "2026-06-03 00:00")])
    return root


def printed(root: Path, *args: str) -> str:
    return wechat_archive(*args, "--archive", str(root)).stdout


def test_a_day_is_shown_as_a_day(tmp_path: Path) -> None:
    """In the file's header and front matter, on the command line, in JSON, CSV and HTML; midnight
    that a page does tell stays midnight.
    """
    root = three(tmp_path)
    listed = [json.loads(line) for line in printed(root, "list", "--json").splitlines()]
    found = [json.loads(line) for line in printed(root, "search", "岩茶", "--json").splitlines()]
    for name in ("csv", "html"):
        printed(root, "export", name, str(tmp_path / f"out.{name}"))
    table = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"))))
    shown = {one["title"]: printed(root, "show", one["key"]) for one in listed}
    html = "".join(page.read_text("utf-8") for page in (tmp_path / "out.html").rglob("*.html"))

    published = {
        "第1篇": "2026-06-02T15:30:00+00:00",
        "第2篇": DAY,
        "第3篇": "2026-06-02T16:00:00+00:00",
    }
    assert published == {one["title"]: one["published"] for one in listed}
    assert published == {one["title"]: one["published"] for one in found}
    assert {"2026-06-02 23:30:00", DAY, "2026-06-03 00:00:00"} == {
        one["published"] for one in table
    }
    assert (
        "发布时间: 2026-06-03  \n" in shown["第2篇"],
        f'published: "{DAY}"\n' in shown["第2篇"],
    ) == (True, True)
    assert ("发布时间: 2026-06-03 00:00" in shown["第3篇"], f"{DAY} 00:00" in shown["第2篇"]) == (
        True,
        False,
    )
    assert ["2026-06-03", "2026-06-03 00:00"] == sorted(
        text for text in ("2026-06-03", "2026-06-03 00:00") if f"甲乙号 · {text}<" in html
    )
    assert [] == [finding.what for finding in check(root)]


def test_a_day_keeps_its_place(tmp_path: Path) -> None:
    """Between the evening before and what came later; a search of that day finds it."""
    root = three(tmp_path)

    assert [f"第{n}篇" for n in (3, 2, 1)] == [
        json.loads(line)["title"] for line in printed(root, "list", "--json").splitlines()
    ]
    assert [{"第3篇", "第2篇"}, {"第1篇"}] == [
        {
            json.loads(line)["title"]
            for line in printed(root, "search", f"岩茶 {words}", "--json").splitlines()
        }
        for words in ("since:2026-06-03", "before:2026-06-03")
    ]


def test_a_day_comes_back_from_the_file(tmp_path: Path) -> None:
    """An archive made again from its Markdown files says the same."""
    first = three(tmp_path / "a")
    import_files(tmp_path / "b", [first / "articles"])

    assert [file.read_bytes() for file in sorted((tmp_path / "a").rglob("*.md"))] == [
        file.read_bytes() for file in sorted((tmp_path / "b").rglob("*.md"))
    ]


def test_an_archive_of_before_is_read_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the table; the next command that writes makes it, and reparse fills it."""
    with monkeypatch.context() as before:
        before.setattr(values, "is_date_only", lambda value: False)
        root = three(tmp_path)
    with closing(sqlite3.connect(root / "archive.db")) as conn:
        conn.execute("DROP TABLE article_days")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm014_days'")
        conn.commit()
    file_checksums.set_aside(root / "archive.db")
    with open_database(root / "archive.db", readonly=True) as db:
        found = [one.published_day for one in Store(db, root).articles()]
    assert [None] * 3 == found

    wechat_archive("reparse", "--all", "--archive", str(root))
    with opened(root) as (store, _):
        assert [None, DAY, None] == [one.published_day for one in store.articles()]
    assert [] == [finding.what for finding in check(root)]
