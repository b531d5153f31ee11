"""Lists of articles as tables: wechatDownload's CSV, this program's own, and any other with a
column of addresses.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path

from archive.errors import BadInput
from archive.importers import article_lists
from archive.importers.items import ImportFormat, ImportItem
from archive.saved import files
from scraper.messages import mark
from scraper.parse.encoding import to_utf8

#: 100,000 articles with titles and digests.
_LARGEST = 64 * 2**20
#: Names of columns → those of a list of articles. wechatDownload:
#: ``title,url,time,like_num,read_num,…``.
_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("url", "link", "content_url", "链接", "文章链接", "原文链接", "地址"), "url"),
    **dict.fromkeys(("title", "标题", "文章标题"), "title"),
    **dict.fromkeys(("time", "published", "publish_time", "create_time"), "publish_time"),
    **dict.fromkeys(("发布时间", "日期", "时间"), "publish_time"),
    **dict.fromkeys(("account", "nickname", "公众号", "账号"), "account"),
    **dict.fromkeys(("author", "作者"), "author"),
    **dict.fromkeys(("digest", "摘要"), "digest"),
    **dict.fromkeys(("content", "html", "正文"), "content"),
}


def read(path: Path) -> Iterator[ImportItem]:
    """Each line that names an article. Raises BadInput for a table without such a column."""
    text = to_utf8(files.read(path, most=_LARGEST), "text/plain").decode("utf-8", "replace")
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff").replace("\0", "")))
    found = 0
    try:
        names = [_COLUMNS.get(name.strip().lower(), "") for name in next(lines, [])]
        if "url" not in names:
            raise BadInput(mark("it is a table, but no column of it is called url, link or 链接"))
        for cells in lines:
            row = {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}
            item = row | {"url": unescape(row.get("url", ""))}  # &amp; between parameters is usual
            if article_lists.address_of(item) is not None:
                found += 1
                source = f"{path}, line {lines.line_num}"
                yield replace(article_lists.item_of(source, path, item), listed=True)
    except csv.Error as error:
        raise BadInput(mark("it is no table: {error}", error=error)) from error
    if not found:
        raise BadInput(mark("it is a table, but no address of WeChat's is in it"))


def _is_wanted(path: Path) -> bool:
    """Tables of anything lie in folders; those about articles have an address in their first
    lines.
    """
    try:
        return b"mp.weixin.qq.com" in files.head(path)
    except (BadInput, OSError):
        return False


FORMAT = ImportFormat(
    name="address table",
    label="CSV lists with a column of addresses, such as wechatDownload's",
    chinese="带一列地址的 CSV 清单，如 wechatDownload 的",
    endings=(".csv",),
    read=read,
    is_wanted=_is_wanted,
)
