"""The first sheet of an Excel workbook (.xlsx) as rows of text: what exporters write, no more.

A workbook is a ZIP of XML parts (ECMA-376): the texts stand in ``sharedStrings.xml`` or in the
cells. Formulas are not computed, dates that are numbers stay numbers.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import lxml.etree as etree

from archive.errors import BadInput
from scraper.messages import mark

_NAMESPACE: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
#: 100,000 articles with their text, unpacked.
_LARGEST: Final = 256 * 2**20
#: Excel's own limit is 16,384; an exporter's sheet has some twenty.
_MOST_COLUMNS: Final = 256
_COLUMN: Final = re.compile(r"[A-Z]{1,3}")


#: What unpacking and reading raise for a file that is not whole, or not what its name says.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    etree.XMLSyntaxError,
)


def rows(path: Path) -> Iterator[list[str]]:
    """Each row of the first sheet, its cells by their columns, empty ones included. Raises BadInput
    for a damaged file and one that is no workbook.
    """
    try:
        with zipfile.ZipFile(path) as book:
            names = set(book.namelist())
            sheet = next(
                (n for n in sorted(names) if re.match(r"xl/worksheets/sheet\d+\.xml", n)), None
            )
            if sheet is None:
                raise BadInput(mark("it is no Excel workbook: it has no sheet"))
            shared = list(_texts(book)) if "xl/sharedStrings.xml" in names else []
            for row in _elements(book, sheet, "row"):
                yield _cells(row, shared)
    except _DAMAGE as error:
        raise BadInput(mark("it is no Excel workbook, or damaged: {error}", error=error)) from error


def _texts(book: zipfile.ZipFile) -> Iterator[str]:
    for item in _elements(book, "xl/sharedStrings.xml", "si"):
        yield _text(item)


def _elements(book: zipfile.ZipFile, part: str, tag: str) -> Iterator[etree._Element]:
    """One after the other, forgotten when the next is asked for."""
    if book.getinfo(part).file_size > _LARGEST:
        raise BadInput(mark("it is larger than {most} MB", most=_LARGEST // 2**20))
    with book.open(part) as file:
        found = etree.iterparse(
            _Bounded(file), tag=f"{_NAMESPACE}{tag}", resolve_entities=False, no_network=True,
            huge_tree=False, load_dtd=False,
        )  # fmt: skip
        for _, element in found:
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


class _Bounded:
    """A file that ends with BadInput where it unpacks to more than it said."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, _LARGEST

    def read(self, size: int = -1) -> bytes:
        body = self._file.read(size)
        self._left -= len(body)
        if self._left < 0:
            raise BadInput(mark("it is larger than {most} MB", most=_LARGEST // 2**20))
        return body


def _cells(row: etree._Element, shared: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row.iterfind(f"{_NAMESPACE}c"):
        at = _place(cell.get("r"), len(cells))
        if at < _MOST_COLUMNS:
            cells += [""] * (at + 1 - len(cells))
            cells[at] = _value(cell, shared)
    return cells


def _place(name: str | None, otherwise: int) -> int:
    """``C7`` → 2."""
    letters = _COLUMN.match(name or "")
    if letters is None:
        return otherwise
    number = 0
    for letter in letters[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _value(cell: etree._Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    value = cell.findtext(f"{_NAMESPACE}v") or ""
    if cell.get("t") != "s":
        return value
    return shared[int(value)] if value.isdigit() and int(value) < len(shared) else ""


def _text(holder: etree._Element) -> str:
    """The text of its runs; the reading beside Chinese and Japanese (``rPh``) is none of it."""
    parts: list[Any] = []
    for run in holder.iter(f"{_NAMESPACE}t"):
        parent = run.getparent()
        if parent is None or parent.tag != f"{_NAMESPACE}rPh":
            parts.append(run.text or "")
    return "".join(parts)
