"""Databases of programs that followed accounts, as SQLite or as a dump of MySQL or PostgreSQL: the
accounts, and what is known of their articles.

Read off the programs' own definitions (2019–2026):

wewe-rss (Prisma, SQLite or MySQL) and we-mp-rss (SQLAlchemy) have ``feeds`` (in later we-mp-rss
also ``we_feeds``; ``id`` is ``MP_WXS_`` and the number that ``__biz`` holds in base64, ``mp_name``,
``mp_intro``, we-mp-rss also ``faker_id``, the ``__biz`` itself) and ``articles`` (``mp_id``,
``title``, ``pic_url``, ``publish_time`` in seconds). wewe-rss has no address and no text: its
``id`` is the last part of the short address. we-mp-rss has ``url``, ``description`` and, where it
was asked for, ``content`` or ``content_html``.

wechatDownload keeps whole pages in ``wx_article`` (``content_url``, ``title``, ``content``,
``create_time`` of China), WCplus its articles in ``data`` (``nickname``, ``content_url``,
``p_date``, ``html``): any table that has ``title`` and ``content_url`` is such a list.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from archive.document import bounds
from archive.errors import BadInput
from archive.importers import article_lists, sql_dumps, sqlite_files
from archive.importers.items import ImportFormat, ImportItem
from archive.saved import files
from scraper.messages import mark
from scraper.models import Account

_ACCOUNT_ID = re.compile(r"MP_WXS_(\d{1,20})")
_SHORT_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_FEEDS = ("feeds", "we_feeds")
#: Tables of articles with their own addresses.
_LISTED = frozenset({"title", "content_url"})
#: Of a table, by the names that a list of articles has.
_NAMES: Mapping[str, str] = {
    "content_url": "url",
    "nickname": "account",
    "create_time": "publish_time",
    "p_date": "publish_time",
}
_WANTED = (
    "id", "mp_id", "title", "pic_url", "url", "description", "content", "content_html", "publish_time",
    "nickname", "content_url", "digest", "cover", "author", "copyright_stat", "create_time", "p_date",
    "html", "article", "read_num", "like_num",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Database:
    """Its tables' columns, and how rows are had."""

    columns: Mapping[str, tuple[str, ...]]
    rows: Callable[[str], Iterator[dict[str, Any]]]

    @property
    def feeds(self) -> str | None:
        return next((name for name in _FEEDS if "mp_name" in self.columns.get(name, ())), None)

    @property
    def lists(self) -> list[str]:
        return [name for name, columns in self.columns.items() if {*columns} >= _LISTED]

    def articles(self) -> Iterator[dict[str, Any]]:
        for table in ("articles", *self.lists) if self.feeds else self.lists:
            yield from self.rows(table)


def read(path: Path) -> Iterator[ImportItem]:
    """Each account and each article. Raises BadInput for a database of another program."""
    database, seen = _opened(path), article_lists.written(path)
    feeds = database.feeds
    if feeds is None and not database.lists:
        raise BadInput(
            mark(
                "it is a database, but of no program that import knows (wewe-rss, we-mp-rss, "
                "wechatDownload, WCplus)"
            )
        )
    accounts = {str(row.get("id")): row for row in database.rows(feeds)} if feeds else {}
    for name, row in accounts.items():
        if account := _account(row):
            yield ImportItem(source=f"{path}, account {name}", path=path, follows=account)
    for number, row in enumerate(database.articles(), start=1):
        of_account = accounts.get(str(row.get("mp_id")), {})
        yield _item(path, f"{path}, article {number}", _known(row, of_account), seen)


def _item(path: Path, source: str, known: dict[str, Any], seen: datetime) -> ImportItem:
    if article_lists.address_of(known) is None:
        return ImportItem(source=source, path=path, error=mark("it has no address of WeChat's"))
    return article_lists.listed_item(source, path, known, seen)


def _account(row: Mapping[str, Any]) -> Account | None:
    name = bounds.text(row.get("mp_name"))
    biz = bounds.biz(row.get("faker_id")) or _biz_of(row.get("id"))
    if not (name or biz):
        return None
    return Account(name=name, biz=biz, signature=bounds.text(row.get("mp_intro")) or None)


def _biz_of(name: Any) -> str | None:
    number = _ACCOUNT_ID.fullmatch(str(name))
    return base64.b64encode(number[1].encode()).decode() if number else None


def _known(row: dict[str, Any], account: Mapping[str, Any]) -> dict[str, Any]:
    """The row by the names that a list of articles has."""
    known = {_NAMES.get(name, name): value for name, value in row.items() if value is not None}
    known.setdefault("url", _short_address(row.get("id")))
    known.setdefault("account", account.get("mp_name"))
    return {
        **known,
        "fakeid": account.get("faker_id") or _biz_of(row.get("mp_id")),
        "digest": row.get("digest") or row.get("description"),
        "cover": row.get("cover") or row.get("pic_url"),
        # Several hold the text; the fullest form is the best.
        "html": row.get("html") or row.get("content_html") or row.get("content"),
        "text": row.get("article"),
    }


def _short_address(name: Any) -> str | None:
    found = isinstance(name, str) and _SHORT_ID.fullmatch(name)
    return f"https://mp.weixin.qq.com/s/{name}" if found else None


def _opened(path: Path) -> _Database:
    """Raises BadInput."""
    head = files.head(path)
    if head and b"\0" not in head and not head.startswith(sqlite_files.MAGIC):
        dump = sql_dumps.require_tables(sql_dumps.Dump(path))
        return _Database(dump.columns, dump.rows)
    return _Database(
        sqlite_files.columns(path), partial(sqlite_files.rows, path, columns=(*_FEED, *_WANTED))
    )


_FEED = ("mp_name", "mp_intro", "faker_id")


def _is_wanted(path: Path) -> bool:
    """Databases of anything lie in folders, this program's own among them."""
    try:
        database = _opened(path)
    except (BadInput, OSError):
        return False
    return bool(database.feeds or database.lists)


FORMAT = ImportFormat(
    name="feed database",
    label="databases of wewe-rss, we-mp-rss, wechatDownload and WCplus (SQLite, or a .sql dump)",
    chinese="wewe-rss、we-mp-rss、wechatDownload、WCplus 的数据库（SQLite，或 .sql 转储）",
    endings=(".db", ".sqlite", ".sqlite3", ".sql"),
    read=read,
    is_wanted=_is_wanted,
    begins=lambda head: head.startswith(sqlite_files.MAGIC),
)
