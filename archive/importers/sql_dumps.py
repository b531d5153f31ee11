"""Databases of other programs as SQL text, read without any database: what ``mysqldump``, ``sqlite3
.dump`` and ``pg_dump`` write.

wewe-rss and wechatDownload keep theirs in MySQL by default, we-mp-rss and wechat-article-exporter
in PostgreSQL where they are told so: what is left of such a server is a dump. Of its statements
only ``CREATE TABLE``, ``INSERT INTO`` and ``COPY … FROM stdin`` are looked at, and none is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from archive.errors import BadInput
from archive.saved import files
from scraper.messages import mark

_LARGEST: Final = 256 * 2**20
_NAME = r"""(?:[\w$]+\.|[`"\[][\w$]+[`"\]]\.)?[`"\[]?([\w$]+)[`"\]]?"""
_CREATE = re.compile(rf"^CREATE TABLE (?:IF NOT EXISTS )?{_NAME}\s*\(", re.I | re.M)
_INSERT = re.compile(
    rf"^INSERT (?:IGNORE )?INTO {_NAME}\s*(?:\(([^()]*)\))?\s*VALUES\s*(?=\()", re.I | re.M
)
_COPY = re.compile(rf"^COPY {_NAME}\s*\(([^()]*)\) FROM stdin;\r?\n", re.I | re.M)
#: One value and what follows it. Possessive: each part is read once.
_VALUE = re.compile(
    r"\s*+(?:(?:_binary |N|E)?+'((?:[^'\\]++|\\.|'')*+)'|(NULL)|([-+\w.]++))\s*+([,)])",
    re.I | re.S,
)
#: The same where a backslash is a character like any other.
_PLAIN_VALUE = re.compile(r"\s*+(?:'((?:[^']++|'')*+)'|(NULL)|([-+\w.]++))\s*+([,)])", re.I)
_ESCAPED = re.compile(r"\\(.)", re.S)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "Z": "\x1a", "f": "\f"}
#: What stands in a table's definition besides its columns.
_NO_COLUMN = re.compile(
    r"\s*(?:PRIMARY|UNIQUE|KEY|INDEX|FULLTEXT|SPATIAL|CONSTRAINT|FOREIGN|CHECK)\b", re.I
)
_COLUMN = re.compile(r"""\s*[`"\[]?([\w$]+)""")
_INNERMOST = re.compile(r"\([^()]*\)")
#: A definition as a program writes it.
_LONGEST_DEFINITION: Final = 64 * 2**10


class Dump:
    """The tables of a dump. Raises BadInput for one that is too large, and OSError."""

    def __init__(self, path: Path) -> None:
        self._text = files.read(path, most=_LARGEST).decode("utf-8-sig", "replace")
        self.columns = {
            found[1]: tuple(_columns(self._text, found.end()))
            for found in _CREATE.finditer(self._text)
        }
        # Backslashes are escapes in MySQL, whose dumps alone quote names so.
        self._value = _VALUE if "`" in self._text[:_LONGEST_DEFINITION] else _PLAIN_VALUE

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Its rows in the dump's order, by the names of their columns. A statement that breaks off
        ends it.
        """
        for found in _INSERT.finditer(self._text):
            if found[1] == table:
                names = _names(found[2]) or self.columns.get(table, ())
                for values in self._tuples(found.end()):
                    yield dict(zip(names, values, strict=False))
        for found in _COPY.finditer(self._text):
            if found[1] == table:
                for line in self._lines(found.end()):
                    yield dict(zip(_names(found[2]), map(_copied, line.split("\t")), strict=False))

    def _tuples(self, at: int) -> Iterator[list[str | None]]:
        """``(1,'a'),(2,'b');`` from ``at`` on."""
        while self._text[at : at + 1] == "(":
            values: list[str | None] = []
            end, at = ",", at + 1
            while end == ",":
                value = self._value.match(self._text, at)
                if value is None:
                    return
                values.append(self._unquoted(value))
                end, at = value[4], value.end()
            yield values
            while self._text[at : at + 1] in (",", " ", "\n", "\r", "\t"):
                at += 1

    def _unquoted(self, value: re.Match[str]) -> str | None:
        if value[1] is None:
            return value[3]
        text = value[1].replace("''", "'")
        if self._value is _PLAIN_VALUE or "\\" not in text:
            return text
        return _ESCAPED.sub(lambda sign: _ESCAPES.get(sign[1], sign[1]), text)

    def _lines(self, at: int) -> Iterator[str]:
        while not self._text.startswith("\\.", at):
            end = self._text.find("\n", at)
            if end < 0:
                return
            yield self._text[at:end].rstrip("\r")
            at = end + 1


def _copied(value: str) -> str | None:
    if value == "\\N":
        return None
    return _ESCAPED.sub(lambda sign: _ESCAPES.get(sign[1], sign[1]), value)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(found[1] for part in (text or "").split(",") if (found := _COLUMN.match(part)))


def _columns(text: str, at: int) -> Iterator[str]:
    """The names in the definition that begins behind ``at``."""
    inside = text[at : at + _LONGEST_DEFINITION]
    # Quoted text (comments, defaults) goes first, then what stands in brackets, from within.
    inside = re.sub(r"'(?:[^'\\]++|\\.|'')*+'|--[^\n]*+", "", inside)
    while (flat := _INNERMOST.sub("", inside)) != inside:
        inside = flat
    for part in inside.partition(")")[0].split(","):
        found = _COLUMN.match(part)
        if found and not _NO_COLUMN.match(part):
            yield found[1]


def require_tables(dump: Dump) -> Dump:
    """The dump. Raises BadInput for text that creates no table."""
    if not dump.columns:
        raise BadInput(mark("it is SQL, but it creates no table"))
    return dump
