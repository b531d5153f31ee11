"""Pages and Markdown packed into a ZIP, as wechat-article-exporter gives them: ``TITLE/index.html``
with its pictures.

Nothing is unpacked to disk. A page's pictures are those of its own folder in the file; their names
never lead outside.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from archive.errors import BadInput
from archive.importers import markdown
from archive.importers.items import ImportFormat, ImportItem
from archive.saved import files
from archive.saved.pages import ENDINGS, saved_page
from scraper.messages import mark, message_of

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
#: The list at the end of the file: 100,000 entries with names of 100 bytes. It is read as a whole.
_LARGEST_LIST = 16 * 2**20
#: The record behind that list: 22 bytes, and a comment of at most 64 KB.
_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65535
_LARGEST_PICTURE = 25 * 2**20


class _Beside(Mapping[str, bytes]):
    """The files of a page's folder in the ZIP, by the names that the page gives; read when they are
    asked for.
    """

    def __init__(self, archive: zipfile.ZipFile, page: str) -> None:
        self._archive, self._folder = archive, posixpath.dirname(page)
        self._names = frozenset(archive.namelist())

    def __getitem__(self, name: str) -> bytes:
        inside = posixpath.normpath(posixpath.join(self._folder, unquote(name)))
        if inside not in self._names or not inside.startswith(self._folder):
            raise KeyError(name)
        try:
            return _entry(self._archive, inside, _LARGEST_PICTURE)
        except BadInput:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(())  # none is taken that the page does not show

    def __len__(self) -> int:
        return 0


def read(path: Path) -> Iterator[ImportItem]:
    """Each page and Markdown file in it, by name. Raises BadInput for a damaged file and one
    without any.
    """
    _require_short_list(path)
    found = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                item = _item(archive, path, name)
                found += item is not None
                if item is not None:
                    yield item
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BadInput(mark("it is no ZIP file, or damaged: {error}", error=error)) from error
    if not found:
        raise BadInput(mark("no page and no Markdown file is in it"))


def _item(archive: zipfile.ZipFile, path: Path, name: str) -> ImportItem | None:
    # The place in the file stands for a path: no folder of that name is on the disk.
    ending, source, place = posixpath.splitext(name)[1].lower(), f"{path}, {name}", path / name
    try:
        if ending in ENDINGS:
            saved = saved_page(_entry(archive, name, files.LARGEST), place.absolute().as_uri())
            parts = saved.parts or _Beside(archive, name)
            return ImportItem(source=source, path=place, page=saved.page, parts=parts)
        if ending in markdown.FORMAT.endings:
            text = markdown.text_of(_entry(archive, name, markdown.LARGEST))
            return ImportItem(source=source, path=place, markdown=text)
    except BadInput as error:
        return ImportItem(source=source, path=place, error=message_of(error))
    return None


def _entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        with archive.open(name) as file:
            body = file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadInput(mark("it cannot be unpacked: {error}", error=error)) from error
    if len(body) > most:
        raise BadInput(mark("it is larger than {most} MB", most=most // 2**20))
    return body


def _require_short_list(path: Path) -> None:
    if kind := files.special(path):
        raise BadInput(mark("it is {kind}, not a file", kind=kind))
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        raise BadInput(mark("it is no ZIP file, or cut short"))
    if int.from_bytes(tail[at + 12 : at + 16], "little") > _LARGEST_LIST:
        raise BadInput(mark("it lists more files than any export has"))


def _is_wanted(path: Path) -> bool:
    """Packed files of anything lie in folders."""
    try:
        _require_short_list(path)
        with zipfile.ZipFile(path) as archive:
            return any(name.lower().endswith(tuple(ENDINGS)) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, BadInput):
        return False


FORMAT = ImportFormat(
    name="zip",
    label="pages and Markdown packed into a ZIP, as by wechat-article-exporter",
    chinese="打成 ZIP 的页面和 Markdown，如 wechat-article-exporter 导出的",
    endings=(".zip",),
    read=read,
    is_wanted=_is_wanted,
    begins=lambda head: head.startswith(_MAGIC),
)
