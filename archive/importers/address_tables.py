"""Lists of articles as tables, CSV or Excel: wechatDownload's, wechat-article-exporter's, WCplus's,
this program's own, and any other with a column of addresses.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path

from archive.errors import BadInput
from archive.importers import article_lists, spreadsheets
from archive.importers.items import ImportFormat, ImportItem
from archive.saved import files
from scraper.messages import mark
from scraper.parse.encoding import to_utf8

#: 100,000 articles with titles and digests.
_LARGEST = 64 * 2**20
#: Names of columns → those of a list of articles. wechatDownload's CSV:
#: ``title,url,time,like_num,read_num,…``; wechat-article-exporter's workbook: ``公众号, ID, 链接,
#: 标题, 封面, 摘要, 创建时间, 发布时间, 阅读, 点赞, 分享, 喜欢, 留言, 作者, …, 文章内容``; WCplus's:
#: ``阅读, 点赞, 赞赏, 评论, 位置, 发文时间, 作者, 标题, 链接, 原文链接``.
_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("url", "link", "content_url", "链接", "文章链接", "原文链接", "地址"), "url"),
    **dict.fromkeys(("title", "标题", "文章标题"), "title"),
    **dict.fromkeys(("published", "publish_time", "发布时间", "发文时间"), "publish_time"),
    **dict.fromkeys(("time", "create_time", "创建时间", "日期", "时间"), "published"),
    **dict.fromkeys(("account", "nickname", "公众号", "账号"), "account"),
    **dict.fromkeys(("author", "作者"), "author"),
    **dict.fromkeys(("digest", "摘要"), "digest"),
    **dict.fromkeys(("cover", "封面"), "cover"),
    **dict.fromkeys(("content", "html", "正文", "文章内容"), "content"),
    **dict.fromkeys(("read_num", "阅读"), "readNum"),
    **dict.fromkeys(("old_like_num", "点赞"), "oldLikeNum"),
    **dict.fromkeys(("like_num", "喜欢"), "likeNum"),
    **dict.fromkeys(("share_num", "分享"), "shareNum"),
    **dict.fromkeys(("comment_count", "comment_num", "留言", "评论"), "commentNum"),
}


def read(path: Path) -> Iterator[ImportItem]:
    """Each line that names an article. Raises BadInput for a table without such a column."""
    found, seen = 0, article_lists.written(path)
    lines = spreadsheets.rows(path) if zipfile.is_zipfile(path) else _lines(path)
    names = [_COLUMNS.get(name.strip().lower(), "") for name in next(lines, [])]
    if "url" not in names:
        raise BadInput(mark("it is a table, but no column of it is called url, link or 链接"))
    for number, cells in enumerate(lines, start=2):
        item = _item(names, cells)
        if "url" in item:
            found += 1
            yield article_lists.listed_item(f"{path}, line {number}", path, item, seen)
    if not found:
        raise BadInput(mark("it is a table, but no address of WeChat's is in it"))


def _lines(path: Path) -> Iterator[list[str]]:
    """The lines of a CSV file."""
    text = to_utf8(files.read(path, most=_LARGEST), "text/plain").decode("utf-8", "replace")
    try:
        yield from csv.reader(io.StringIO(text.removeprefix("\ufeff").replace("\0", "")))
    except csv.Error as error:
        raise BadInput(mark("it is no table: {error}", error=error)) from error


def _item(names: list[str], cells: list[str]) -> dict[str, str]:
    """A line by the names of a list. Of several columns of one meaning the first counts; of
    addresses the first that is WeChat's.
    """
    item: dict[str, str] = {}
    for name, cell in zip(names, cells, strict=False):
        if name == "url":
            cell = unescape(cell)  # &amp; between parameters is usual
            if article_lists.address_of({"url": cell}) is None:
                continue
        if name and cell:
            item.setdefault(name, cell)
    return item


def _is_wanted(path: Path) -> bool:
    """Tables of anything lie in folders; those about articles have an address in their first
    lines.
    """
    try:
        if not zipfile.is_zipfile(path):
            return b"mp.weixin.qq.com" in files.head(path)
        names = [_COLUMNS.get(name.strip().lower()) for name in next(spreadsheets.rows(path), [])]
        return "url" in names
    except (BadInput, OSError):
        return False


FORMAT = ImportFormat(
    name="address table",
    label="CSV and Excel lists with a column of addresses, such as other tools' exports",
    chinese="带一列地址的 CSV 和 Excel 清单，如其他工具导出的",
    endings=(".csv", ".xlsx"),
    read=read,
    is_wanted=_is_wanted,
    begins=lambda head: head.startswith(b"PK") and (b"xl/" in head or b"[Content_Types]" in head),
)
