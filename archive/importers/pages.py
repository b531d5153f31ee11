"""Pages saved by browsers and tools, alone or with their pictures in one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archive.importers.items import ImportFormat, ImportItem
from archive.saved.pages import ENDINGS, begins_like_page, read_page


def read(path: Path) -> Iterator[ImportItem]:
    """The page. Raises BadInput."""
    saved = read_page(path)
    yield ImportItem(source=str(path), path=path, page=saved.page, parts=saved.parts)


FORMAT = ImportFormat(
    name="page",
    label="pages saved by browsers (also .mhtml and .webarchive with their pictures), SingleFile or curl, JSON answers",
    chinese="浏览器存下的页面（.mhtml 和 .webarchive 连同其中的图片）、SingleFile 或 curl 存下的页面、"
    "文章地址返回的 JSON",
    endings=tuple(sorted(ENDINGS)),
    read=read,
    begins=begins_like_page,
)
