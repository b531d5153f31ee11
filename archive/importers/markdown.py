"""Markdown files: this program's own, and those of other tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archive.importers.items import ImportFormat, ImportItem
from archive.saved import files
from scraper.parse.encoding import to_utf8

#: The longest of 83 real articles makes a file of 72 KB. Nothing but table rows takes 450 times as
#: much memory.
LARGEST = 2**20


def read(path: Path) -> Iterator[ImportItem]:
    """The file's text. Raises BadInput and OSError."""
    text = text_of(files.read(path, most=LARGEST))
    yield ImportItem(source=str(path), path=path, markdown=text)


def text_of(body: bytes) -> str:
    """The text of a file in whatever encoding it is."""
    return to_utf8(body, "text/plain").decode("utf-8", "replace").removeprefix("\ufeff")


FORMAT = ImportFormat(
    name="markdown",
    label="this program's own files (a lost database is rebuilt from them), Markdown with 原文链接: lines or front "
    "matter: Obsidian Web Clipper, MarkDownload and others, pictures beside it",
    chinese="本程序自己的文件（丢了的数据库由此重建）、带“原文链接:”行或 front matter 的 Markdown",
    endings=(".md", ".markdown"),
    read=read,
)
