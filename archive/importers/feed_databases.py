"""The databases of wewe-rss and we-mp-rss: accounts that were followed, and what is known of their
articles.

Both are SQLite with the tables ``feeds`` (``id`` is ``MP_WXS_`` and the number that ``__biz`` holds
in base64, ``mp_name``, we-mp-rss also ``faker_id``, the ``__biz`` itself) and ``articles``
(``mp_id``, ``title``, ``pic_url``, ``publish_time`` in seconds). wewe-rss has no address and no
text: its ``id`` is the last part of the short address. we-mp-rss has ``url``, ``description`` and,
where it was asked for, ``content`` or ``content_html`` (2024–2026).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from archive.errors import BadInput
from archive.importers import article_lists, sqlite_files
from archive.importers.items import ImportFormat, ImportItem
from scraper.messages import mark

_ACCOUNT_ID = re.compile(r"MP_WXS_(\d{1,20})")
_SHORT_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_TABLES = frozenset({"feeds", "articles"})
_ARTICLE = (
    "id", "mp_id", "title", "pic_url", "url", "description", "content", "content_html", "publish_time",
)  # fmt: skip


def read(path: Path) -> Iterator[ImportItem]:
    """Each article. Raises BadInput for a database of another program."""
    if not sqlite_files.tables(path) >= _TABLES:
        raise BadInput(
            mark("it is a database, but of no program that import knows (wewe-rss, we-mp-rss)")
        )
    accounts = {
        str(row["id"]): row
        for row in sqlite_files.rows(path, "feeds", ("id", "mp_name", "faker_id"))
        if "id" in row
    }
    for number, row in enumerate(sqlite_files.rows(path, "articles", _ARTICLE), start=1):
        source = f"{path}, article {number}"
        item = _known(row, accounts.get(str(row.get("mp_id")), {}))
        if article_lists.address_of(item) is None:
            yield ImportItem(source=source, path=path, error=mark("it has no address of WeChat's"))
        else:
            yield replace(
                article_lists.item_of(source, path, item), listed=True, account=item["account"]
            )


def _known(row: dict[str, Any], account: dict[str, Any]) -> dict[str, Any]:
    """The row by the names that a list of articles has."""
    number = _ACCOUNT_ID.fullmatch(str(row.get("mp_id")))
    biz = base64.b64encode(number[1].encode()).decode() if number else None
    return {
        "title": row.get("title"),
        "url": row.get("url") or _short_address(row.get("id")),
        "account": account.get("mp_name"),
        "fakeid": account.get("faker_id") or biz,
        "digest": row.get("description"),
        "cover": row.get("pic_url"),
        "publish_time": row.get("publish_time"),
        "html": row.get("content_html") or row.get("content"),
    }


def _short_address(name: Any) -> str | None:
    found = isinstance(name, str) and _SHORT_ID.fullmatch(name)
    return f"https://mp.weixin.qq.com/s/{name}" if found else None


def _is_wanted(path: Path) -> bool:
    """Databases of anything lie in folders, this program's own among them."""
    try:
        return sqlite_files.tables(path) >= _TABLES
    except (BadInput, OSError):
        return False


FORMAT = ImportFormat(
    name="feed database",
    label="the SQLite databases of wewe-rss and we-mp-rss",
    chinese="wewe-rss 和 we-mp-rss 的 SQLite 数据库",
    endings=(".db", ".sqlite", ".sqlite3"),
    read=read,
    is_wanted=_is_wanted,
    begins=lambda head: head.startswith(sqlite_files.MAGIC),
)
