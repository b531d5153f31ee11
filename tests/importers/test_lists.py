"""What is promised of other programs' lists: accounts, articles with text, addresses that wait only
when asked.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.importers import import_files
from archive.importers.report import ImportReport
from tests.command import wechat_archive
from tests.keep.archives import fill, opened
from tests.keep.articles import page

SHORT = "AbCdEfGhIjKlMnOpQrStUv"
BIZ = "MzI4NjAxNjY4NA=="  # 3286016684
LONG = f"http://mp.weixin.qq.com/s?__biz={BIZ}&mid=2650239213&idx=1&sn=38e7f56bb119b261b2485f300c8cf3a5"

#: As the two programs make them; columns that nothing is read from are left out.
WEWE = """
CREATE TABLE "feeds" ("id" TEXT NOT NULL PRIMARY KEY, "mp_name" TEXT NOT NULL, "sync_time" INTEGER NOT NULL DEFAULT 0);
CREATE TABLE "articles" ("id" TEXT NOT NULL PRIMARY KEY, "mp_id" TEXT NOT NULL, "title" TEXT NOT NULL,
    "pic_url" TEXT NOT NULL, "publish_time" INTEGER NOT NULL);
INSERT INTO feeds VALUES ('MP_WXS_3286016684', '甲乙号', 0), ('MP_WXS_1', '别的号', 0);
"""
WE_MP = """
CREATE TABLE feeds (id VARCHAR(255) NOT NULL, mp_name VARCHAR(255), faker_id VARCHAR(255), PRIMARY KEY (id));
CREATE TABLE articles (id VARCHAR(255) NOT NULL, mp_id VARCHAR(255), title VARCHAR(1000), pic_url VARCHAR(500),
    url VARCHAR(500), description TEXT, status INTEGER, publish_time INTEGER, content TEXT, content_html TEXT,
    PRIMARY KEY (id));
"""


def database(path: Path, schema: str, table: str = "articles", *rows: tuple[object, ...]) -> Path:
    """A database of another program."""
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(schema)
        for row in rows:
            conn.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        conn.commit()
    return path


def waiting(root: Path) -> list[str]:
    with opened(root) as (store, _):
        return [row[0] for row in store.db.conn.execute("SELECT address FROM frontier ORDER BY id")]


def test_wewe_rss_tells_accounts_and_addresses(tmp_path: Path) -> None:
    """Nothing is queued unasked; with ``links`` (the command's --fetch) the addresses wait; what is
    held does not.
    """
    path = database(
        tmp_path / "wewe-rss.db", WEWE, "articles",
        (SHORT, "MP_WXS_3286016684", "题", "https://mmbiz.qpic.cn/a/0", 1730421163),
        ("x" * 22, "MP_WXS_1", "二", "", 1730421163),
        ("../../etc", "MP_WXS_1", "坏", "", 1),
    )  # fmt: skip
    before = path.read_bytes()
    report = import_files(tmp_path / "a", [path])

    assert {"listed": 2, "failed": 1} == dict(report.counts)
    assert ({"甲乙号", "别的号"}, []) == (report.accounts, waiting(tmp_path / "a"))
    assert "2 addresses of 2 accounts not held (--fetch fetches them)" in report.line()
    again = import_files(tmp_path / "a", [path], links=True)
    assert {"waiting": 2, "failed": 1} == dict(again.counts)
    assert f"https://mp.weixin.qq.com/s/{SHORT}" in waiting(tmp_path / "a")
    assert (before, ["wewe-rss.db"]) == (
        path.read_bytes(),
        [p.name for p in tmp_path.glob("wewe*")],
    )


def test_we_mp_rss_brings_articles_with_their_text(tmp_path: Path) -> None:
    """Title, account, time, digest, cover, body; one without text is an address."""
    path = database(tmp_path / "db.db", WE_MP, "feeds", ("MP_WXS_3286016684", "甲乙号", BIZ))
    html = '<p>正文<strong>粗</strong></p><p><img data-src="https://mmbiz.qpic.cn/a/b/640"></p>'
    with closing(sqlite3.connect(path)) as conn:
        rows = [
            ("1", "MP_WXS_3286016684", "题", "https://mmbiz.qpic.cn/c/0", LONG, "摘要", 1, 1730421163, html, None),
            ("2", "MP_WXS_3286016684", "二", "", LONG.replace("idx=1", "idx=2"), "", 1, 10**30 % 2**62, "", ""),
        ]  # fmt: skip
        conn.executemany(f"INSERT INTO articles VALUES ({', '.join('?' * 10)})", rows)
        conn.commit()
    report = import_files(tmp_path / "a", [path])

    assert {"new": 1, "listed": 1} == dict(report.counts)
    with opened(tmp_path / "a") as (store, _):
        stored = store.get(LONG)
        article = store.article(stored.article_id)
    assert ("题", "甲乙号", BIZ, "摘要", "https://mmbiz.qpic.cn/c/0") == (
        article.title,
        article.account.name,
        article.account.biz,
        article.digest,
        article.cover,
    )
    assert datetime(2024, 11, 1, 0, 32, 43, tzinfo=UTC) == article.published
    assert "<p>正文<strong>粗</strong></p>" in article.body


def lists(tmp_path: Path, text: str, encoding: str = "utf-8") -> ImportReport:
    path = tmp_path / "列表.csv"
    path.write_text(text, encoding=encoding)
    return import_files(tmp_path / "a", [path], links=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_wechatdownloads_list(tmp_path: Path, encoding: str) -> None:
    """Its columns, its escaped parameters, whatever Excel saved it as; commas and line ends inside
    quotes.
    """
    text = (
        "title,url,time,like_num,read_num,share_num,comment_count\n"
        f"周刊#328：一,{LONG.replace('&', '&amp;')}&amp;scene=27#wechat_redirect,2024-12-06 08:35:06,179,15984,481,46\n"
        f'"二,\n三",https://mp.weixin.qq.com/s/{SHORT},2024-12-02 18:42:44,142,11109,725,20\n'
        "无,https://example.com/,2024-12-02 18:42:44,0,0,0,0\n"
    )
    report = lists(tmp_path, text, encoding)

    assert ({"waiting": 2}, 0) == (dict(report.counts), report.exit_code)
    assert 2 == len(waiting(tmp_path / "a"))


def test_our_own_list_comes_back_as_addresses(tmp_path: Path) -> None:
    """`export csv` of one archive, imported into another: what is not held waits where that is
    asked for.
    """
    fill(tmp_path / "b", [page(1), page(2)])
    wechat_archive("export", "csv", str(tmp_path / "all.csv"), "--archive", str(tmp_path / "b"))
    fill(tmp_path / "a", [page(1)])

    report = import_files(tmp_path / "a", [tmp_path / "all.csv"])

    assert {"held": 1, "listed": 1} == dict(report.counts)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column of it is called url"),
        ("a,b\n1,2\n", "no column of it is called url"),
        ("url\nhttps://example.com/\n", "no address of WeChat's is in it"),
        (f'url,x\nhttps://mp.weixin.qq.com/s/{SHORT},"{"y" * 200_000}"\n', "it is no table: field larger"),
    ],
    ids=["empty", "foreign", "no address", "long cell"],
)  # fmt: skip
def test_a_table_of_something_else_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    """With the reason; what stood before it in the file is taken."""
    assert reason in str(lists(tmp_path, text).failures[0].error)


def test_in_a_folder_only_lists_of_articles_are_read(tmp_path: Path) -> None:
    """Other tables and databases, this program's own among them, are nobody's mistake."""
    folder = tmp_path / "in"
    fill(folder, [page(1)])
    (folder / "budget.csv").write_text("a,b\n1,2\n")
    (folder / "Thumbs.db").write_bytes(b"\0" * 512)
    database(folder / "other.sqlite", "CREATE TABLE t (x)")
    database(folder / "wewe.db", WEWE, "articles", (SHORT, "MP_WXS_1", "题", "", 1730421163))

    report = import_files(tmp_path / "a", [folder])

    assert {"new": 1, "listed": 1} == dict(report.counts)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("CREATE TABLE t (x)", "of no program that import knows"),
        (
            "CREATE TABLE feeds (id); CREATE TABLE x (id); CREATE VIEW articles AS SELECT 1 AS id",
            "of no program that import knows",
        ),
        (
            "CREATE TABLE feeds (id); CREATE VIRTUAL TABLE articles USING fts5(id)",
            "no plain table",
        ),
    ],
)
def test_a_database_is_not_trusted(tmp_path: Path, schema: str, reason: str) -> None:
    """Views and virtual tables in place of tables run nothing; another program's is named as
    such.
    """
    path = database(tmp_path / "x.db", schema)
    report = import_files(tmp_path / "a", [path])

    assert reason in str(report.failures[0].error)


def test_a_damaged_database_is_one_failure(tmp_path: Path) -> None:
    """Cut in the middle of its pages; what is around it goes on."""
    path = database(
        tmp_path / "wewe.db", WEWE, "articles",
        *((f"{n:022d}", "MP_WXS_1", "题" * 100, "", 1730421163) for n in range(500)),
    )  # fmt: skip
    path.write_bytes(path.read_bytes()[:20_000] + b"\xff" * 20_000)
    (tmp_path / "e.html").write_bytes(page(1).body)
    report = import_files(tmp_path / "a", [path, tmp_path / "e.html"])

    assert (1, 1, 1) == (report.counts["new"], report.counts["failed"], report.exit_code)
    assert "the database cannot be read" in str(report.failures[0].error)
    assert 0 == wechat_archive("verify", "--archive", str(tmp_path / "a")).code
