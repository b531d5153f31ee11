"""What is promised of other programs' lists: accounts, articles with text, addresses that wait only
when asked.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest

from archive.importers import import_files, spreadsheets
from archive.importers.report import ImportReport
from archive.store import Store
from tests.command import wechat_archive
from tests.keep.archives import fill, opened
from tests.keep.articles import page

SHORT = "AbCdEfGhIjKlMnOpQrStUv"
BIZ = "MzI4NjAxNjY4NA=="  # 3286016684
LONG = f"http://mp.weixin.qq.com/s?__biz={BIZ}&mid=2650239213&idx=1&sn=38e7f56bb119b261b2485f300c8cf3a5"

#: As the programs make them: the migrations of wewe-rss (Prisma), the models of we-mp-rss
#: (SQLAlchemy), of its later versions, and of WCplus (peewee), column by column.
WEWE = """
CREATE TABLE "accounts" ("id" TEXT NOT NULL PRIMARY KEY, "token" TEXT NOT NULL, "name" TEXT NOT NULL,
    "status" INTEGER NOT NULL DEFAULT 1, "created_at" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE "feeds" ("id" TEXT NOT NULL PRIMARY KEY, "mp_name" TEXT NOT NULL, "mp_cover" TEXT NOT NULL,
    "mp_intro" TEXT NOT NULL, "status" INTEGER NOT NULL DEFAULT 1, "sync_time" INTEGER NOT NULL DEFAULT 0,
    "update_time" INTEGER NOT NULL, "created_at" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" DATETIME DEFAULT CURRENT_TIMESTAMP, "has_history" INTEGER DEFAULT 1);
CREATE TABLE "articles" ("id" TEXT NOT NULL PRIMARY KEY, "mp_id" TEXT NOT NULL, "title" TEXT NOT NULL,
    "pic_url" TEXT NOT NULL, "publish_time" INTEGER NOT NULL,
    "created_at" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "updated_at" DATETIME DEFAULT CURRENT_TIMESTAMP);
INSERT INTO feeds (id, mp_name, mp_cover, mp_intro, update_time) VALUES
    ('MP_WXS_3286016684', '甲乙号', 'https://wx.qlogo.cn/a', '谈茶', 0), ('MP_WXS_1', '别的号', '', '', 0);
"""
WE_MP = """
CREATE TABLE feeds (id VARCHAR(255) NOT NULL, mp_name VARCHAR(255), mp_cover VARCHAR(255), mp_intro VARCHAR(255),
    status INTEGER, sync_time INTEGER, update_time INTEGER, created_at DATETIME, updated_at DATETIME,
    faker_id VARCHAR(255), PRIMARY KEY (id));
CREATE TABLE articles (id VARCHAR(255) NOT NULL, mp_id VARCHAR(255), title VARCHAR(1000), pic_url VARCHAR(500),
    url VARCHAR(500), description TEXT, extinfo TEXT, status INTEGER, publish_time INTEGER, created_at DATETIME,
    updated_at BIGINT, updated_at_millis BIGINT, is_export INTEGER, is_read INTEGER, content TEXT, content_html TEXT,
    PRIMARY KEY (id));
"""
WCPLUS = """
CREATE TABLE "data" ("id" VARCHAR(255) NOT NULL, "nickname" VARCHAR(255) NOT NULL, "title" VARCHAR(255) NOT NULL,
    "article_id" INTEGER NOT NULL, "content_url" VARCHAR(255) NOT NULL, "source_url" VARCHAR(255) NOT NULL,
    "digest" TEXT NOT NULL, "cover" VARCHAR(255) NOT NULL, "p_date" DATETIME NOT NULL, "read_num" INTEGER NOT NULL,
    "like_num" INTEGER NOT NULL, "author" VARCHAR(255) NOT NULL, "copyright_stat" VARCHAR(255) NOT NULL,
    "article" TEXT NOT NULL, "html" TEXT NOT NULL);
CREATE TABLE "reqdata" ("id" VARCHAR(255) NOT NULL, "key" VARCHAR(255) NOT NULL, "value" TEXT NOT NULL);
"""


def insert(path: Path, table: str, **values: object) -> None:
    """One row; the other columns have their defaults."""
    with closing(sqlite3.connect(path)) as conn:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        conn.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))
        conn.commit()


#: The columns of wewe-rss's articles that it has a value for.
_NAMES = ("id", "mp_id", "title", "pic_url", "publish_time")


def database(path: Path, schema: str, table: str = "articles", *rows: tuple[object, ...]) -> Path:
    """A database of another program."""
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(schema)
        for row in rows:
            names = ", ".join(_NAMES)
            conn.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", row)
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


@pytest.mark.parametrize("feeds", ["feeds", "we_feeds"])
def test_we_mp_rss_brings_articles_with_their_text(tmp_path: Path, feeds: str) -> None:
    """Title, account, time, digest, cover, body; one without text is an address, kept with its
    title. Its later versions call the table of accounts otherwise.
    """
    path = database(tmp_path / "db.db", WE_MP.replace("TABLE feeds", f"TABLE {feeds}"))
    insert(path, feeds, id="MP_WXS_3286016684", mp_name="甲乙号", faker_id=BIZ, mp_intro="谈茶")
    html = '<p>正文<strong>粗</strong></p><p><img data-src="https://mmbiz.qpic.cn/a/b/640"></p>'
    account = {"mp_id": "MP_WXS_3286016684", "status": 1}
    insert(path, "articles", id="3286016684-1", title="题", pic_url="https://mmbiz.qpic.cn/c/0", url=LONG,
           description="摘要", publish_time=1730421163, content=html, **account)  # fmt: skip
    insert(path, "articles", id="3286016684-2", title="二", pic_url="", url=LONG.replace("idx=1", "idx=2"),
           description="", publish_time=1730421163, content="", content_html="", **account)  # fmt: skip
    report = import_files(tmp_path / "a", [path])

    assert {"new": 1, "listed": 1} == dict(report.counts)
    assert {"甲乙号"} == report.accounts
    with opened(tmp_path / "a") as (store, _):
        stored = store.get(LONG)
        article = store.article(stored.article_id)
        assert ["二"] == [row["title"] for row in store.listed.missing()]
        assert [("甲乙号", BIZ, "谈茶")] == accounts(store)
    assert ("题", "甲乙号", BIZ, "摘要", "https://mmbiz.qpic.cn/c/0") == (
        article.title,
        article.account.name,
        article.account.biz,
        article.digest,
        article.cover,
    )
    assert datetime(2024, 11, 1, 0, 32, 43, tzinfo=UTC) == article.published
    assert "<p>正文<strong>粗</strong></p>" in article.body


def accounts(store: Store) -> list[tuple[str | None, ...]]:
    """The accounts that are known."""
    found = store.db.conn.execute("SELECT name, biz, signature FROM accounts ORDER BY id")
    return [tuple(row) for row in found]


#: The same of wewe-rss as mysqldump writes it: its server's default is MySQL.
WEWE_MYSQL = """-- MySQL dump 10.13  Distrib 8.3.0, for Linux (x86_64)
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `articles`;
CREATE TABLE `articles` (
  `id` varchar(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  `mp_id` varchar(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  `title` varchar(255) COLLATE utf8mb4_unicode_ci NOT NULL COMMENT 'it''s (a, title)',
  `pic_url` varchar(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  `publish_time` int NOT NULL,
  `created_at` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `articles` VALUES
('AbCdEfGhIjKlMnOpQrStUv','MP_WXS_3286016684','题\\'一\\'，(括号); 行\\n二','https://mmbiz.qpic.cn/a/0',
1730421163,'2024-11-01 08:32:43.000'),
('xxxxxxxxxxxxxxxxxxxxxx','MP_WXS_1','二','',1730421163,NULL);
CREATE TABLE `feeds` (
  `id` varchar(255) NOT NULL,
  `mp_name` varchar(512) NOT NULL,
  `mp_cover` varchar(1024) NOT NULL,
  `mp_intro` text NOT NULL,
  `update_time` int NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `feeds` (`id`, `mp_name`, `mp_cover`, `mp_intro`, `update_time`) VALUES
('MP_WXS_3286016684','甲乙号','','谈茶',0),('MP_WXS_1','别的号','','',0);
"""
#: we-mp-rss kept in PostgreSQL, as pg_dump writes it.
WE_MP_POSTGRES = """--
-- PostgreSQL database dump
--
CREATE TABLE public.feeds (
    id character varying(255) NOT NULL,
    mp_name character varying(255),
    mp_intro character varying(255),
    faker_id character varying(255)
);
CREATE TABLE public.articles (
    id character varying(255) NOT NULL,
    mp_id character varying(255),
    title character varying(1000),
    url character varying(500),
    publish_time integer,
    content text
);
COPY public.articles (id, mp_id, title, url, publish_time, content) FROM stdin;
1\tMP_WXS_3286016684\t题\t{long}\t1730421163\t<p>一\\n二\\\\三</p>
2\tMP_WXS_3286016684\t二\t{other}\t1730421163\t\\N
\\.
COPY public.feeds (id, mp_name, mp_intro, faker_id) FROM stdin;
MP_WXS_3286016684\t甲乙号\t谈茶\t{biz}
MP_WXS_1\t别的号\t\\N\tMQ==
\\.
""".format(long=LONG, other=LONG.replace("idx=1", "idx=2"), biz=BIZ)


def test_a_dump_of_mysql_is_read(tmp_path: Path) -> None:
    """Quotes, brackets, line ends and semicolons inside values; NULL; both forms of INSERT."""
    path = tmp_path / "wewe-rss.sql"
    path.write_text(WEWE_MYSQL, encoding="utf-8")
    report = import_files(tmp_path / "a", [path], links=True)

    assert ({"waiting": 2}, {"甲乙号", "别的号"}) == (dict(report.counts), report.accounts)
    with opened(tmp_path / "a") as (store, _):
        assert ["二", "题'一'，(括号); 行\n二"] == sorted(
            row["title"] for row in store.listed.missing()
        )
        assert [("甲乙号", BIZ, "谈茶"), ("别的号", "MQ==", None)] == accounts(store)


def test_a_dump_of_postgresql_is_read(tmp_path: Path) -> None:
    r"""Tabs between values, ``\N`` for none, backslashes escaped."""
    path = tmp_path / "we-mp-rss.sql"
    path.write_text(WE_MP_POSTGRES, encoding="utf-8")
    report = import_files(tmp_path / "a", [path])

    assert ({"new": 1, "listed": 1}, {"甲乙号", "别的号"}) == (dict(report.counts), report.accounts)
    with opened(tmp_path / "a") as (store, _):
        assert "一 二\\三" == store.article(store.get(LONG).article_id).text


def test_a_dump_of_sqlite_is_read(tmp_path: Path) -> None:
    """A backslash is a character like any other there."""
    database(tmp_path / "w.db", WEWE, "articles", (SHORT, "MP_WXS_1", "a\\n'b'", "", 1730421163))
    with closing(sqlite3.connect(tmp_path / "w.db")) as conn:
        dump = "\n".join(conn.iterdump())
    (tmp_path / "w.sql").write_text(dump, encoding="utf-8")
    report = import_files(tmp_path / "a", [tmp_path / "w.sql"])

    assert {"listed": 1} == dict(report.counts)
    with opened(tmp_path / "a") as (store, _):
        assert ["a\\n'b'"] == [row["title"] for row in store.listed.missing()]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-- nothing\n", "it creates no table"),
        ("CREATE TABLE `t` (`id` int);\nINSERT INTO `t` VALUES (1);\n", "of no program that import knows"),
    ],
)  # fmt: skip
def test_a_dump_of_something_else_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "x.sql").write_text(text)
    assert reason in str(import_files(tmp_path / "a", [tmp_path / "x.sql"]).failures[0].error)


@pytest.mark.parametrize("cut", [-3, -40, -200])
def test_a_dump_that_breaks_off_gives_what_stands_before(tmp_path: Path, cut: int) -> None:
    """Wherever: whole rows are taken, and nothing fails for the rest."""
    (tmp_path / "x.sql").write_text(
        WEWE_MYSQL[:cut] + "\nCREATE TABLE `feeds` (`mp_name` text);", encoding="utf-8"
    )
    report = import_files(tmp_path / "a", [tmp_path / "x.sql"])

    assert {"listed": 2} == dict(report.counts)


def test_wcplus_and_wechatdownload_bring_their_pages(tmp_path: Path) -> None:
    """WCplus's SQLite has the body's HTML, wechatDownload's MySQL the whole page."""
    path = database(tmp_path / "wcplus.db", WCPLUS)
    insert(path, "data", id="x", nickname="甲乙号", title="题", article_id=1, content_url=LONG, source_url="",
           digest="摘要", cover="", p_date="2019-01-26 16:53:05", read_num=5, like_num=-2, author="丁",
           copyright_stat="", article="正文粗", html="<p>正文<strong>粗</strong></p>")  # fmt: skip
    whole = page(1).body.decode().replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    address = page(1).url
    (tmp_path / "wx_article.sql").write_text(
        "-- dump\nCREATE TABLE `wx_article` (\n `id` int,\n `title` varchar(255),\n `content` longtext,\n"
        " `author` varchar(255),\n `content_url` varchar(1023),\n `create_time` datetime,\n `copyright_stat` int\n);\n"
        f"INSERT INTO `wx_article` VALUES (1,'题','{whole}','作者','{address}','2026-06-02 12:00:00',1);\n",
        encoding="utf-8",
    )
    report = import_files(tmp_path / "a", [path, tmp_path / "wx_article.sql"])

    assert {"new": 2} == dict(report.counts)
    with opened(tmp_path / "a") as (store, _):
        first = store.article(store.get(LONG).article_id)
        second = store.article(store.get(address).article_id)
    assert ("甲乙号", "2019-01-26T08:53:05+00:00", "<p>正文<strong>粗</strong></p>") == (
        first.account.name,
        str(first.published and first.published.isoformat()),
        first.body.strip(),
    )
    assert "第1篇" in second.text


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


def workbook(path: Path, rows: list[list[str]]) -> Path:
    """An Excel file as exceljs writes it: the texts in one part, the sheet names their numbers."""
    texts = list(dict.fromkeys(cell for row in rows for cell in row if cell))
    spreadsheet = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    lines = "".join(
        f'<row r="{y}">'
        + "".join(
            f'<c r="{chr(65 + x)}{y}" t="s"><v>{texts.index(cell)}</v></c>'
            for x, cell in enumerate(row)
            if cell
        )
        + "</row>"
        for y, row in enumerate(rows, start=1)
    )
    strings = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/sharedStrings.xml", f"<sst {spreadsheet}>{strings}</sst>")
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f"<worksheet {spreadsheet}><sheetData>{lines}</sheetData></worksheet>",
        )
    return path


def test_the_exporters_workbook(tmp_path: Path) -> None:
    """wechat-article-exporter's columns; with the text where that was asked for; empty cells shift
    nothing; counts are kept.
    """
    header = ["公众号", "ID", "链接", "标题", "封面", "摘要", "创建时间", "发布时间", "阅读", "点赞", "分享", "喜欢",
              "留言", "作者", "是否原创", "文章类型", "所属合集", "文章内容"]  # fmt: skip
    rows = [
        ["甲乙号", "2650239213_1", LONG, "题 & 一", "", "摘要", "2024-11-01 08:00:00", "2024-11-01 08:32:43", "15984",
         "179", "", "", "46", "丁", "原创", "普通图文", "#茶", "正文一。 正文二。"],
        ["甲乙号", "2650239213_2", LONG.replace("idx=1", "idx=2"), "二", "", "", "2024-11-01 08:00:00",
         "2024-11-01 08:32:43", "", "", "", "", "", "", "", "", "", ""],
    ]  # fmt: skip
    report = import_files(
        tmp_path / "a", [workbook(tmp_path / "微信公众号文章.xlsx", [header, *rows])]
    )

    assert ({"new": 1, "listed": 1}, {"甲乙号"}) == (dict(report.counts), report.accounts)
    with opened(tmp_path / "a") as (store, _):
        stored = store.get(LONG)
        look = store.counts.last(stored.article_id)
        assert ["二"] == [row["title"] for row in store.listed.missing()]
    assert ("题 & 一", "甲乙号", "丁") == (stored.title, stored.account, stored.author)
    assert datetime(2024, 11, 1, 0, 32, 43, tzinfo=UTC) == stored.published
    assert look is not None
    assert (15984, 179, 46) == (look.counts.read, look.counts.like, look.counts.comment)


def test_wcpluss_workbook(tmp_path: Path) -> None:
    """The link stands before what 阅读原文 leads to, which is none of WeChat's."""
    header = [
        "编号",
        "阅读",
        "点赞",
        "赞赏",
        "评论",
        "位置",
        "发文时间",
        "作者",
        "标题",
        "链接",
        "原文链接",
    ]
    row = [
        "1",
        "5",
        "1",
        "-",
        "-",
        "1",
        "2019-01-26 16:53:05",
        "丁",
        "题",
        LONG,
        "https://shop.example.com/",
    ]
    report = import_files(tmp_path / "a", [workbook(tmp_path / "甲乙号.xlsx", [header, row])])

    assert {"listed": 1} == dict(report.counts)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"[Content_Types].xml": ""}, "it has no sheet"),
        ({"xl/worksheets/sheet1.xml": "<x"}, "damaged"),
        ({"xl/worksheets/sheet1.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}, "no column of it is called url"),
    ],
    ids=["no sheet", "no XML", "entities"],
)  # fmt: skip
def test_what_is_no_workbook_is_refused(tmp_path: Path, parts: dict[str, str], reason: str) -> None:
    """With the reason."""
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    assert reason in str(import_files(tmp_path / "a", [tmp_path / "x.xlsx"]).failures[0].error)


def test_a_workbook_that_is_a_bomb_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is unpacked that is larger than any list."""
    monkeypatch.setattr(spreadsheets, "_LARGEST", 1 << 20)
    path = workbook(tmp_path / "x.xlsx", [["url"], ["x" * (2 << 20)]])
    assert "larger than 1 MB" in str(import_files(tmp_path / "a", [path]).failures[0].error)


def test_accounts_of_the_exporter_are_known(tmp_path: Path) -> None:
    """Its JSON of accounts, alone and beside its list of articles."""
    manifest = {
        "version": "1.0",
        "usefor": "wechat-article-exporter",
        "accounts": [
            {"fakeid": BIZ, "completed": True, "count": 12, "articles": 13, "nickname": "甲乙号",
             "round_head_img": "http://mmbiz.qpic.cn/h/0", "total_count": 14, "create_time": 1740000000},
            {"fakeid": "MQ==", "completed": False, "count": 0, "articles": 0, "nickname": "别的号", "total_count": 0},
        ],
    }  # fmt: skip
    (tmp_path / "公众号.json").write_text(json.dumps(manifest), encoding="utf-8")
    report = import_files(tmp_path / "a", [tmp_path / "公众号.json"])

    assert ({}, {"甲乙号", "别的号"}, 0) == (dict(report.counts), report.accounts, report.exit_code)
    assert "import: 2 accounts" == report.line()
    with opened(tmp_path / "a") as (store, _):
        assert [("甲乙号", BIZ, None), ("别的号", "MQ==", None)] == accounts(store)


def test_a_copy_of_the_exporters_database_is_read(tmp_path: Path) -> None:
    """As Dexie copies it: rows with their keys beside them, pages as base64."""
    found = page(1)
    tables = [
        {"tableName": "info", "inbound": True, "rows": [{"fakeid": BIZ, "nickname": "甲乙号", "count": 2}]},
        {
            "tableName": "article",
            "inbound": False,
            "rows": [
                [f"{BIZ}:2650239213_1", {"aid": "2650239213_1", "link": LONG, "title": "题", "fakeid": BIZ}],
                [f"{BIZ}:2650239213_2", {"aid": "2650239213_2", "link": LONG.replace("idx=1", "idx=2"), "title": "二"}],
            ],
        },
        {
            "tableName": "html",
            "inbound": True,
            "rows": [{
                "url": found.url, "title": "文章1", "fakeid": BIZ, "commentID": None,
                "file": {"type": "text/html", "data": base64.b64encode(found.body).decode()},
                "$types": {"file": "blob2"},
            }],
        },
    ]  # fmt: skip
    copy = {
        "formatName": "dexie",
        "formatVersion": 1,
        "data": {"databaseName": "exporter.wxdown.online", "databaseVersion": 3, "tables": [], "data": tables},
    }  # fmt: skip
    (tmp_path / "dexie.json").write_text(json.dumps(copy), encoding="utf-8")
    report = import_files(tmp_path / "a", [tmp_path / "dexie.json"])

    assert ({"new": 1, "waiting": 2}, {"甲乙号"}) == (dict(report.counts), report.accounts)


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
            "CREATE TABLE feeds (id, mp_name); CREATE VIRTUAL TABLE articles USING fts5(id)",
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
